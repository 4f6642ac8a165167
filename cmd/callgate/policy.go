package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"callgate/policy"
	"callgate/sidecar"
)

// newPolicy is the command for those who write policy.
func newPolicy(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "policy",
		Short:   "Write, check, test, list and explain policy",
		Long:    "Work on policy without a running Callgate. Every rule has to be in package callgate.rules.NAME\nand to export only the sets deny, ask, transform and allow.",
		Example: "  callgate policy check ./policy\n  callgate policy test ./policy\n  callgate policy explain 01a20a62-0649-75ed",
	}
	cmd.AddCommand(newPolicyNew(a), newPolicyCheck(a), newPolicyTest(a), newPolicyFmt(a), newPolicyList(a), newPolicyExplain(a), newPolicySchema(a), newPolicyBundle(a))
	return cmd
}

// policyDirs takes the folders of a command line, which have to exist.
func policyDirs(args []string) ([]string, error) {
	for _, dir := range args {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, usageError{err}
		}
		if !info.IsDir() {
			return nil, usageError{fmt.Errorf("%s is not a folder", dir)}
		}
	}
	return args, nil
}

// faulty turns a failed load into what the command says.
func faulty(err error) error {
	var faults policy.Faults
	if errors.As(err, &faults) {
		return hinted{err, "nothing is loaded while a fault is left; run the command again after the fixes"}
	}
	return err
}

// policyOptions is the policy of the configuration, with the rules in more
// folders and, where one is named, under another profile.
func (a *app) policyOptions(args []string, profile string) (policy.Options, error) {
	c, err := a.load()
	if err != nil {
		return policy.Options{}, err
	}
	dirs, err := policyDirs(args)
	if err != nil {
		return policy.Options{}, err
	}
	o, err := sidecar.PolicyOptions(c)
	if err != nil {
		return policy.Options{}, usageError{err}
	}
	o.OwnTests = false // policy test is for that
	o.Dirs = append(slices.Clone(o.Dirs), dirs...)
	if profile != "" {
		o.Profile = profile
	}
	return o, nil
}

// loadRules loads the policy of the configuration with the rules in folders.
func (a *app) loadRules(ctx context.Context, args []string, profile string) (*policy.Engine, error) {
	o, err := a.policyOptions(args, profile)
	if err != nil {
		return nil, err
	}
	engine, err := policy.Load(ctx, o)
	if err != nil {
		return nil, faulty(err)
	}
	return engine, nil
}

func profileFlag(cmd *cobra.Command, profile *string) {
	cmd.Flags().StringVar(profile, "profile", "", "profile: observe, balanced or strict (default: the configured one)")
}

func newPolicyCheck(a *app) *cobra.Command {
	var profile string
	cmd := &cobra.Command{
		Use:   "check [DIR...]",
		Short: "Compile the policy with the rules in DIR and try it on known-bad calls",
		Long: "Compile the shipped policy and that of the configuration with the rules in DIR, and try it on known-bad\n" +
			"calls. Exit code 1 where the policy has a fault; all faults are listed with file, line and the fix.\n" +
			"Rules without tests are told, and are no fault.",
		Example: "  callgate policy check ./policy",
		RunE: func(cmd *cobra.Command, args []string) error {
			engine, err := a.loadRules(cmd.Context(), args, profile)
			if err != nil {
				return err
			}
			return a.checked(engine)
		},
	}
	profileFlag(cmd, &profile)
	return cmd
}

func (a *app) checked(engine *policy.Engine) error {
	for _, r := range engine.Rules() {
		if !r.Tested {
			fmt.Fprintf(a.err, "warning: the rule %s has no tests; they go to %s_test.rego\n", r.Name, r.Name)
		}
	}
	if a.json {
		return json.NewEncoder(a.out).Encode(map[string]any{"rules": len(engine.Rules()), "revision": engine.Revision()})
	}
	_, err := fmt.Fprintf(a.out, "%d rules, revision %s\n", len(engine.Rules()), engine.Revision())
	return err
}

func newPolicyTest(a *app) *cobra.Command {
	var again bool
	cmd := &cobra.Command{
		Use:   "test [DIR...]",
		Short: "Run the Rego tests of the shipped policy and of DIR",
		Long: "Run the Rego tests of the shipped policy, of the configured folders and of DIR: rules named test_* in files\n" +
			"that end in _test.rego, in package callgate.rules.NAME_test; and try the examples in METADATA. Exit code 1\n" +
			"where one fails. With --watch they run again whenever a file below DIR changes, until interrupted.",
		Example: "  callgate policy test ./policy\n  callgate policy test ./policy --watch",
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.policyOptions(args, "")
			if err != nil {
				return err
			}
			if again {
				return a.retest(cmd.Context(), o)
			}
			return a.testPolicy(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&again, "watch", false, "run again whenever a file changes")
	return cmd
}

func (a *app) testPolicy(ctx context.Context, o policy.Options) error {
	report, err := policy.Test(ctx, o)
	if err != nil {
		return faulty(err)
	}
	failed := 0
	for _, t := range report.Tests {
		if !t.Passed {
			failed++
			fmt.Fprintf(a.err, "%s:%d: %s: %s\n", t.Place.File, t.Place.Line, t.Name, t.Cause)
		}
	}
	for _, p := range report.Missed {
		fmt.Fprintf(a.err, "%s:%d: no test comes here\n", p.File, p.Line)
	}
	if a.json {
		err = json.NewEncoder(a.out).Encode(map[string]any{"tests": len(report.Tests), "failed": failed, "coverage": report.Coverage})
	} else {
		_, err = fmt.Fprintf(a.out, "%d tests, %d failed, %.1f%% of the rules covered\n", len(report.Tests), failed, report.Coverage)
	}
	if err == nil && !report.Passed() {
		err = errors.New("the policy's tests do not pass")
	}
	return err
}

func newPolicyFmt(a *app) *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use:     "fmt DIR",
		Short:   "List the Rego files that are not in standard format, or rewrite them",
		Long:    "List the Rego files that are not in the format of opa fmt; exit code 1 where there are any.\nWith --write they are rewritten, and the exit code is 0.",
		Example: "  callgate policy fmt --write ./policy",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dirs, err := policyDirs(args)
			if err != nil {
				return err
			}
			return a.formatPolicy(dirs[0], write)
		},
	}
	cmd.Flags().BoolVar(&write, "write", false, "rewrite the files")
	return cmd
}

func (a *app) formatPolicy(dir string, write bool) error {
	files, err := policy.Format(os.DirFS(dir))
	if err != nil {
		return faulty(err)
	}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if _, err := fmt.Fprintln(a.out, name); err != nil {
			return err
		}
		if write {
			if err := os.WriteFile(name, f.Want, 0o644); err != nil {
				return err
			}
		}
	}
	if len(files) > 0 && !write {
		return hinted{fmt.Errorf("%d files are not in standard format", len(files)), "callgate policy fmt --write " + dir}
	}
	return nil
}
