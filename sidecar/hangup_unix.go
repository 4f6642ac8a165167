//go:build unix

package sidecar

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups gives the signals by which an operator asks for a reload.
func hangups() (hangup <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return signals, func() { signal.Stop(signals) }
}
