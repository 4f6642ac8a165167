package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callgate/sidecar/audit"
)

func newAudit(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Look at the record of calls",
		Long: "The record holds one entry of each call: what was asked, what was decided and why,\n" +
			"and how the call ended. These commands read it while Callgate writes.",
		Example: "  callgate audit list --decision deny --since 24h\n  callgate audit show 01a20a62-0649-75ed\n  callgate audit tail --follow --json",
	}
	state := cmd.PersistentFlags().String("state", "", "`file` of the record (default: the configured one)")
	open := func(ctx context.Context) (*audit.Reader, error) { return openRecord(ctx, a, *state) }
	cmd.AddCommand(newAuditList(a, open), newAuditShow(a, open), newAuditTail(a, open))
	return cmd
}

// opener opens the record for one command.
type opener func(context.Context) (*audit.Reader, error)

// openRecord opens the file at path, the configured one where path is empty.
func openRecord(ctx context.Context, a *app, path string) (*audit.Reader, error) {
	if path == "" {
		var err error
		if path, err = statePath(a); err != nil {
			return nil, err
		}
	}
	r, err := audit.OpenReader(ctx, path)
	switch {
	case errors.Is(err, audit.ErrNoFile):
		return nil, hinted{err, noState}
	case errors.Is(err, audit.ErrVersion):
		return nil, hinted{err, "an older file is brought up to date when `callgate serve`, `wrap` or `approvals` opens it; a newer one needs a newer Callgate"}
	}
	return r, err
}

// filters are the flags that choose entries.
type filters struct {
	query        audit.Query
	since, until string
}

func (f *filters) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.query.Caller, "caller", "", "only calls of this `name`")
	flags.StringVar(&f.query.Server, "server", "", "only calls to this `name`")
	flags.StringVar(&f.query.Tool, "tool", "", "only calls of this `name`")
	flags.StringVar(&f.query.Decision, "decision", "", "only this `decision`: deny, ask, transform, allow")
	flags.StringVar(&f.query.Session, "session", "", "only calls of this session `id`")
}

func (f *filters) bindTimes(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.since, "since", "", "only from this `time` on: 90m, 24h, 30d ago, or RFC 3339")
	cmd.Flags().StringVar(&f.until, "until", "", "only before this `time`, in the same forms")
}

// read checks the flags and gives the query.
func (f *filters) read(now time.Time) (audit.Query, error) {
	if f.query.Limit < 0 {
		return audit.Query{}, usageError{hinted{errors.New("--limit is negative"), "write --limit 0 for all"}}
	}
	switch f.query.Decision {
	case "", "deny", "ask", "transform", "allow":
	default:
		return audit.Query{}, usageError{hinted{fmt.Errorf("unknown decision %q", f.query.Decision), "one of deny, ask, transform, allow"}}
	}
	var err error
	if f.query.Since, err = moment("since", f.since, now); err != nil {
		return audit.Query{}, err
	}
	f.query.Until, err = moment("until", f.until, now)
	return f.query, err
}

// moment reads a point in time: how long ago, or RFC 3339. Empty is the zero time.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if ago, ok := age(text); ok {
		return now.Add(-ago), nil
	}
	return time.Time{}, usageError{hinted{fmt.Errorf("--%s %q is no time", flag, text), "write how long ago, as 90m, 24h or 30d, or a time as 2026-11-23T09:00:00Z"}}
}

// age reads a duration that may be in days.
func age(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err == nil
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}
