package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/bundle"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair is a key made for one test.
type pair struct {
	private []byte
	public  *Key
}

func newPair(t testing.TB, private crypto.Signer) pair {
	t.Helper()
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseKey(publicPEM(t, private.Public()))
	if err != nil {
		t.Fatal(err)
	}
	return pair{pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}), key}
}

func publicPEM(t testing.TB, public any) []byte {
	t.Helper()
	text, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: text})
}

func newECDSA(t testing.TB, curve elliptic.Curve) pair {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newPair(t, private)
}

func newRSA(t testing.TB) pair {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, minRSA)
	if err != nil {
		t.Fatal(err)
	}
	return newPair(t, private)
}

// folder is what a bundle of the tests is made of.
func folder() fstest.MapFS {
	return fstest.MapFS{
		"night/night.rego":      {Data: []byte("package callgate.rules.night\n\ndeny contains {\"reason\": \"closed\"} if input.call.tool in data.corp.closed\n")},
		"night/night_test.rego": {Data: []byte("package callgate.rules.night_test\n\ntest_one if true\n")},
		"corp/data.json":        {Data: []byte(`{"closed": ["transfer"], "most": 12345678901234567890}`)},
		"README.md":             {Data: []byte("for people")},
		".git/x.rego":           {Data: []byte("package x")},
	}
}

