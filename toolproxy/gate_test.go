package toolproxy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestGateRefuses(t *testing.T) {
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprintf(`"key%d":1`, i)
	}
	cases := []struct {
		name, raw string
		code      Code
	}{
		{"empty", "", CodeInvalidJSON},
		{"truncated", `{"method":"tools/ca`, CodeInvalidJSON},
		{"two values", `{} {}`, CodeInvalidJSON},
		{"trailing comma", `{"a":1,}`, CodeInvalidJSON},
		{"same key", `{"a":1,"a":2}`, CodeDuplicateKey},
		{"same key, escaped", `{"a":1,"\u0061":2}`, CodeDuplicateKey},
		{"same key, deep", `{"x":[{"a":1,"a":2}]}`, CodeDuplicateKey},
		{"case", `{"method":"ping","METHOD":"tools/call"}`, CodeDuplicateKey},
		{"case, deep", `{"params":{"name":"a","NAME":"b"}}`, CodeDuplicateKey},
		{"case, escaped", `{"name":"a","\u004eame":"b"}`, CodeDuplicateKey},
		{"long s", `{"params":1,"paramſ":2}`, CodeDuplicateKey},
		{"Kelvin sign", `{"key":1,"Key":2}`, CodeDuplicateKey},
		{"case among many", "{" + strings.Join(many, ",") + `,"KEY7":1}`, CodeDuplicateKey},
		{"lone surrogate", `{"a":"\ud800"}`, CodeInvalidUTF8},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", CodeInvalidUTF8},
		{"too deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), CodeTooDeep},
		{"far too deep", strings.Repeat("[", 20000) + strings.Repeat("]", 20000), CodeTooDeep},
		{"too large", `"` + strings.Repeat("a", DefaultMaxBytes) + `"`, CodeTooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var refusal *Refusal
			if err := (Gate{}).Check([]byte(c.raw)); !errors.As(err, &refusal) {
				t.Fatalf("passed, want %s", c.code)
			}
			if refusal.Code != c.code || refusal.Stage != "gate" || refusal.Decision != "deny" {
				t.Errorf("got %s of stage %s (%v), want %s of stage gate", refusal.Code, refusal.Stage, refusal.Cause, c.code)
			}
		})
	}
}

func TestGatePasses(t *testing.T) {
	cases := []struct{ name, raw string }{
		{"call", `{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"a","arguments":{"n":[1,2,{"x":null}]}}}`},
		{"white space", " {\n\t\"a\" : [ ] , \"b\" : { } }\r\n"},
		{"string of brackets", `{"a":"}{][\"\\"}`},
		{"deepest", strings.Repeat("[", 64) + strings.Repeat("]", 64)},
		{"largest", `"` + strings.Repeat("a", DefaultMaxBytes-2) + `"`},
		{"surrogate pair", `"\ud83d\ude00"`},
		{"same key elsewhere", `{"a":{"a":{"A":1}}}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := (Gate{}).Check([]byte(c.raw)); err != nil {
				t.Errorf("refused: %v (%v)", err, errors.Unwrap(err))
			}
		})
	}
}

func TestGateFoldDepth(t *testing.T) {
	answers := Gate{FoldDepth: 2}
	if err := answers.Check([]byte(`{"result":{"x":{"id":1,"ID":2}}}`)); err != nil {
		t.Errorf("keys of data below the envelope: %v", err)
	}
	if err := answers.Check([]byte(`{"result":{"id":1,"ID":2}}`)); err == nil {
		t.Error("keys that differ only in case passed in the envelope")
	}
}

func TestGateCauseHoldsNoText(t *testing.T) {
	err := (Gate{}).Check([]byte(`{"password":"hunter2","password":"hunter3"}`))
	if cause := fmt.Sprint(errors.Unwrap(err)); strings.Contains(cause, "hunter") || strings.Contains(cause, "password") {
		t.Errorf("cause repeats the message: %s", cause)
	}
}

// FuzzGate checks that what passes reads alike however it is read: the set of
// folded keys of each object has no repeats.
func FuzzGate(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"c"}]}`))
	f.Add([]byte(`{"a":"\"","A":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if (Gate{}).Check(raw) == nil {
			s := scan{raw: raw, maxDepth: DefaultMaxDepth}
			if err := s.value(); err != nil {
				t.Fatal(err)
			}
			if s.space(); s.at != len(raw) {
				t.Fatalf("scan stopped at byte %d of %d", s.at, len(raw))
			}
		}
	})
}

func BenchmarkGate2KB(b *testing.B) {
	raw := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"body":"` + strings.Repeat("word ", 400) + `"}}}`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if err := (Gate{}).Check(raw); err != nil {
			b.Fatal(err)
		}
	}
}
