package identity

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// fresh makes a key and its hash.
func fresh(t testing.TB, name string) (key, hash string) {
	t.Helper()
	key, hash, err := NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return key, hash
}

func directory(t testing.TB, callers ...Caller) *Directory {
	t.Helper()
	d, err := New(callers)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNewKeyForm(t *testing.T) {
	key, hash := fresh(t, "sales-agent")
	again, other := fresh(t, "sales-agent")
	if !keyForm.MatchString(key) || !hashForm.MatchString(hash) {
		t.Errorf("key of %d bytes and hash %s are not of their forms", len(key), hash)
	}
	if key == again || hash == other {
		t.Error("two keys are alike")
	}
	if strings.Contains(hash, strings.Split(key, "_")[2]) {
		t.Error("the hash holds the secret")
	}
	for _, name := range []string{"", "A", "a b", "a\n", strings.Repeat("a", 65)} {
		if _, _, err := NewKey(name); err == nil {
			t.Errorf("made a key for the name %q", name)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	key, hash := fresh(t, "sales")
	second, secondHash := fresh(t, "ops")
	stranger, _ := fresh(t, "stranger")
	forged := key[:len("cg_abcdefgh_")] + stranger[len("cg_abcdefgh_"):]
	sales := Caller{Name: "sales", Auth: AuthKey, Scopes: []string{"crm:read"}, Roles: []string{"r"}}
	me := Caller{Name: "me", Auth: AuthLocal, Scopes: []string{"*:*"}}
	both := directory(t,
		Caller{Name: "sales", Key: hash, Scopes: sales.Scopes, Roles: sales.Roles},
		Caller{Name: "ops", Key: secondHash},
		Caller{Name: "me", Local: true, Scopes: me.Scopes})

	const x, a = "X-Callgate-Key", "Authorization"
	cases := []struct {
		name     string
		header   http.Header
		loopback bool
		want     Caller
		err      error
	}{
		{"own header", http.Header{x: {key}}, false, sales, nil},
		{"bearer", http.Header{a: {"Bearer " + key}}, false, sales, nil},
		{"scheme in another case", http.Header{a: {"bearer  " + key}}, false, sales, nil},
		{"same key twice", http.Header{x: {key}, a: {"Bearer " + key}}, false, sales, nil},
		{"the upstream's own scheme", http.Header{x: {key}, a: {"Bearer eyJhbGciOi"}}, true, sales, nil},
		{"other caller", http.Header{x: {second}}, true, Caller{Name: "ops", Auth: AuthKey}, nil},
		{"two keys", http.Header{x: {key}, a: {"Bearer " + second}}, true, Caller{}, ErrTwoKeys},
		{"two keys, one unknown", http.Header{x: {key}, a: {"Bearer " + stranger}}, true, Caller{}, ErrTwoKeys},
		{"header twice", http.Header{x: {key, key}}, true, Caller{}, ErrTwoKeys},
		{"authorization twice", http.Header{a: {"Bearer " + key, "Basic x"}}, true, Caller{}, ErrTwoKeys},
		{"unknown key", http.Header{x: {stranger}}, true, Caller{}, ErrUnknownKey},
		{"known id, other secret", http.Header{x: {forged}}, true, Caller{}, ErrUnknownKey},
		{"unknown bearer", http.Header{a: {"Bearer " + stranger}}, true, Caller{}, ErrUnknownKey},
		{"other scheme alone", http.Header{a: {"Basic dXNlcjpwYXNz"}}, true, Caller{}, ErrUnknownKey},
		{"other token alone", http.Header{a: {"Bearer eyJhbGciOi"}}, true, Caller{}, ErrUnknownKey},
		{"empty key", http.Header{x: {""}}, true, Caller{}, ErrUnknownKey},
		{"empty bearer", http.Header{a: {""}}, true, Caller{}, ErrUnknownKey},
		{"the hash for the key", http.Header{x: {hash}}, true, Caller{}, ErrUnknownKey},
		{"key and more", http.Header{x: {key + "A"}}, true, Caller{}, ErrUnknownKey},
		{"key and a line", http.Header{x: {key + "\n"}}, true, Caller{}, ErrUnknownKey},
		{"key cut short", http.Header{x: {key[:len(key)-1]}}, true, Caller{}, ErrUnknownKey},
		{"nothing, on this machine", http.Header{}, true, me, nil},
		{"nothing, from elsewhere", http.Header{}, false, Caller{}, ErrNoKey},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := both.Authenticate(c.header, c.loopback)
			if !errors.Is(err, c.err) || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v, want %+v, %v", got, err, c.want, c.err)
			}
			if err != nil && (strings.Contains(err.Error(), "cg_") || strings.Contains(err.Error(), "eyJ")) {
				t.Errorf("the error holds what was sent: %v", err)
			}
		})
	}
}

