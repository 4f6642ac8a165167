package main

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"callgate/sidecar/audit"
)

// defaultRows is how many entries a table shows where nobody says.
const defaultRows = 50

func newAuditList(a *app, open opener) *cobra.Command {
	var f filters
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List calls, newest first",
		Long:    "List calls, newest first: one line each, or with --json one record per line.",
		Example: "  callgate audit list --decision deny --since 24h\n  callgate audit list --caller sales-agent --limit 0 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query, err := f.read(time.Now())
			if err != nil {
				return err
			}
			r, err := open(cmd.Context())
			if err != nil {
				return err
			}
			defer r.Close()
			return a.listRecords(cmd.Context(), r, query)
		},
	}
	f.bind(cmd)
	f.bindTimes(cmd)
	cmd.Flags().IntVar(&f.query.Limit, "limit", defaultRows, "at most so many `entries`, 0 for all")
	return cmd
}

// lister is what has entries to list.
type lister interface {
	List(context.Context, audit.Query) iter.Seq2[audit.Record, error]
}

// listRecords prints the entries of a query as a table, or as JSON lines.
func (a *app) listRecords(ctx context.Context, from lister, q audit.Query) error {
	out := bufio.NewWriter(a.out)
	err := a.printRecords(out, from.List(ctx, q))
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	return err
}

// printRecord prints one entry as a row of a table, or as a JSON line.
func (a *app) printRecord(t *table, r *audit.Record) error {
	if a.json {
		return printLine(t.out, r)
	}
	return t.add(r)
}

func (a *app) printRecords(out *bufio.Writer, records iter.Seq2[audit.Record, error]) error {
	t := table{out: out}
	for r, err := range records {
		if err != nil {
			return err
		}
		if err := a.printRecord(&t, &r); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil || t.started || a.json {
		return err
	}
	_, err := fmt.Fprintln(a.err, "no calls match")
	return err
}

// printLine prints a record as one line of JSON.
func printLine(out *bufio.Writer, r *audit.Record) error {
	line, err := r.AppendJSON(out.AvailableBuffer(), false)
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}
