package sidecar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"callgate/policy"
	"callgate/sidecar/approval"
	"callgate/sidecar/audit"
	"callgate/sidecar/config"
	"callgate/sidecar/identity"
	"callgate/sidecar/pin"
	"callgate/sidecar/session"
	"callgate/sidecar/spend"
	"callgate/sidecar/watch"
)

// Bounds of the session store, which later become configuration.
const (
	maxSessions = 10_000
	idleSession = time.Hour
)

// Sidecar is the firewall with everything that it holds open.
type Sidecar struct {
	Firewall *Firewall

	config   *config.Config
	log      *slog.Logger
	state    string
	callers  *identity.Directory
	loopback bool
	slots    chan struct{} // holds one for each message that is being served
	streams  chan struct{} // holds one for each stream that a client listens to
	sources  *sources
	watcher  *watch.Watcher // of the policy on disk; nil where there is nothing to watch
	proxies  map[string]http.Handler
	closers  []io.Closer
}

// Open builds a sidecar from a checked configuration: policy, record, callers
// and upstreams. It starts no server process and listens on nothing. Close
// releases what it holds.
func Open(ctx context.Context, c *config.Config, log *slog.Logger) (_ *Sidecar, err error) {
	s := &Sidecar{
		config: c, log: log, proxies: map[string]http.Handler{}, loopback: config.Loopback(c.Listen),
		slots: make(chan struct{}, c.Limits.MaxCalls), streams: make(chan struct{}, c.Limits.MaxCalls),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.warn()
	engine, err := s.openPolicy(ctx)
	if err != nil {
		return nil, err
	}
	if s.callers, err = callersOf(c); err != nil {
		return nil, err
	}
	record, err := s.openRecord(ctx)
	if err != nil {
		return nil, err
	}
	if s.Firewall, err = s.firewall(ctx, engine, record); err != nil {
		return nil, err
	}
	for name := range c.Servers {
		if err := s.openServer(name, c.Servers[name]); err != nil {
			return nil, fmt.Errorf("server %s: %w", name, err)
		}
	}
	return s, nil
}

// Close ends what Open started, upstreams first, the record last.
func (s *Sidecar) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i].Close())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// openPolicy loads the policy. It is watched first, so that no change while it
// is being loaded goes unseen.
func (s *Sidecar) openPolicy(ctx context.Context) (*policy.Engine, error) {
	var err error
	if s.state, err = StatePath(s.config); err != nil {
		return nil, err
	}
	if s.sources, err = newSources(s.config.Policy, s.state, s.log); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.sources)
	s.watchPolicy()
	return s.sources.begin(ctx)
}

// StatePath is where the record of a configuration is.
func StatePath(c *config.Config) (string, error) {
	if c.State != "" {
		return c.State, nil
	}
	return audit.DefaultPath()
}

func (s *Sidecar) openRecord(ctx context.Context) (*audit.Store, error) {
	store, err := audit.Open(ctx, audit.Options{Path: s.state, WriteTimeout: s.config.Record.WriteTimeout})
	if err != nil {
		return nil, fmt.Errorf("opening the record %s: %w", s.state, err)
	}
	s.closers = append(s.closers, store)
	return store, nil
}

func (s *Sidecar) firewall(ctx context.Context, engine *policy.Engine, record *audit.Store) (*Firewall, error) {
	key, err := fingerprintKey(s.state + ".key")
	if err != nil {
		return nil, fmt.Errorf("the key of fingerprints: %w", err)
	}
	judge, err := newEffects(s.config.Policy.Catalogues)
	if err != nil {
		return nil, err
	}
	marker, scanner, err := newDetectors(key)
	if err != nil {
		return nil, err
	}
	parts := Parts{
		Policy: engine, Record: record, Sessions: session.New(maxSessions, idleSession, time.Now),
		Effects: judge, Override: overrides(s.config), Scanner: scanner, Secrets: marker,
		Now: time.Now, WriteTimeout: s.config.Record.WriteTimeout,
	}
	if err := parts.keep(ctx, s.config.Approvals); err != nil {
		return nil, err
	}
	return New(parts), nil
}

// keep opens the rooms that keep something beside the record, in its file.
func (p *Parts) keep(ctx context.Context, o config.Approvals) error {
	approvals, err := p.Record.Tables(ctx, "approval", approval.Migrations)
	if err != nil {
		return fmt.Errorf("the questions: %w", err)
	}
	payments, err := p.Record.Tables(ctx, "spend", spend.Migrations)
	if err != nil {
		return fmt.Errorf("the payments: %w", err)
	}
	pins, err := p.Record.Tables(ctx, "pin", pin.Migrations)
	if err != nil {
		return fmt.Errorf("the pins of tools: %w", err)
	}
	p.Approvals = approval.New(approvals, approval.Options{Expire: o.Expire, MaxPending: o.MaxPending, Now: p.Now})
	p.Spend, p.Pins = spend.New(payments, p.Now), pin.New(pins, p.Now)
	return nil
}

// Revision names the policy that decides right now.
func (f *Firewall) Revision() string { return f.engine.Load().Revision() }

// State is the path of the record.
func (s *Sidecar) State() string { return s.state }

// LoadConfig reads a configuration file and checks what only the firewall
// knows, such as references to secrets. The empty path gives the defaults.
func LoadConfig(path string) (*config.Config, error) {
	return config.Load(path, checkReferences)
}
