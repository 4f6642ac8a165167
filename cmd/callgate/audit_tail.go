package main

import (
	"bufio"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"callgate/sidecar/audit"
)

func newAuditTail(a *app, open opener) *cobra.Command {
	var f filters
	var follow bool
	var last int
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show the newest calls, oldest of them first, and follow",
		Long: "Show the newest calls, the newest last. With --follow it goes on until it is interrupted:\n" +
			"each call of any process is shown when it is decided, and again when it ends later.",
		Example: "  callgate audit tail\n  callgate audit tail --follow --decision deny\n  callgate audit tail -f --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 0 {
				return usageError{hinted{errors.New("-n is negative"), "write -n 0 for no earlier calls"}}
			}
			query, err := f.read(time.Time{})
			if err != nil {
				return err
			}
			r, err := open(cmd.Context())
			if err != nil {
				return err
			}
			defer r.Close()
			return a.tail(cmd.Context(), r, query, last, follow)
		},
	}
	f.bind(cmd)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with new calls")
	cmd.Flags().IntVarP(&last, "lines", "n", 10, "`number` of calls to begin with")
	return cmd
}

// tail prints the last entries of a query and, where follow is set, what comes
// after them.
func (a *app) tail(ctx context.Context, r *audit.Reader, q audit.Query, last int, follow bool) error {
	var err error
	if q.AfterSeq, err = before(ctx, r, q, last); err != nil {
		return err
	}
	if follow {
		return a.follow(ctx, r, q)
	}
	q.Oldest, q.Limit = true, last
	if last == 0 {
		return nil
	}
	return a.listRecords(ctx, r, q)
}

// before gives the place after which the last n entries of a query stand.
func before(ctx context.Context, r *audit.Reader, q audit.Query, n int) (int64, error) {
	if n == 0 {
		return r.Last(ctx)
	}
	q.Limit = n
	place := int64(0)
	for record, err := range r.List(ctx, q) {
		if err != nil {
			return 0, err
		}
		place = record.Seq - 1
	}
	return place, nil
}

// follow prints each entry at once. To be interrupted is its good end.
func (a *app) follow(ctx context.Context, r *audit.Reader, q audit.Query) error {
	out := bufio.NewWriter(a.out)
	t := table{out: out, flowing: true}
	for record, err := range r.Follow(ctx, q) {
		if err != nil {
			return err
		}
		if err := a.printRecord(&t, &record); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}
