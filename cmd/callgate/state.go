package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"callgate/sidecar"
	"callgate/sidecar/audit"
)

// statePath is the file of the record: the configured one, or the one that a
// user's processes share.
func statePath(a *app) (string, error) {
	c, err := a.load()
	if err != nil {
		return "", err
	}
	return sidecar.StatePath(c)
}

// noState is what to do where there is no file yet.
const noState = "nothing was recorded there yet; `callgate serve` and `callgate wrap` begin one; `--state` names another file"

// openState opens the state file at path for writing, the configured one where
// path is empty. It makes no file.
func openState(ctx context.Context, a *app, path string) (*audit.Store, error) {
	if path == "" {
		var err error
		if path, err = statePath(a); err != nil {
			return nil, err
		}
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, hinted{fmt.Errorf("%s: %w", path, audit.ErrNoFile), noState}
	}
	return audit.Open(ctx, audit.Options{Path: path})
}

// person is who takes a decision and why, as flags of a command.
type person struct{ by, why string }

func (p *person) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.why, "why", "", "the reason, as `text` of up to 1000 bytes; required")
	cmd.Flags().StringVar(&p.by, "by", "", "`name` of who decides (default: the user of the operating system)")
	if err := cmd.MarkFlagRequired("why"); err != nil {
		panic(err) // only a flag that is not there
	}
}

// name is who decides.
func (p *person) name() (string, error) {
	if p.by != "" {
		return p.by, nil
	}
	current, err := user.Current()
	if err != nil {
		return "", usageError{hinted{fmt.Errorf("the operating system does not say who you are: %w", err), "write --by NAME"}}
	}
	return current.Username, nil
}
