package policy_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"callgate/policy"
	"callgate/rego"
)

// tuned begins a rule with one declared setting.
func tuned(name, setting string) string {
	if !strings.HasPrefix(setting, "{") {
		setting = "\n#       " + setting
	}
	return "# METADATA\n# custom:\n#   settings:\n#     " + name + ": " + setting + "\npackage callgate.rules.own\n\n\n"
}

// faults loads what must not load.
func faults(t *testing.T, o policy.Options) policy.Faults {
	t.Helper()
	if o.Shipped == nil {
		o.Shipped = rego.Files
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	e, err := policy.Load(t.Context(), o)
	var list policy.Faults
	if e != nil || !errors.As(err, &list) {
		t.Fatalf("got %v, %v; want faults", e, err)
	}
	return list
}

func TestLoadRefuses(t *testing.T) {
	const own = "package callgate.rules.own\n\n"
	cases := []struct {
		name, file, text string
		line             int
		code             string
		message, fix     string
	}{
		// What OPA alone would accept and nobody would read.
		{"deny is no set", "own.rego", own + "deny if input.call.tool == \"x\"\n", 3, "not_a_set", "deny is no set", `deny contains {"reason": "..."} if`},
		{"deny has a value", "own.rego", own + "deny := {{\"reason\": \"x\"}}\n", 3, "not_a_set", "deny is no set", "contains"},
		{"deny has a default", "own.rego", own + "default deny := false\n", 3, "not_a_set", "deny is no set", "contains"},
		{"deny is a function", "own.rego", own + "deny(x) if x\n", 3, "not_a_set", "deny is no set", "contains"},
		{"deny is deeper", "own.rego", own + "deny.mail contains {\"reason\": \"x\"}\n", 3, "not_a_set", "deny is no set", "contains"},
		{"misspelt", "own.rego", own + "denny contains {\"reason\": \"x\"}\n", 3, "unknown_rule", "nobody reads the rule denny", "did you mean deny?"},
		{"a helper without _", "own.rego", own + "_a := 1\n\nis_mail if input.call.server == \"mail\"\n", 5, "unknown_rule", "nobody reads the rule is_mail", "_is_mail"},
		{"an element that is text", "own.rego", own + "deny contains \"no\" if input.call.tool == \"x\"\n", 3, "element", "an element of deny is no object", "reason"},
		{"an element that is text by a variable", "own.rego", own + "deny contains msg if {\n\tinput.call.tool == \"x\"\n\tmsg := \"no\"\n}\n", 3, "element", "an element of deny is no object", "reason"},
		{"an element without reason", "own.rego", own + "deny contains {\"msg\": \"no\"} if input.call.tool == \"x\"\n", 3, "element", `lacks the member "reason"`, "reason"},
		{"a grant without effects", "own.rego", own + "allow contains {\"reason\": \"yes\"} if input.call.tool == \"x\"\n", 3, "element", `lacks the member "effects"`, "reason, effects"},
		// Fields that are not there.
		{"a misspelt field", "own.rego", own + "deny contains {\"reason\": \"x\"} if input.tool.nown\n", 3, "rego_type_error", "want (one of): [", "did you mean known?"},
		{"a field that never was", "own.rego", own + "deny contains {\"reason\": \"x\"} if input.user == \"x\"\n", 3, "rego_type_error", "want (one of): [", ""},
		{"a wrong type", "own.rego", own + "deny contains {\"reason\": \"x\"} if count(input.version) > 1\n", 3, "rego_type_error", "invalid argument", ""},
		// Other people's packages.
		{"main", "own.rego", "package callgate.main\n\n_objections := set()\n", 1, "foreign_package", "package callgate.main is not one for rules", "callgate.rules.NAME"},
		{"anything else", "own.rego", "package system.authz\n\nallow := true\n", 1, "foreign_package", "package system.authz", "callgate.rules.NAME"},
		{"below rules", "own.rego", "package callgate.rules\n\nown.deny contains {\"reason\": \"x\"}\n", 1, "foreign_package", "package callgate.rules", "callgate.rules.NAME"},
		{"below a rule", "own.rego", "package callgate.rules.own.more\n\n_a := 1\n", 1, "foreign_package", "package callgate.rules.own.more", "callgate.rules.NAME"},
		{"a shipped rule", "own.rego", "package callgate.rules.schema\n\ndeny contains {\"reason\": \"x\"} if false\n", 1, "shipped_name", "the name schema belongs to the shipped policy", "settings"},
		{"tests of a shipped rule", "own_test.rego", "package callgate.rules.schema_test\n\ntest_x if true\n", 1, "shipped_name", "the name schema", "settings"},
		{"named main", "own.rego", "package callgate.rules.main\n\ndeny contains {\"reason\": \"x\"} if false\n", 1, "shipped_name", "the name main", "another name"},
		{"a test file with rules", "own_test.rego", own + "deny contains {\"reason\": \"x\"} if input.call.listing\n", 1, "test_package", "disagree", "callgate.rules.own_test"},
		{"a rule file with tests", "own.rego", "package callgate.rules.own_test\n\ntest_x if true\n", 1, "test_package", "disagree", "callgate.rules.own_test"},
		{"a test among rules", "own.rego", own + "test_x if true\n", 3, "test_package", "the test test_x is among the rules", "_test.rego"},
		// What does not compile.
		{"no Rego", "own.rego", own + "deny contains {\"reason\": \n", 4, "rego_parse_error", "unexpected", ""},
		{"unsafe", "own.rego", own + "deny contains {\"reason\": x} if input.call.listing\n", 3, "rego_unsafe_var_error", "var x is unsafe", ""},
		{"unused", "own.rego", own + "deny contains {\"reason\": \"x\"} if {\n\ta := 1\n\tinput.call.listing\n}\n", 4, "rego_compile_error", "assigned var a unused", ""},
		{"http", "own.rego", own + "deny contains {\"reason\": \"x\"} if http.send({\"method\": \"get\", \"url\": \"http://example.com\"}).status_code == 200\n", 3, "rego_type_error", "undefined function http.send", "input.now"},
		{"the clock", "own.rego", own + "deny contains {\"reason\": \"x\"} if time.now_ns() > 0\n", 3, "rego_type_error", "undefined function time.now_ns", "input.now"},
		{"chance", "own.rego", own + "deny contains {\"reason\": \"x\"} if rand.intn(\"a\", 2) == 0\n", 3, "rego_type_error", "undefined function rand.intn", "input.now"},
		{"an id", "own.rego", own + "deny contains {\"reason\": \"x\"} if uuid.rfc4122(\"a\") == \"x\"\n", 3, "rego_type_error", "undefined function uuid.rfc4122", "input.now"},
		{"the process", "own.rego", own + "deny contains {\"reason\": \"x\"} if opa.runtime().env.HOME\n", 3, "rego_type_error", "undefined function opa.runtime", "input.now"},
		{"the network", "own.rego", own + "deny contains {\"reason\": \"x\"} if count(net.lookup_ip_addr(\"example.com\")) > 0\n", 3, "rego_type_error", "undefined function net.lookup_ip_addr", "input.now"},
		{"Rego in Rego", "own.rego", own + "deny contains {\"reason\": \"x\"} if rego.parse_module(\"a\", \"b\")\n", 3, "rego_type_error", "undefined function rego.parse_module", "input.now"},
		{"bad metadata", "own.rego", "# METADATA\n# custom:\n#   settings: many\npackage callgate.rules.own\n\n_a := 1\n", 2, "metadata", "custom.settings is a string", "custom holds risk"},
		// Data that is never there.
		{"a misspelt setting", "own.rego", tuned("most", "default: 3") + "deny contains {\"reason\": \"x\"} if input.session.calls > data.settings.rules.own.mots\n", 9, "unknown_setting", "the rule own declares no setting mots", "did you mean most?"},
		{"a setting of nobody", "own.rego", own + "deny contains {\"reason\": \"x\"} if input.session.calls > data.settings.rules.own.most\n", 3, "unknown_setting", "declares no setting most", "METADATA under custom.settings"},
		{"a setting by an import", "own.rego", own + "import data.settings.rules.own as cfg\n\ndeny contains {\"reason\": \"x\"} if input.session.calls > cfg.most\n", 5, "unknown_setting", "declares no setting most", "METADATA"},
		{"a setting of a misspelt rule", "own.rego", own + "deny contains {\"reason\": \"x\"} if data.settings.rules.shema.enabled\n", 3, "unknown_setting", "there is no rule shema", "did you mean schema?"},
		{"a misspelt part of the settings", "own.rego", own + "deny contains {\"reason\": \"x\"} if data.settings.rule.own.enabled\n", 3, "unknown_setting", "there is no data.settings.rule", "did you mean rules?"},
		{"misspelt settings", "own.rego", own + "deny contains {\"reason\": \"x\"} if data.setings.rules.own.enabled\n", 3, "unknown_data", "there is no data.setings", "did you mean settings?"},
		{"data of nobody", "own.rego", own + "deny contains {\"reason\": \"x\"} if input.call.tool in data.banned\n", 3, "unknown_data", "there is no data.banned", "settings"},
		{"a misspelt helper of a package", "own.rego", own + "import data.callgate.scopes\n\ndeny contains {\"reason\": \"x\"} if scopes.laking.read\n", 5, "unknown_data", "package callgate.scopes defines no laking", "did you mean lacking?"},
		{"a misspelt set of a rule", "own.rego", own + "deny contains {\"reason\": \"x\"} if count(data.callgate.rules.schema.dney) > 0\n", 3, "unknown_data", "package callgate.rules.schema defines no dney", "did you mean deny?"},
		{"a package of nobody", "own.rego", own + "deny contains {\"reason\": \"x\"} if data.callgate.rules.night._is\n", 3, "unknown_data", "there is no data.callgate.rules.night._is", ""},
		{"all rules", "own.rego", own + "deny contains {\"reason\": \"x\"} if {\n\tsome name\n\tdata.callgate.rules[name].deny\n}\n", 5, "reserved_data", "goes over all packages", "name the package"},
		{"whom the engine asks", "own.rego", own + "deny contains {\"reason\": \"x\"} if count(data.speakers.deny) == 0\n", 3, "reserved_data", "data.speakers is between the engine and main", "input"},
		{"what the engine saw", "own.rego", own + "deny contains {\"reason\": \"x\"} if not data.complete\n", 3, "reserved_data", "data.complete is between", "input"},
		{"all data", "own.rego", own + "deny contains {\"reason\": \"x\"} if count(data) == 0\n", 3, "reserved_data", "reads all data at once", "data.settings.rules.NAME"},
		// What METADATA says and nobody reads.
		{"an unused setting", "own.rego", tuned("most", "default: 3") + "deny contains {\"reason\": \"x\"} if input.call.listing\n", 4, "unused_setting", "no line reads the setting most", "data.settings.rules.own.most"},
		{"a misspelt member", "own.rego", "# METADATA\n# custom:\n#   risc: high\n" + own, 3, "metadata", `custom has no member "risc"`, "did you mean risk?"},
		{"a misspelt member of a setting", "own.rego", tuned("most", "defualt: 3") + "deny contains {\"reason\": \"x\"} if input.session.calls > data.settings.rules.own.most\n", 5, "metadata", `most has no member "defualt"`, "did you mean default?"},
		{"a setting without a default", "own.rego", tuned("most", "description: m") + "deny contains {\"reason\": \"x\"} if input.session.calls > data.settings.rules.own.most\n", 4, "metadata", "the setting most has no default", "give it a default"},
		{"a default of another kind", "own.rego", tuned("mode", "{default: c, one_of: [a, b]}") + "deny contains {\"reason\": \"x\"} if data.settings.rules.own.mode == \"a\"\n", 4, "metadata", "the default of the setting mode has no known value", "use one of [a b]"},
		{"a form that is none", "own.rego", tuned("hosts", "{default: [], form: hosts}") + "deny contains {\"reason\": \"x\"} if data.settings.rules.own.hosts[input.call.tool]\n", 4, "metadata", "the form of the setting hosts is no known word", "did you mean host?"},
		{"a default in another form", "own.rego", tuned("hosts", "{default: [A.test], form: domain}") + "deny contains {\"reason\": \"x\"} if data.settings.rules.own.hosts[input.call.tool]\n", 4, "metadata", "the default of the setting hosts has the item \"A.test\"", "write a.test"},
		{"a list of numbers", "own.rego", tuned("most", "default: [1]") + "deny contains {\"reason\": \"x\"} if data.settings.rules.own.most\n", 4, "metadata", "list of other things than texts", "write texts"},
		{"a switch among the settings", "own.rego", tuned("enabled", "default: true") + "deny contains {\"reason\": \"x\"} if input.call.listing\n", 4, "metadata", "every rule has the setting enabled", "beside settings"},
		{"an unknown risk", "own.rego", "# METADATA\n# custom:\n#   risk: hihg\n" + own, 3, "metadata", "risk is no known word", "did you mean high?"},
		{"an example that says nothing", "own.rego", "# METADATA\n# custom:\n#   example:\n#     call: {}\n#     says: refuse\n" + own, 3, "metadata", "does not say", "deny, ask, transform"},
		{"an example with more", "own.rego", "# METADATA\n# custom:\n#   example:\n#     call: {}\n#     says: deny\n#     sets: {}\n" + own, 6, "metadata", `example has no member "sets"`, "did you mean says?"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, map[string]string{c.file: c.text})
			list := faults(t, policy.Options{Dirs: []string{dir}})
			for _, f := range list {
				if f.Code == c.code && f.Line == c.line && f.File == filepath.Join(dir, c.file) &&
					strings.Contains(f.Message, c.message) && strings.Contains(f.Fix, c.fix) {
					return
				}
			}
			t.Errorf("got %v\nwant line %d, %s, %q, fix %q", list, c.line, c.code, c.message, c.fix)
		})
	}
}

