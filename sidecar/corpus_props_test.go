package sidecar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"

	"callgate/policy"
	"callgate/sidecar/audit"
)

// propsSeed picks the calls of the corpus that the properties are tried on.
const propsSeed = 20260105

// sample gives some calls of each so many-th world, always the same ones.
func sample(t *testing.T, step, each int, try func(t *testing.T, w *world, calls []worldCall)) {
	t.Helper()
	random := rand.New(rand.NewPCG(propsSeed, 1))
	tried := 0
	for i, w := range readWorlds(t) {
		if i%step != 0 {
			continue
		}
		calls := slices.Clone(w.Calls)
		random.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
		calls = calls[:min(each, len(calls))]
		tried += len(calls)
		t.Run(w.name, func(t *testing.T) { try(t, w, calls) })
	}
	if tried < 40 {
		t.Errorf("only %d calls were tried", tried)
	}
}

// verdictOf makes a call with other bytes for its arguments, on a firewall of
// its own; nil leaves them as they are.
func verdictOf(t *testing.T, w *world, e *policy.Engine, c worldCall, arguments json.RawMessage) (audit.Record, bool) {
	t.Helper()
	s := newStage(t, w, e)
	s.before(t, c, "")
	s.now = momentOf(c.At)
	if arguments == nil {
		arguments = c.arguments()
	}
	record, up := s.make(t, w.made(c.Who, c.Call, arguments))
	return record, len(up.got) > 0
}

// decided is all of a record that may not depend on the form of a call.
func decided(r audit.Record) string {
	return fmt.Sprintf("%s; %v; %v %v by %s", told(r), r.Reasons, r.Effects, r.Domains, r.EffectSource)
}

// TestFormDoesNotDecide gives the same arguments in other bytes: members in
// another order, white space, escapes, and letters composed or not. Full-width
// letters are other letters, so they may decide otherwise.
func TestFormDoesNotDecide(t *testing.T) {
	changed := map[string]int{}
	sample(t, 1, 4, func(t *testing.T, w *world, calls []worldCall) {
		e := engine(t, setup{profile: "balanced", settings: w.Settings})
		for _, c := range calls {
			if c.arguments() == nil {
				continue
			}
			as, _ := verdictOf(t, w, e, c, nil)
			for name, write := range forms {
				other := write.rewrite(t, c.arguments())
				if !bytes.Equal(other, c.arguments()) {
					changed[name]++
				}
				if got, _ := verdictOf(t, w, e, c, other); decided(got) != decided(as) {
					t.Errorf("seed %d, %q with %s: %s\ngives %s\nin place of %s", propsSeed, c.What, name, other, decided(got), decided(as))
				}
			}
		}
	})
	for name := range forms {
		if changed[name] == 0 {
			t.Errorf("%s changed nothing", name)
		}
	}
}

// form is a way to write JSON.
type form struct {
	reverse bool // members from z to a
	space   string
	text    func(string) string // what becomes of texts
	escape  bool                // every letter is \u
}

func same(s string) string { return s }

var forms = map[string]form{
	"members in reverse":       {reverse: true, text: same},
	"white space":              {space: " \n\t", text: same},
	"escaped letters":          {text: same, escape: true},
	"letters taken apart":      {text: norm.NFD.String},
	"letters put together":     {text: norm.NFC.String, reverse: true},
	"apart, escaped, reversed": {text: norm.NFD.String, escape: true, reverse: true, space: "\r\n"},
}

func (f form) rewrite(t *testing.T, raw json.RawMessage) json.RawMessage {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	f.write(&b, value)
	if !json.Valid(b.Bytes()) {
		t.Fatalf("wrote %s", b.Bytes())
	}
	return b.Bytes()
}

func (f form) write(b *bytes.Buffer, value any) {
	b.WriteString(f.space)
	switch v := value.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if f.reverse {
			slices.Reverse(names)
		}
		f.list(b, "{}", len(names), func(i int) {
			b.WriteString(f.space)
			f.quote(b, names[i])
			b.WriteString(f.space + ":")
			f.write(b, v[names[i]])
		})
	case []any:
		f.list(b, "[]", len(v), func(i int) { f.write(b, v[i]) })
	case string:
		f.quote(b, v)
	case json.Number:
		b.WriteString(v.String())
	default:
		b.Write(jsonOf(v))
	}
	b.WriteString(f.space)
}

func (f form) list(b *bytes.Buffer, brackets string, n int, element func(i int)) {
	b.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		element(i)
	}
	b.WriteByte(brackets[1])
}

func (f form) quote(b *bytes.Buffer, text string) {
	text = f.text(text)
	if !f.escape {
		b.Write(jsonOf(text))
		return
	}
	b.WriteByte('"')
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(b, `\u%04x`, unit)
	}
	b.WriteByte('"')
}

// TestJudgedTwiceAlike makes calls twice, each on a firewall of its own.
func TestJudgedTwiceAlike(t *testing.T) {
	sample(t, 2, 5, func(t *testing.T, w *world, calls []worldCall) {
		one := engine(t, setup{profile: "strict", settings: w.Settings})
		two := engine(t, setup{profile: "strict", settings: w.Settings})
		if one.Revision() != two.Revision() {
			t.Errorf("revisions %s and %s", one.Revision(), two.Revision())
		}
		for _, c := range calls {
			first, went := verdictOf(t, w, one, c, nil)
			second, again := verdictOf(t, w, two, c, nil)
			if decided(first) != decided(second) || went != again || string(first.Findings) != string(second.Findings) {
				t.Errorf("seed %d, %q: %s\nand then %s", propsSeed, c.What, decided(first), decided(second))
			}
		}
	})
}

// TestRulesOnlyTighten adds a rule that objects, asks or changes to some calls.
// No call that was refused without it may go.
func TestRulesOnlyTighten(t *testing.T) {
	heard := map[string]int{}
	sample(t, 3, 6, func(t *testing.T, w *world, calls []worldCall) {
		base := engine(t, setup{profile: "balanced", settings: w.Settings})
		for _, verdict := range []string{"deny", "ask", "transform"} {
			e := engine(t, setup{profile: "balanced", settings: w.Settings, rules: map[string]string{"added.rego": addedRule(verdict, w.atHand[0].Name)}})
			for _, c := range calls {
				before, went := verdictOf(t, w, base, c, nil)
				after, goes := verdictOf(t, w, e, c, nil)
				if slices.Contains(after.Rules, "added") {
					heard[verdict]++
				}
				if goes && !went || before.Decision == "deny" && after.Decision != "deny" {
					t.Errorf("seed %d, %q: %s\nwith a rule that says %s: %s", propsSeed, c.What, decided(before), verdict, decided(after))
				}
			}
		}
	})
	for _, verdict := range []string{"deny", "ask", "transform"} {
		if heard[verdict] < 10 {
			t.Errorf("the rule that says %s was heard %d times", verdict, heard[verdict])
		}
	}
}

// addedRule speaks about each call but of tools whose names end in a certain
// letter. Its change sends the call to another tool.
func addedRule(verdict, tool string) string {
	edits := ""
	if verdict == "transform" {
		edits = `, "edits": [{"op": "redirect", "tool": "` + tool + `"}]`
	}
	return strings.Join([]string{
		`package callgate.rules.added`,
		verdict + ` contains {"reason": "added"` + edits + `} if {`,
		`	input.session.id == "corpus"`,
		`	not endswith(input.call.tool, "e")`,
		`	input.call.tool != "` + tool + `"`,
		`	not input.result`,
		`}`,
	}, "\n")
}
