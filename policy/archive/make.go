package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
)

// Label is what a bundle that is made says of itself.
type Label struct {
	Name   string // that it has to be configured under; empty for any
	Serial int64  // 0 for none
}

// Make packs the .rego and data.json files of a folder as a bundle, signed by
// a private key in PEM, or unsigned where there is none. Its roots are the
// packages and the top names of the data. The same files, label and RSA key (of
// PKCS #1 v1.5) give the same bytes. Hidden files are left out.
func Make(dir fs.FS, label Label, privateKey []byte) ([]byte, error) {
	files, err := collect(dir)
	if err != nil {
		return nil, err
	}
	if files[manifestFile], err = manifestOf(files, label); err != nil {
		return nil, err
	}
	if privateKey != nil {
		if files[signaturesFile], err = sign(files, privateKey); err != nil {
			return nil, err
		}
	}
	raw, err := pack(files)
	if err != nil {
		return nil, err
	}
	// What nobody could read is not made.
	_, err = Read(raw, Want{Name: label.Name, Remote: label.Serial > 0 && label.Name != ""})
	return raw, err
}

func collect(dir fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return fault(Unreadable, err, "%s cannot be read", name)
		case name != "." && strings.HasPrefix(base, ".") && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir() || strings.HasPrefix(base, "."):
			return nil
		case base == "data.yaml" || base == "data.yml":
			return fault(Unsupported, nil, "%s would be left out: write it as data.json", name)
		case !isModule(name) && !isDocument(name):
			return nil
		}
		if files[name], err = fs.ReadFile(dir, name); err != nil {
			return fault(Unreadable, err, "%s cannot be read", name)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fault(Unsupported, nil, "there is no .rego and no data.json file")
	}
	return files, err
}

func manifestOf(files map[string][]byte, label Label) ([]byte, error) {
	roots, err := rootsOf(files)
	if err != nil {
		return nil, err
	}
	own := map[string]any{}
	if label.Name != "" {
		own["name"] = label.Name
	}
	if label.Serial > 0 {
		own["serial"] = label.Serial
	}
	return json.Marshal(map[string]any{
		"revision": fmt.Sprint(label.Serial), "roots": roots, "rego_version": 1, "metadata": map[string]any{"callgate": own},
	})
}

// rootsOf lists what the files speak for.
func rootsOf(files map[string][]byte) ([]string, error) {
	roots := map[string]bool{}
	for name, text := range files {
		if isModule(name) {
			root, err := packageOf(name, text)
			if err != nil {
				return nil, err
			}
			roots[root] = true
			continue
		}
		if folder, _, found := strings.Cut(name, "/"); found {
			roots[folder] = true
			continue
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(text, &object); err != nil {
			return nil, fault(BadJSON, err, "%s is no JSON object", name)
		}
		for key := range object {
			roots[key] = true
		}
	}
	return slices.Sorted(maps.Keys(roots)), nil
}

// packageOf is the root of a module.
func packageOf(name string, text []byte) (string, error) {
	module, err := ast.ParseModuleWithOpts(name, string(text), ast.ParserOptions{RegoVersion: ast.RegoV2})
	if err != nil {
		return "", fault(Unsupported, err, "%s is not Rego", name)
	}
	return strings.ReplaceAll(strings.TrimPrefix(module.Package.Path.String(), "data."), ".", "/"), nil
}

// sign makes .signatures.json as OPA has it.
func sign(files map[string][]byte, privateKey []byte) ([]byte, error) {
	key, algorithm, err := signer(privateKey)
	if err != nil {
		return nil, err
	}
	documents, err := parse(files)
	if err != nil {
		return nil, err
	}
	var digests []bundle.FileInfo
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var value any = files[name]
		if document, ok := documents[name]; ok {
			value = document
		}
		sum, err := sumOf(string(bundle.SHA256), value)
		if err != nil {
			return nil, err
		}
		digests = append(digests, bundle.NewFile(name, hex.EncodeToString(sum), string(bundle.SHA256)))
	}
	token, err := bundle.GenerateSignedToken(digests, bundle.NewSigningConfig(key, algorithm, ""), "")
	if err != nil {
		return nil, fault(BadKey, err, "the bundle cannot be signed")
	}
	return json.Marshal(bundle.SignaturesConfig{Signatures: []string{token}})
}

// signer reads a private key: itself alone in PEM, and the algorithm by which
// it signs.
func signer(text []byte) (key, algorithm string, err error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return "", "", fault(BadKey, nil, "there is no PEM block with a private key")
	}
	var parsed any
	switch block.Type {
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	private, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		return "", "", fault(BadKey, nil, "the private key cannot be parsed")
	}
	algorithms := algorithmsOf(private.Public())
	if algorithms == nil {
		return "", "", fault(BadKey, nil, "the private key is neither RSA of %d bits or more nor ECDSA on P-256, P-384 or P-521", minRSA)
	}
	return string(pem.EncodeToMemory(block)), algorithms[0], nil
}

func pack(files map[string][]byte) ([]byte, error) {
	var raw bytes.Buffer
	packed := gzip.NewWriter(&raw)
	archive := tar.NewWriter(packed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(files[name]))}
		if err := archive.WriteHeader(header); err != nil {
			return nil, fault(BadPath, err, "%s cannot be packed", name)
		}
		if _, err := archive.Write(files[name]); err != nil {
			return nil, fault(Unreadable, err, "%s cannot be packed", name)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fault(Unreadable, err, "the bundle cannot be packed")
	}
	if err := packed.Close(); err != nil {
		return nil, fault(Unreadable, err, "the bundle cannot be packed")
	}
	return raw.Bytes(), nil
}
