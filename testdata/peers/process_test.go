//go:build e2e

package peers

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait in this package. It is long because the machine
// may be slow; nothing here asserts how fast anything is.
const patience = 60 * time.Second

// process is a program that runs until its test ends.
type process struct {
	cmd    *exec.Cmd
	stderr *safeBuffer
	gone   chan struct{} // closed when it has ended
}

// start runs a program in a process group of its own and ends the whole group
// when the test ends. What it says on stderr is shown if the test fails.
func start(t *testing.T, stdout io.Writer, env []string, argv ...string) *process {
	t.Helper()
	return startOn(t, nil, stdout, env, argv...)
}

// startOn is start for a program that also reads.
func startOn(t *testing.T, stdin io.Reader, stdout io.Writer, env []string, argv ...string) *process {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &process{cmd: cmd, stderr: new(safeBuffer), gone: make(chan struct{})}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, p.stderr
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(p.gone)
	}()
	t.Cleanup(func() {
		p.end(t)
		if t.Failed() {
			t.Logf("%s said:\n%s", argv[0], p.stderr)
		}
	})
	return p
}

// end asks the group to stop, and kills what has not stopped in time.
func (p *process) end(t *testing.T) {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.gone:
	case <-time.After(15 * time.Second):
		t.Errorf("%s did not stop when asked to", p.cmd.Path)
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.gone
}

// run runs a program to its end and returns what it printed. It fails the test
// on any exit code but zero.
func run(t *testing.T, stdin string, argv ...string) []byte {
	t.Helper()
	out, err := try(t, stdin, argv...)
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(argv, " "), err)
	}
	return out
}

// try runs a program to its end; the error of a failed one carries its stderr.
func try(t *testing.T, stdin string, argv ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s%s", err, stderr.Bytes(), out)
	}
	return out, err
}

// firstLine starts a program and returns the first line that it prints.
func firstLine(t *testing.T, env []string, argv ...string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	p := start(t, w, env, argv...)
	_ = w.Close()
	_ = r.SetReadDeadline(time.Now().Add(patience))
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("%s printed nothing: %v\n%s", argv[0], err, p.stderr)
	}
	return strings.TrimSpace(line)
}

// freePort is a port that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lis.Close() }()
	_, port, err := net.SplitHostPort(lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// reachable waits until a process answers at url with a status that ok accepts.
func (p *process) reachable(t *testing.T, url string, ok func(status int) bool) {
	t.Helper()
	last := "no answer"
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case <-p.gone:
			t.Fatalf("%s ended early", p.cmd.Path)
		default:
		}
		resp, err := http.Get(url)
		if err != nil {
			last = err.Error()
			continue
		}
		_ = resp.Body.Close()
		if ok(resp.StatusCode) {
			return
		}
		last = resp.Status
	}
	t.Fatalf("%s never became ready: %s", url, last)
}

// safeBuffer is a buffer that a process fills while a test reads it.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// script is a program that runs a command line, for callers that would read
// the command's flags as their own.
func script(t *testing.T, argv []string) []string {
	t.Helper()
	line := "#!/bin/sh\nexec"
	for _, arg := range argv {
		line += " '" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
	path := filepath.Join(t.TempDir(), "run")
	if err := os.WriteFile(path, []byte(line+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{path}
}
