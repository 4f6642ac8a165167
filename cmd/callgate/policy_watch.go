package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"callgate/policy"
)

// settled is how long files have to be left alone before tests run again: an
// editor writes more than once.
const settled = 150 * time.Millisecond

// retest runs the tests of a policy now and whenever a file of its folders
// changes, until ctx ends.
func (a *app) retest(ctx context.Context, o policy.Options) error {
	if len(o.Dirs) == 0 {
		return usageError{hinted{errors.New("there is nothing to watch"), "name a folder: callgate policy test ./policy --watch"}}
	}
	return watched(ctx, o.Dirs, func(changed []string) {
		if len(changed) > 0 {
			fmt.Fprintf(a.err, "\nchanged: %s\n", strings.Join(changed, ", "))
		}
		if err := a.testPolicy(ctx, o); err != nil && ctx.Err() == nil {
			fmt.Fprintf(a.err, "callgate: %v\n", err)
		}
	})
}

// watched calls run once, and again with the sorted names of the files that
// changed below folders, each time that they have settled. Folders made later
// are watched too; hidden ones are not. It returns when ctx ends, without an
// error, or when the folders cannot be watched.
func watched(ctx context.Context, dirs []string, run func(changed []string)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching folders: %w", err)
	}
	defer w.Close()
	f := folders{w}
	for _, dir := range dirs {
		if _, err := f.add(dir); err != nil {
			return fmt.Errorf("watching %s: %w", dir, err)
		}
	}
	run(nil)
	changed := map[string]bool{}
	var timer <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-w.Errors: // what was lost is not known
			if err != nil {
				changed[dirs[0]] = true
				timer = time.After(settled)
			}
		case event := <-w.Events:
			for _, name := range f.concerned(event) {
				changed[name] = true
				timer = time.After(settled)
			}
		case <-timer:
			names := slices.Sorted(maps.Keys(changed))
			clear(changed)
			timer = nil
			for _, dir := range dirs { // a folder that was renamed is no longer watched
				_, _ = f.add(dir) // where it is gone, the run says so
			}
			run(names)
		}
	}
}

// folders are the watched ones.
type folders struct{ *fsnotify.Watcher }

// add watches a folder with all below it, and lists the policy files that are
// there already.
func (f folders) add(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && hidden(path) && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir():
			return f.Add(path)
		case isPolicy(path):
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

// concerned lists the policy files that an event is about.
func (f folders) concerned(event fsnotify.Event) []string {
	if hidden(event.Name) || event.Op == fsnotify.Chmod {
		return nil
	}
	if info, err := os.Stat(event.Name); err == nil && info.IsDir() {
		files, err := f.add(event.Name)
		if err != nil { // it went away again, or is not readable: the tests will say so
			return []string{event.Name}
		}
		return files
	}
	gone := event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)
	if isPolicy(event.Name) || gone && filepath.Ext(event.Name) == "" {
		return []string{event.Name}
	}
	return nil
}

func hidden(path string) bool { return strings.HasPrefix(filepath.Base(path), ".") }

// isPolicy reports whether a file can be part of a policy.
func isPolicy(path string) bool {
	return !hidden(path) && slices.Contains([]string{".rego", ".json", ".yaml", ".yml"}, filepath.Ext(path))
}
