package sql

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"callgate/detectors/code"
)

func seed(f *testing.F) {
	data, err := os.ReadFile("testdata/statements.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if _, statement, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " | "); ok {
			f.Add(strings.ReplaceAll(statement, "⏎", "\n"))
		}
	}
}

// FuzzRead holds what is true of the reading of any text, and that white space
// or a comment where white space was never makes a read of what is none.
func FuzzRead(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		r := Read(s)
		if !reflect.DeepEqual(r, Read(s)) {
			t.Fatal("not the same twice")
		}
		if len(r.Effects) == 0 || !slices.IsSorted(r.Effects) || !slices.IsSorted(r.Traits) || !slices.IsSorted(r.URLs) {
			t.Fatalf("effects %q, traits %q", r.Effects, r.Traits)
		}
		if j := code.Join(r, r); !slices.Equal(j.Effects, r.Effects) || !slices.Equal(j.Traits, r.Traits) {
			t.Fatalf("joined with itself: %v", j)
		}
		if harmless(r) {
			return
		}
		for _, other := range spaced(s) {
			if harmless(Read(other)) {
				t.Fatalf("%q is no read, %q is", s, other)
			}
		}
	})
}

func harmless(r code.Reading) bool { return slices.Equal(r.Effects, []string{"read"}) }

// spaced are texts that mean what s means.
func spaced(s string) []string {
	list := []string{" " + s, "\n" + s + "\t", s + "\n"}
	if !settled(s) {
		return list
	}
	lx := lex(s, lower(s), &ways[0], nil)
	if lx.odd {
		return list
	}
	var wide, commented strings.Builder
	last := 0
	for _, t := range lx.tokens {
		gap := s[last:t.begin]
		wide.WriteString(gap)
		commented.WriteString(gap)
		if gap != "" && strings.TrimSpace(gap) == "" {
			wide.WriteString("\r\n\f")
			commented.WriteString("/* x */\n-- y\n")
		}
		wide.WriteString(s[t.begin:t.end])
		commented.WriteString(s[t.begin:t.end])
		last = int(t.end)
	}
	return append(list, wide.String(), commented.String())
}

// FuzzSettled: where the shortcut says that one way is enough, all of them cut
// the text alike.
func FuzzSettled(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		if !settled(s) {
			return
		}
		first := lex(s, lower(s), &ways[0], nil)
		for i := range ways {
			other := lex(s, lower(s), &ways[i], nil)
			if other.odd != first.odd || !slices.Equal(other.tokens, first.tokens) {
				t.Fatalf("%s reads %v, %s reads %v", ways[0].name, first.tokens, ways[i].name, other.tokens)
			}
		}
	})
}
