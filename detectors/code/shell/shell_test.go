package shell

import (
	"os"
	"slices"
	"strings"
	"testing"

	"callgate/detectors/code"
)

// wanted is one row of testdata/commands.txt.
type wanted struct {
	command         string
	words, programs []string
}

// rows reads the table. A command may go on in a line that begins with two
// spaces.
func rows(tb testing.TB) (all []wanted) {
	tb.Helper()
	raw, err := os.ReadFile("testdata/commands.txt")
	if err != nil {
		tb.Fatal(err)
	}
	text := strings.ReplaceAll(string(raw), "\n  ", "\x00  ")
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\x00", "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		command, rest, ok := cutLast(line, " => ")
		words, programs, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 {
			tb.Fatalf("no row of the table: %q", line)
		}
		w := wanted{command, append(strings.Fields(words), "execute"), strings.Fields(programs)}
		slices.Sort(w.words)
		slices.Sort(w.programs)
		all = append(all, w)
	}
	return all
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+len(sep):], true
}

// said is what a reading says, in one sorted list.
func said(r code.Reading) []string {
	all := slices.Concat(r.Effects, r.Traits)
	slices.Sort(all)
	return all
}

// TestCommands reads each row of the table, and finds each effect and trait in
// several.
func TestCommands(t *testing.T) {
	count := map[string]int{}
	for _, row := range rows(t) {
		r := Read(row.command)
		if got := said(r); !slices.Equal(got, row.words) {
			t.Errorf("%s\n\tis %v, want %v", row.command, got, row.words)
		}
		if !slices.Equal(r.Programs, row.programs) {
			t.Errorf("%s\n\truns %v, want %v", row.command, r.Programs, row.programs)
		}
		for _, word := range row.words {
			count[word]++
		}
	}
	if count["execute"] < 400 {
		t.Errorf("read only %d rows", count["execute"])
	}
	for _, word := range deedWords {
		if count[word] < 15 {
			t.Errorf("%s is wanted %d times", word, count[word])
		}
	}
}
