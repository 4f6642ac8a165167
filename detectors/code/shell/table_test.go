package shell

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestTables reads the files for what their reader does not look at: a name
// stands in one file only, and the words of fields are known.
func TestTables(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"programs.json", "tools.json", "windows.json"} {
		for program, p := range mustTable(name) {
			if seen[program] != "" && name != "windows.json" {
				t.Errorf("%s is in %s and in %s", program, seen[program], name)
			}
			seen[program] = name
			inspect(t, program, p)
		}
	}
	if len(seen) < 500 {
		t.Errorf("the tables have %d programs", len(seen))
	}
	for name := range cmdlets {
		if name != strings.ToLower(name) {
			t.Errorf("%s can never be found", name)
		}
	}
}

var specials = []string{"", "shell", "eval", "alias", "trap", "variables", "command", "login", "interpreter", "find", "xargs", "dashes", "sed", "awk",
	"tar", "cloud", "named"}

func inspect(t *testing.T, name string, p *program) {
	t.Helper()
	if !slices.Contains(specials, p.Special) {
		t.Errorf("%s: no special %q", name, p.Special)
	}
	if !slices.Contains([]string{"", "all", "first", "colon"}, p.Address) {
		t.Errorf("%s: no address %q", name, p.Address)
	}
	for option := range p.Options {
		if !strings.HasPrefix(option, "-") || len(option) > 2 && option[1] != '-' && !p.Words {
			t.Errorf("%s: %q is no option", name, option)
		}
	}
	for command, c := range p.Commands {
		inspect(t, name+" "+command, c)
	}
}

// TestFaults feeds tables that must not be read.
func TestFaults(t *testing.T) {
	for _, fault := range []string{
		`{"x": "raed"}`, `{"x": {"dose": "read"}}`, `{"x": {"options": {"-o": "wirte"}}}`, `{"x": {"commands": {"y": "reed"}}}`, `{"x": 1}`, `{"x": {"at": ["x"]}}`,
	} {
		var table map[string]*program
		if err := json.Unmarshal([]byte(fault), &table); err == nil {
			t.Errorf("%s was read", fault)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a name that stands twice was read")
		}
	}()
	split(map[string]int{"a b": 1, "c b": 2})
}
