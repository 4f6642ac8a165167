package main

import "callgate/sidecar"

// statePath is the file of the record: the configured one, or the one that a
// user's processes share.
func statePath(a *app) (string, error) {
	c, err := a.load()
	if err != nil {
		return "", err
	}
	return sidecar.StatePath(c)
}
