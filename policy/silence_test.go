package policy

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"callgate/rego"
)

// atoms are conditions as rules write them; N stands for a number that keeps
// variables apart. Some fail for some inputs.
var atoms = []string{
	`input.result`, `not input.result`, `input.call.listing`, `not input.call.listing == true`, `input.money.known`,
	`"pay" in input.call.effects`, `not "pay" in input.call.effects`, `some eN in input.call.effects; eN in {"read", "odd"}`,
	`some eN in input.call.effects; eN == "send"`, `input.call.effects == []`, `input.call.effects != []`, `input.call.effects[0] == "read"`,
	`input.call.effects[_] == "draft"`, `"read" == input.call.effects[_]`, `every eN in input.call.effects { eN == "read" }`,
	`xN := input.call.domains; "mail" in xN`, `xN := input.call; "pay" in xN.effects`, `some kN; input.call[kN] == "read"`,
	`some kN; input.call.effects[kN] == input.call.tool`, `some kN, vN in input.call.effects; kN < 1; vN != "odd"`,
	`input.call.tool == "x"`, `input.call.tool in {"x", "1"}`, `input.call.tool in ["x", "y"]`, `startswith(input.call.tool, "x")`,
	`some fN in input.findings; fN.detector == "exfil"`, `some fN in input.findings; fN.detector in {"exfil", "odd"}; fN.level > 2`,
	`input.findings[_].detector == "injection"`, `some fN in input.findings; not fN.level < 3`, `count(input.findings) > 0`, `input.findings != []`,
	`some fN in input.findings; fN == {}`, `some fN in input.findings; object.get(fN, "detector", "") == "odd"`,
	`some fN in input.findings; some oN in input.origins; fN.pointer == oN.pointer`,
	`some tN in input.targets; tN.role == "host"; some wN in tN.within; wN == "odd"`, `some tN in input.targets; "odd" in tN.within`,
	`some dN in input.tool.drift; dN == "schema"`, `_helper`, `not _helper`, `_level[input.call.tool] > 0`, `_many`, `_value == "x"`,
	`1 / input.session.calls == 1`, `to_number(input.call.tool) == 1`, `not to_number(input.call.tool) == 1`, `_fails`, `_conflict == "x"`,
	`some fN in input.findings; not fN.detector in {"exfil", "text"}`, `some eN in input.call.effects; not eN in {"read", "draft"}`, `not input.money.known`,
	`some kN; input.findings[kN]; not input.findings[kN].detector == "exfil"`, `some kN; input.findings[kN].level > 1; not input.findings[kN].detector == "exfil"`,
	`some fN in input.findings; not fN.direction`, `some tN in input.targets; not "odd" in tN.within`,
	`some tN in input.targets; some wN in tN.within; not wN == "odd"`, `not input.call.tool in {"x", 1}`, `input.call.effects[_] != "read"`,
	`some xN in _kinds`, `"a" in _kinds`, `not "a" in _kinds`, `count(_kinds) == 0`, `_kinds["b"]`, `some xN in _failing; xN == 1`, `1 in _failing`, `not 1 in _failing`,
	`_either`, `_either == 1`, `not _either`, `_usual`, `not _usual`, `_object.x == 1`, `_object[input.call.tool] == 1`, `_twice(input.session.calls) == 2`,
	`data.settings.rules.own.mode == "a"`, `data.settings.rules.own.mode == "b"`, `not data.settings.rules.own.mode in {"a", "b"}`, `data.settings.rules.own.words[input.call.tool]`,
	`some xN; data.settings.rules.own.words[xN]; not xN == input.call.tool`, `_value == _conflict`, `_conflict == _value`, `some fN in input.findings; not fN.level < _levels[data.settings.rules.own.level]`,
	`not input.session.calls < _levels[data.settings.rules.own.level]`, `some fN in input.findings; not fN.level < _levels[input.call.tool]`,
	`some fN in input.findings; not fN.level < _shaky[data.settings.rules.own.level]`, `some fN in input.findings; not fN.level < _levels[data.settings.rules.own.none]`,
	`some fN in input.findings; fN.level < _levels[data.settings.rules.own.level]`, `data.settings.rules.own.words != {}`, `data.settings.rules.own.mode != "a"`, `input.call.tool != "x"`, `not input.call.tool != "x"`,
	`some eN in input.call.effects; eN != "read"`, `some eN in input.call.effects; not eN != "read"`, `input.money.currency != "EUR"`, `input.call.programs[0]`, `not input.call.programs[0]`, `input.call.effects[1] == "read"`, `_fails == _helper`, `_helper == _fails`,
	`data.settings.mode == "enforce"`, `data.settings.mode == "observe"`, `true`, `false`, `input.nothing`,
}

