//go:build e2e

package peers

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// suite is one run of the MCP conformance suite against a server, with what
// the fixture scores by itself. A score below it is a fault of the fixture.
type suite struct {
	pkg    string
	args   []string
	passed int // checks
	failed int
}

var suites = map[string]suite{
	"0.1.16":               {"conformance-0.1", nil, 39, 0},
	"0.2-alpha/2025-11-25": {"conformance-0.2", []string{"--requirements", "2025-11-25"}, 79, 1},
	// The failures are the tasks extension, which the fixture does not have,
	// and two checks of mcp-go's own error answers.
	"0.2-alpha/2026-07-28": {"conformance-0.2", []string{"--requirements", "2026-07-28"}, 161, 32},
}

// TestConformance runs each suite directly and through Callgate. Passing
// through must change nothing that a suite can see: the same checks with the
// same outcomes.
func TestConformance(t *testing.T) {
	url := firstLine(t, nil, fixture)
	g := configure(t, setting{servers: map[string]entry{"fixture": {URL: url, Tools: reads}}})
	for name, s := range suites {
		t.Run(name, func(t *testing.T) {
			direct := s.run(t, url)
			if p, f := direct.totals(); p != s.passed || f != s.failed {
				t.Errorf("directly %d passed, %d failed; want %d and %d\n%s", p, f, s.passed, s.failed, direct.failures())
			}
			t.Run("serve", func(t *testing.T) {
				g.serve(t)
				through := s.run(t, g.base+"/mcp/fixture")
				through.compare(t, direct)
			})
		})
	}
	t.Run("record", func(t *testing.T) {
		decisions := map[string]int{}
		for _, r := range g.records(t) {
			decisions[r.Decision]++
			// The suites send faulty requests and arguments on purpose.
			faulty := r.Code != "" && r.Code != "denied" || slices.Equal(r.Rules, []string{"schema"})
			if r.Decision != "allow" && !faulty {
				t.Errorf("record %+v", r)
			}
		}
		t.Logf("records: %v", decisions)
		if decisions["allow"] < 100 {
			t.Errorf("the suites left only %v records", decisions)
		}
	})
}

// outcomes maps "scenario/check" to how often it had which status.
type outcomes map[string]string

// run runs a suite and reads the checks that it wrote down.
func (s suite) run(t *testing.T, url string) outcomes {
	t.Helper()
	dir := t.TempDir()
	argv := append([]string{node, module(s.pkg, "dist", "index.js"), "server", "--url", url, "-o", dir}, s.args...)
	if _, err := try(t, "", argv...); err != nil && s.failed == 0 {
		t.Logf("%v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "checks.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the suite wrote no checks (%v)", err)
	}
	seen := outcomes{}
	for _, file := range files {
		seen.read(t, file)
	}
	return seen
}

// scenario is a result folder's name without "server-" and the time.
var scenario = regexp.MustCompile(`^server-(.+)-\d{4}-\d\d-\d\dT`)

func (o outcomes) read(t *testing.T, file string) {
	t.Helper()
	m := scenario.FindStringSubmatch(filepath.Base(filepath.Dir(file)))
	if m == nil {
		t.Fatalf("result folder %s has another name than expected", file)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var checks []struct{ ID, Status string }
	if err := json.Unmarshal(raw, &checks); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for i, c := range checks {
		o[fmt.Sprintf("%s/%02d %s", m[1], i, c.ID)] = c.Status
	}
}

func (o outcomes) totals() (passed, failed int) {
	for _, status := range o {
		switch status {
		case "SUCCESS":
			passed++
		case "FAILURE":
			failed++
		}
	}
	return passed, failed
}

func (o outcomes) failures() (ids []string) {
	for _, id := range slices.Sorted(maps.Keys(o)) {
		if o[id] == "FAILURE" {
			ids = append(ids, id)
		}
	}
	return ids
}

func (o outcomes) compare(t *testing.T, direct outcomes) {
	t.Helper()
	for _, id := range slices.Sorted(maps.Keys(direct)) {
		if o[id] != direct[id] {
			t.Errorf("%s: directly %s, through callgate %q", id, direct[id], o[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(o)) {
		if _, ok := direct[id]; !ok {
			t.Errorf("%s: only through callgate, %s", id, o[id])
		}
	}
	p, f := o.totals()
	t.Logf("through callgate %d passed, %d failed", p, f)
}
