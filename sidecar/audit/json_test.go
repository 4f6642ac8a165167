package audit

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

// TestLineOfARecord compares with what other programs read.
func TestLineOfARecord(t *testing.T) {
	ended, open := call(), Record{ID: "bare\u202e\n", Time: time.UnixMicro(0), Decision: "allow"}
	ended.ID, ended.Seq, ended.End = "01a20a62-0649-75ed-a54d-d31466c80810", 7, end()
	var lines []byte
	for _, form := range []struct {
		record Record
		whole  bool
	}{{ended, false}, {ended, true}, {open, true}} {
		var err error
		if lines, err = form.record.AppendJSON(lines, form.whole); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, '\n')
	}
	const golden = "testdata/lines.jsonl"
	if *update {
		if err := os.WriteFile(golden, lines, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(lines) != string(want) {
		t.Errorf("got\n%s\nwant\n%s", lines, want)
	}
}

// TestLineHasWhatIsPromised names the members of the outer contract.
func TestLineHasWhatIsPromised(t *testing.T) {
	r := Record{ID: "a"}
	line, err := r.AppendJSON(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(line, &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"id", "seq", "time", "surface", "stage", "caller", "session", "server", "tool", "effects", "decision", "rules",
		"findings", "revision", "outcome", "latency_us", "domains", "effect_source", "code", "reasons", "observed", "approval",
	} {
		if v, ok := members[name]; !ok || v == nil {
			t.Errorf("%s is %v", name, v)
		}
	}
}

func FuzzTexts(f *testing.F) {
	for _, seed := range []string{"", "plain", `"`, `\`, "\x00\x1f\x7f", "zwölf", "\u2028", "\xff\xfe", "</script>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got, want string
		if err := json.Unmarshal(appendText(nil, s), &got); err != nil {
			t.Fatal(err)
		}
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(quoted, &want); err != nil || got != want {
			t.Fatalf("%q became %q, want %q, %v", s, got, want, err)
		}
	})
}
