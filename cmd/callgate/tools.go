package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"callgate/sidecar/pin"
)

func newTools(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tools",
		Short: "Look at tools and accept how they have changed",
		Long: "The first sight of a tool pins its definition. A definition that differs from the pinned one has\n" +
			"drifted, in its description, schema, annotations or effects, and policy may refuse its calls.",
		Example: "  callgate tools list --drifted\n  callgate tools accept crm find_contact --why 'read the release notes'",
	}
	state := cmd.PersistentFlags().String("state", "", "state `file` (default: the configured one)")
	use := func(ctx context.Context, do func(*pin.Store) error) error { return usePins(ctx, a, *state, do) }
	cmd.AddCommand(newToolsList(a, use), newToolsAccept(a, use))
	return cmd
}

// pinUser opens the pins for one command.
type pinUser func(context.Context, func(*pin.Store) error) error

func usePins(ctx context.Context, a *app, path string, do func(*pin.Store) error) error {
	store, err := openState(ctx, a, path)
	if err != nil {
		return err
	}
	db, err := store.Tables(ctx, "pin", pin.Migrations)
	if err == nil {
		err = do(pin.New(db, nil))
	}
	return errors.Join(err, store.Close())
}

func newToolsList(a *app, use pinUser) *cobra.Command {
	var drifted bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the tools that were seen, with what has changed since they were pinned",
		Long:    "List the tools that were seen. SEEN names the newest definition: equal names are equal definitions.",
		Example: "  callgate tools list --drifted\n  callgate tools list --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return use(cmd.Context(), func(s *pin.Store) error {
				found, err := s.List(cmd.Context(), drifted)
				if err != nil {
					return err
				}
				return a.listTools(found)
			})
		},
	}
	cmd.Flags().BoolVar(&drifted, "drifted", false, "only tools that differ from their pin")
	return cmd
}

func newToolsAccept(a *app, use pinUser) *cobra.Command {
	var p person
	cmd := &cobra.Command{
		Use:   "accept SERVER [TOOL...] --why TEXT",
		Short: "Pin the newest definitions",
		Long: "Pin the definition that was seen last, of each TOOL or of all tools of SERVER that have drifted.\n" +
			"Exit code 1 where a tool was never seen or has not drifted; tools before it are accepted then.",
		Example: "  callgate tools accept crm --why 'read the release notes of 2.1'\n  callgate tools accept crm find_contact --why 'asked the vendor'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			by, err := p.name()
			if err != nil {
				return err
			}
			return use(cmd.Context(), func(s *pin.Store) error {
				tools, err := chosen(cmd.Context(), s, args[0], args[1:])
				if err == nil && len(tools) == 0 {
					_, err = fmt.Fprintf(a.err, "no tool of %s has drifted\n", printable(args[0]))
				}
				for _, tool := range tools {
					if err == nil {
						err = a.acceptTool(cmd.Context(), s, args[0], tool, by, p.why)
					}
				}
				return err
			})
		},
	}
	p.bind(cmd)
	return cmd
}

// chosen gives the tools to accept: those that are named, or all of a server
// that have drifted.
func chosen(ctx context.Context, s *pin.Store, server string, named []string) ([]string, error) {
	if len(named) > 0 {
		return named, nil
	}
	all, err := s.List(ctx, false)
	if err != nil {
		return nil, err
	}
	known := false
	for _, t := range all {
		if t.Server != server {
			continue
		}
		known = true
		if len(t.Drift) > 0 {
			named = append(named, t.Tool)
		}
	}
	if !known {
		return nil, hinted{fmt.Errorf("no tool of %q was seen", server), "`callgate tools list` shows servers; `--state` names another file"}
	}
	return named, nil
}

func (a *app) acceptTool(ctx context.Context, s *pin.Store, server, tool, by, why string) error {
	t, err := s.Accept(ctx, server, tool, by, why)
	switch {
	case errors.Is(err, pin.ErrUnknown), errors.Is(err, pin.ErrUnchanged):
		return hinted{err, "`callgate tools list` shows tools and what has changed"}
	case errors.Is(err, pin.ErrInvalid):
		return usageError{hinted{err, fmt.Sprintf("--why takes 1 to %d bytes, --by 1 to %d", pin.MaxWhy, pin.MaxBy)}}
	case err != nil:
		return err
	case a.json:
		return a.printTool(&t)
	}
	_, err = fmt.Fprintf(a.out, "%s is pinned as %s\n", printable(callName(server, tool)), t.Pinned.Fingerprint())
	return err
}

func (a *app) listTools(found []pin.Tool) error {
	if a.json {
		for i := range found {
			if err := a.printTool(&found[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(a.err, "no tools match")
		return err
	}
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TOOL\tPINNED (UTC)\tBY\tSEEN\tDRIFT")
	for _, f := range found {
		by := f.By
		if by == "" {
			by = "first sight"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", clip(printable(callName(f.Server, f.Tool)), 40, "…"), f.Since.Format("2006-01-02 15:04"),
			clip(printable(by), 12, "…"), f.Seen.Fingerprint(), strings.Join(f.Drift, ","))
	}
	return t.Flush()
}

// toolLine is a tool as JSON. Members are only ever added.
type toolLine struct {
	Server string         `json:"server"`
	Tool   string         `json:"tool"`
	Drift  []string       `json:"drift"`
	Since  time.Time      `json:"since"`
	By     string         `json:"by"` // "" for the first sight
	Why    string         `json:"why"`
	Pinned definitionLine `json:"pinned"`
	SeenAt time.Time      `json:"seen_at"`
	Seen   definitionLine `json:"seen"`
}

type definitionLine struct {
	Fingerprint string `json:"fingerprint"`
	Description string `json:"description"`
	Schema      string `json:"schema"`
	Annotations string `json:"annotations"`
	Effects     string `json:"effects"`
}

func (a *app) printTool(t *pin.Tool) error {
	of := func(p pin.Print) definitionLine {
		return definitionLine{p.Fingerprint(), p.Description, p.Schema, p.Annotations, p.Effects}
	}
	return a.printJSON(toolLine{
		Server: t.Server, Tool: t.Tool, Drift: listed(t.Drift), Since: t.Since, By: t.By, Why: t.Why,
		Pinned: of(t.Pinned), SeenAt: t.SeenAt, Seen: of(t.Seen),
	})
}
