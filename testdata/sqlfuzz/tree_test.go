package sqlfuzz

import (
	"os"
	"slices"
	"strings"
	"testing"

	"callgate/detectors/code/sql"
)

// reads reports that the reader says the text only reads.
func reads(text string) bool { return slices.Equal(sql.Read(text).Effects, []string{"read"}) }

// TestTree holds what the other tests rely on: the walk finds what changes,
// and nothing else.
func TestTree(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT 1":                                   false,
		"SELECT * FROM t WHERE a = 'DELETE'":         false,
		"SHOW search_path":                           false,
		"EXPLAIN DELETE FROM t":                      false,
		"COPY (SELECT 1) TO STDOUT":                  false,
		"EXPLAIN ANALYZE DELETE FROM t":              true,
		`EXPLAIN ("analyze") DELETE FROM t`:          true,
		"EXPLAIN ANALYZE SELECT 1":                   false,
		"COPY t TO '/tmp/x'":                         true,
		"COPY t TO PROGRAM 'cat'":                    true,
		"COPY t FROM STDIN":                          true,
		"COPY (DELETE FROM t RETURNING 1) TO STDOUT": true,
		"SELECT 1 INTO t":                            true,
		"SELECT 1 FROM t FOR NO KEY UPDATE":          true,
		"WITH x AS (DELETE FROM t) SELECT 1":         true,
		"SELECT 1; COMMIT":                           true,
		"SELECT (SELECT 1 FROM t FOR UPDATE)":        true,
		"DO $$ BEGIN END $$":                         true,
	} {
		found, err := Changes(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if (len(found) > 0) != want {
			t.Errorf("%s: found %q, want a change: %v", text, found, want)
		}
	}
}

// TestSeeds runs the seeds of the fuzz test, and requires of them that most are
// PostgreSQL and that both answers occur.
func TestSeeds(t *testing.T) {
	parsed, changed, said := 0, 0, 0
	for _, text := range seeds(t) {
		found, err := Changes(text)
		if err != nil {
			t.Logf("not PostgreSQL: %q: %v", text, err)
			continue
		}
		parsed++
		if len(found) > 0 {
			changed++
		}
		if reads(text) {
			said++
			if len(found) > 0 {
				t.Errorf("said to read, but has %q: %s", found, text)
			}
		}
	}
	if parsed < 150 || changed < 90 || said < 40 {
		t.Fatalf("%d parsed, %d of them change, %d are said to read", parsed, changed, said)
	}
}

// FuzzAgainstPostgres: whatever PostgreSQL parses to something that changes is
// not said to read.
func FuzzAgainstPostgres(f *testing.F) {
	for _, text := range seeds(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !reads(text) {
			return
		}
		if found, err := Changes(text); err == nil && len(found) > 0 {
			t.Errorf("said to read, but has %q", found)
		}
	})
}

// seeds are the texts of testdata/seeds.sql, which are parted by lines of
// dashes.
func seeds(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/seeds.sql")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n----\n")
}