func made(t testing.TB, label Label, key []byte) []byte {
	t.Helper()
	raw, err := Make(folder(), label, key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestMadeIsRead: what Make makes is read, whatever the key, and OPA itself
// verifies it.
func TestMadeIsRead(t *testing.T) {
	pairs := map[string]pair{
		"RS256": newRSA(t), "ES256": newECDSA(t, elliptic.P256()), "ES384": newECDSA(t, elliptic.P384()), "ES512": newECDSA(t, elliptic.P521()),
	}
	for algorithm, p := range pairs {
		raw := made(t, Label{Name: "corp", Serial: 42}, p.private)
		b, err := Read(raw, Want{Name: "corp", Key: p.public, Remote: true})
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
			continue
		}
		if b.Serial != 42 || strings.Join(b.Roots, " ") != "callgate/rules/night callgate/rules/night_test corp" || len(b.Modules) != 2 {
			t.Errorf("%s: serial %d, roots %q, %d modules", algorithm, b.Serial, b.Roots, len(b.Modules))
		}
		corp := b.Data["corp"].(map[string]any)
		if len(corp) != 2 || corp["most"] != json.Number("12345678901234567890") {
			t.Errorf("%s: data %v", algorithm, b.Data)
		}
		keys := map[string]*bundle.KeyConfig{"k": {Key: p.public.pem, Algorithm: algorithm}}
		reader := bundle.NewReader(bytes.NewReader(raw)).WithBundleVerificationConfig(bundle.NewVerificationConfig(keys, "k", "", nil))
		if _, err := reader.Read(); err != nil {
			t.Errorf("%s: OPA says %v", algorithm, err)
		}
	}
}

// TestOPAIsRead: a bundle that OPA itself wrote and signed is read.
func TestOPAIsRead(t *testing.T) {
	p := newRSA(t)
	b, err := bundle.NewReader(bytes.NewReader(made(t, Label{Name: "corp", Serial: 7}, nil))).Read()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.GenerateSignature(bundle.NewSigningConfig(string(p.private), "RS512", ""), "", false); err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if err := bundle.NewWriter(&raw).Write(b); err != nil {
		t.Fatal(err)
	}
	got, err := Read(raw.Bytes(), Want{Name: "corp", Key: p.public, Remote: true})
	if err != nil || got.Serial != 7 || len(got.Modules) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
}

// entry is one entry of a tar file as a test wants it.
type entry struct {
	name, text string
	kind       byte
}

func tarred(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o644, Size: int64(len(e.text))}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		} else {
			h.Linkname, h.Size = "/etc/passwd", 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(e.text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// plain is a manifest that is sound, for bundles that are not.
var plain = entry{name: ".manifest", text: `{"roots": ["corp"], "metadata": {"callgate": {"serial": 1}}}`}

func packed(t testing.TB, entries ...entry) []byte {
	t.Helper()
	return zipped(t, tarred(t, append([]entry{plain}, entries...)...))
}

func manifest(t testing.TB, text string, entries ...entry) []byte {
	t.Helper()
	return zipped(t, tarred(t, append([]entry{{name: ".manifest", text: text}}, entries...)...))
}

// resigned replaces the signatures of a bundle.
func resigned(t testing.TB, raw []byte, change func(files map[string][]byte)) []byte {
	t.Helper()
	files, err := unpack(raw)
	if err != nil {
		t.Fatal(err)
	}
	change(files)
	out, err := pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// forged is a token whose header names another algorithm.
func forged(t testing.TB, files map[string][]byte, algorithm string) []byte {
	t.Helper()
	var s bundle.SignaturesConfig
	if err := json.Unmarshal(files[signaturesFile], &s); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(s.Signatures[0], ".")
	parts[0] = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + algorithm + `"}`))
	return []byte(`{"signatures": ["` + strings.Join(parts, ".") + `"]}`)
}

// TestBadInput: what is wrong with a bundle is refused, each by its code.
func TestBadInput(t *testing.T) {
	mine, other := newRSA(t), newRSA(t)
	signed := made(t, Label{Name: "corp", Serial: 42}, mine.private)
	remote := Want{Name: "corp", Key: mine.public, Remote: true}
	local := Want{Name: "corp"}
	bomb := zipped(t, bytes.Repeat([]byte{0}, 8<<20))
	deep := strings.Repeat("a/", MaxDepth)
	var many []entry
	for i := range MaxFiles {
		many = append(many, entry{name: fmt.Sprintf("%d.rego", i)})
	}
	cases := []struct {
		name string
		raw  []byte
		want Want
		code Code
	}{
		{"nothing", nil, local, Truncated},
		{"truncated in the header", signed[:5], local, Truncated},
		{"truncated in the middle", signed[:len(signed)/2], local, Truncated},
		{"truncated by its checksum", signed[:len(signed)-4], local, Truncated},
		{"not gzip", []byte(`{"roots": []}, and so on and on`), local, NotGzip},
		{"two streams", append(bytes.Clone(signed), signed...), local, NotGzip},
		{"not tar", zipped(t, bytes.Repeat([]byte("x"), 2048)), local, NotTar},
		{"a bomb", bomb, local, Bomb},
		{"a bomb in a file", packed(t, entry{name: "x.rego", text: strings.Repeat(" ", 8<<20)}), local, Bomb},
		{"a file too many", packed(t, many...), local, TooManyFiles},
		{"above the folder", packed(t, entry{name: "../x.rego"}), local, BadPath},
		{"above the folder, inside", packed(t, entry{name: "a/../../x.rego"}), local, BadPath},
		{"absolute", packed(t, entry{name: "//etc/x.rego"}), local, BadPath},
		{"a drive", packed(t, entry{name: "c:/x.rego"}), local, BadPath},
		{"a backslash", packed(t, entry{name: `..\x.rego`}), local, BadPath},
		{"too deep", packed(t, entry{name: deep + "x.rego"}), local, BadPath},
		{"too long", packed(t, entry{name: strings.Repeat("a", MaxPath-4) + ".rego"}), local, BadPath},
		{"a folder above", packed(t, entry{name: "../a/", kind: tar.TypeDir}), local, BadPath},
		{"a symbolic link", packed(t, entry{name: "x.rego", kind: tar.TypeSymlink}), local, BadEntry},
		{"a hard link", packed(t, entry{name: "x.rego", kind: tar.TypeLink}), local, BadEntry},
		{"a device", packed(t, entry{name: "x.rego", kind: tar.TypeChar}), local, BadEntry},
		{"a pipe", packed(t, entry{name: "x.rego", kind: tar.TypeFifo}), local, BadEntry},
		{"a file twice", packed(t, entry{name: "x.rego"}, entry{name: "/x.rego"}), local, BadEntry},
		{"Wasm", packed(t, entry{name: "policy.wasm"}), local, Unsupported},
		{"a plan", packed(t, entry{name: "plan.json"}), local, Unsupported},
		{"a patch", packed(t, entry{name: "patch.json"}), local, Unsupported},
		{"YAML", packed(t, entry{name: "data.yaml"}), local, Unsupported},
		{"a manifest elsewhere", packed(t, entry{name: "a/.manifest", text: "{}"}), local, Unsupported},
		{"data is no JSON", packed(t, entry{name: "data.json", text: `{"corp": `}), local, BadJSON},
		{"data with a key twice", packed(t, entry{name: "data.json", text: `{"corp": 1, "corp": 2}`}), local, BadJSON},
		{"data is no object", packed(t, entry{name: "data.json", text: `[1]`}), local, BadJSON},
		{"data is said twice", packed(t, entry{name: "data.json", text: `{"corp": {"a": 1}}`}, entry{name: "corp/data.json", text: `{"a": 2}`}), local, BadJSON},
		{"no manifest", zipped(t, tarred(t, entry{name: "x.rego"})), local, BadManifest},
		{"a manifest of another form", manifest(t, `{"roots": "corp"}`), local, BadManifest},
		{"Wasm in the manifest", manifest(t, `{"roots": ["corp"], "wasm": [{"entrypoint": "a", "module": "b"}]}`), local, Unsupported},
		{"no roots", manifest(t, `{}`), local, BadRoot},
		{"an empty root", manifest(t, `{"roots": [""]}`), local, BadRoot},
		{"the root of all rules", manifest(t, `{"roots": ["callgate/rules"]}`), local, BadRoot},
		{"the root of Callgate", manifest(t, `{"roots": ["callgate"]}`), local, BadRoot},
		{"the root of the decision", manifest(t, `{"roots": ["callgate/main"]}`), local, BadRoot},
		{"a root in a rule", manifest(t, `{"roots": ["callgate/rules/night/deny"]}`), local, BadRoot},
		{"the root of settings", manifest(t, `{"roots": ["settings/rules"]}`), local, BadRoot},
		{"the root of speakers", manifest(t, `{"roots": ["speakers"]}`), local, BadRoot},
		{"a root that goes up", manifest(t, `{"roots": ["corp/../settings"]}`), local, BadRoot},
		{"roots that overlap", manifest(t, `{"roots": ["corp", "corp/hosts"]}`), local, BadRoot},
		{"data outside the roots", packed(t, entry{name: "data.json", text: `{"other": 1}`}), local, OutsideRoot},
		{"data in place of a rule", manifest(t, `{"roots": ["callgate/rules/night"]}`, entry{name: "data.json", text: `{"callgate": {"rules": {"night": {"deny": []}}}}`}), local, OutsideRoot},
		{"another name", signed, Want{Name: "team"}, WrongName},
		{"no name", made(t, Label{Serial: 42}, mine.private), remote, NoName},
		{"no serial", manifest(t, `{"roots": ["corp"], "metadata": {"callgate": {"name": "corp"}}}`), Want{Name: "corp", Remote: true}, NoSerial},
		{"serial 0", manifest(t, `{"roots": ["corp"], "metadata": {"callgate": {"serial": 0}}}`), local, NoSerial},
		{"half a serial", manifest(t, `{"roots": ["corp"], "metadata": {"callgate": {"serial": 1.5}}}`), local, NoSerial},
		{"a serial too large", manifest(t, `{"roots": ["corp"], "metadata": {"callgate": {"serial": 9007199254740992}}}`), local, NoSerial},
		{"a serial as text", manifest(t, `{"roots": ["corp"], "metadata": {"callgate": {"serial": "x"}}}`), local, BadManifest},
		{"unsigned", made(t, Label{Name: "corp", Serial: 42}, nil), remote, Unsigned},
		{"unsigned, of a file with a key", made(t, Label{}, nil), Want{Name: "corp", Key: mine.public}, Unsigned},
		{"signed by another", made(t, Label{Name: "corp", Serial: 42}, other.private), remote, BadSignature},
		{"signed by a key of another kind", made(t, Label{Name: "corp", Serial: 42}, newECDSA(t, elliptic.P256()).private), remote, BadAlgorithm},
		{"signed by nothing", resigned(t, signed, func(f map[string][]byte) { f[signaturesFile] = forged(t, f, "none") }), remote, BadAlgorithm},
		{"signed by a shared secret", resigned(t, signed, func(f map[string][]byte) { f[signaturesFile] = forged(t, f, "HS256") }), remote, BadAlgorithm},
		{"signed in a way that is not so", resigned(t, signed, func(f map[string][]byte) { f[signaturesFile] = forged(t, f, "RS384") }), remote, BadSignature},
		{"no signature in the list", resigned(t, signed, func(f map[string][]byte) { f[signaturesFile] = []byte(`{"signatures": []}`) }), remote, BadSignature},
		{"signatures of a plugin", resigned(t, signed, func(f map[string][]byte) {
			f[signaturesFile] = bytes.Replace(f[signaturesFile], []byte("{"), []byte(`{"plugin": "x", `), 1)
		}), remote, BadSignature},
		{"a file changed", resigned(t, signed, func(f map[string][]byte) { f["night/night.rego"] = []byte("package callgate.rules.night\n") }), remote, BadDigest},
		{"the serial changed", resigned(t, signed, func(f map[string][]byte) {
			f[manifestFile] = bytes.Replace(f[manifestFile], []byte("42"), []byte("43"), 2)
		}), remote, BadDigest},
		{"a file added", resigned(t, signed, func(f map[string][]byte) { f["b.rego"] = []byte("package x\n") }), remote, BadDigest},
		{"a file taken out", resigned(t, signed, func(f map[string][]byte) { delete(f, "night/night_test.rego") }), remote, BadDigest},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(c.raw, c.want)
			if f, ok := errors.AsType[*Fault](err); !ok || f.Code != c.code {
				t.Fatalf("got %v, want %s", err, c.code)
			}
		})
	}
	if _, err := Read(signed, remote); err != nil {
		t.Errorf("the bundle without faults: %v", err)
	}
}

