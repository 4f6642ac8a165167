package sidecar

import (
	"path/filepath"
	"testing"
	"time"

	"callgate/sidecar/config"
)

// TestKeptForEachKey: configurations that share a record and name their
// bundles alike do not take what the other has kept.
func TestKeptForEachKey(t *testing.T) {
	mine, other := newSigning(t), newSigning(t)
	state := filepath.Join(t.TempDir(), "callgate.db")
	start := func(t *testing.T, by signing, serial int64, status int) int64 {
		server := newShelf(t, bundleOf(t, serial, "closing", "get_a", by.private))
		server.put(server.body, status)
		r := run(t, func(c *config.Config) {
			c.State = state
			c.Policy.Bundles = map[string]config.Bundle{"corp": {URL: server.URL, Key: by.public, Poll: time.Hour}}
		})
		return r.readyz(t).Get("bundles.0.serial").Int()
	}
	for _, c := range []struct {
		name         string
		by           signing
		serial, want int64
		status       int
	}{
		{"the first of one", mine, 10, 10, 0},
		{"the first of the other, with a lower serial", other, 3, 3, 0},
		{"the one, without its server", mine, 9, 10, 500},
		{"the one, with an older bundle", mine, 9, 10, 0},
		{"the other, without its server", other, 2, 3, 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := start(t, c.by, c.serial, c.status); got != c.want {
				t.Errorf("serial %d is in use, want %d", got, c.want)
			}
		})
	}
}
