package sidecar

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to five times what is in use before it is
// collected. What a sidecar keeps is small and what a call leaves behind is
// many small values, so this trades some tens of megabytes under load for a
// quarter of the processor time of a decision.
const gcPercent = 400

// Tune sets what the whole process shares for serving calls, and gives back what
// reading policy and catalogues took. It is called once a sidecar is open. It
// leaves alone what the operator set through GOGC. It is for the program, not
// for a library.
func Tune() {
	debug.FreeOSMemory()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
