package policy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
)

// Archive is rules and data of the operator that come as one piece. Its Data
// is only read.
type Archive struct {
	Name    string            // unique; faults name files "bundle:NAME/FILE"
	Roots   []string          // what it alone speaks for, such as "callgate/rules/night" or "corp/hosts"
	Modules map[string][]byte // .rego files by their slash-separated path
	Data    map[string]any    // as JSON has it, numbers as json.Number
}

func (a Archive) file(name string) string { return "bundle:" + a.Name + "/" + name }

// IsData reports whether files of a name hold data where they stand in an
// operator's folder.
func IsData(base string) bool { return slices.Contains(dataFiles, base) }

// unpack adds the modules of an archive.
func (b *bundle) unpack(a Archive) Faults {
	var faults Faults
	before := len(b.sources)
	for _, name := range slices.Sorted(maps.Keys(a.Modules)) {
		faults = append(faults, b.parse(a.file(name), a.Modules[name], false)...)
	}
	for i := before; i < len(b.sources); i++ {
		b.sources[i].archive = a.Name
	}
	return faults
}

// join adds the data of archives, and checks that what one of them speaks for
// is nobody else's.
func (b *bundle) join(archives []Archive) Faults {
	var faults Faults
	own := maps.Clone(b.data)
	for i, a := range archives {
		for _, other := range archives[:i] {
			faults = append(faults, a.apart(other)...)
		}
		for _, s := range b.sources {
			faults = append(faults, a.trespass(s)...)
			faults = append(faults, a.outside(s)...)
		}
		for _, d := range b.documents {
			faults = append(faults, a.contested(d)...)
		}
		for key, value := range a.Data {
			if _, taken := own[key]; taken || slices.Contains(reserved, key) {
				faults = append(faults, Fault{File: a.file(""), Code: "reserved_data", Message: "data." + key + " belongs to Callgate",
					Fix: "put the data under a name of your own"})
				continue
			}
			b.data[key] = merged(b.data[key], value)
		}
	}
	return faults
}

// apart checks that two archives do not speak for the same.
func (a Archive) apart(other Archive) Faults {
	var faults Faults
	for _, root := range a.Roots {
		for _, theirs := range other.Roots {
			if within(root, theirs) || within(theirs, root) {
				faults = append(faults, Fault{File: a.file(".manifest"), Code: "root_overlap",
					Message: fmt.Sprintf("the root %s overlaps %s of bundle %s", root, theirs, other.Name),
					Fix:     "let one bundle alone speak for a root"})
			}
		}
	}
	return faults
}

// trespass finds a module of a folder in a package for which the archive speaks.
func (a Archive) trespass(s source) Faults {
	if s.archive != "" || s.shipped {
		return nil
	}
	written := strings.Join(dotted(s.module.Package), "/")
	if !slices.ContainsFunc(a.Roots, func(root string) bool { return within(written, root) }) {
		return nil
	}
	return Faults{{File: s.file, Line: s.module.Package.Location.Row, Code: "root_overlap",
		Message: fmt.Sprintf("the bundle %s speaks for package %s", a.Name, strings.ReplaceAll(written, "/", ".")),
		Fix:     "rename the package, or take the file away"}}
}

// outside finds a module of the archive in a package for which it does not
// speak. The package of a rule's tests belongs to the rule.
func (a Archive) outside(s source) Faults {
	if s.archive != a.Name {
		return nil
	}
	written := strings.Join(dotted(s.module.Package), "/")
	owned := written
	if s.test {
		owned = strings.TrimSuffix(written, "_test")
	}
	if slices.ContainsFunc(a.Roots, func(root string) bool { return within(owned, root) || within(written, root) }) {
		return nil
	}
	return Faults{{File: s.file, Line: s.module.Package.Location.Row, Code: "outside_root",
		Message: fmt.Sprintf("package %s is outside the roots of its bundle", strings.ReplaceAll(written, "/", ".")),
		Fix:     "name " + owned + " in the roots of .manifest"}}
}

// contested finds data of a folder for which the archive speaks.
func (a Archive) contested(d document) Faults {
	value, err := d.value()
	if err != nil {
		return nil // mount says so
	}
	var faults Faults
	for _, root := range a.Roots {
		var claim any
		for _, element := range slices.Backward(strings.Split(root, "/")) {
			claim = map[string]any{element: claim}
		}
		if clash(value, claim.(map[string]any), "data") != "" {
			faults = append(faults, Fault{File: d.file, Code: "root_overlap",
				Message: fmt.Sprintf("the bundle %s speaks for data.%s", a.Name, strings.ReplaceAll(root, "/", ".")),
				Fix:     "put the data elsewhere, or take it away"})
		}
	}
	return faults
}

// within reports whether a path is a root or below it.
func within(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

// merged is two values as one: where both are objects, the members of both.
// Neither is changed.
func merged(a, b any) any {
	left, ok := a.(map[string]any)
	right, also := b.(map[string]any)
	if !ok || !also {
		return b
	}
	both := maps.Clone(left)
	for key, value := range right {
		both[key] = merged(left[key], value)
	}
	return both
}

// ownTests runs the tests that came with the operator's rules. There may be
// none.
func (b *bundle) ownTests(ctx context.Context) Faults {
	modules := map[string]*ast.Module{}
	tests := 0
	for _, s := range b.sources {
		if s.test && s.shipped {
			continue
		}
		modules[s.file] = s.module
		if s.test {
			tests++
		}
	}
	if tests == 0 {
		return nil
	}
	results, _, err := b.runTests(ctx, modules)
	if err != nil {
		return regoFaults("policy", err)
	}
	var faults Faults
	for _, t := range report(results, cover.Report{}, nil).Tests {
		if !t.Passed {
			faults = append(faults, Fault{File: t.Place.File, Line: t.Place.Line, Code: "test_failed",
				Message: fmt.Sprintf("the test %s does not pass: %s", t.Name, t.Cause), Fix: "callgate policy test shows all of them"})
		}
	}
	return faults
}