const declared = `# METADATA
# custom:
#   settings:
#     mode:
#       default: a
#     words:
#       default: [x, y]
#     level:
#       default: high
#     none:
#       default: none
package callgate.rules.own

import rego.v2

_all := data.settings.rules.own
`

const helpers = `
_helper if input.call.tool == "x"

_many if input.call.tool == "x"

_many if "pay" in input.call.effects

_value := input.call.tool

_level := {"x": 1, "1": 0}

_fails if 1 / input.session.calls == 1

_conflict := x if some x in input.call.effects

_levels := {"low": 1, "high": 2, "x": 3}

_shaky := {"low": 1, "high": 2} if input.call.tool == "x"

_kinds contains "a" if "pay" in input.call.effects

_kinds contains "b" if input.call.tool == "x"

_failing contains x if {
	input.call.tool == "x"
	x := 1 / input.session.calls
}

_either := 1 if input.result

else := 2 if input.call.listing

default _usual := true

_usual := false if input.result

_object := {"x": 1} if input.call.tool == "x"

_twice(x) := 2 * x if x > 0
`

// TestSilence says for single bodies on which of two inputs they are asked.
func TestSilence(t *testing.T) {
	cases := []struct {
		body   string
		change func(in *Input) // makes the body hold
		always bool            // it is asked even where it does not hold
	}{
		{`"pay" in input.call.effects`, func(in *Input) { in.Call.Effects = []string{"pay"} }, false},
		{`input.result`, func(in *Input) { in.Result = &Result{} }, false},
		{`input.money.known`, func(in *Input) { in.Money = &Money{Known: true} }, false},
		{`some f in input.findings; f.detector == "exfil"`, func(in *Input) { in.Findings = []Finding{{Detector: "exfil"}} }, false},
		{`some f in input.findings; f.detector in {"exfil", "text"}; f.level > 2`, func(in *Input) { in.Findings = []Finding{{Detector: "text", Level: 3}} }, false},
		{`some x in input.targets; some w in x.within; w == "odd"`, func(in *Input) { in.Targets = []Target{{Within: []string{"odd"}}} }, false},
		{`some x in input.targets; "odd" in x.within`, func(in *Input) { in.Targets = []Target{{Within: []string{"odd"}}} }, false},
		{`some x; x = input.findings[_]; x = input.targets[_]; x.pointer`, nil, false},
		{`some x; x = input.call.effects[_]; x = input.call.domains[_]`, func(in *Input) { in.Call.Domains = []string{"read"} }, false},
		{`input.call.tool in ["x", "y"]`, func(in *Input) { in.Call.Tool = "y" }, false},
		{`some k; input.call[k] == "y"`, func(in *Input) { in.Call.Tool = "y" }, false},
		{`input.call.effects[0] == "pay"`, func(in *Input) { in.Call.Effects = []string{"pay"} }, false},
		{`input.session.calls == 1.0`, func(in *Input) { in.Session.Calls = 1 }, false},
		{`_helper`, func(in *Input) { in.Call.Tool = "x" }, false},
		{`not input.call.listing`, func(*Input) {}, true},
		{`count(input.findings) > 0; input.result`, func(in *Input) { in.Findings, in.Result = []Finding{{}}, &Result{} }, true},
		{`some f in input.findings; not f.detector in {"exfil", "text"}`, func(in *Input) { in.Findings = []Finding{{Detector: "odd"}} }, false},
		{`some e in input.call.effects; not e in {"read", "draft"}`, func(in *Input) { in.Call.Effects = []string{"read", "pay"} }, false},
		{`not input.result; "pay" in input.call.effects`, func(in *Input) { in.Call.Effects = []string{"pay"} }, false},
		{`some i; input.targets[i].role == "host"; not input.targets[i].value == "x"`, func(in *Input) { in.Targets = []Target{{Role: "host"}, {Value: "x"}} }, false},
		{`some f in input.findings; not f.level < _levels[data.settings.rules.own.level]`, func(in *Input) { in.Findings = []Finding{{Level: 1}, {Level: 2}} }, false},
		{`input.call.programs[0]`, func(in *Input) { in.Call.Programs = []string{"sh"} }, false},
		{`some k in _kinds; k != "a"`, func(in *Input) { in.Call.Tool = "x" }, false},
		{`"a" in _kinds`, func(in *Input) { in.Call.Effects = []string{"pay"} }, false},
		{`1 in _failing`, func(in *Input) { in.Call.Tool, in.Session.Calls = "x", 1 }, false},
		{`_either`, func(in *Input) { in.Call.Listing = true }, false},
		{`_usual`, func(*Input) {}, true},
		{`data.settings.rules.own.mode == "b"; input.call.tool == "y"`, nil, false},
		{`not data.settings.rules.own.mode in {"a", "b"}; input.call.tool == "y"`, nil, false},
		{`data.settings.rules.own.mode == "a"; input.call.tool == "y"`, func(in *Input) { in.Call.Tool = "y" }, false},
		{`input.call.tool == "y" with input.call.id as "x"`, func(in *Input) { in.Call.Tool = "y" }, true},
	}
	for _, c := range cases {
		t.Run(c.body, func(t *testing.T) {
			text := declared + helpers + "\ndeny contains {\"reason\": \"a\"} if {\n\t" + strings.ReplaceAll(c.body, "; ", "\n\t") + "\n}\n"
			e := loose(t, text)
			in := &Input{Version: InputVersion, Call: Call{Effects: []string{"read"}}}
			asked := func() bool {
				value, err := in.value(e.reads)
				if err != nil {
					t.Fatal(err)
				}
				return find(e.silence.speaking(value).Value, inputPath("deny")) != nil
			}
			if asked() != c.always {
				t.Errorf("asked %v before the body holds", asked())
			}
			if c.change == nil {
				return
			}
			c.change(in)
			d, err := e.Decide(t.Context(), in)
			if err != nil || !asked() || !objects(d, "own") {
				t.Errorf("asked %v, %v, %v", asked(), d, err)
			}
		})
	}
}

