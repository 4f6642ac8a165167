package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callgate/sidecar/audit"
)

func newAuditShow(a *app, open opener) *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show everything about one call",
		Long:    "Show everything about one call. ID is the id of a decision, or its beginning from 8 characters on.",
		Example: "  callgate audit show 01a20a62-0649-75ed\n  callgate audit show 01a20a62-0649-75ed --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := open(cmd.Context())
			if err != nil {
				return err
			}
			defer r.Close()
			record, err := r.Record(cmd.Context(), args[0])
			if errors.Is(err, audit.ErrUnknown) || errors.Is(err, audit.ErrAmbiguous) {
				return hinted{err, "`callgate audit list` shows ids; give more of one, at least 8 characters"}
			}
			if err != nil {
				return err
			}
			return a.show(&record)
		},
	}
}

func (a *app) show(r *audit.Record) error {
	out := bufio.NewWriter(a.out)
	if a.json {
		line, err := r.AppendJSON(nil, true)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n", line)
		return out.Flush()
	}
	s := sheet{out}
	s.call(r)
	s.decision(r)
	s.end(&r.End)
	s.document("Judged", r.Input)
	s.document("Rewritten", r.Rewritten)
	return out.Flush()
}

// sheet prints one entry for a person. Writing errors show at the last flush.
type sheet struct{ out *bufio.Writer }

// line prints a name and a value; nothing where there is no value.
func (s sheet) line(name, value string) {
	if value != "" {
		fmt.Fprintf(s.out, "%-13s %s\n", name, printable(value))
	}
}

func (s sheet) list(name string, items []string) { s.line(name, strings.Join(items, ", ")) }

func (s sheet) call(r *audit.Record) {
	s.line("ID", fmt.Sprintf("%s (number %d)", r.ID, r.Seq))
	s.line("Time", r.Time.UTC().Format("2006-01-02 15:04:05.000000 UTC"))
	s.line("Caller", r.Caller)
	s.line("Session", r.Session)
	s.line("Surface", strings.Trim(r.Surface+", "+r.Stage, ", "))
	s.line("Server", r.Server)
	s.line("Tool", r.Tool)
	s.list("Effects", r.Effects)
	s.list("Domains", r.Domains)
	s.line("Effects by", r.EffectSource)
}

func (s sheet) decision(r *audit.Record) {
	verdict := r.Decision
	if r.Observed {
		verdict += ", but only observed: the call went on"
	}
	s.line("Decision", verdict)
	s.line("Code", r.Code)
	s.line("Step", r.Step)
	s.list("Rules", r.Rules)
	for _, reason := range r.Reasons {
		s.line("Reason", reason)
	}
	s.line("Cause", r.Cause)
	s.line("Approval", r.Approval)
	s.line("Revision", r.Revision)
	s.document("Findings", r.Findings)
}

func (s sheet) end(e *audit.End) {
	outcome := e.Outcome.String()
	if e.Outcome == audit.Pending {
		outcome += ", no end is recorded"
	}
	s.line("Outcome", outcome)
	s.line("End code", e.Code)
	s.line("End cause", e.Cause)
	s.list("End rules", e.Rules)
	if e.Latency > 0 {
		s.line("Latency", fmt.Sprintf("%s, of that %s upstream", e.Latency.Round(time.Microsecond), e.Upstream.Round(time.Microsecond)))
	}
	s.document("End findings", e.Findings)
}

// document prints JSON indented; nothing where there is none or it is empty.
func (s sheet) document(name string, doc json.RawMessage) {
	if text := string(bytes.TrimSpace(doc)); text == "" || text == "[]" || text == "{}" {
		return
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, doc, "  ", "  "); err != nil {
		s.line(name, string(doc))
		return
	}
	fmt.Fprintf(s.out, "%s\n", name)
	for line := range strings.Lines("  " + indented.String()) {
		fmt.Fprintln(s.out, printable(strings.TrimRight(line, "\n")))
	}
}