func TestLoadListsAllFaults(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.rego":       "package callgate.rules.a\n\ndenny contains {\"reason\": \"x\"}\n\ndeny if true\n",
		"deep/b.rego":  "package callgate.rules.b\n\ndeny contains {\"reason\": \"x\"} if input.nope\n",
		".old/a.rego":  "package nonsense",
		"notes.txt":    "not Rego",
		"c_test.rego":  "package callgate.rules.c_test\n\ntest_x if true\n",
		"deep/d2.rego": "package callgate.main\n",
	})
	missing := filepath.Join(dir, "missing")
	list := faults(t, policy.Options{Dirs: []string{dir, missing}, Profile: "lax", Settings: map[string]any{"mode": "off"}})
	var got []string
	for _, f := range list {
		got = append(got, filepath.ToSlash(strings.TrimPrefix(f.File, dir))+" "+f.Code)
	}
	want := []string{"/a.rego unknown_rule", "/a.rego not_a_set", "/deep/d2.rego foreign_package", "/missing unreadable", "profile unknown_profile", "settings setting_type"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q\n%v", got, want, list)
	}
	list = faults(t, policy.Options{Dirs: []string{dir}})
	if !strings.Contains(list.Error(), "b.rego:3: rego_type_error") {
		t.Errorf("the type error is not among the shape faults:\n%v", list)
	}
}

