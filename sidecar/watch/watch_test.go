package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func rego(base string) bool { return strings.HasSuffix(base, ".rego") }

func watching(t *testing.T, paths ...string) *Watcher {
	t.Helper()
	w, err := New(paths, rego)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// told fails unless a change is told.
func told(t *testing.T, w *Watcher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if changed, err := w.Next(ctx); !changed || err != nil {
		t.Fatalf("got %v, %v, want a change", changed, err)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("package x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// link makes name a link to target in one step, as volumes do.
func link(t *testing.T, target, name string) {
	t.Helper()
	must(t, os.Symlink(target, name+".new"))
	must(t, os.Rename(name+".new", name))
}

// TestChangesAreTold changes files in each way, twice, since the second time
// shows whether the watch has followed the first.
func TestChangesAreTold(t *testing.T) {
	cases := []struct {
		name  string
		watch string
		begin func(t *testing.T, dir string)
		turn  func(t *testing.T, dir string, n string)
	}{
		{"a file is written", "p", func(t *testing.T, dir string) { write(t, dir+"/p/a.rego") },
			func(t *testing.T, dir, n string) { write(t, dir+"/p/a.rego") }},
		{"a file is renamed into place", "p", func(t *testing.T, dir string) { write(t, dir+"/p/a.rego") },
			func(t *testing.T, dir, n string) {
				write(t, dir+"/new")
				must(t, os.Rename(dir+"/new", dir+"/p/a.rego"))
			}},
		{"a file is taken away", "p", func(t *testing.T, dir string) { write(t, dir+"/p/1.rego"); write(t, dir+"/p/2.rego") },
			func(t *testing.T, dir, n string) { must(t, os.Remove(dir+"/p/"+n+".rego")) }},
		{"a file deep in new folders", "p", func(t *testing.T, dir string) { must(t, os.Mkdir(dir+"/p", 0o755)) },
			func(t *testing.T, dir, n string) { write(t, dir+"/p/"+n+"/x/y/a.rego") }},
		{"another folder takes its place", "p", func(t *testing.T, dir string) { write(t, dir+"/p/a.rego") },
			func(t *testing.T, dir, n string) {
				write(t, dir+"/next/a.rego")
				must(t, os.Rename(dir+"/p", dir+"/old"+n))
				must(t, os.Rename(dir+"/next", dir+"/p"))
			}},
		{"a folder that was not there", "far/away/p", func(*testing.T, string) {},
			func(t *testing.T, dir, n string) { write(t, dir+"/far/away/p/"+n+".rego") }},
		{"a volume swaps its files", "p", func(t *testing.T, dir string) {
			write(t, dir+"/p/..0/a.rego")
			link(t, "..0", dir+"/p/..data")
			link(t, "..data/a.rego", dir+"/p/a.rego")
		}, func(t *testing.T, dir, n string) {
			write(t, dir+"/p/.."+n+"/a.rego")
			link(t, ".."+n, dir+"/p/..data")
		}},
		{"a volume swaps one file", "p/a.rego", func(t *testing.T, dir string) {
			write(t, dir+"/p/..0/a.rego")
			link(t, "..0", dir+"/p/..data")
			link(t, "..data/a.rego", dir+"/p/a.rego")
		}, func(t *testing.T, dir, n string) {
			write(t, dir+"/p/.."+n+"/a.rego")
			link(t, ".."+n, dir+"/p/..data")
		}},
		{"a link above is turned", "current/policy", func(t *testing.T, dir string) {
			write(t, dir+"/0/policy/a.rego")
			link(t, "0", dir+"/current")
		}, func(t *testing.T, dir, n string) {
			write(t, dir+"/"+n+"/policy/a.rego")
			link(t, n, dir+"/current")
		}},
		{"what a link leads to is written", "p", func(t *testing.T, dir string) {
			write(t, dir+"/elsewhere/b.rego")
			must(t, os.Mkdir(dir+"/p", 0o755))
			link(t, dir+"/elsewhere/b.rego", dir+"/p/a.rego")
		}, func(t *testing.T, dir, n string) { write(t, dir+"/elsewhere/b.rego") }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.begin(t, dir)
			w := watching(t, filepath.Join(dir, c.watch))
			for _, n := range []string{"1", "2"} {
				c.turn(t, dir, n)
				told(t, w)
			}
		})
	}
}

// TestOthersAreNotTold: what is not read is no change, and hidden folders are
// not entered.
func TestOthersAreNotTold(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/p/.git/a.rego")
	write(t, dir+"/p/bundle.rego")
	w := watching(t, dir+"/p", dir+"/p/bundle.rego")
	for _, name := range []string{"/p/callgate.db-wal", "/p/.git/a.rego", "/beside.rego"} {
		write(t, dir+name)
	}
	must(t, os.Chmod(dir+"/p/bundle.rego", 0o644))
	ctx, cancel := context.WithTimeout(t.Context(), 3*settle)
	defer cancel()
	if changed, err := w.Next(ctx); changed || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, %v, want no change", changed, err)
	}
	write(t, dir+"/p/b.rego")
	told(t, w)
}

// TestChangesThatGoOn are told although they do not cease.
func TestChangesThatGoOn(t *testing.T) {
	dir := t.TempDir()
	w := watching(t, dir)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(settle / 10); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				_ = os.WriteFile(dir+"/a.rego", nil, 0o600)
			}
		}
	}()
	told(t, w)
	close(stop)
	<-done
}

// TestClose ends a Next that waits.
func TestClose(t *testing.T) {
	w, err := New([]string{t.TempDir()}, rego)
	must(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := w.Next(context.Background())
		ended <- err
	}()
	must(t, w.Close())
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}
