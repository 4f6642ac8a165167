//go:build !unix

package sidecar

import "os"

// hangups gives nothing: no signal asks for a reload here.
func hangups() (hangup <-chan os.Signal, stop func()) { return nil, func() {} }