func TestLoadSettings(t *testing.T) {
	dir := folder(t, map[string]string{"own.rego": `# METADATA
# title: Small
# custom:
#   risk: low
#   settings:
#     most:
#       description: most calls
#       default: 3
#     words:
#       default: []
package callgate.rules.own

deny contains {"reason": "too many calls"} if input.session.calls > data.settings.rules.own.most

deny contains {"reason": "that tool"} if data.settings.rules.own.words[input.call.tool]
`})
	rule := func(name string, settings map[string]any) map[string]any {
		return map[string]any{"rules": map[string]any{name: settings}}
	}
	cases := []struct {
		name     string
		settings map[string]any
		message  string
		fix      string
	}{
		{"an unknown key", map[string]any{"profile": "strict"}, `there is no setting "profile"`, "mode and rules"},
		{"an unknown mode", map[string]any{"mode": "off"}, "mode is no known word", "enforce or observe"},
		{"rules are a list", map[string]any{"rules": []any{"schema"}}, "rules is no object", ""},
		{"an unknown rule", rule("shema", nil), "rules.shema: there is no such rule", "did you mean schema?"},
		{"a rule is a flag", map[string]any{"rules": map[string]any{"schema": false}}, "rules.schema is no object", ""},
		{"an unknown setting", rule("injection", map[string]any{"withold": "high"}), "rules.injection.withold: the rule has no such setting", "did you mean withhold?"},
		{"a wrong type", rule("schema", map[string]any{"enabled": "no"}), "rules.schema.enabled is a text, want true or false", ""},
		{"a null", rule("schema", map[string]any{"enabled": nil}), "rules.schema.enabled is null", ""},
		{"a wrong word", rule("injection", map[string]any{"deny": "severe"}), "rules.injection.deny has no known value", "info low medium high critical"},
		{"a level as a number", rule("exfil_url", map[string]any{"deny": 3}), "rules.exfil_url.deny is a number, want a text", ""},
		{"a list of numbers", rule("own", map[string]any{"words": []any{"a", 1}}), "rules.own.words is a list of other things than texts", "in quotes"},
		{"a text for a list", rule("own", map[string]any{"words": "a"}), "rules.own.words is a text, want a list", "write a list, such as []"},
		{"a ban in capitals", rule("egress", map[string]any{"banned": []any{"good.test", "Evil.test"}}), `rules.egress.banned has the item "Evil.test", which no host`, "write evil.test"},
		{"a ban by a wildcard", rule("egress", map[string]any{"banned": []any{"*.bad.test"}}), `"*.bad.test"`, "write bad.test"},
		{"a ban of a range from its middle", rule("egress", map[string]any{"banned": []any{"8.8.8.8/8"}}), `"8.8.8.8/8"`, "write 8.0.0.0/8"},
		{"a ban of a URL", rule("egress", map[string]any{"allowed": []any{"http://evil.test"}}), `"http://evil.test"`, "write evil.test"},
		{"a ban of a URL with all", rule("egress", map[string]any{"allowed": []any{"https://a@evil.test:8080/x"}}), "which no host", "write evil.test"},
		{"a ban with a dot", rule("egress", map[string]any{"banned": []any{"evil.test."}}), `"evil.test."`, "write evil.test"},
		{"a ban with a space", rule("egress", map[string]any{"banned": []any{"evil.test "}}), `"evil.test "`, "write evil.test"},
		{"a ban in letters of others", rule("egress", map[string]any{"banned": []any{"bücher.test"}}), `"bücher.test"`, "write xn--bcher-kva.test"},
		{"a ban of an address in a long form", rule("egress", map[string]any{"banned": []any{"2001:DB8:0::1"}}), "which no host", "write 2001:db8::1"},
		{"a ban of an address in another", rule("egress", map[string]any{"banned": []any{"::ffff:8.8.8.8"}}), "which no host", "write 8.8.8.8"},
		{"a ban of a range in another", rule("egress", map[string]any{"banned": []any{"::ffff:8.8.8.8/104"}}), "which no host", "write 8.0.0.0/8"},
		{"a ban of half an address", rule("egress", map[string]any{"banned": []any{"8.8.8"}}), "which no host", "BASE/LENGTH"},
		{"a ban of nothing", rule("egress", map[string]any{"banned": []any{""}}), "has an empty item", "BASE/LENGTH"},
		{"a ban of all", rule("egress", map[string]any{"banned": []any{"*"}}), "which no host", "BASE/LENGTH"},
		{"a recipient in capitals", rule("recipients", map[string]any{"banned": []any{"Eve@Evil.test"}}), `"Eve@Evil.test", which no mailbox`, "write eve@evil.test"},
		{"a recipient with nobody", rule("recipients", map[string]any{"allowed": []any{"@bad.test"}}), `"@bad.test"`, "write bad.test"},
		{"any recipient", rule("recipients", map[string]any{"banned": []any{"*@bad*.test"}}), "which no mailbox", "eve@example.com"},
		{"a domain in capitals", rule("read_vs_write", map[string]any{"read_only_domains": []any{"Finance"}}), `has the unknown item "Finance"`, "use one of [mail"},
		{"a domain to ask in", rule("read_vs_write", map[string]any{"ask_domains": []any{"money"}}), `has the unknown item "money"`, "finance"},
		{"a change that is none", rule("tool_drift", map[string]any{"deny": []any{"desc"}}), `has the unknown item "desc"`, "use one of [description"},
		{"a change to ask about that is none", rule("tool_drift", map[string]any{"ask": []any{"desc"}}), `has the unknown item "desc"`, "use one of [description"},
		{"a day that is none", rule("quiet_hours", map[string]any{"days": []any{"Monday"}}), `has the unknown item "Monday"`, "use one of [monday"},
		{"an effect that is none", rule("quiet_hours", map[string]any{"effects": []any{"writes"}}), `has the unknown item "writes"`, "write"},
		{"an own setting of a wrong type", rule("own", map[string]any{"most": "many"}), "rules.own.most is a text, want a number", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			list := faults(t, policy.Options{Dirs: []string{dir}, Settings: c.settings})
			if len(list) != 1 || list[0].File != "settings" || !strings.Contains(list[0].Message, c.message) || !strings.Contains(list[0].Fix, c.fix) {
				t.Errorf("got %v, want %q and fix %q", list, c.message, c.fix)
			}
		})
	}
	calls := changed(func(in *policy.Input) { in.Session.Calls = 4 })
	for settings, want := range map[int]policy.Verdict{3: policy.Deny, 4: policy.Allow} {
		e := load(t, policy.Options{Dirs: []string{dir}, Settings: rule("own", map[string]any{"most": settings})})
		if d, err := e.Decide(t.Context(), calls); err != nil || d.Verdict != want {
			t.Errorf("most %d: %v, %v; want %v", settings, d, err, want)
		}
	}
	off := load(t, policy.Options{Dirs: []string{dir}, Settings: rule("own", map[string]any{"enabled": false})})
	if d, err := off.Decide(t.Context(), calls); err != nil || d.Verdict != policy.Allow {
		t.Errorf("switched off: %v, %v", d, err)
	}
}

