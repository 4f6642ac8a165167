package main

import "callgate/sidecar/audit"

// statePath is the file of the record.
func statePath(*app) (string, error) {
	return audit.DefaultPath()
}
