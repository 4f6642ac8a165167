package detectors_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"callgate/detectors"
)

// finder reports each place of a word.
type finder struct {
	word     string
	severity detectors.Severity
}

func (f finder) Detect(text string, _ *detectors.Setting) []detectors.Finding {
	var found []detectors.Finding
	for at := 0; ; {
		i := strings.Index(text[at:], f.word)
		if i < 0 {
			return found
		}
		found = append(found, detectors.Finding{Detector: "test", Rule: f.word, Severity: f.severity, Start: at + i, End: at + i + len(f.word)})
		at += i + len(f.word)
	}
}

type broken struct{}

func (broken) Detect(text string, _ *detectors.Setting) []detectors.Finding {
	_ = text[len(text)+1]
	return nil
}

type rude struct{}

func (rude) Detect(text string, _ *detectors.Setting) []detectors.Finding { panic(text) }

// places writes findings as "pointer[start:end]", names with a #.
func places(found []detectors.Finding) []string {
	var out []string
	for _, f := range found {
		key := ""
		if f.Key {
			key = "#"
		}
		out = append(out, fmt.Sprintf("%s%s[%d:%d] %s", f.Pointer, key, f.Start, f.End, f.Rule))
	}
	return out
}

func TestScanJSON(t *testing.T) {
	scan := detectors.Scanner{Detectors: []detectors.Detector{finder{"bad", detectors.High}}}
	cases := []struct {
		name, raw string
		want      []string
	}{
		{"nothing", `{"a":1,"b":[true,null,2.5],"c":{}}`, nil},
		{"leaves in order", `{"a":"bad","b":["x","a bad bad"]}`, []string{"/a[0:3] bad", "/b/1[2:5] bad", "/b/1[6:9] bad"}},
		{"bare string", `"bad"`, []string{"[0:3] bad"}},
		{"escaped text", `{"a":"\u0062ad\n"}`, []string{"/a[0:3] bad"}},
		{"escaped pointer", `{"a/b":{"c~d":"bad"}}`, []string{"/a~1b/c~0d[0:3] bad"}},
		{"member name", `{"a bad name":"bad"}`, []string{"/a bad name#[2:5] bad", "/a bad name[0:3] bad"}},
		{"empty name", `{"":"bad"}`, []string{"/[0:3] bad"}},
		{"text that is JSON", `{"a":"{\"b\":\"bad\"}"}`, []string{"/a[6:9] bad"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found, err := scan.ScanJSON(json.RawMessage(c.raw), detectors.Setting{})
			if err != nil || !reflect.DeepEqual(places(found), c.want) {
				t.Errorf("got %v, %v; want %v", places(found), err, c.want)
			}
		})
	}
}

func TestScanLimits(t *testing.T) {
	bad := finder{"bad", detectors.Low}
	deep := strings.Repeat(`[`, 200) + `"bad"` + strings.Repeat(`]`, 200)
	cases := []struct {
		name string
		scan detectors.Scanner
		raw  string
		rule string
	}{
		{"leaves", detectors.Scanner{MaxLeaves: 2}, `["a","b","bad"]`, "max_leaves"},
		{"bytes", detectors.Scanner{MaxBytes: 4}, `["abc","bad"]`, "max_bytes"},
		{"bytes in a character", detectors.Scanner{MaxBytes: 2}, `["a\u00e9"]`, "max_bytes"},
		{"depth", detectors.Scanner{}, deep, "max_depth"},
		{"findings", detectors.Scanner{MaxFindings: 2}, `["bad","bad","bad","bad"]`, "max_findings"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.scan.Detectors = []detectors.Detector{bad}
			found, err := c.scan.ScanJSON(json.RawMessage(c.raw), detectors.Setting{})
			if err != nil || len(found) == 0 {
				t.Fatalf("got %v, %v", found, err)
			}
			last := found[len(found)-1]
			if last.Detector != "limits" || last.Rule != c.rule || last.Severity != detectors.Medium {
				t.Errorf("got %+v", last)
			}
			if c.rule != "max_findings" && len(found) != 1 {
				t.Errorf("found %v", places(found))
			}
		})
	}
}

func TestScanWithinLimitsSaysNothing(t *testing.T) {
	scan := detectors.Scanner{Detectors: []detectors.Detector{finder{"bad", detectors.Low}}, MaxLeaves: 2, MaxBytes: 6, MaxFindings: 2}
	found, err := scan.ScanJSON(json.RawMessage(`["bad","bad"]`), detectors.Setting{})
	if err != nil || len(found) != 2 {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestFloodHidesNothing(t *testing.T) {
	scan := detectors.Scanner{MaxFindings: 3, Detectors: []detectors.Detector{finder{"mild", detectors.Low}, finder{"worse", detectors.High}}}
	found, err := scan.ScanText(strings.Repeat("mild ", 50)+"worse", detectors.Setting{Pointer: "/p"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/p[0:4] mild", "/p[5:9] mild", "/p[250:255] worse", "/p[0:0] max_findings"}
	if got := places(found); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPanicNamesTheDetector(t *testing.T) {
	for _, d := range []detectors.Detector{broken{}, rude{}} {
		scan := detectors.Scanner{Detectors: []detectors.Detector{d}}
		_, err := scan.ScanText("the secret", detectors.Setting{})
		name := strings.TrimPrefix(fmt.Sprintf("%T", d), "detectors_test.")
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "the secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSettingReachesTheDetector(t *testing.T) {
	seen := []string{}
	scan := detectors.Scanner{Detectors: []detectors.Detector{watcher(func(text string, at *detectors.Setting) {
		seen = append(seen, text+" "+at.Pointer+" "+at.Tool)
	})}}
	if _, err := scan.ScanJSON(json.RawMessage(`{"a":["x"]}`), detectors.Setting{Tool: "mail", Pointer: "/params"}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"x /params/a/0 mail"}; !reflect.DeepEqual(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
}

type watcher func(string, *detectors.Setting)

func (w watcher) Detect(text string, at *detectors.Setting) []detectors.Finding {
	w(text, at)
	return nil
}