func TestRules(t *testing.T) {
	dir := folder(t, map[string]string{"own.rego": "package callgate.rules.own\n\ndeny contains {\"reason\": \"x\"} if false\n"})
	var names []string
	for _, r := range load(t, policy.Options{Dirs: []string{dir}, Profile: "strict"}).Rules() {
		names = append(names, r.Name)
		if r.Shipped == (r.Name == "own") || r.Settings["enabled"] != (r.Name != "quiet_hours") {
			t.Errorf("%+v", r)
		}
		if r.Shipped && (r.Title == "" || r.Description == "" || r.Risk == "") {
			t.Errorf("rule %s lacks metadata: %+v", r.Name, r)
		}
		if r.Name == "injection" && r.Settings["redact"] != "low" {
			t.Errorf("the profile strict is not in %+v", r)
		}
	}
	want := []string{
		"destructive", "draft_vs_send", "egress", "execute", "exfil_url", "financial_write_ban", "injection", "least_privilege", "own",
		"quiet_hours", "read_vs_write", "recipients", "schema", "secrets", "spend_limits", "tool_drift", "unknown_effect",
	}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("rules %v, want %v", names, want)
	}
}

func TestRevision(t *testing.T) {
	a, b := "package callgate.rules.a\n\ndeny contains {\"reason\": \"x\"} if false\n", "package callgate.rules.b\n\ndeny contains {\"reason\": \"x\"} if false\n"
	one := folder(t, map[string]string{"a.rego": a})
	two := folder(t, map[string]string{"b.rego": b})
	both := folder(t, map[string]string{"x/b.rego": b, "y/a.rego": a, "y/a_test.rego": "package callgate.rules.a_test\n\ntest_a if true\n"})
	of := func(o policy.Options) string { return load(t, o).Revision() }
	base := of(policy.Options{Dirs: []string{one, two}})
	for _, same := range [][]string{{two, one}, {both}} {
		if got := of(policy.Options{Dirs: same}); got != base {
			t.Errorf("revision %s from %v, want %s", got, same, base)
		}
	}
	others := []policy.Options{
		{}, {Dirs: []string{one}}, {Dirs: []string{both}, Profile: "observe"},
		{Dirs: []string{both}, Settings: map[string]any{"rules": map[string]any{"schema": map[string]any{"enabled": false}}}},
	}
	seen := map[string]bool{base: true}
	for _, o := range others {
		got := of(o)
		if seen[got] || len(got) != 64 {
			t.Errorf("revision %s of %+v was seen before", got, o)
		}
		seen[got] = true
	}
}

