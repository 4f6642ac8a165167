package sql

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"callgate/detectors/code"
)

// TestStatements reads testdata/statements.txt, which says what each line
// means.
func TestStatements(t *testing.T) {
	file, err := os.Open("testdata/statements.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ran := map[string]int{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, ";;") {
			continue
		}
		said, statement, ok := strings.Cut(line, " | ")
		if !ok {
			t.Fatalf("no bar: %s", line)
		}
		want := strings.Fields(said)
		statement = strings.ReplaceAll(statement, "⏎", "\n")
		r := Read(statement)
		if got := append(slices.Clone(r.Effects), r.Traits...); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q (%s)\nwant %q", statement, got, r.Evidence, want)
		}
		ran[strings.Join(r.Effects, " ")]++
	}
	for effect, least := range map[string]int{"read": 90, "write": 75, "read write": 50, "delete": 15, "delete read": 15, "execute write": 7, "admin": 8, "admin write": 8} {
		if ran[effect] < least {
			t.Errorf("%d statements are %s, want at least %d", ran[effect], effect, least)
		}
	}
}

func TestAddresses(t *testing.T) {
	for statement, want := range map[string][]string{
		"SELECT * FROM 'https://Files.Example.com/A.parquet'":          {"https://Files.Example.com/A.parquet"},
		"SELECT * FROM read_csv('s3://bucket/Key.csv')":                {"s3://bucket/Key.csv"},
		"COPY t TO 's3://b/x'; ATTACH 'https://example.com/d.db' AS d": {"https://example.com/d.db", "s3://b/x"},
		"SELECT http_get('http://example.org/?q=' || a) FROM t":        {"http://example.org/?q="},
		"SELECT 'https://example.com' FROM t":                          nil,
		"SELECT * FROM 'local.csv'":                                    nil,
	} {
		r := Read(statement)
		if !slices.Equal(r.URLs, want) || slices.Contains(r.Traits, code.Network) != (want != nil) {
			t.Errorf("%s: %q, traits %q, want %q", statement, r.URLs, r.Traits, want)
		}
	}
}

// TestEvidence: the evidence is of the package's own words.
func TestEvidence(t *testing.T) {
	for statement, want := range map[string]string{
		"SELECT 1":                      "sql: select",
		"SELECT secret(1) FROM t":       "sql: unknown function",
		"DELETE FROM t WHERE a = 1":     "sql: delete",
		"TRUNCATE a; SELECT 1; GRANT x": "sql: grant, truncate",
		"hunter2":                       "sql: not understood",
		"":                              "sql: empty",
		"SELECT 'a\\'; DELETE FROM t WHERE a = 1 --'": "sql: delete, dialects differ, not understood",
	} {
		if got := Read(statement).Evidence; got != want {
			t.Errorf("%s: %q, want %q", statement, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	fill := func(size int) string { return "SELECT 1" + strings.Repeat(" ", size-len("SELECT 1")) }
	nested := func(depth int) string {
		return "SELECT " + strings.Repeat("(", depth) + "1" + strings.Repeat(")", depth)
	}
	for name, c := range map[string]struct {
		text   string
		within bool
	}{
		"bytes":             {fill(MaxBytes), true},
		"a byte more":       {fill(MaxBytes + 1), false},
		"statements":        {strings.Repeat("SELECT 1;", MaxStatements), true},
		"a statement more":  {strings.Repeat("SELECT 1;", MaxStatements+1), false},
		"empty statements":  {"SELECT 1" + strings.Repeat(";", 2*MaxStatements), true},
		"depth":             {nested(MaxDepth), true},
		"deeper":            {nested(MaxDepth + 1), false},
		"deeper, in a list": {"SELECT " + strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), false},
		"a comment between": {"SELECT 1; -- " + strings.Repeat("x", MaxBytes), false},
	} {
		r := Read(c.text)
		if want := []string{"unknown", "write"}; !c.within && (!slices.Equal(r.Effects, want) || !slices.Equal(r.Traits, []string{code.Opaque})) {
			t.Errorf("%s: %v", name, r)
		}
		if c.within && (!slices.Equal(r.Effects, []string{"read"}) || r.Traits != nil) {
			t.Errorf("%s: %v", name, r)
		}
	}
}

// TestTables: no word is said to be harmless in one table and to act in
// another.
func TestTables(t *testing.T) {
	for w := range acts {
		if pure[w] || keywords[w] {
			t.Errorf("%s acts, and is said not to", w)
		}
	}
	for w := range pure {
		if lower(w) != w || keywords[w] {
			t.Errorf("%s is no function", w)
		}
	}
	for w, v := range verbs {
		if v.effects == 0 && v.handle == nil {
			t.Errorf("%s has no effect", w)
		}
	}
}

// TestNested: a text made of conditions within conditions is not weighed to
// the end, but taken to change every row.
func TestNested(t *testing.T) {
	nested := func(depth, size int) string {
		return strings.Repeat("(DELETE FROM t WHERE a = (", depth) + strings.Repeat("b + ", size) + "1" + strings.Repeat("))", depth)
	}
	for text, want := range map[string]bool{nested(2, 1000): false, nested(MaxDepth/2, 1000): true} {
		if r := Read(text); slices.Contains(r.Traits, code.Bulk) != want || !slices.Contains(r.Effects, "delete") {
			t.Errorf("%d bytes: %v, want bulk %v", len(text), r, want)
		}
	}
}
