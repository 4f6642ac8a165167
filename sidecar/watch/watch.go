// Package watch tells when files of policy may have changed on disk.
//
// It guarantees that a change below a watched path, whether by writing, by
// renaming a file or a folder into place, or by a symbolic link on the way that
// now leads elsewhere, ends a Next that waits or that is called later. It may
// say that something has changed when nothing has. It does not say what has
// changed, and does not heed a change of permissions alone.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How long changes have to cease before they are told, and how long they may
// go on without being told.
const (
	settle  = 100 * time.Millisecond
	longest = 2 * time.Second
)

// maxLinks is how many symbolic links on the way to a path are followed, as
// many as Linux follows.
const maxLinks = 40

// Watcher watches paths. Next must not be called concurrently.
type Watcher struct {
	paths   []string
	matters func(base string) bool
	files   *fsnotify.Watcher
	added   map[string]bool
	plan    plan
}

// plan is what has to be watched as the file system is now.
type plan struct {
	names   map[string]bool // entries that are on the way to a path
	inside  map[string]bool // folders whose entries matter
	folders map[string]bool // all folders to be watched
}

// New watches files and folders from now on, folders at all depths but for
// hidden ones. Matters says of which names the files in folders are looked at.
// The paths need not exist.
func New(paths []string, matters func(base string) bool) (*Watcher, error) {
	files, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching files: %w", err)
	}
	w := &Watcher{matters: matters, files: files, added: map[string]bool{}}
	for _, path := range paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, errors.Join(err, files.Close())
		}
		w.paths = append(w.paths, absolute)
	}
	if err := w.survey(); err != nil {
		return nil, errors.Join(err, files.Close())
	}
	return w, nil
}

// Close ends the watch, and with it a Next that waits.
func (w *Watcher) Close() error { return w.files.Close() }

// ErrClosed is what Next gives once the watcher is closed.
var ErrClosed = errors.New("the watcher is closed")

// Next waits until something has changed and changes have ceased for a moment.
// What is read after it returned is watched already. Changed is false where ctx
// or the watcher ended; an error beside true means that not all can be watched
// any more.
func (w *Watcher) Next(ctx context.Context) (changed bool, err error) {
	var quiet, end <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case event, open := <-w.files.Events:
			if !open {
				return false, ErrClosed
			}
			if !w.relevant(event) {
				continue
			}
		case _, open := <-w.files.Errors:
			if !open {
				return false, ErrClosed
			} // some events are lost: anything may have changed
		case <-quiet:
			return true, w.survey()
		case <-end:
			return true, w.survey()
		}
		quiet = time.After(settle)
		if end == nil {
			end = time.After(longest)
		}
	}
}

// relevant reports whether an event may have changed what is read.
func (w *Watcher) relevant(event fsnotify.Event) bool {
	if event.Op == fsnotify.Chmod {
		return false
	}
	if w.plan.names[event.Name] || w.plan.inside[event.Name] {
		return true
	}
	if !w.plan.inside[filepath.Dir(event.Name)] {
		return false
	}
	info, err := os.Stat(event.Name)
	return w.matters(filepath.Base(event.Name)) || err == nil && info.IsDir()
}

// survey looks where the paths lead now, and watches that. Folders are added
// anew each time, since another folder may have taken the place of one.
func (w *Watcher) survey() error {
	for folder := range w.added {
		_ = w.files.Remove(folder) // it may be gone, and its watch with it
	}
	clear(w.added)
	for {
		w.look()
		added, err := w.add()
		if added == 0 || err != nil {
			return err
		}
		// A folder that was made before the one above it was watched was no
		// event: look again.
	}
}

// look makes the plan.
func (w *Watcher) look() {
	w.plan = plan{names: map[string]bool{}, inside: map[string]bool{}, folders: map[string]bool{}}
	for _, path := range w.paths {
		w.plan.approach(path, maxLinks)
		if root, err := filepath.EvalSymlinks(path); err == nil {
			w.enter(root)
		}
	}
}

// add watches the folders of the plan that are not watched yet.
func (w *Watcher) add() (added int, err error) {
	var errs []error
	for folder := range w.plan.folders {
		if w.added[folder] {
			continue
		}
		if err := w.files.Add(folder); err == nil {
			w.added[folder] = true
			added++
		} else if !errors.Is(err, fs.ErrNotExist) { // a folder that is gone meanwhile was an event
			errs = append(errs, fmt.Errorf("watching %s: %w", folder, err))
		}
	}
	return added, errors.Join(errs...)
}

// approach notes the names on the way to a path that decide where it leads:
// the path itself, symbolic links, and the first that is missing.
func (p *plan) approach(path string, links int) {
	for at := range ways(path) {
		info, err := os.Lstat(at)
		isLink := err == nil && info.Mode()&os.ModeSymlink != 0
		if err != nil || isLink || at == path {
			p.names[at] = true
			p.folders[filepath.Dir(at)] = true
		}
		if err != nil {
			return
		}
		if !isLink {
			continue
		}
		target, err := os.Readlink(at)
		if err != nil || links == 0 {
			return
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(at), target)
		}
		p.approach(filepath.Join(target, strings.TrimPrefix(path, at)), links-1)
		return
	}
}

// ways yields the folders on the way to an absolute path, then the path.
func ways(path string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := len(filepath.VolumeName(path)) + 1; i < len(path); i++ {
			if os.IsPathSeparator(path[i]) && !yield(path[:i]) {
				return
			}
		}
		yield(path)
	}
}

// enter notes the folders at and below a real path, and where links in them
// lead.
func (w *Watcher) enter(root string) {
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // whoever reads the policy says what cannot be read
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir():
			w.plan.inside[path], w.plan.folders[path] = true, true
		case entry.Type()&fs.ModeSymlink != 0 && w.matters(entry.Name()):
			w.plan.approach(path, maxLinks)
		}
		return nil
	})
}
