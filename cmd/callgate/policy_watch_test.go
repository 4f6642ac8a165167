package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds the waiting for a run, which is told when it comes.
const patience = 30 * time.Second

// TestWatched: files that are written, made in folders made later, renamed and
// taken away make another run, and others none; the end of ctx ends it.
func TestWatched(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	write := func(name string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("package x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	runs := make(chan []string)
	ended := make(chan error)
	go func() {
		ended <- watched(ctx, []string{dir}, func(changed []string) { runs <- changed })
	}()
	// expect waits for the run that knows of a file. A file may be told twice,
	// when writing it took longer than the pause.
	expect := func(name string) {
		t.Helper()
		for {
			select {
			case changed := <-runs:
				for _, path := range changed {
					if strings.HasPrefix(filepath.Base(path), ".") || strings.HasSuffix(path, ".txt") {
						t.Fatalf("a run because of %s", path)
					}
				}
				if name == "" || slices.Contains(changed, filepath.Join(dir, name)) {
					return
				}
			case <-time.After(patience):
				t.Fatalf("no run because of %q", name)
			}
		}
	}
	expect("")
	write("notes.txt")
	write(".hidden.rego")
	write("a.rego")
	expect("a.rego")
	write("new/deep/b.rego")
	expect("new/deep/b.rego")
	write("new/deep/b.rego")
	expect("new/deep/b.rego")
	write("new/data.json")
	expect("new/data.json")
	if err := os.Rename(filepath.Join(dir, "new/deep"), filepath.Join(dir, "new/other")); err != nil {
		t.Fatal(err)
	}
	expect("new/other/b.rego")
	write("new/other/c.rego")
	expect("new/other/c.rego")
	if err := os.Remove(filepath.Join(dir, "a.rego")); err != nil {
		t.Fatal(err)
	}
	expect("a.rego")
	cancel()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
			return
		case <-runs:
		case <-time.After(patience):
			t.Fatal("it does not end")
		}
	}
}

func TestWatchedMissing(t *testing.T) {
	err := watched(t.Context(), []string{filepath.Join(t.TempDir(), "none")}, func([]string) { t.Error("a run") })
	if err == nil || !strings.Contains(err.Error(), "watching ") {
		t.Errorf("got %v", err)
	}
}

// TestPolicyTestWatch is the command: it tells what changed and runs again, in
// spite of faults, and ends with its context.
func TestPolicyTestWatch(t *testing.T) {
	dir := t.TempDir()
	rule := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "own.rego"), []byte("package callgate.rules.own\n\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rule(`deny contains {"reason": "x"} if input.call.tool == "x"`)
	out, told := make(lineChannel, 64), make(lineChannel, 64)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"policy", "test", dir, "--watch"}, streams{in: strings.NewReader(""), out: out, err: told})
	}()
	out.expect(t, " 0 failed")
	rule(`denny contains {"reason": "x"}`)
	told.expect(t, "changed: "+filepath.Join(dir, "own.rego"))
	told.expect(t, "did you mean deny?")
	rule(`deny contains {"reason": "x"} if input.call.tool == "y"`)
	out.expect(t, " 0 failed")
	cancel()
	select {
	case code := <-ended:
		if code != exitDone {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
}

// lineChannel is a writer whose lines can be waited for.
type lineChannel chan string

func (c lineChannel) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		select {
		case c <- line:
		default: // nobody waits for that many
		}
	}
	return len(text), nil
}

func (c lineChannel) expect(t *testing.T, part string) {
	t.Helper()
	for {
		select {
		case line := <-c:
			if strings.Contains(line, part) {
				return
			}
		case <-time.After(patience):
			t.Fatalf("no line with %q", part)
		}
	}
}