// TestSelfTest holds shipped policies with one rule broken.
func TestSelfTest(t *testing.T) {
	cases := []struct {
		rule, old, new string
		settings       map[string]any
		what           []string
	}{
		{"financial_write_ban", "not _excepted", `input.call.id == "x"`, nil, []string{"a payment"}},
		{"unknown_effect", `"pay", "admin"}`, `"pay", "admin", "unknown"}`, nil, []string{"an unknown effect"}},
		{"exfil_url", `not finding.level < _levels[data.settings.rules.exfil_url.deny]`, "finding.level > 4\n\tdata.settings.rules.exfil_url.deny", nil, []string{"an address that carries data away"}},
		{"injection", `not finding.level < _levels[data.settings.rules.injection.deny]`, "finding.level > 4\n\tdata.settings.rules.injection.deny", nil, []string{"an injected argument"}},
		{"secrets", `not finding.level < _levels[data.settings.rules.secrets.deny]`, "finding.level > 4\n\tdata.settings.rules.secrets.deny", nil, []string{"a secret on its way out"}},
		{"schema", "some error in input.tool.schema_errors", "some error in input.tool.schema_errors\n\tinput.call.id == \"x\"", nil, []string{"arguments that do not fit the schema"}},
		{"least_privilege", "some scope in missing", "some scope in missing\n\tscope == \"x\"", nil, []string{"a write without the scope"}},
		{"draft_vs_send", "scopes.lacking.send != set()", "scopes.lacking.sent != set()", nil, []string{"a send without the scope"}},
		{"draft_vs_send", `external == "ask"`, `external == "asks"`, map[string]any{"external": "ask"}, []string{"a send"}},
		{"destructive", "some kind in _kinds", "some kind in _kinds\n\tkind == \"x\"", map[string]any{"bulk": "deny", "delete": "deny", "hinted": "deny"},
			[]string{"a deletion without a bound", "a deletion", "a change by a destructive tool"}},
		{"execute", `not data.settings.rules.execute[kind] in {"ask", "allow"}`, `kind == "x"`, map[string]any{"opaque": "deny", "other": "deny"},
			[]string{"a program with other rights", "a program that nobody understands", "a program"}},
		{"execute", "not _listed", `input.call.id == "x"`, map[string]any{"programs": []any{"git"}}, []string{"a program that is not listed"}},
		{"egress", "not _open(target)", `input.call.id == "x"`, map[string]any{"banned": []any{"example.org"}, "allowed": []any{"example.com"}},
			[]string{"a request for the machine's own credentials", "a request to the own machine", "a request to a banned host", "a request to a host that is not allowed"}},
		{"recipients", `not mode in {"ask", "allow"}`, `mode == "x"`, map[string]any{"banned": []any{"example.org"}, "allowed": []any{"example.com"}},
			[]string{"a message to a banned recipient", "a message to a stranger"}},
		{"recipients", `not mode in {"ask", "allow"}`, `mode == "x"`, map[string]any{"without_list": "deny"}, []string{"a message"}},
		{"read_vs_write", "not _open", `input.call.id == "x"`,
			map[string]any{"read_only_callers": []any{"a"}, "read_only_servers": []any{"b"}, "read_only_domains": []any{"crm"}},
			[]string{"a write against read_only_callers", "a write against read_only_servers", "a write against read_only_domains"}},
		{"read_vs_write", "some domain in scopes.domains", "some domain in []", map[string]any{"ask_domains": []any{"crm"}}, []string{"a write against ask_domains"}},
		{"tool_drift", "not _bearable(part)", `part == "x"`, map[string]any{"deny": []any{"schema"}, "ask": []any{}},
			[]string{"a tool whose self-test changed", "a tool whose schema changed"}},
		{"spend_limits", "not money.known", "not money.known\n\tinput.call.id == \"x\"", map[string]any{"first_payee": "allow"}, []string{"a payment of an unknown amount"}},
		{"spend_limits", `rules.spend_limits.first_payee == "ask"`, `rules.spend_limits.first_payee == "asks"`, nil, []string{"a payment to a new payee"}},
		{"quiet_hours", "not _awake", `input.call.id == "x"`, map[string]any{"enabled": true, "days": []any{"wednesday"}}, []string{"a change in quiet hours"}},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			broken := shippedWith(t, "rules/"+c.rule+"/"+c.rule+".rego", func(s string) string { return strings.Replace(s, c.old, c.new, 1) })
			with := func(settings map[string]any) map[string]any {
				if settings == nil {
					settings = map[string]any{}
				}
				return map[string]any{"rules": map[string]any{c.rule: settings}}
			}
			load(t, policy.Options{Settings: with(c.settings)})
			list := faults(t, policy.Options{Shipped: broken, Settings: with(c.settings)})
			var got []string
			for _, f := range list {
				got = append(got, f.Message)
				if f.Code != "self_test" {
					t.Errorf("%v", f)
				}
			}
			var want []string
			for _, what := range c.what {
				want = append(want, "the rule "+c.rule+" lets "+what+" pass")
			}
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("got %q\nwant %q", got, want)
			}
			load(t, policy.Options{Shipped: broken, Settings: with(map[string]any{"enabled": false})})
		})
	}
	t.Run("a main that allows", func(t *testing.T) {
		shipped := shippedWith(t, "main.rego", func(s string) string {
			return strings.Replace(s, "some name in names", "some name in names\n\tverdict != \"deny\"", 1)
		})
		if list := faults(t, policy.Options{Shipped: shipped}); len(list) < 3 || list[0].Code != "self_test" {
			t.Errorf("got %v", list)
		}
	})
	t.Run("a rule that loops", func(t *testing.T) {
		dir := folder(t, map[string]string{"own.rego": "package callgate.rules.own\n\ndeny contains {\"reason\": \"x\"} if {\n\tr := numbers.range(1, 1000)\n\tsome a in r\n\tsome b in r\n\tsome c in r\n\ta + b + c == 0\n}\n"})
		list := faults(t, policy.Options{Dirs: []string{dir}, Timeout: 5 * time.Millisecond})
		if list[0].Code != "self_test" || !strings.Contains(list[0].Message, "gets no decision: policy timeout") {
			t.Errorf("got %v", list)
		}
	})
}

