package sidecar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"callgate/policy"
	"callgate/policy/archive"
	"callgate/rego"
	"callgate/sidecar/config"
)

// firstFetch is how long a start waits for a server before it takes the bundle
// that was kept.
const firstFetch = 10 * time.Second

// sources is where a policy comes from: the shipped rules, folders, files of
// bundles and bundles that are fetched. It is safe for concurrent use.
type sources struct {
	config  config.Policy
	log     *slog.Logger
	remotes []*remote
	news    *news

	mu sync.Mutex // one load at a time; guards remote.current
}

// remote is a bundle that is fetched.
type remote struct {
	name, key string
	origin    *archive.Origin
	poll      time.Duration
	kept      string // beginning of the file that has the one in use last
	current   *archive.Bundle
	etag      string // of current; only its poller has it
}

// newSources reads no policy yet. State is the path of the record, beside which
// bundles are kept. Close ends connections.
func newSources(c config.Policy, state string, log *slog.Logger) (*sources, error) {
	s := &sources{config: c, log: log, news: newNews(time.Now)}
	for _, name := range slices.Sorted(maps.Keys(c.Bundles)) {
		b := c.Bundles[name]
		if b.URL == "" {
			continue
		}
		headers, err := headersOf(b.Headers)
		if err != nil {
			return nil, fmt.Errorf("bundle %s: %w", name, err)
		}
		s.remotes = append(s.remotes, &remote{
			name: name, key: b.Key, poll: b.Poll, kept: state + ".bundle." + name, origin: archive.NewOrigin(b.URL, headers),
		})
	}
	return s, nil
}

// Close ends connections to servers of bundles.
func (s *sources) Close() error {
	for _, r := range s.remotes {
		r.origin.Close()
	}
	return nil
}

// want says what a bundle of the server has to be. The key is read each time,
// so that another one is used at once.
func (r *remote) want() (archive.Want, error) {
	key, err := archive.ReadKey(r.key)
	return archive.Want{Name: r.name, Key: key, Remote: true}, err
}

// read reads a bundle that came from the server.
func (r *remote) read(raw []byte) (*archive.Bundle, error) {
	want, err := r.want()
	if err != nil {
		return nil, err
	}
	return archive.Read(raw, want)
}

// last reads the bundle that was in use last.
func (r *remote) last() (*archive.Bundle, error) {
	want, err := r.want()
	if err != nil {
		return nil, err
	}
	return archive.ReadFile(r.file(want.Key), want)
}

// keep stores a packed bundle as the one in use.
func (r *remote) keep(raw []byte) error {
	want, err := r.want()
	if err != nil {
		return err
	}
	return archive.Keep(r.file(want.Key), raw)
}

// file is where the bundle in use is kept. Configurations that share a record
// may fetch bundles of one name that different keys sign.
func (r *remote) file(key *archive.Key) string { return r.kept + "." + key.ID() }

// local reads a bundle that is a file.
func local(name string, c config.Bundle) (*archive.Bundle, error) {
	want := archive.Want{Name: name}
	if c.Key != "" {
		key, err := archive.ReadKey(c.Key)
		if err != nil {
			return nil, err
		}
		want.Key = key
	}
	return archive.ReadFile(c.File, want)
}

// bundleError is a bundle that is not taken, by its name.
type bundleError struct {
	name string
	error
}

func (e bundleError) Error() string { return "bundle " + e.name + ": " + e.error.Error() }
func (e bundleError) Unwrap() error { return e.error }

// load makes an engine of what is on disk and of the given remote bundles. It
// gives all bundles that are in it.
func (s *sources) load(ctx context.Context, fetched []*archive.Bundle) (*policy.Engine, []*archive.Bundle, error) {
	o, all, err := s.options(fetched)
	if err != nil {
		return nil, nil, err
	}
	engine, err := policy.Load(ctx, o)
	return engine, all, err
}