// TestAtTheLimits: a bundle at a limit is read.
func TestAtTheLimits(t *testing.T) {
	var many []entry
	for i := range MaxFiles - 1 { // and the manifest
		many = append(many, entry{name: fmt.Sprintf("%d.rego", i)})
	}
	values := `{"corp": [` + noise(MaxValues-manifestTokens-6) + `]}`
	cases := map[string][]byte{
		"files":  packed(t, many...),
		"depth":  packed(t, entry{name: strings.Repeat("a/", MaxDepth-1) + "x.rego"}),
		"path":   packed(t, entry{name: strings.Repeat("a", MaxPath-5) + ".rego"}),
		"free":   zipped(t, tarred(t, plain, entry{name: "x.rego", text: strings.Repeat(" ", FreeUnpacked-4096)})),
		"names":  packed(t, entry{name: "/x.rego"}, entry{name: "./y.rego"}, entry{name: "./", kind: tar.TypeDir}, entry{name: "a/", kind: tar.TypeDir}),
		"serial": manifest(t, `{"roots": ["/corp/"], "metadata": {"callgate": {"serial": 9007199254740991}}}`),
		"values": packed(t, entry{name: "data.json", text: values}),
	}
	for name, raw := range cases {
		if _, err := Read(raw, Want{Name: "corp"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	beyond := packed(t, entry{name: "data.json", text: `{"corp": [` + noise(MaxValues-manifestTokens-5) + `]}`})
	if _, err := Read(beyond, Want{Name: "corp"}); codeOf(err) != BadJSON {
		t.Errorf("a value too many: %v", err)
	}
}

// manifestTokens is how many tokens the manifest of packed has.
const manifestTokens = 13

// noise is n JSON numbers that do not pack well.
func noise(n int) string {
	var b strings.Builder
	seed := uint32(1)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		seed = seed*1664525 + 1013904223
		fmt.Fprint(&b, seed>>12)
	}
	return b.String()
}

// TestFiles: a file is read up to the limit, and one that is kept is whole and
// private.
func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "kept")
	raw := made(t, Label{Name: "corp", Serial: 1}, nil)
	for _, content := range [][]byte{[]byte("old"), raw} {
		if err := Keep(path, content); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := ReadFile(path, Want{Name: "corp"}); err != nil || b.Serial != 1 {
		t.Fatalf("got %+v, %v", b, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%d files, %v", len(left), err)
	}
	if err := os.Truncate(path, MaxBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path, Want{}); codeOf(err) != TooLarge {
		t.Errorf("one byte too many: %v", err)
	}
	if err := os.Truncate(path, MaxBytes); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path, Want{Name: "corp"}); codeOf(err) != NotGzip { // zeros behind the bundle
		t.Errorf("at the limit: %v", err)
	}
	if _, err := ReadFile(path+"x", Want{}); codeOf(err) != Unreadable {
		t.Errorf("no file: %v", err)
	}
	if err := Keep(filepath.Join(path, "below"), raw); codeOf(err) != Unreadable {
		t.Errorf("kept below a file: %v", err)
	}
}

// TestSucceeds: only what is newer takes another's place.
func TestSucceeds(t *testing.T) {
	at := func(serial int64, digest string) *Bundle { return &Bundle{Serial: serial, Digest: digest} }
	cases := []struct {
		b, other *Bundle
		code     Code
	}{
		{at(1, "a"), nil, ""},
		{at(2, "b"), at(1, "a"), ""},
		{at(2, "b"), at(2, "b"), ""},
		{at(1, "a"), at(2, "b"), Older},
		{at(2, "a"), at(2, "b"), Reused},
	}
	for _, c := range cases {
		err := c.b.Succeeds(c.other)
		if (err == nil) != (c.code == "") || err != nil && codeOf(err) != c.code {
			t.Errorf("%+v after %+v: %v, want %q", c.b, c.other, err, c.code)
		}
	}
}

// TestBadKeys: a key that proves nothing is not taken.
func TestBadKeys(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	odd, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]byte{
		"nothing": nil, "text": []byte("secret"), "a private key": newECDSA(t, elliptic.P256()).private,
		"a small key": publicPEM(t, &small.PublicKey), "another curve": publicPEM(t, &odd.PublicKey),
		"a broken key": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{1, 2}}),
	}
	for name, text := range cases {
		if _, err := ParseKey(text); codeOf(err) != BadKey || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "a private key" {
			continue
		}
		if _, err := Make(folder(), Label{Serial: 1}, append([]byte{}, text...)); codeOf(err) != BadKey || err == nil {
			t.Errorf("signing with %s: %v", name, err)
		}
	}
	if _, err := ReadKey(filepath.Join(t.TempDir(), "none")); codeOf(err) != BadKey {
		t.Errorf("no file: %v", err)
	}
}

