package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// streams are where a command reads and writes: data on out, talk on err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// app is what the commands share: the streams and the flags of the root.
type app struct {
	streams
	config string // path of callgate.yaml; empty for the defaults
	json   bool
	begun  bool // a command's own work has begun: its words and flags were right
}

// usageError is a wrong use of the command line, or input that cannot be read.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// hinted is an error with the next step for the person who reads it.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

// exitCode ends the program with a code of a child process and says nothing.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, io streams) int {
	a := &app{streams: io}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !a.begun {
		err = usageError{hinted{err, "see `" + cmd.CommandPath() + " --help`"}}
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(io.err, "callgate: %v\n", err)
	var h hinted
	if errors.As(err, &h) {
		fmt.Fprintf(io.err, "hint: %s\n", h.hint)
	}
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "callgate",
		Short:         "A firewall for what AI agents do",
		Long:          "Callgate stands between an agent and its tools. Each call is judged by Rego policy,\nrecorded in SQLite, and only then forwarded; what comes back is screened too.",
		Example:       "  callgate demo\n  callgate serve --config callgate.yaml\n  callgate audit list --decision deny",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&a.config, "config", "", "configuration `file` (default: built-in defaults)")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON lines instead of tables")
	root.AddCommand(newDemo(a))
	root.AddCommand(newServe(a))
	root.AddCommand(newWrap(a))
	root.AddCommand(newDecide(a))
	root.AddCommand(newVersion(a))
	root.AddCommand(newAudit(a))
	root.AddCommand(newApprovals(a))
	root.AddCommand(newTools(a))
	root.AddCommand(newKey(a))
	root.AddCommand(newPolicy(a))
	root.AddCommand(newCatalogue(a))
	a.watch(root)
	return root
}

// watch marks when a command begins, so that whatever fails before is a wrong
// use: an unknown command or flag, a missing one, an argument too many. A
// command that only groups others shows its help.
func (a *app) watch(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		a.watch(child)
	}
	if !cmd.Runnable() {
		cmd.Args = cobra.NoArgs
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if work := cmd.RunE; work != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.begun = true
			return work(cmd, args)
		}
	}
}
