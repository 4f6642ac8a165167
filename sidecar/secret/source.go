package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// variable is a secret in the environment.
type variable string

func (v variable) String() string { return opening + "env:" + string(v) + closing }

func (v variable) warning() string { return "" }

func (v variable) read() (string, error) {
	text, ok := os.LookupEnv(string(v))
	switch {
	case !ok:
		return "", errors.New("the variable is not set")
	case text == "":
		return "", errors.New("the variable is empty")
	}
	return text, nil
}

// settled is how old a change must be before the file counts as read: a second
// change within the resolution of the file system's clock would look the same.
const settled = 2 * time.Second

// file is a secret in a file. What was read is kept while the file is the same
// one, of the same size and time of change.
type file struct {
	path string

	mu   sync.Mutex
	seen fs.FileInfo // nil where nothing is kept
	text string
}

func (f *file) String() string { return opening + "file:" + f.path + closing }

func (f *file) read() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err != nil {
		return "", withoutPath(err)
	}
	if f.seen != nil && same(f.seen, info) {
		return f.text, nil
	}
	f.seen, f.text = nil, ""
	text, err := load(f.path, info)
	if err != nil {
		return "", err
	}
	if time.Since(info.ModTime()) > settled {
		f.seen, f.text = info, text
	}
	return text, nil
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// load reads a file that info describes, without the line break at its end.
func load(path string, info fs.FileInfo) (string, error) {
	if !info.Mode().IsRegular() {
		return "", errors.New("not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", withoutPath(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return "", withoutPath(err)
	}
	if len(data) > MaxBytes {
		return "", fmt.Errorf("the file is larger than %d bytes", MaxBytes)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		return "", errors.New("the file is empty")
	}
	return text, nil
}

// warning tells that others may read the file. Windows keeps no such bits.
func (f *file) warning() string {
	info, err := os.Stat(f.path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("%s can be read by others (mode %04o); chmod 600 closes it", f.path, info.Mode().Perm())
}

// withoutPath drops the path, which the reference shows.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
