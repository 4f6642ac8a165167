package audit

import (
	"errors"
	"strconv"

	"golang.org/x/sys/windows"
)

// stillActive is the exit code of a process that has not ended.
const stillActive = 259

// birth gives the creation time of a pid and whether the pid exists.
func birth(pid int) (born string, alive bool, err error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	defer windows.CloseHandle(h)
	var code uint32
	if err := windows.GetExitCodeProcess(h, &code); err != nil {
		return "", false, err
	}
	if code != stillActive {
		return "", false, nil
	}
	var creation, exit, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &creation, &exit, &kernel, &user); err != nil {
		return "", false, err
	}
	return strconv.FormatInt(creation.Nanoseconds(), 10), true, nil
}

// Windows has no name for one start of the machine; the creation times of
// processes do not repeat over starts, so none is needed.
func bootID() string { return "" }

func pidSpace() string { return "" }
