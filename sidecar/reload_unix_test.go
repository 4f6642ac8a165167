//go:build unix

package sidecar

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"callgate/sidecar/config"
)

// TestHangup: a SIGHUP reloads the policy and ends nothing.
func TestHangup(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "first.rego"), closing("first", "get_c"))
	c := config.Default()
	c.State = filepath.Join(t.TempDir(), "callgate.db")
	c.Policy.Dirs = []string{dir}
	s, err := Open(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s.watcher = nil // so that nothing but the signal tells of the change
	on, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, on) }()
	// Once it answers, a SIGHUP no longer ends the process.
	response, err := http.Get("http://" + on.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	before := s.Firewall.Revision()
	put(t, filepath.Join(dir, "a.rego"), closing("closing", "get_a"))
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rule is in use", func() bool { return s.Firewall.Revision() != before })
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestWrapFollows: the policy is followed while a server is wrapped.
func TestWrapFollows(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "first.rego"), closing("first", "get_c"))
	c := config.Default()
	c.State = filepath.Join(t.TempDir(), "callgate.db")
	c.Policy.Dirs = []string{dir}
	c.Servers = map[string]config.Server{"echo": {Command: []string{"cat"}}}
	s, err := Open(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := s.Wrap(t.Context(), "echo", c.Callers[0], Stdio{In: in, Out: io.Discard, Err: os.Stderr})
		ended <- err
	}()
	before := s.Firewall.Revision()
	put(t, filepath.Join(dir, "a.rego"), closing("closing", "get_a"))
	eventually(t, "the rule is in use", func() bool { return s.Firewall.Revision() != before })
	_ = out.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
