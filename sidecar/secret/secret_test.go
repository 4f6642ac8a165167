package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func parse(t testing.TB, s string) Value {
	t.Helper()
	v, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// put writes a file whose change is old enough to be remembered.
func put(t *testing.T, path, text string, age time.Duration) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestParseRefuses(t *testing.T) {
	cases := map[string]error{
		"${secret:":                      ErrSyntax,
		"${secret:}":                     ErrSyntax,
		"${secret:env}":                  ErrSyntax,
		"${secret:env:}":                 ErrSyntax,
		"${secret::hunter2}":             ErrSyntax,
		"hunter2 ${secret:env:A":         ErrSyntax,
		"${secret:env:A} ${secret:env:B": ErrSyntax,
		"${secret:vault:hunter2}":        ErrKind,
		"${secret:ENV:A}":                ErrKind,
		"${secret:env:hunter2-a}":        ErrName,
		"${secret:env:1A}":               ErrName,
		"${secret:env:A B}":              ErrName,
		"${secret:file:hunter2}":         ErrPath,
		"${secret:file:~/hunter2}":       ErrPath,
		"${secret:env:${secret:env:A}}":  ErrName,
	}
	for text, want := range cases {
		v, err := Parse(text)
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, %v, want %v", text, v, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the text: %v", text, err)
		}
	}
}

func TestResolve(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	t.Setenv("CALLGATE_TEST_A", "alpha")
	t.Setenv("CALLGATE_TEST_B", "${secret:env:CALLGATE_TEST_A}")
	put(t, path, "from a file\n", time.Hour)
	cases := map[string]string{
		"":                                     "",
		"plain":                                "plain",
		"${HOME} $x":                           "${HOME} $x",
		"${secret:env:CALLGATE_TEST_A}":        "alpha",
		"Bearer ${secret:env:CALLGATE_TEST_A}": "Bearer alpha",
		"${secret:env:CALLGATE_TEST_A}:${secret:env:CALLGATE_TEST_A}, done": "alpha:alpha, done",
		"${secret:env:CALLGATE_TEST_B}":                                     "${secret:env:CALLGATE_TEST_A}", // not read again
		"x${secret:file:" + path + "}y":                                     "xfrom a filey",
	}
	for text, want := range cases {
		v := parse(t, text)
		if got, err := v.Resolve(); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
		if v.HasReference() != strings.Contains(text, "${secret:") {
			t.Errorf("%s: HasReference is %v", text, v.HasReference())
		}
	}
}

func TestLineBreakAtTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	v := parse(t, "${secret:file:"+path+"}")
	for text, want := range map[string]string{"a\n": "a", "a\r\n": "a", "a": "a", "a\n\n": "a\n", " a ": " a ", "a\nb\n": "a\nb"} {
		put(t, path, text, 0)
		if got, err := v.Resolve(); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestResolveFails(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return "${secret:file:" + filepath.Join(dir, name) + "}" }
	t.Setenv("CALLGATE_TEST_EMPTY", "")
	put(t, filepath.Join(dir, "empty"), "", time.Hour)
	put(t, filepath.Join(dir, "newline"), "\n", time.Hour)
	put(t, filepath.Join(dir, "large"), strings.Repeat("x", MaxBytes+1), time.Hour)
	cases := map[string]string{
		"${secret:env:CALLGATE_TEST_UNSET}": "not set",
		"${secret:env:CALLGATE_TEST_EMPTY}": "empty",
		file("missing"):                     "",
		file("empty"):                       "empty",
		file("newline"):                     "empty",
		file("large"):                       "larger than",
		file("."):                           "not a file",
	}
	for reference, want := range cases {
		got, err := parse(t, "hunter2 "+reference).Resolve()
		if err == nil || got != "" || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), reference) {
			t.Errorf("%s: got %q, %v, want an error of %q", reference, got, err, want)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("the error holds the text around: %v", err)
		}
	}
}

func TestFileIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	v := parse(t, "${secret:file:"+path+"}")
	copied := v
	want := func(step, text string) {
		t.Helper()
		for range 2 {
			if got, err := copied.Resolve(); err != nil || got != text {
				t.Errorf("%s: got %q, %v, want %q", step, got, err, text)
			}
		}
	}
	put(t, path, "first", time.Hour)
	want("first read", "first")
	put(t, path, "second", time.Hour)
	want("another size", "second")
	put(t, path, "sec0nd", 30*time.Minute)
	want("another time", "sec0nd")
	put(t, path, "now", 0)
	want("changed just now", "now")
	just, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, "not", 0)
	if err := os.Chtimes(path, just.ModTime(), just.ModTime()); err != nil {
		t.Fatal(err)
	}
	want("changed within the clock's resolution", "not")

	put(t, path, "here", time.Hour)
	want("before the swap", "here")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	other := path + ".new"
	put(t, other, "swap", 0)
	if err := os.Chtimes(other, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	want("another file of the same size and time", "swap")

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Resolve(); err == nil {
		t.Errorf("a secret that was taken away is still %q", got)
	}
}

