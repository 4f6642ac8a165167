package sidecar

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"callgate/policy/archive"
	"callgate/sidecar/config"
	"callgate/sidecar/identity"
	"callgate/toolproxy"
)

// closing is an operator's rule that denies one tool.
func closing(name, closed string) string {
	return fmt.Sprintf("package callgate.rules.%s\n\ndeny contains {\"reason\": \"closed\"} if input.call.tool == %q\n", name, closed)
}

// TestSwapUnderLoad: while engines are swapped, every call is answered once,
// and by the policy whose revision its record names.
func TestSwapUnderLoad(t *testing.T) {
	const callers, each = 8, 80
	b := open(t, setup{rules: map[string]string{"a.rego": closing("closing", "get_a")}})
	first := b.Policy
	second := engine(t, setup{rules: map[string]string{"a.rego": closing("closing", "get_b")}})
	closedBy := map[string]string{first.Revision(): "get_a", second.Revision(): "get_b"}
	if len(closedBy) != 2 {
		t.Fatal("the two policies have one revision")
	}
	var calls, swapping sync.WaitGroup
	turns := make(chan struct{}) // one swap for each call, while the others are under way
	swapping.Go(func() {
		for next, other := second, first; ; next, other = other, next {
			if _, open := <-turns; !open {
				return
			}
			b.Swap(next)
		}
	})
	var mu sync.Mutex
	answers := map[string]bool{} // by record, whether refused
	for n := range callers {
		calls.Go(func() {
			for i := range each {
				c := call([]string{"get_a", "get_b"}[i%2], `{}`)
				c.ID = fmt.Sprintf("call-%d-%d", n, i)
				turns <- struct{}{}
				_, err := b.Guard(&silent{}).ServeCall(context.Background(), c)
				mu.Lock()
				if _, twice := answers[c.ID]; twice {
					t.Errorf("%s was answered twice", c.ID)
				}
				answers[c.ID] = err != nil
				mu.Unlock()
			}
		})
	}
	calls.Wait()
	close(turns)
	swapping.Wait()
	seen := map[string]int{}
	records := b.all()
	for _, r := range records {
		closed, known := closedBy[r.Revision]
		if !known {
			t.Fatalf("%s has the revision %s", r.ID, r.Revision)
		}
		seen[r.Revision]++
		refused, answered := answers[r.ID]
		if deny := r.Tool == closed; !answered || refused != deny || (r.Decision == "deny") != deny {
			t.Errorf("%s of %s: recorded %s, refused %v, want deny %v", r.ID, r.Tool, r.Decision, refused, deny)
		}
	}
	if len(records) != callers*each || len(answers) != len(records) || len(seen) != 2 {
		t.Errorf("%d records, %d answers, by revision %v", len(records), len(answers), seen)
	}
}

// silent is an upstream that may be used at once by many.
type silent struct{}

func (*silent) ServeCall(context.Context, *toolproxy.Call) (*toolproxy.Result, error) {
	return &toolproxy.Result{Body: json.RawMessage(`{"content":[]}`)}, nil
}

// TestCallKeepsItsPolicy: a call that is under way is not judged by two.
func TestCallKeepsItsPolicy(t *testing.T) {
	b := open(t, setup{})
	before := b.Revision()
	next := engine(t, setup{rules: map[string]string{"a.rego": closing("closing", "get_a")}})
	up := &upstream{answer: "ok", during: func(*toolproxy.Call) { b.Swap(next) }}
	if _, err := b.Guard(up).ServeCall(t.Context(), call("get_a", `{}`)); err != nil {
		t.Fatal(err)
	}
	if r := b.one(); r.Revision != before || r.Decision != "allow" {
		t.Errorf("recorded %s by %s", r.Decision, r.Revision)
	}
	if b.Revision() != next.Revision() {
		t.Error("the engine was not swapped")
	}
}

// signing is a private key, and the file of its public one.
type signing struct {
	private []byte
	public  string
}

func newSigning(t *testing.T) signing {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	s := signing{pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), filepath.Join(t.TempDir(), "key.pem")}
	put(t, s.public, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})))
	return s
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// kept is the file of the bundle that was in use last.
func kept(t *testing.T, state string, by signing) string {
	t.Helper()
	key, err := archive.ReadKey(by.public)
	if err != nil {
		t.Fatal(err)
	}
	return state + ".bundle.corp." + key.ID()
}

