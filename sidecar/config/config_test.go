package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestExample(t *testing.T) {
	c, err := Load("testdata/callgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	abs := func(p string) string {
		p, err := filepath.Abs(filepath.Join("testdata", p))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	want := Default()
	want.File = "testdata/callgate.yaml"
	want.State = abs("callgate.db")
	want.AllowedHosts = []string{"callgate.example.com"}
	want.AllowedOrigins = []string{"https://console.example.com"}
	want.Policy.Dirs = []string{abs("policy")}
	want.Policy.Bundles = map[string]Bundle{
		"team": {File: abs("bundle.tar.gz"), Poll: time.Minute},
		"company": {URL: "https://policy.example.com/bundle.tar.gz", Headers: map[string]string{"Authorization": "Bearer ${secret:env:POLICY_TOKEN}"},
			Key: abs("policy.pem"), Poll: 5 * time.Minute},
	}
	want.Policy.Catalogues = []string{abs("catalogue.json")}
	want.Approvals = Approvals{Expire: time.Hour, MaxPending: 20}
	want.Policy.Settings = map[string]any{
		"payments":       map[string]any{"max_amount": 250, "currencies": []any{"EUR", "USD"}},
		"internal_hosts": []any{"intranet.example.com"},
	}
	want.Servers = map[string]Server{
		"files": {
			Command: []string{"npx", "-y", "@modelcontextprotocol/server-filesystem", "/data"},
			Env:     map[string]string{"LOG_LEVEL": "warn"},
			Dir:     abs("policy"),
		},
		"crm": {
			URL:     "https://crm.example.com/mcp",
			Headers: map[string]string{"Authorization": "Bearer ${secret:env:CRM_TOKEN}"},
			Timeout: 30 * time.Second,
			Tools: map[string]Tool{
				"create_contact": {Effects: []string{"write"}, Domains: []string{"crm"}},
				"send_mail":      {Effects: []string{"send"}, Domains: []string{"mail", "crm"}, DraftTwin: "draft_mail"},
				"*":              {Domains: []string{"crm"}},
			},
		},
	}
	want.Callers = []Caller{
		{Name: "sales-agent", Key: "v1:abcdefg2:" + strings.Repeat("A", 22) + ":" + strings.Repeat("A", 43),
			Scopes: []string{"crm:read", "mail:draft"}, Roles: []string{"sales"}},
		{Name: "me", Local: true, Scopes: []string{"*:read", "*:draft", "files:*"}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got\n%+v\nwant\n%+v", c, want)
	}
}

func TestDefaults(t *testing.T) {
	want := &Config{
		Listen:  "127.0.0.1:7070",
		Policy:  Policy{Profile: "balanced", Timeout: time.Second},
		Callers: []Caller{{Name: "local", Local: true, Scopes: []string{"*:read", "*:draft"}}},
		Limits: Limits{
			MaxRequest: 4 << 20, MaxReply: 16 << 20, MaxDepth: 64, CallTimeout: 2 * time.Minute,
			HeaderTimeout: 10 * time.Second, BodyTimeout: 30 * time.Second, ShutdownTimeout: 30 * time.Second,
			MaxCalls: 1024, MaxChildren: 64, IdleChild: 10 * time.Minute,
		},
		Approvals: Approvals{Expire: 15 * time.Minute, MaxPending: 100},
		Record:    Record{WriteTimeout: 5 * time.Second},
	}
	if got, err := Load(""); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	// An empty section leaves its defaults as they are.
	for _, text := range []string{"", "\n# nothing\n", "---\n", "null\n", "{}", "limits:\nservers:\ncallers: []\n"} {
		got, err := Parse("callgate.yaml", []byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		want.File = "callgate.yaml"
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

func TestAccepted(t *testing.T) {
	key := "v1:abcdefg2:" + strings.Repeat("A", 22) + ":" + strings.Repeat("A", 43)
	cases := []string{
		"listen: '[::1]:0'",
		"listen: localhost:80",
		"listen: :8080\ncallers: [{name: a, key: '" + key + "'}]",
		"limits: {max_request: 8388608}",
		"limits: {max_request: '512 KiB', max_depth: 0x40}",
		"allowed_hosts: ['callgate.example.com:8443', '[::1]:80', localhost]",
		"servers: {a: {url: 'http://127.0.0.1:1/mcp?key=${secret:env:K}'}}",
		"callers: [{name: a, local: True}]",
		"approvals: {expire: 1s, max_pending: 1}",
		"approvals: {expire: 720h, max_pending: 10000}",
		"policy: {settings: {a: null, b: 1.5, c: 2024-01-01, 'd.e': [true, {}]}}",
	}
	for _, text := range cases {
		if _, err := Parse("callgate.yaml", []byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, []byte(strings.Repeat("# much\n", MaxBytes/7+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, code := range map[string]Code{
		filepath.Join(dir, "missing.yaml"): CodeUnreadable,
		dir:                                CodeUnreadable,
		large:                              CodeTooLarge,
	} {
		var faults Faults
		if _, err := Load(path); !errors.As(err, &faults) || len(faults) != 1 || faults[0].Code != code {
			t.Errorf("%s: got %v, want one fault %s", path, err, code)
		}
	}
}

func TestLoadHasNoSideEffect(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "callgate.yaml")
	text := "state: callgate.db\nservers: {a: {command: [touch, ran]}}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v (%v), want the configuration only", entries, err)
	}
}

func TestCheck(t *testing.T) {
	text := "listen: nowhere\nservers:\n  crm:\n    url: https://crm.example.com\n    headers: {X-Key: '${secret:x}'}\n"
	_, err := Parse("callgate.yaml", []byte(text), func(c *Config, report Report) {
		if c.Servers["crm"].Headers["X-Key"] != "${secret:x}" {
			t.Errorf("check was given %+v", c.Servers)
		}
		report("servers.crm.headers.X-Key", CodeText, "is no reference", "")
		report("servers.crm.dir", CodeText, "is not there", "")
	})
	want := strings.Join([]string{
		`callgate.yaml:1:9: listen is not an address to listen on: "nowhere"`,
		`    hint: host:port, such as 127.0.0.1:7070`,
		`callgate.yaml:3:3: is not there`,
		`callgate.yaml:5:15: is no reference`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestLoopback(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:1": true, "127.8.9.1:1": true, "[::1]:1": true, "[::ffff:127.0.0.1]:1": true, "localhost:1": true,
		"0.0.0.0:1": false, ":1": false, "[::]:1": false, "192.0.2.1:1": false, "localhost.example.com:1": false,
		"127.0.0.1.example.com:1": false, "127.0.0.1": false,
	} {
		if got := Loopback(listen); got != want {
			t.Errorf("Loopback(%q) = %v, want %v", listen, got, want)
		}
	}
}

// TestReferenceHoldsEveryField walks the structs, so that a field without a key
// in the tables, or a key without a field, is found.
func TestReferenceHoldsEveryField(t *testing.T) {
	table := Reference()
	want := fields("", reflect.TypeFor[Config]())
	if len(want) < 30 {
		t.Fatalf("found %d fields only", len(want))
	}
	for _, at := range want {
		if n := strings.Count(table, "\n| `"+at+"` |"); n != 1 {
			t.Errorf("%s has %d rows, want 1", at, n)
		}
	}
	if got := strings.Count(table, "\n") - 2; got != len(want) {
		t.Errorf("the table has %d rows for %d fields", got, len(want))
	}
	for _, row := range strings.Split(strings.TrimSpace(table), "\n") {
		if strings.Count(row, "|") != 5 {
			t.Errorf("row is not of four columns: %s", row)
		}
	}
}

func fields(at string, typ reflect.Type) []string {
	var list []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		if at == "" && f.Name == "File" {
			continue // where the configuration came from, not a key of it
		}
		full := join(at, snake(f.Name))
		list = append(list, full)
		switch {
		case f.Type.Kind() == reflect.Struct:
			list = append(list, fields(full, f.Type)...)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			list = append(list, fields(full+"[]", f.Type.Elem())...)
		case f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Struct:
			list = append(list, fields(full+"."+entry[f.Type.Elem().Name()], f.Type.Elem())...)
		}
	}
	return list
}

// entry is the word that the table uses for an entry of a mapping.
var entry = map[string]string{"Server": "NAME", "Bundle": "NAME", "Tool": "TOOL"}

func snake(name string) string {
	if name == "URL" {
		return "url"
	}
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// FuzzParse checks that a file is read wholly or refused with faults that say
// where, and that what is accepted keeps the rules that others rely on.
func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("testdata/callgate.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	for _, seed := range []string{"", "a: &x [*x]", "listen: :0", "- a\n- b", "a: [1,\nb", "limits: {max_calls: 1e9}", "\xff", "? - a\n: b", "callers: [{name: a, local: true}, ~]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("callgate.yaml", data)
		if err != nil {
			var faults Faults
			if c != nil || !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("got %v and %T", c, err)
			}
			for _, fault := range faults {
				if fault.Message == "" || fault.Code == "" || fault.Line < 1 || fault.Line > strings.Count(string(data), "\n")+1+strings.Count(string(data), "\r") {
					t.Fatalf("fault without a place: %+v", fault)
				}
			}
			return
		}
		if len(c.Callers) == 0 || !Loopback(c.Listen) && !c.Keyed() || c.Limits.MaxCalls < 1 || c.Policy.Timeout <= 0 {
			t.Fatalf("accepted %+v", c)
		}
	})
}

func TestTexts(t *testing.T) {
	c := &Config{Servers: map[string]Server{
		"b": {URL: "u", Headers: map[string]string{"Y": "h2", "X": "h1"}},
		"a": {Command: []string{"prog", "arg"}, Env: map[string]string{"E": "e"}},
	}}
	var got []string
	for at, text := range c.Texts() {
		got = append(got, at+"="+text)
	}
	want := []string{"servers.a.command[1]=arg", "servers.a.env.E=e", "servers.b.url=u", "servers.b.headers.X=h1", "servers.b.headers.Y=h2"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for at := range c.Texts() {
		if at != want[0][:len(at)] {
			t.Errorf("first is %s", at)
		}
		break
	}
}
