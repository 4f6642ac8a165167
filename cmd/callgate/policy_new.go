package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"callgate/policy"
	"callgate/rego"
)

func newPolicyNew(a *app) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Begin a rule: a folder with a rule and its tests",
		Long: "Write the folder NAME with a rule and its tests, which pass every check as they stand. NAME has small\n" +
			"letters, digits and _. Nothing is written where the folder is there already.",
		Example: "  callgate policy new working_hours --dir ./policy\n  callgate policy test ./policy --watch",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.newRule(dir, args[0]) },
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "`folder` for the new folder")
	return cmd
}

func (a *app) newRule(dir, name string) error {
	files, err := policy.Draft(name, rego.Files)
	if err != nil {
		return usageError{hinted{err, "choose another name, such as callgate policy new working_hours"}}
	}
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); errors.Is(err, fs.ErrExist) {
		return usageError{hinted{fmt.Errorf("%s is there already", folder), "choose another name or another --dir"}}
	} else if err != nil {
		return err
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(folder, file)
		if err := os.WriteFile(path, files[file], 0o644); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(a.out, path); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.err, "next: write what the rule is about, and run callgate policy test %s --watch\n", dir)
	return nil
}
