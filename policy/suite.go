package policy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// Report is what the tests of a policy gave.
type Report struct {
	Tests    []TestResult
	Coverage float64 // percentage of the rules' lines that some test evaluated
	Missed   []Place // the lines that none did
}

// TestResult is one Rego test, or the example of a rule tried ("example"). A skipped test (todo_test_) has not passed.
type TestResult struct {
	Package string
	Name    string
	Place   Place
	Passed  bool
	Cause   string // of a test that did not pass
}

// Place is a line of a file.
type Place struct {
	File string
	Line int
}

// Passed reports whether there was a test and all of them passed.
func (r Report) Passed() bool {
	return len(r.Tests) > 0 && !slices.ContainsFunc(r.Tests, func(t TestResult) bool { return !t.Passed })
}

// Test runs the Rego tests of the shipped policy and of the operator's folders
// under the settings of o, with builtin errors as failures, and tries the
// examples of the rules. The error is Faults
// where the policy or a test cannot be compiled.
func Test(ctx context.Context, o Options) (Report, error) {
	b, faults := collect(o)
	if err := faults.err(); err != nil {
		return Report{}, err
	}
	modules := map[string]*ast.Module{}
	rules := map[string]*ast.Module{}
	for _, s := range b.sources {
		modules[s.file] = s.module
		if !s.test {
			rules[s.file] = s.module.Copy()
		}
	}
	results, coverage, err := b.runTests(ctx, modules)
	if err != nil {
		return Report{}, regoFaults("policy", err).err()
	}
	r := report(results, coverage.Report(rules), rules)
	r.Tests = append(r.Tests, b.examples(ctx, o)...)
	return r, nil
}

func (b *bundle) runTests(ctx context.Context, modules map[string]*ast.Module) ([]*tester.Result, *cover.Cover, error) {
	store := inmem.NewFromObject(b.data)
	coverage := cover.New()
	runner := tester.NewRunner().SetCompiler(newCompiler(b.schema)).SetStore(store).SetModules(modules).
		SetCoverageQueryTracer(coverage).RaiseBuiltinErrors(true)
	var results []*tester.Result
	err := storage.Txn(ctx, store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		found, err := runner.RunTests(ctx, txn)
		if err != nil {
			return err
		}
		for r := range found {
			results = append(results, r)
		}
		return nil
	})
	return results, coverage, err
}

func report(results []*tester.Result, coverage cover.Report, rules map[string]*ast.Module) Report {
	var r Report
	for _, t := range results {
		result := TestResult{Package: t.Package, Name: t.Name, Place: Place{t.Location.File, t.Location.Row}, Passed: t.Pass()}
		switch {
		case t.Error != nil:
			result.Cause = t.Error.Error()
		case t.Skip:
			result.Cause = "skipped"
		case t.Fail && t.FailedAt != nil:
			result.Cause = fmt.Sprintf("not so: %s", t.FailedAt)
		}
		r.Tests = append(r.Tests, result)
	}
	slices.SortFunc(r.Tests, func(a, b TestResult) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Name, b.Name))
	})
	covered, missed := 0, 0
	for file := range rules {
		if f := coverage.Files[file]; f != nil {
			covered, missed = covered+f.CoveredLines, missed+f.NotCoveredLines
			for _, span := range f.NotCovered {
				r.Missed = append(r.Missed, Place{file, span.Start.Row})
			}
		}
	}
	if covered > 0 {
		r.Coverage = 100 * float64(covered) / float64(covered+missed)
	}
	slices.SortFunc(r.Missed, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return r
}
