//go:build unix

package mcp

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"
)

// gone waits until no process with this id runs any more. A zombie that its new
// parent has not seen yet does not run.
func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
			if fields := string(stat); len(fields) > 0 && zombie(fields) {
				return
			}
		}
	}
	t.Errorf("process %d still runs", pid)
}

func zombie(stat string) bool {
	for i := len(stat) - 1; i > 0; i-- {
		if stat[i] == ')' {
			return i+2 < len(stat) && stat[i+2] == 'Z'
		}
	}
	return false
}

// TestWrapSignals sends signals to a real process that wraps the server.
func TestWrapSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			cmd := testExec(wrappedCommand("scripted"))
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			io.WriteString(stdin, `{"jsonrpc":"2.0","id":1,"method":"pid"}`+"\n")
			line, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 128+int(sig) {
				t.Errorf("exit code %d, want %d", code, 128+int(sig))
			}
			gone(t, int(gjson.Get(line, "result").Int()))
		})
	}
}

// TestWrapLeavesNothing has the server start a process that ignores every
// polite signal and holds the server's output open.
func TestWrapLeavesNothing(t *testing.T) {
	r := startWrap(t, "scripted", nil, func(cfg *WrapConfig) { cfg.Grace = 50 * time.Millisecond })
	r.send(call("1", "spawn", `{}`))
	pid := 0
	for sleeping := false; pid == 0 || !sleeping; {
		line := gjson.Parse(r.next())
		sleeping = sleeping || line.Get("method").Str == "notifications/sleeping"
		pid = max(pid, int(line.Get("result.pid").Int()))
	}
	r.stdin.Close()
	r.ends(0)
	gone(t, pid)
}

// TestChildStop ends servers that do not want to end.
func TestChildStop(t *testing.T) {
	cases := []struct {
		server string
		grace  time.Duration
		code   int
	}{{"scripted", patience, 0}, {"stubborn", 50 * time.Millisecond, 128 + int(syscall.SIGKILL)}}
	for _, c := range cases {
		t.Run(c.server, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			ready := make(chan struct{}, 1)
			child, err := startChild(childConfig{
				Command: testCommand(c.server),
				Grace:   c.grace,
				Hear:    func(Message) { ready <- struct{}{} },
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.server == "scripted" {
				if err := child.Send(t.Context(), []byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)); err != nil {
					t.Fatal(err)
				}
			}
			<-ready
			child.Stop()
			child.Stop()
			if child.Code() != c.code {
				t.Errorf("exit code %d, want %d", child.Code(), c.code)
			}
			gone(t, child.cmd.Process.Pid)
			if err := child.Send(t.Context(), []byte(`{}`)); !errors.Is(err, errChildGone) {
				t.Errorf("sending to a child that is gone: %v", err)
			}
		})
	}
}