// TestMakeRefuses what would not be read as it is written.
func TestMakeRefuses(t *testing.T) {
	cases := []struct {
		name, file, text string
		code             Code
	}{
		{"YAML", "corp/data.yaml", "a: 1", Unsupported},
		{"no Rego", "x.rego", "package", Unsupported},
		{"no JSON", "data.json", "{", BadJSON},
		{"data of Callgate", "data.json", `{"settings": {}}`, BadRoot},
		{"a package of Callgate", "x.rego", "package callgate.main\n", BadRoot},
	}
	for _, c := range cases {
		dir := folder()
		dir[c.file] = &fstest.MapFile{Data: []byte(c.text)}
		if _, err := Make(dir, Label{Serial: 1}, nil); codeOf(err) != c.code || err == nil {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if _, err := Make(fstest.MapFS{}, Label{}, nil); codeOf(err) != Unsupported {
		t.Errorf("an empty folder: %v", err)
	}
}

// FuzzRead: whatever the bytes are, the answer is a bundle within its roots or
// a Fault.
func FuzzRead(f *testing.F) {
	f.Add(made(f, Label{Name: "corp", Serial: 42}, nil))
	f.Add(packed(f, entry{name: "../x.rego"}))
	f.Add(manifest(f, `{"roots": ["callgate/rules"]}`))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := Read(raw, Want{Name: "corp"})
		if _, ok := errors.AsType[*Fault](err); err != nil && !ok {
			t.Fatalf("no fault: %v", err)
		}
		if err == nil && len(b.Roots) == 0 {
			t.Fatal("a bundle without roots")
		}
	})
}

// codeOf is the code of a Fault, and Unreadable for any other error.
func codeOf(err error) Code {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Code
	}
	return Unreadable
}
