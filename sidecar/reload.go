package sidecar

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"callgate/policy"
	"callgate/policy/archive"
	"callgate/sidecar/watch"
)

// maxPause is how long a server of a bundle is left alone after failures,
// unless its poll is longer.
const maxPause = 10 * time.Minute

// Swap makes calls that begin from now on be judged by another engine. A call
// on its way keeps the one that it began with.
func (f *Firewall) Swap(engine *policy.Engine) { f.engine.Store(engine) }

// follow keeps the policy as it is on disk and at servers until stop is called,
// which waits for what has begun. Hangup may be nil.
func (s *Sidecar) follow(hangup <-chan os.Signal) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	if s.watcher != nil {
		all.Go(func() { s.followFiles(ctx) })
	}
	for _, r := range s.sources.remotes {
		all.Go(func() { s.followServer(ctx, r) })
	}
	all.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
				s.reload(ctx)
			}
		}
	})
	return func() { cancel(); all.Wait() }
}

func (s *Sidecar) followFiles(ctx context.Context) {
	for {
		changed, err := s.watcher.Next(ctx)
		if !changed {
			return
		}
		s.watched(err)
		s.reload(ctx)
	}
}

// watched tells whether changes on disk will be seen.
func (s *Sidecar) watched(err error) {
	if err == nil {
		s.sources.news.mended(fromWatch)
		return
	}
	s.sources.news.failed(fromWatch, err)
	s.log.Error("changes of the policy on disk may go unseen", "error", err)
}

// watchPolicy watches what the policy is made of on disk. Where that is not
// possible the operator is told, and the policy stays as it is.
func (s *Sidecar) watchPolicy() {
	paths := slices.Clone(s.config.Policy.Dirs)
	var files []string
	for _, b := range s.config.Policy.Bundles {
		files = append(files, b.File, b.Key)
	}
	paths = append(paths, slices.DeleteFunc(files, func(f string) bool { return f == "" })...)
	if len(paths) == 0 {
		return
	}
	w, err := watch.New(paths, func(base string) bool { return strings.EqualFold(filepath.Ext(base), ".rego") || policy.IsData(base) })
	s.watched(err)
	if err == nil {
		s.watcher = w
		s.closers = append(s.closers, w)
	}
}

// reload makes an engine of what is on disk now, and judges by it where there
// is nothing wrong with it.
func (s *Sidecar) reload(ctx context.Context) {
	s.sources.mu.Lock()
	defer s.sources.mu.Unlock()
	engine, all, err := s.sources.load(ctx, s.sources.current(nil, nil))
	if err != nil {
		s.failed(ctx, fromPolicy, err)
		return
	}
	s.take(engine, all, fromPolicy)
}

// current is the remote bundles in use, one of them replaced.
func (s *sources) current(replaced *remote, by *archive.Bundle) []*archive.Bundle {
	var all []*archive.Bundle
	for _, r := range s.remotes {
		if r == replaced {
			all = append(all, by)
		} else {
			all = append(all, r.current)
		}
	}
	return all
}

// take lets an engine judge.
func (s *Sidecar) take(engine *policy.Engine, all []*archive.Bundle, from string) {
	outcome := unchanged
	if before := s.Firewall.Revision(); before != engine.Revision() {
		outcome = swapped
		s.Firewall.Swap(engine)
		s.log.Info("the policy has changed", "from", from, "revision", engine.Revision(), "before", before)
	}
	s.sources.news.mended(from)
	s.sources.news.loaded(all)
	s.Firewall.meter.reloads.WithLabelValues(outcome).Inc()
}

// failed tells that the policy stays as it was. A reload that was cut short by
// the end of the process is no failure.
func (s *Sidecar) failed(ctx context.Context, from string, err error) {
	if ctx.Err() != nil {
		return
	}
	s.sources.news.failed(from, err)
	s.Firewall.meter.reloads.WithLabelValues(failed).Inc()
	s.log.Error("the policy stays as it was", "from", from, "revision", s.Firewall.Revision(), "code", codeOf(err), "error", err)
}

// followServer asks a server for its bundle now and then.
func (s *Sidecar) followServer(ctx context.Context, r *remote) {
	for failures := 0; ; {
		timer := time.NewTimer(pause(r.poll, failures))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := s.refresh(ctx, r); err != nil {
			failures++
			s.failed(ctx, r.name, err)
		} else {
			failures = 0
		}
	}
}

// pause is how long to wait for the next request: the poll, doubled by each
// failure, more or less a tenth, so that many do not ask at once.
func pause(poll time.Duration, failures int) time.Duration {
	wait := poll
	for range failures {
		if wait *= 2; wait >= maxPause {
			wait = max(maxPause, poll)
			break
		}
	}
	return wait - wait/10 + rand.N(wait/5+1)
}

// refresh takes the bundle of a server where it is a newer one.
func (s *Sidecar) refresh(ctx context.Context, r *remote) error {
	raw, etag, err := r.origin.Fetch(ctx, r.etag)
	if err != nil {
		return err
	}
	if raw == nil {
		s.sources.news.mended(r.name)
		return nil
	}
	b, err := r.read(raw)
	if err != nil {
		return err
	}
	if err := s.adopt(ctx, r, b, raw); err != nil {
		return err
	}
	r.etag = etag
	return nil
}

// adopt lets a bundle take the place of the one in use. It is kept before
// anything is judged by it, so that none that is older will be taken again.
func (s *Sidecar) adopt(ctx context.Context, r *remote, b *archive.Bundle, raw []byte) error {
	s.sources.mu.Lock()
	defer s.sources.mu.Unlock()
	last, err := r.last() // another process may have taken a newer one
	if err != nil {
		last = nil
	}
	if err := errors.Join(b.Succeeds(r.current), b.Succeeds(last)); err != nil {
		return err
	}
	engine, all, err := s.sources.load(ctx, s.sources.current(r, b))
	if err != nil {
		return err
	}
	if last == nil || b.Digest != last.Digest {
		if err := r.keep(raw); err != nil {
			return err
		}
	}
	r.current = b
	s.take(engine, all, r.name)
	return nil
}
