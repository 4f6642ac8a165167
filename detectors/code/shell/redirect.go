package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// redirect reads what a redirection does to the file that it names.
func (w *walk) redirect(r *syntax.Redirect) {
	target := argOf(r.Word)
	switch r.Op {
	case syntax.RdrIn:
		w.opens(target, read)
	case syntax.DplIn:
		if !descriptor(target) {
			w.done |= opaque
		}
	case syntax.DplOut:
		if !descriptor(target) {
			w.opens(target, write)
		}
	case syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
	default:
		w.opens(target, write)
	}
}

// descriptor tells whether a text names an open file: 2, 2-, or - to close.
func descriptor(a arg) bool {
	return a.literal && a.text != "" && strings.TrimSuffix(strings.TrimLeft(a.text, "0123456789"), "-") == ""
}

// devices are files below /dev that opening does nothing to.
var devices = []string{"/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty"}

const (
	deviceFolder = "/dev/"
	memoryFolder = "/dev/shm/"
)

// opens reads that a file is opened to read or to write it. To a shell some
// names below /dev are connections, so a name must be known that far.
func (w *walk) opens(target arg, how deeds) {
	name := target.text
	if target.literal {
		for _, d := range devices {
			if name == d {
				return
			}
		}
		name = path.Clean("/" + name)
		if !strings.HasPrefix(target.text, "/") {
			name = target.text
		}
	}
	switch {
	case !target.literal && strings.HasPrefix(deviceFolder, name):
		w.done |= how | opaque
	case strings.HasPrefix(name, "/dev/fd/"):
	case strings.HasPrefix(name, "/dev/tcp/"), strings.HasPrefix(name, "/dev/udp/"):
		w.done |= network | opaque | send | read
	case how == write && (strings.HasPrefix(name, "/proc/") || strings.HasPrefix(name, "/sys/")):
		w.done |= write | admin
	case !strings.HasPrefix(name, deviceFolder), strings.HasPrefix(name, memoryFolder):
		w.done |= how
	case how == write:
		w.done |= write | remove | bulk | admin
	default:
		w.done |= how
	}
}