// TestSettledFileIsKept shows that a file that did not change is not read: its
// content is swapped for another behind an equal size, time and inode.
func TestSettledFileIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	at := time.Now().Add(-time.Hour)
	v := parse(t, "${secret:file:"+path+"}")
	for _, text := range []string{"one", "two"} {
		put(t, path, text, 0)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		if got, err := v.Resolve(); err != nil || got != "one" {
			t.Errorf("got %q, %v, want what was read first", got, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no permission bits to warn of
	}
	path := filepath.Join(t.TempDir(), "token")
	put(t, path, "hunter2", time.Hour)
	v := parse(t, "a${secret:env:A}${secret:file:"+path+"}")
	if got := v.Warnings(); len(got) != 0 {
		t.Errorf("warned of a private file: %v", got)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		got := v.Warnings()
		if len(got) != 1 || !strings.Contains(got[0], path) || !strings.Contains(got[0], fmt.Sprintf("%04o", mode)) {
			t.Errorf("mode %o: got %v", mode, got)
		}
		if text, err := v.parts[2].source.read(); err != nil || text != "hunter2" {
			t.Errorf("mode %o: a warning is no refusal: %v", mode, err)
		}
	}
}

// TestNothingPrintsASecret tries every way of printing that comes to mind, on a
// value that has read its secrets.
func TestNothingPrintsASecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	put(t, path, "hunter2file", time.Hour)
	t.Setenv("CALLGATE_TEST_A", "hunter2env")
	v := parse(t, "hunter2text ${secret:env:CALLGATE_TEST_A}${secret:file:"+path+"}")
	if got, err := v.Resolve(); err != nil || got != "hunter2text hunter2envhunter2file" {
		t.Fatalf("got %q, %v", got, err)
	}
	want := "...${secret:env:CALLGATE_TEST_A}${secret:file:" + path + "}"
	if v.String() != want {
		t.Errorf("got %s, want %s", v, want)
	}
	type holder struct{ V Value }
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%10.3v"} {
		for _, it := range []any{v, &v, holder{v}, &holder{v}, []Value{v}, map[string]Value{"k": v}} {
			fmt.Fprintf(&printed, verb+"\n", it)
		}
	}
	out, err := json.Marshal(holder{v})
	if err != nil {
		t.Fatal(err)
	}
	printed.Write(out)
	slog.New(slog.NewJSONHandler(&printed, nil)).Info("m", "v", v, "h", holder{v})
	slog.New(slog.NewTextHandler(&printed, nil)).Info("m", "v", v, "h", holder{v})
	all := printed.String()
	for _, secret := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2"), "104 117"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s was printed", secret)
		}
	}
	if !strings.Contains(all, "CALLGATE_TEST_A") {
		t.Error("no reference was printed")
	}
}

func TestConcurrentResolve(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	put(t, path, "aaaa", time.Hour)
	v := parse(t, "${secret:file:"+path+"}")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if got, err := v.Resolve(); err != nil || got != "aaaa" {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzParse checks that a text either is refused or keeps its literal parts as
// they were, and that neither way of printing shows them.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "a", "Bearer ${secret:env:A}", "${secret:file:/x}", "${secret:", "${secret:env:A}}", "${secret:env:${secret:env:A}}", "$${secret:env:A}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			if len(text) > 40 && strings.Contains(err.Error(), text) {
				t.Fatalf("the error repeats the text: %v", err)
			}
			return
		}
		var again strings.Builder
		for _, p := range v.parts {
			if p.source == nil {
				again.WriteString(p.literal)
				continue
			}
			again.WriteString(p.source.String())
		}
		if again.String() != text {
			t.Fatalf("%q was read as %q", text, again.String())
		}
		if !v.HasReference() {
			if got, err := v.Resolve(); err != nil || got != text || v.String() != strings.Repeat("...", min(len(text), 1)) {
				t.Fatalf("%q became %q, %v, printed %s", text, got, err, v)
			}
		}
		if once, err := Parse(v.String()); err != nil || once.String() != v.String() {
			t.Fatalf("%s is not read as itself: %v", v, err)
		}
	})
}
