package audit

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// birth gives the start time of a pid and whether the pid exists.
func birth(pid int) (born string, alive bool, err error) {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return "", false, nil
	}
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return "", false, err
	}
	start := info.Proc.P_starttime
	return fmt.Sprintf("%d.%06d", start.Sec, start.Usec), true, nil
}

func bootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}

func pidSpace() string { return "" }
