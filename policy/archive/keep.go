package archive

import (
	"errors"
	"os"
	"path/filepath"
)

// Keep stores a packed bundle in a file that only its owner may read and
// write. Whoever reads the file finds the bundle that was there before or all
// of this one. The error is a *Fault.
func Keep(path string, raw []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault(Unreadable, err, "the bundle cannot be kept")
	}
	// A file made by CreateTemp has mode 0600.
	f, err := os.CreateTemp(dir, ".bundle-*")
	if err != nil {
		return fault(Unreadable, err, "the bundle cannot be kept")
	}
	defer os.Remove(f.Name()) // gone by then where all went well
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fault(Unreadable, err, "the bundle cannot be kept")
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fault(Unreadable, err, "the bundle cannot be kept")
	}
	return nil
}
