package effects

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// someTools are of every way in which a call is read.
var someTools = []string{"send_email", "create_event", "transfer_money", "execute_sql", "query_database", "run_command", "http_request", "graphql_query", "move_file",
	"call_tool", "batch_tools", "invoke", "run_code", "open_file", "get_user", "frobnicate"}

// value draws a JSON value whose members have names that count.
func value(t *rapid.T, depth int) any {
	names := []string{"to", "cc", "attendees", "email", "amount", "currency", "value", "iban", "sql", "query", "command", "args", "url", "method", "path", "mode",
		"host", "name", "arguments", "calls", "tool", "code", "body", "x/y~z", "from"}
	texts := []string{"a@example.com", "SELECT 1", "DROP TABLE t", "rm -rf /", "https://example.com/x", "GET", "12.50", "EUR", "/a/../b", "{ me { id } }",
		`{"a":{"b":1}}`, "", "mutation { deletePost }", "w", "10.0.0.1", "prose"}
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case kind < 4 || depth == 0:
		return rapid.SampledFrom(texts).Draw(t, "text")
	case kind < 5:
		return json.Number(rapid.SampledFrom([]string{"1", "12.50", "1e3", "-4", "0"}).Draw(t, "number"))
	case kind < 6:
		return rapid.SampledFrom([]any{true, false, nil}).Draw(t, "word")
	case kind < 7:
		var list []any
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			list = append(list, value(t, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		object[rapid.SampledFrom(names).Draw(t, "name")] = value(t, depth-1)
	}
	return object
}

// spell writes a value with its members in some order and some white space.
func spell(v any, order *rand.Rand) string {
	space := func() string { return strings.Repeat(" ", order.Intn(2)) + strings.Repeat("\n", order.Intn(2)) }
	switch v := v.(type) {
	case map[string]any:
		var members []string
		for name, member := range v {
			raw, _ := json.Marshal(name)
			members = append(members, space()+string(raw)+space()+":"+spell(member, order))
		}
		slices.Sort(members)
		order.Shuffle(len(members), func(a, b int) { members[a], members[b] = members[b], members[a] })
		return space() + "{" + space() + strings.Join(members, ",") + space() + "}" + space()
	case []any:
		var elements []string
		for _, element := range v {
			elements = append(elements, spell(element, order))
		}
		return space() + "[" + strings.Join(elements, space()+",") + "]" + space()
	}
	raw, _ := json.Marshal(v)
	return space() + string(raw) + space()
}

// TestFormDoesNotCount spells the same arguments in two ways.
func TestFormDoesNotCount(t *testing.T) {
	j := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		object, ok := value(t, 4).(map[string]any)
		if !ok {
			object = map[string]any{"to": "a@example.com"}
		}
		v := j.Of(described(rapid.SampledFrom(someTools).Draw(t, "tool")), nil)
		order := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		one, two := spell(object, order), spell(object, order)
		if a, b := j.Call(v, json.RawMessage(one)), j.Call(v, json.RawMessage(two)); !reflect.DeepEqual(a, b) {
			t.Fatalf("%s\nis %+v,\n%s\nis %+v", one, a, two, b)
		}
		a, okA := j.Carried(v, json.RawMessage(one), nil)
		b, okB := j.Carried(v, json.RawMessage(two), nil)
		if okA != okB || len(a) != len(b) {
			t.Fatalf("%s\ncarries %s %v,\n%s\ncarries %s %v", one, told(a), okA, two, told(b), okB)
		}
		for i := range a {
			if a[i].Tool != b[i].Tool || a[i].ToolAt != b[i].ToolAt || a[i].ArgumentsAt != b[i].ArgumentsAt || SchemaHash(a[i].Arguments) != SchemaHash(b[i].Arguments) {
				t.Fatalf("%s\ncarries %s,\n%s\ncarries %s", one, told(a), two, told(b))
			}
		}
	})
}