func TestProfiles(t *testing.T) {
	balanced, observe := load(t, policy.Options{Profile: "balanced"}), load(t, policy.Options{Profile: "observe"})
	if !reflect.DeepEqual(balanced.Rules(), observe.Rules()) {
		t.Error("observe differs from balanced in its rules")
	}
	if balanced.Observe() || !observe.Observe() {
		t.Error("the mode of observe or balanced is wrong")
	}
	names, err := fs.Glob(rego.Files, "profiles/*.json")
	if err != nil || !reflect.DeepEqual(names, []string{"profiles/balanced.json", "profiles/observe.json", "profiles/strict.json"}) {
		t.Errorf("profiles %v, %v", names, err)
	}
}

// TestShippedPlaces holds the shipped files to their places: a folder of rules
// is the package of its name, with its tests beside it.
func TestShippedPlaces(t *testing.T) {
	checked := 0
	err := fs.WalkDir(rego.Files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".rego" {
			return err
		}
		text, err := fs.ReadFile(rego.Files, path)
		name := strings.TrimSuffix(filepath.Base(path), ".rego")
		dir := strings.ReplaceAll(filepath.Dir(path), "/"+strings.TrimSuffix(name, "_test"), "")
		want := "\npackage callgate." + name + "\n"
		if dir == "rules" {
			want = "\npackage callgate.rules." + name + "\n"
		}
		if !strings.Contains("\n"+string(text), want) {
			t.Errorf("%s is not in %q", path, strings.TrimSpace(want))
		}
		checked++
		return err
	})
	if err != nil || checked < 18 {
		t.Errorf("%d files checked, %v", checked, err)
	}
}