// bundleOf is a bundle with one rule; one that is signed is for the name corp.
func bundleOf(t *testing.T, serial int64, rule, closed string, key []byte) string {
	t.Helper()
	label := archive.Label{Serial: serial}
	if key != nil {
		label.Name = "corp"
	}
	raw, err := archive.Make(fstest.MapFS{"r.rego": {Data: []byte(closing(rule, closed))}}, label, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// shelf is a server that has one bundle, or trouble.
type shelf struct {
	*httptest.Server
	mu     sync.Mutex
	body   string
	status int // 0 where the bundle is given
	asked  int
	saved  int // answers without a body
}

func newShelf(t *testing.T, body string) *shelf {
	s := &shelf{body: body}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		tag := fmt.Sprintf(`"%x"`, len(s.body)+int(s.body[len(s.body)-5])<<20)
		w.Header().Set("ETag", tag)
		switch {
		case s.status != 0:
			w.WriteHeader(s.status)
		case r.Header.Get("If-None-Match") == tag:
			s.saved++
			w.WriteHeader(http.StatusNotModified)
		default:
			_, _ = io.WriteString(w, s.body)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) put(body string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body, s.status = body, status
}

func (s *shelf) counts() (asked, saved int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.saved
}

// eventually waits for something that has to come.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.After(20 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); !ok(); {
		select {
		case <-end:
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// readyz gives the answer of /readyz, which has to be ready.
func (r *running) readyz(t *testing.T) gjson.Result {
	t.Helper()
	status, body := r.fetch(t, "/readyz")
	if status != http.StatusOK || !gjson.Get(body, "ready").Bool() {
		t.Fatalf("not ready: %d %s", status, body)
	}
	return gjson.Parse(body)
}

func (r *running) fetch(t *testing.T, path string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return send(t, request)
}

// judged is the decision on a call of a tool.
func (r *running) judged(t *testing.T, tool string) string {
	t.Helper()
	_, body := post(t, r.url+"/v1/decide", `{"server":"office","tool":"`+tool+`","arguments":{},"definition":{"name":"`+tool+`","inputSchema":{"type":"object"}}}`)
	return gjson.Get(body, "decision").Str
}

// TestFolderIsFollowed: a changed folder is judged by; a faulty one is told and
// is not.
func TestFolderIsFollowed(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "first.rego"), closing("first", "get_c"))
	r := run(t, func(c *config.Config) { c.Policy.Dirs = []string{dir} })
	if got := r.judged(t, "get_a"); got != "allow" {
		t.Fatalf("decided %s", got)
	}
	before := r.readyz(t)
	put(t, filepath.Join(dir, "deep", "a.rego"), closing("closing", "get_a"))
	eventually(t, "the rule is in use", func() bool { return r.readyz(t).Get("revision").Str != before.Get("revision").Str })
	if got := r.judged(t, "get_a"); got != "deny" || r.last(t).Revision != r.Firewall.Revision() {
		t.Errorf("decided %s by %s", got, r.last(t).Revision)
	}
	kept := r.readyz(t)
	for _, c := range []struct{ file, text, code string }{
		{"b.rego", "package callgate.rules.other\ndeny", "rego_parse_error"},
		{"b.rego", "package corp\n", "foreign_package"},
		{"b_test.rego", "package callgate.rules.closing_test\n\ntest_no if 1 == 2\n", "test_failed"},
	} {
		put(t, filepath.Join(dir, c.file), c.text)
		eventually(t, c.code+" is told", func() bool { return r.readyz(t).Get("failed.0.code").Str == c.code })
		state := r.readyz(t)
		if state.Get("revision").Str != kept.Get("revision").Str || state.Get("failed.0.from").Str != fromPolicy || state.Get("failed.0.time").Str == "" {
			t.Errorf("%s: %s", c.code, state.Raw)
		}
		if got := r.judged(t, "get_a"); got != "deny" {
			t.Errorf("%s: decided %s", c.code, got)
		}
		if err := os.Remove(filepath.Join(dir, c.file)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "nothing is wrong", func() bool { return !r.readyz(t).Get("failed").Exists() })
	}
	_, body := r.fetch(t, "/metrics")
	for _, want := range []string{
		`callgate_policy_info{profile="balanced",revision="` + r.Firewall.Revision() + `"} 1`,
		`callgate_policy_reloads_total{outcome="swapped"} 1`,
		`callgate_policy_last_reload_timestamp_seconds `,
		`callgate_decisions_total{decision="deny",surface="tool"} 4`,
		`callgate_decisions_total{decision="allow",surface="tool"} 1`,
		`callgate_refusals_total{code="denied"} 4`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	if strings.Contains(body, `outcome="failed"} 0`) || strings.Contains(body, "office") {
		t.Errorf("metrics\n%s", body)
	}
}

// TestFileOfABundleIsFollowed: a bundle on disk is judged by, and checked
// against its key.
func TestFileOfABundleIsFollowed(t *testing.T) {
	mine, other := newSigning(t), newSigning(t)
	file := filepath.Join(t.TempDir(), "corp.tar.gz")
	put(t, file, bundleOf(t, 3, "closing", "get_a", mine.private))
	r := run(t, func(c *config.Config) {
		c.Policy.Bundles = map[string]config.Bundle{"corp": {File: file, Key: mine.public}}
	})
	if got := r.judged(t, "get_a"); got != "deny" {
		t.Fatalf("decided %s", got)
	}
	if _, body := r.fetch(t, "/metrics"); !strings.Contains(body, `callgate_bundle_info{name="corp",serial="3"} 1`) {
		t.Errorf("metrics\n%s", body)
	}
	for _, c := range []struct{ text, code string }{
		{bundleOf(t, 4, "closing", "get_b", other.private), "bad_signature"},
		{bundleOf(t, 4, "closing", "get_b", nil), "unsigned"},
		{"this is no bundle at all", "not_gzip"},
	} {
		put(t, file, c.text)
		eventually(t, c.code+" is told", func() bool { return r.readyz(t).Get("failed.0.code").Str == c.code })
		if got := r.judged(t, "get_a"); got != "deny" {
			t.Errorf("%s: decided %s", c.code, got)
		}
	}
	put(t, file, bundleOf(t, 4, "closing", "get_b", mine.private))
	eventually(t, "the new one is in use", func() bool { return r.readyz(t).Get("bundles.0.serial").Int() == 4 })
	if a, b := r.judged(t, "get_a"), r.judged(t, "get_b"); a != "allow" || b != "deny" {
		t.Errorf("decided %s and %s", a, b)
	}
	if r.readyz(t).Get("failed").Exists() {
		t.Error("a failure that is mended is told")
	}
}

// TestServerIsFollowed: newer bundles of a server are judged by; whatever else
// comes leaves the one in use, which outlives a restart without the server.
func TestServerIsFollowed(t *testing.T) {
	mine, other := newSigning(t), newSigning(t)
	server := newShelf(t, bundleOf(t, 10, "closing", "get_a", mine.private))
	state := filepath.Join(t.TempDir(), "callgate.db")
	configure := func(c *config.Config) {
		c.State = state
		c.Policy.Bundles = map[string]config.Bundle{"corp": {URL: server.URL, Key: mine.public, Poll: 10 * time.Millisecond}}
	}
	t.Run("while it serves", func(t *testing.T) {
		r := run(t, configure)
		eventually(t, "nothing new is asked for", func() bool { _, saved := server.counts(); return saved > 2 })
		if got := r.judged(t, "get_a"); got != "deny" {
			t.Fatalf("decided %s", got)
		}
		cases := []struct {
			name, body string
			status     int
			code       string
		}{
			{"older", bundleOf(t, 9, "closing", "get_b", mine.private), 0, "older_serial"},
			{"reused", bundleOf(t, 10, "closing", "get_b", mine.private), 0, "reused_serial"},
			{"signed by another", bundleOf(t, 11, "closing", "get_b", other.private), 0, "bad_signature"},
			{"unsigned", bundleOf(t, 11, "closing", "get_b", nil), 0, "unsigned"},
			{"without a serial", bundleOf(t, 0, "closing", "get_b", mine.private), 0, "no_serial"},
			{"a shipped rule", bundleOf(t, 11, "secrets", "get_b", mine.private), 0, "shipped_name"},
			{"gone", "not here", 404, "bad_status"},
			{"broken", "not now", 500, "bad_status"},
		}
		for _, c := range cases {
			server.put(c.body, c.status)
			eventually(t, c.name+" is told", func() bool { return r.readyz(t).Get("failed.0.code").Str == c.code })
			if state := r.readyz(t); state.Get("failed.0.from").Str != "corp" || state.Get("bundles.0.serial").Int() != 10 {
				t.Errorf("%s: %s", c.name, state.Raw)
			}
			if got := r.judged(t, "get_a"); got != "deny" {
				t.Errorf("%s: decided %s", c.name, got)
			}
		}
		server.put(bundleOf(t, 11, "closing", "get_b", mine.private), 0)
		eventually(t, "the new one is in use", func() bool { return r.readyz(t).Get("bundles.0.serial").Int() == 11 })
		if a, b := r.judged(t, "get_a"), r.judged(t, "get_b"); a != "allow" || b != "deny" || r.readyz(t).Get("failed").Exists() {
			t.Errorf("decided %s and %s, %s", a, b, r.readyz(t).Raw)
		}
	})
	info, err := os.Stat(kept(t, state, mine))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("kept with mode %v, %v", info.Mode(), err)
	}
	starts := []struct {
		name, body string
		status     int
		code       string
	}{
		{"the server is broken", "not now", 500, "bad_status"},
		{"the server has an older one", bundleOf(t, 10, "closing", "get_a", mine.private), 0, "older_serial"},
		{"the server has a faulty one", bundleOf(t, 12, "secrets", "get_a", mine.private), 0, "shipped_name"},
	}
	for _, c := range starts {
		t.Run(c.name, func(t *testing.T) {
			server.put(c.body, c.status)
			r := run(t, configure)
			if state := r.readyz(t); state.Get("bundles.0.serial").Int() != 11 || state.Get("failed.0.from").Str != "corp" || state.Get("failed.1").Exists() {
				t.Errorf("state %s", state.Raw)
			}
			if b := r.judged(t, "get_b"); b != "deny" {
				t.Errorf("decided %s", b)
			}
			eventually(t, c.code+" is told", func() bool { return strings.Contains(r.readyz(t).Get("failed").Raw, c.code) })
		})
	}
	t.Run("the key is another", func(t *testing.T) {
		server.put("not now", 500)
		refuses(t, func(c *config.Config) {
			configure(c)
			c.Policy.Bundles = map[string]config.Bundle{"corp": {URL: server.URL, Key: other.public, Poll: time.Hour}}
		}, "bad_status", "no earlier one is kept")
	})
	t.Run("nothing is kept", func(t *testing.T) {
		if err := os.Remove(kept(t, state, mine)); err != nil {
			t.Fatal(err)
		}
		refuses(t, configure, "bundle corp: bad_status", "no earlier one is kept: unreadable")
		if _, err := os.Stat(kept(t, state, mine)); err == nil {
			t.Error("a bundle that was refused is kept")
		}
	})
}

// refuses fails unless a start is refused in words.
func refuses(t *testing.T, change func(c *config.Config), words ...string) {
	t.Helper()
	c := config.Default()
	c.State = filepath.Join(t.TempDir(), "callgate.db")
	change(c)
	s, err := Open(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err == nil {
		_ = s.Close()
		t.Fatal("started")
	}
	for _, want := range words {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestStartRefuses: a policy with a fault is no policy to start with.
func TestStartRefuses(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.tar.gz"), filepath.Join(dir, "two.tar.gz")
	put(t, one, bundleOf(t, 1, "closing", "get_a", nil))
	put(t, two, bundleOf(t, 2, "closing", "get_b", nil))
	refuses(t, func(c *config.Config) {
		c.Policy.Bundles = map[string]config.Bundle{"one": {File: one}, "two": {File: two}}
	}, "root_overlap")
	put(t, two, "this is no bundle at all")
	put(t, one, bundleOf(t, 1, "closing", "get_a", nil)[:200])
	refuses(t, func(c *config.Config) {
		c.Policy.Bundles = map[string]config.Bundle{"one": {File: one}, "two": {File: two}}
	}, "bundle one: truncated", "bundle two: not_gzip")
}

// TestMetricsAccess: where others can reach the listener, metrics are for
// callers.
func TestMetricsAccess(t *testing.T) {
	key, hash, err := identity.NewKey("agent")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, func(c *config.Config) {
		c.Listen = "0.0.0.0:0"
		c.Callers = []config.Caller{{Name: "agent", Key: hash, Scopes: []string{"*:read"}}}
	})
	if status, body := r.fetch(t, "/metrics"); status != http.StatusUnauthorized || strings.Contains(body, "callgate_") {
		t.Errorf("without a key: %d %s", status, body)
	}
	if status, body := r.fetch(t, "/metrics", "Authorization", "Bearer "+key); status != http.StatusOK || !strings.Contains(body, "callgate_policy_info") {
		t.Errorf("with a key: %d %s", status, body)
	}
	if status, _ := r.fetch(t, "/metrics", "Authorization", "Bearer "+key, "Origin", "https://rebind.example.net"); status != http.StatusForbidden {
		t.Errorf("from a page elsewhere: %d", status)
	}
}

// TestCloseEndsEverything leaves nothing running.
func TestCloseEndsEverything(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	mine := newSigning(t)
	server := newShelf(t, bundleOf(t, 1, "closing", "get_a", mine.private))
	c := config.Default()
	c.State = filepath.Join(t.TempDir(), "callgate.db")
	dir := t.TempDir()
	put(t, filepath.Join(dir, "r.rego"), closing("ours", "get_b"))
	c.Policy.Dirs = []string{dir}
	c.Policy.Bundles = map[string]config.Bundle{"corp": {URL: server.URL, Key: mine.public, Poll: time.Millisecond}}
	var log bytes.Buffer
	s, err := Open(t.Context(), c, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	stop := s.follow(nil)
	eventually(t, "the server is asked", func() bool { asked, _ := server.counts(); return asked > 2 })
	stop()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	server.CloseClientConnections()
	server.Server.Close()
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("log %s", log.String())
	}
}

// TestPause: failures make it longer, up to a bound, and it stays near the poll.
func TestPause(t *testing.T) {
	cases := []struct {
		poll     time.Duration
		failures int
		want     time.Duration
	}{
		{time.Minute, 0, time.Minute}, {time.Minute, 2, 4 * time.Minute}, {time.Minute, 100, maxPause},
		{time.Hour, 3, time.Hour}, {time.Nanosecond, 0, time.Nanosecond},
	}
	for _, c := range cases {
		for range 100 {
			if got := pause(c.poll, c.failures); got < c.want*9/10 || got > c.want*11/10+1 {
				t.Errorf("%v after %d failures: %v", c.poll, c.failures, got)
			}
		}
	}
}

// TestNothingOlderThanKept: what another process took last is not undone, and
// a bundle that cannot be kept is not used.
func TestNothingOlderThanKept(t *testing.T) {
	mine := newSigning(t)
	server := newShelf(t, bundleOf(t, 10, "closing", "get_a", mine.private))
	state := filepath.Join(t.TempDir(), "callgate.db")
	configure := func(c *config.Config) {
		c.State = state
		c.Policy.Bundles = map[string]config.Bundle{"corp": {URL: server.URL, Key: mine.public, Poll: 10 * time.Millisecond}}
	}
	r := run(t, configure)
	put(t, kept(t, state, mine), bundleOf(t, 20, "closing", "get_b", mine.private))
	server.put(bundleOf(t, 15, "closing", "get_c", mine.private), 0)
	eventually(t, "the older one is told", func() bool { return r.readyz(t).Get("failed.0.code").Str == "older_serial" })
	if got := r.readyz(t).Get("bundles.0.serial").Int(); got != 10 {
		t.Errorf("serial %d is in use", got)
	}
	if err := os.Remove(kept(t, state, mine)); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(kept(t, state, mine), "in the way"), "")
	eventually(t, "the place that is taken is told", func() bool { return r.readyz(t).Get("failed.0.code").Str == "unreadable" })
	if got := r.readyz(t).Get("bundles.0.serial").Int(); got != 10 {
		t.Errorf("serial %d is in use", got)
	}
	if err := os.RemoveAll(kept(t, state, mine)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the newer one is in use", func() bool { return r.readyz(t).Get("bundles.0.serial").Int() == 15 })
}

// TestLoadPolicy takes the bundle that was in use last, and writes nothing.
func TestLoadPolicy(t *testing.T) {
	mine := newSigning(t)
	c := config.Default()
	c.State = filepath.Join(t.TempDir(), "callgate.db")
	c.Policy.Bundles = map[string]config.Bundle{"corp": {URL: "http://127.0.0.1:1/", Key: mine.public}}
	without, err := LoadPolicy(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	put(t, kept(t, c.State, mine), bundleOf(t, 1, "closing", "get_a", mine.private))
	with, err := LoadPolicy(t.Context(), c)
	if err != nil || with.Revision() == without.Revision() {
		t.Errorf("the bundle in use last has no part in it: %v", err)
	}
	c.Policy.Bundles = map[string]config.Bundle{"corp": {URL: "http://127.0.0.1:1/", Key: kept(t, c.State, mine)}}
	if _, err := LoadPolicy(t.Context(), c); codeOf(err) != "bad_key" {
		t.Errorf("got %v", err)
	}
}