func FuzzCall(f *testing.F) {
	for i, seed := range []string{`{"sql":"SELECT 1; DROP TABLE t"}`, `{"command":"rm","args":["-rf","/"]}`, `{"to":["a@example.com"],"amount":{"value":"1","currency":"EUR"}}`,
		`{"url":"http://0x7f.1","method":"POST"}`, `{"name":"a/b","arguments":"{\"x\":1}"}`, `{"calls":[{"name":"x"}]}`, `{"a":`, "\xff", `{"code":"read_file()"}`, `{"/":{"~":[[[{}]]]}}`, ``} {
		f.Add(i, seed, i%2 == 0)
	}
	j := shipped(f)
	hand := NewAtHand(someTools)
	f.Fuzz(func(t *testing.T, tool int, arguments string, fixed bool) {
		var operator *Override
		if fixed {
			operator = &Override{Effects: []string{Read}}
		}
		name := someTools[uint(tool)%uint(len(someTools))]
		v := j.Of(described(name), operator)
		facts := j.Call(v, json.RawMessage(arguments))
		calls, ok := j.Carried(v, json.RawMessage(arguments), hand)
		if len(facts.Effects) == 0 && (len(calls) == 0 || !ok) || fixed && !slices.Equal(facts.Effects, []string{Read}) {
			t.Fatalf("%s(%q) is %v", name, arguments, facts.Effects)
		}
		for _, effect := range facts.Effects {
			if !slices.Contains(allEffects, effect) {
				t.Fatalf("%q is no effect", effect)
			}
		}
		if !slices.IsSorted(facts.Effects) || !slices.IsSorted(facts.Domains) || len(facts.Domains) == 0 || len(facts.Targets) > MaxTargets+len(targetRoles) || len(calls) > max(MaxCarried, len(someTools)) {
			t.Fatalf("%s(%q): %+v carries %d", name, arguments, facts, len(calls))
		}
		if slices.Contains(facts.Effects, Pay) != (facts.Money != nil) || !fixed && !ok && !slices.Contains(facts.Effects, Unknown) {
			t.Fatalf("%s(%q): %+v, readable %v", name, arguments, facts, ok)
		}
		for _, c := range calls {
			if c.Tool == "" || c.Arguments != nil && !json.Valid(c.Arguments) {
				t.Fatalf("%s(%q) carries %+v", name, arguments, c)
			}
		}
	})
}

// BenchmarkCall judges a call of 2 KB: of a pinned tool beside more and more
// others, of a tool that no catalogue knows, and of one with a program.
func BenchmarkCall(b *testing.B) {
	schema := []byte(`{"type":"object","properties":{"to":{},"subject":{},"body":{}}}`)
	arguments := json.RawMessage(`{"to":["a@example.com","B <b@mail.example.org>"],"subject":"Minutes","url":"https://www.example.com/minutes","body":"` + strings.Repeat("What was said. ", 130) + `"}`)
	run := func(name string, j *Judge, w Words, arguments json.RawMessage, effect string, targets int) {
		v := j.Of(w, nil)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(arguments)))
			for b.Loop() {
				if f := j.Call(v, arguments); len(f.Effects) == 0 || f.Effects[0] != effect || len(f.Targets) != targets {
					b.Fatalf("%+v", f)
				}
			}
		})
	}
	for _, others := range []int{0, 200, 2000} {
		var tools []string
		for i := range others {
			tools = append(tools, fmt.Sprintf(`"tool_%d":{"schema":%q,"effects":["read"],"domains":["files"],"roles":{"paths":["path"]}}`, i, SchemaHash([]byte(fmt.Sprint(i)))))
		}
		tools = append(tools, fmt.Sprintf(`"mail_out":{"schema":%q,"effects":["send"],"domains":["mail"],"roles":{"recipients":["to"],"urls":["url"]}}`, SchemaHash(schema)))
		j, err := New(load(b, "../../rego/facts/lexicon.json"), File{"x", []byte(`{"server":"x","tools":{` + strings.Join(tools, ",") + `}}`)})
		if err != nil {
			b.Fatal(err)
		}
		run(fmt.Sprintf("catalogue=%d", others+1), j, WordsOf("office", "mail_out", "", schema, nil), arguments, Send, 3)
	}
	j := shipped(b)
	run("lexicon", j, described("send_email", "to", "subject", "body"), arguments, Send, 3)
	sql := json.RawMessage(`{"sql":"SELECT name, city FROM customers WHERE id IN (` + strings.Repeat("1234567, ", 210) + `0)"}`)
	run("sql", j, described("execute_sql", "sql"), sql, Read, 0)
}
