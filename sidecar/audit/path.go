package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// DefaultPath is the file that all of a user's processes share:
// callgate/callgate.db in the user's state folder. It creates nothing.
func DefaultPath() (string, error) {
	dir, err := stateFolder(runtime.GOOS, os.Getenv)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "callgate", "callgate.db"), nil
}

// stateFolder is where programs of one user keep state on an operating system.
func stateFolder(goos string, env func(string) string) (string, error) {
	if dir := env("XDG_STATE_HOME"); goos != "windows" && filepath.IsAbs(dir) {
		return dir, nil
	}
	home, variable := env("HOME"), "HOME"
	var below []string
	switch goos {
	case "windows":
		home, variable = env("LOCALAPPDATA"), "LOCALAPPDATA"
	case "darwin":
		below = []string{"Library", "Application Support"}
	default:
		below = []string{".local", "state"}
	}
	if home == "" {
		return "", fmt.Errorf("no state folder: %s is not set", variable)
	}
	return filepath.Join(append([]string{home}, below...)...), nil
}

// makeFile creates the folder and the file, for the user alone, where they do
// not exist. It never opens an existing file: closing it would drop the locks
// that SQLite holds in this process.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// dsn is the data source name of an absolute path.
func dsn(path string, params url.Values) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed
	}
	return "file:" + (&url.URL{Path: slashed}).EscapedPath() + "?" + params.Encode()
}