// someRules writes a rule of random bodies for each verdict.
func someRules(t *rapid.T) string {
	var text strings.Builder
	text.WriteString(declared + helpers)
	n := 0
	for _, head := range []string{
		`deny contains {"reason": "a"}`, `deny contains {"reason": "b"}`, `ask contains {"reason": "a"}`,
		`transform contains {"reason": "a", "edits": [{"op": "redirect", "tool": "x"}]}`, `allow contains {"reason": "a", "effects": ["read", "send"]}`,
	} {
		fmt.Fprintf(&text, "\n%s if {\n", head)
		for _, atom := range rapid.SliceOfN(rapid.SampledFrom(atoms), 1, 3).Draw(t, "body") {
			n++
			for part := range strings.SplitSeq(atom, "; ") {
				fmt.Fprintf(&text, "\t%s\n", strings.NewReplacer("eN", fmt.Sprint("e", n), "xN", fmt.Sprint("x", n), "kN", fmt.Sprint("k", n), "vN", fmt.Sprint("v", n),
					"fN", fmt.Sprint("f", n), "oN", fmt.Sprint("o", n), "tN", fmt.Sprint("t", n), "wN", fmt.Sprint("w", n), "dN", fmt.Sprint("d", n)).Replace(part))
			}
		}
		text.WriteString("}\n")
	}
	return text.String()
}

// loose builds an Engine of main and an operator's rule, with no schema in the
// rule's way.
func loose(t rapid.TB, text string) *Engine {
	files := fstest.MapFS{"schemas/input.json": {Data: []byte("{}")}, "profiles/balanced.json": {Data: []byte("{}")}}
	for _, name := range []string{"main.rego", "scopes.rego"} {
		shipped, err := fs.ReadFile(rego.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: shipped}
	}
	dir, err := os.MkdirTemp("", "policy")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "own.rego"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, faults := collect(Options{Shipped: files, Dirs: []string{dir}})
	if faults = append(faults, b.compile()...); len(faults) > 0 {
		t.Fatal(faults, text)
	}
	e, err := b.engine(context.Background(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// all is an Engine that asks every rule, sees everything and remembers nothing.
func (e *Engine) all() *Engine {
	full := *e
	full.reads, full.memo = everything, nil
	speakers := make([]speaker, len(e.silence.speakers))
	for i, s := range e.silence.speakers {
		speakers[i] = speaker{rule: s.rule, verdict: s.verdict, bodies: alternatives{nil}}
	}
	full.silence = newSilence(speakers, nil)
	return &full
}

// TestSilenceDecidesAlike: leaving out the rules that cannot speak gives the
// decision, or the failure, of asking all of them.
func TestSilenceDecidesAlike(t *testing.T) {
	verdicts, silenced := map[string]int{}, 0
	rapid.Check(t, func(t *rapid.T) {
		text := someRules(t)
		e := loose(t, text)
		full := e.all()
		for range 10 {
			in := anyCall().Draw(t, "call")
			got, err := e.Decide(context.Background(), in)
			want, wantErr := full.Decide(context.Background(), in)
			if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) {
				t.Fatalf("%s\n%v %v, want %v %v", text, got, err, want, wantErr)
			}
			verdicts[got.Verdict.String()]++
			if err != nil {
				verdicts["error"]++
			}
			value, _ := in.value(e.reads)
			if n := e.silence.speaking(value).Value.(interface{ Len() int }).Len(); n < 4 {
				silenced++
			}
		}
	})
	for _, verdict := range append(verdictNames[:], "error") {
		if verdicts[verdict] == 0 {
			t.Errorf("nothing was %s: %v", verdict, verdicts)
		}
	}
	if silenced == 0 {
		t.Error("no rule was ever left out")
	}
}
