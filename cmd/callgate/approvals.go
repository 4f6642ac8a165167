package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callgate/sidecar/approval"
)

func newApprovals(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "approvals",
		Short: "Answer what a person must decide",
		Long: "Where policy says that a person must approve a call, the agent is told the id of a question.\n" +
			"These commands answer it. After an approval the same call runs once, when the agent makes it\n" +
			"again: same caller, session, server, tool, arguments and policy, before the question expires.",
		Example: "  callgate approvals list\n  callgate approvals show q-4xkq7bzwma\n  callgate approvals approve q-4xkq7bzwma --why 'agreed with accounting'",
	}
	state := cmd.PersistentFlags().String("state", "", "state `file` (default: the configured one)")
	use := func(ctx context.Context, do func(*approval.Desk) error) error { return useDesk(ctx, a, *state, do) }
	cmd.AddCommand(newApprovalsList(a, use), newApprovalsShow(a, use),
		newApprovalsAnswer(a, use, "approve", "Let a call run once", true),
		newApprovalsAnswer(a, use, "deny", "Refuse a call until its question expires", false))
	return cmd
}

// deskUser opens the desk for one command.
type deskUser func(context.Context, func(*approval.Desk) error) error

func useDesk(ctx context.Context, a *app, path string, do func(*approval.Desk) error) error {
	store, err := openState(ctx, a, path)
	if err != nil {
		return err
	}
	db, err := store.Tables(ctx, "approval", approval.Migrations)
	if err == nil {
		// Expire and MaxPending are for those who ask.
		err = do(approval.New(db, approval.Options{}))
	}
	return errors.Join(err, store.Close())
}

func newApprovalsList(a *app, use deskUser) *cobra.Command {
	var filter approval.Filter
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the questions that wait, newest first",
		Example: "  callgate approvals list\n  callgate approvals list --all --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if filter.Limit < 0 {
				return usageError{hinted{errors.New("--limit is negative"), "write --limit 0 for all"}}
			}
			return use(cmd.Context(), func(d *approval.Desk) error {
				found, err := d.List(cmd.Context(), filter)
				if err != nil {
					return err
				}
				return a.listQuestions(found, time.Now())
			})
		},
	}
	cmd.Flags().BoolVar(&filter.All, "all", false, "answered, used and expired questions too")
	cmd.Flags().IntVar(&filter.Limit, "limit", 0, "at most so many `questions`, 0 for all")
	return cmd
}

func newApprovalsShow(a *app, use deskUser) *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show what would run, and why a person is asked",
		Example: "  callgate approvals show q-4xkq7bzwma",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return use(cmd.Context(), func(d *approval.Desk) error {
				q, err := d.Find(cmd.Context(), args[0])
				if err != nil {
					return ofQuestion(err)
				}
				return a.showQuestion(&q, time.Now())
			})
		},
	}
}

func newApprovalsAnswer(a *app, use deskUser, verb, short string, approve bool) *cobra.Command {
	var p person
	cmd := &cobra.Command{
		Use:     verb + " ID --why TEXT",
		Short:   short,
		Long:    short + ". `callgate approvals show ID` tells what it is. The answer is recorded\nwith who and why, and stands: a question is answered once. Exit code 1 where the question is\nunknown, answered or expired.",
		Example: "  callgate approvals " + verb + " q-4xkq7bzwma --why 'agreed with accounting'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			by, err := p.name()
			if err != nil {
				return err
			}
			return use(cmd.Context(), func(d *approval.Desk) error {
				q, err := d.Answer(cmd.Context(), args[0], approval.Answer{Approved: approve, By: by, Why: p.why, Via: "cli"})
				if err != nil {
					return ofQuestion(err)
				}
				return a.tellAnswer(&q)
			})
		},
	}
	p.bind(cmd)
	return cmd
}

// ofQuestion adds the next step to an error of the desk.
func ofQuestion(err error) error {
	switch {
	case errors.Is(err, approval.ErrUnknown):
		return hinted{err, "`callgate approvals list` shows ids; `--state` names another file"}
	case errors.Is(err, approval.ErrAnswered):
		return hinted{err, "`callgate approvals show ID` shows the answer"}
	case errors.Is(err, approval.ErrExpired):
		return hinted{err, "when the agent makes the call again, there is a new question"}
	case errors.Is(err, approval.ErrInvalid):
		return usageError{hinted{err, fmt.Sprintf("--why takes 1 to %d bytes, --by 1 to %d", approval.MaxWhy, approval.MaxBy)}}
	}
	return err
}

func (a *app) tellAnswer(q *approval.Question) error {
	if a.json {
		return a.printQuestion(q, false)
	}
	words := "%s is denied: %s may not run %s until %s\n"
	if q.Answer.Approved {
		words = "%s is approved: %s may run %s once, until %s\n"
	}
	_, err := fmt.Fprintf(a.out, words, q.ID, printable(q.Caller), printable(callName(q.Server, q.Tool)), q.Expires.Format("2006-01-02 15:04:05 UTC"))
	return err
}

// callName names a tool with its server, where it has one.
func callName(server, tool string) string { return strings.TrimPrefix(server+"/"+tool, "/") }
