//go:build unix

package mcp

import (
	"os"
	"os/exec"
	"syscall"
)

// tree is a process and all that it started, but for those that left its
// process group.
type tree struct{ pid int }

// isolate gives the command a process group of its own, so that it can be ended
// with all that it starts.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func treeOf(p *os.Process) *tree { return &tree{p.Pid} }

// signal reaches each process of the group; that there is none left is no
// error.
func (t *tree) signal(sig os.Signal) {
	if s, ok := sig.(syscall.Signal); ok {
		_ = syscall.Kill(-t.pid, s)
	}
}

func (t *tree) terminate() { t.signal(syscall.SIGTERM) }
func (t *tree) kill()      { t.signal(syscall.SIGKILL) }
func (t *tree) close()     {}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
