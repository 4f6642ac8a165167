package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"callgate/policy"
	"callgate/sidecar/audit"
)

// maxInput bounds a given input, in bytes.
const maxInput = 64 << 20

func newPolicyExplain(a *app) *cobra.Command {
	var profile, state string
	cmd := &cobra.Command{
		Use:   "explain ID|FILE|- [DIR...]",
		Short: "Say why a call was decided as it was, and what would change it",
		Long: "Decide a call again and say which rules spoke, by which lines, what these lines read, and which changes\n" +
			"would lift their objections; each change was tried. The call is one of the record by its ID, or an\n" +
			"input of policy in FILE or on standard input (callgate policy schema describes it). The policy is that\n" +
			"of the configuration with the rules in DIR. Nothing is recorded. Exit code 0 whatever the decision;\n" +
			"2 where the input is not well-formed.",
		Example: "  callgate policy explain 01a20a62-0649-75ed\n  callgate policy explain 01a20a62-0649-75ed --profile strict\n  callgate policy schema mcp | callgate policy explain - ./policy --json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			questioned, err := a.questioned(cmd.Context(), args[0], state)
			if err != nil {
				return err
			}
			engine, err := a.loadRules(cmd.Context(), args[1:], profile)
			if err != nil {
				return err
			}
			return a.explain(cmd.Context(), engine, questioned)
		},
	}
	profileFlag(cmd, &profile)
	cmd.Flags().StringVar(&state, "state", "", "`file` of the record (default: the configured one)")
	return cmd
}

// questioned is a call to explain, with what the record says of it.
type questioned struct {
	input    *policy.Input
	decision string // "" where it is not of the record
	revision string
}

func (a *app) questioned(ctx context.Context, from, state string) (questioned, error) {
	var text []byte
	var s questioned
	var err error
	if from == "-" {
		text, err = io.ReadAll(io.LimitReader(a.in, maxInput))
	} else if info, statErr := os.Stat(from); statErr == nil && !info.IsDir() {
		text, err = os.ReadFile(from)
	} else {
		text, err = a.recorded(ctx, from, state, &s)
	}
	if err != nil {
		return s, err
	}
	if s.input, err = policy.ReadInput(text); err != nil {
		return s, usageError{hinted{fmt.Errorf("the input cannot be read: %w", err), "`callgate policy schema` describes it, `callgate policy schema mcp` is an example"}}
	}
	return s, nil
}

// recorded is the stored input of one call.
func (a *app) recorded(ctx context.Context, id, state string, s *questioned) ([]byte, error) {
	r, err := openRecord(ctx, a, state)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	record, err := r.Record(ctx, id)
	if errors.Is(err, audit.ErrUnknown) || errors.Is(err, audit.ErrAmbiguous) {
		return nil, hinted{err, "`callgate audit list` shows ids; give more of one, at least 8 characters"}
	}
	if err != nil {
		return nil, err
	}
	if len(record.Input) == 0 || string(record.Input) == "{}" {
		return nil, hinted{errors.New("policy was not asked about this call"), "`callgate audit show " + id + "` shows what stopped it"}
	}
	s.decision, s.revision = record.Decision, record.Revision
	return record.Input, nil
}

func (a *app) explain(ctx context.Context, engine *policy.Engine, s questioned) error {
	x, err := engine.Explain(ctx, s.input)
	if err != nil {
		return fmt.Errorf("the call would be refused, since there is no decision on it: %w", err)
	}
	if a.json {
		return json.NewEncoder(a.out).Encode(struct {
			policy.Explanation
			Recorded string `json:"recorded,omitempty"`
			Under    string `json:"recorded_revision,omitempty"`
		}{x, s.decision, s.revision})
	}
	out := bufio.NewWriter(a.out)
	fmt.Fprintf(out, "%s, under policy revision %s\n", x.Verdict, short(x.Revision))
	if s.decision != "" {
		fmt.Fprintf(out, "recorded: %s, under policy revision %s\n", s.decision, short(s.revision))
	}
	for _, b := range x.Because {
		because(out, b)
	}
	if len(x.Changes) > 0 {
		fmt.Fprintln(out, "\nWhat would change it (each was tried):")
	}
	for _, c := range x.Changes {
		fmt.Fprintf(out, "  %-10s %s\n", c.Verdict, wrapped(printable(c.Do)+lifts(c), 13))
	}
	return out.Flush()
}

// lifts tells what a change does that does not lead to an allow.
func lifts(c policy.Change) string {
	if c.Verdict == policy.Allow.String() || len(c.Lifts) == 0 {
		return ""
	}
	return " (" + strings.Join(c.Lifts, ", ") + " no longer objects)"
}

// because prints one opinion with its lines. Writing errors show at the last
// flush.
func because(out *bufio.Writer, b policy.Because) {
	fmt.Fprintf(out, "\n%s says %s: %s\n", b.Rule, b.Verdict, printable(b.Reason))
	if b.Nearest != "" {
		fmt.Fprintf(out, "  instead: %s\n", printable(b.Nearest))
	}
	file := ""
	for _, l := range b.Lines {
		if l.File != file {
			file = l.File
			fmt.Fprintf(out, "  %s\n", file)
		}
		fmt.Fprintln(out, clipped(fmt.Sprintf("  %5d  %s", l.Line, printable(l.Text))))
		for _, r := range l.Reads {
			value := string(r.Value)
			if value == "" {
				value = "nothing"
			}
			fmt.Fprintln(out, clipped("           "+printable(r.Path)+" is "+printable(value)))
		}
	}
}