func TestNoLocalCaller(t *testing.T) {
	_, hash := fresh(t, "a")
	for name, d := range map[string]*Directory{
		"keyed only": directory(t, Caller{Name: "a", Key: hash}),
		"nobody":     directory(t),
		"zero value": {},
	} {
		if c, err := d.Authenticate(http.Header{}, true); !errors.Is(err, ErrNoKey) || c.Name != "" {
			t.Errorf("%s: got %+v, %v", name, c, err)
		}
	}
	// Without anyone who knows keys, a credential is still no way to be local.
	d := &Directory{local: &Caller{Name: "me"}}
	if c, err := d.Authenticate(http.Header{"Authorization": {"Bearer x"}}, true); err == nil {
		t.Errorf("a credential was taken for %+v", c)
	}
}

func TestNewRefuses(t *testing.T) {
	_, hash := fresh(t, "a")
	cases := map[string][]Caller{
		"no name":        {{Key: hash}},
		"bad name":       {{Name: "A b", Key: hash}},
		"same name":      {{Name: "a", Key: hash}, {Name: "a", Local: true}},
		"no key":         {{Name: "a"}},
		"key and local":  {{Name: "a", Key: hash, Local: true}},
		"two local":      {{Name: "a", Local: true}, {Name: "b", Local: true}},
		"same key":       {{Name: "a", Key: hash}, {Name: "b", Key: hash}},
		"a key, no hash": {{Name: "a", Key: "cg_abcdefgh_hunter2"}},
		"cut hash":       {{Name: "a", Key: hash[:len(hash)-1]}},
		"bits to spare":  {{Name: "a", Key: hash[:len(hash)-1] + "_"}},
		"bad scope":      {{Name: "a", Key: hash, Scopes: []string{"crm"}}},
	}
	for name, callers := range cases {
		d, err := New(callers)
		if err == nil || d != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), hash) {
			t.Errorf("%s: the error holds the key: %v", name, err)
		}
	}
}

func TestParseScope(t *testing.T) {
	for _, s := range []string{"crm:read", "*:read", "mail:*", "*:*", "other:unknown"} {
		if got, err := ParseScope(s); err != nil || got.String() != s {
			t.Errorf("%s: got %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "crm", ":", "crm:", ":read", "crm:read:", "crm:reed", "CRM:read", "crm: read", "**:read", "crm:read "} {
		if got, err := ParseScope(s); err == nil {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}

// FuzzAuthenticate checks that no header but the key itself is a caller, and
// that none panics or comes back in an error.
func FuzzAuthenticate(f *testing.F) {
	key, hash := fresh(f, "a")
	d := directory(f, Caller{Name: "a", Key: hash}, Caller{Name: "me", Local: true})
	for _, seed := range []string{"", "Bearer ", "cg_", "cg_abcdefgh_" + strings.Repeat("A", 43), hash} {
		f.Add(seed, "Bearer "+seed)
	}
	f.Fuzz(func(t *testing.T, own, auth string) {
		c, err := d.Authenticate(http.Header{"X-Callgate-Key": {own}, "Authorization": {auth}}, true)
		if err == nil && own != key {
			t.Fatalf("%q and %q are %+v", own, auth, c)
		}
		if err != nil && len(own) > 12 && strings.Contains(fmt.Sprint(err), own) {
			t.Fatalf("error repeats the header: %v", err)
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	key, hash := fresh(b, "a")
	d := directory(b, Caller{Name: "a", Key: hash})
	header := http.Header{"Authorization": {"Bearer " + key}}
	b.ReportAllocs()
	for b.Loop() {
		if c, err := d.Authenticate(header, false); err != nil || c.Name != "a" {
			b.Fatal(c, err)
		}
	}
}