// options says what an engine is made of.
func (s *sources) options(fetched []*archive.Bundle) (policy.Options, []*archive.Bundle, error) {
	all := slices.Clone(fetched)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.config.Bundles)) {
		if c := s.config.Bundles[name]; c.File != "" {
			b, err := local(name, c)
			if err != nil {
				errs = append(errs, bundleError{name, err})
				continue
			}
			all = append(all, b)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return policy.Options{}, nil, err
	}
	o := policy.Options{
		Shipped: rego.Files, Dirs: s.config.Dirs, OwnTests: true, Profile: s.config.Profile,
		Settings: s.config.Settings, Timeout: s.config.Timeout,
	}
	for _, b := range all {
		o.Archives = append(o.Archives, policy.Archive{Name: b.Name, Roots: b.Roots, Modules: b.Modules, Data: b.Data})
	}
	return o, all, nil
}

// begin makes the first engine. Where a server gives nothing that can be used,
// the bundle that was in use last takes its place; without one there is no
// engine.
func (s *sources) begin(ctx context.Context) (*policy.Engine, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fetched, kept []*archive.Bundle
	packed := map[*archive.Bundle][]byte{} // what has to be kept
	for _, r := range s.remotes {
		b, raw, last, err := s.obtain(ctx, r)
		if err != nil {
			return nil, err
		}
		fetched, kept = append(fetched, b), append(kept, last)
		packed[b] = raw
	}
	engine, all, err := s.load(ctx, fetched)
	if err != nil && !slices.Contains(kept, nil) && !slices.Equal(fetched, kept) {
		for i, r := range s.remotes {
			if fetched[i] != kept[i] {
				s.news.failed(r.name, err)
			}
		}
		s.log.Error("the policy with the newest bundles is not used; those in use last take their place", "error", err)
		fetched = kept
		engine, all, err = s.load(ctx, fetched)
	}
	if err != nil {
		return nil, err
	}
	for i, r := range s.remotes {
		r.current = fetched[i]
		if raw := packed[fetched[i]]; raw != nil {
			if err := r.keep(raw); err != nil {
				return nil, bundleError{r.name, err}
			}
		}
		if fetched[i] == kept[i] {
			r.etag = "" // what the server has now is not in use
		}
	}
	s.news.loaded(all)
	return engine, nil
}

// obtain gives the bundle of a server, with its packed form where it has to be
// kept, and the one that was in use last, either of which may stand for both.
func (s *sources) obtain(ctx context.Context, r *remote) (b *archive.Bundle, raw []byte, last *archive.Bundle, err error) {
	last, lastErr := r.last()
	ctx, cancel := context.WithTimeout(ctx, firstFetch)
	defer cancel()
	raw, r.etag, err = r.origin.Fetch(ctx, "")
	if err == nil {
		if b, err = r.read(raw); err == nil {
			err = b.Succeeds(last)
		}
	}
	switch {
	case err == nil:
		return b, raw, last, nil
	case lastErr == nil:
		s.news.failed(r.name, err)
		s.log.Error("the bundle is not used; the one in use last takes its place", "bundle", r.name, "error", err, "serial", last.Serial)
		return last, nil, last, nil
	}
	return nil, nil, nil, bundleError{r.name, fmt.Errorf("%w; and no earlier one is kept: %w", err, lastErr)}
}

// LoadPolicy loads the policy of a configuration as a start would, but for
// fetching: in the place of a bundle that is fetched, the one that was in use
// last is taken, and none where there is none. It writes nothing.
func LoadPolicy(ctx context.Context, c *config.Config) (*policy.Engine, error) {
	o, err := PolicyOptions(c)
	if err != nil {
		return nil, err
	}
	return policy.Load(ctx, o)
}

// PolicyOptions says what the policy of a configuration is made of. Of remote
// bundles it takes those that were in use last.
func PolicyOptions(c *config.Config) (policy.Options, error) {
	state, err := StatePath(c)
	if err != nil {
		return policy.Options{}, err
	}
	s, err := newSources(c.Policy, state, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return policy.Options{}, err
	}
	defer s.Close()
	var kept []*archive.Bundle
	for _, r := range s.remotes {
		if _, err := r.want(); err != nil {
			return policy.Options{}, bundleError{r.name, err}
		}
		if last, err := r.last(); err == nil {
			kept = append(kept, last)
		}
	}
	o, _, err := s.options(kept)
	return o, err
}
