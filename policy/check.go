package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
)

// ruleName is NAME of package callgate.rules.NAME, or "".
func ruleName(pkg *ast.Package) string {
	path := dotted(pkg)
	if len(path) != 3 || path[0] != "callgate" || path[1] != "rules" {
		return ""
	}
	return path[2]
}

// dotted is the path of a package without the leading "data".
func dotted(pkg *ast.Package) []string {
	var path []string
	for _, term := range pkg.Path[1:] {
		if s, ok := term.Value.(ast.String); ok {
			path = append(path, string(s))
		}
	}
	return path
}

// place checks that a file is in a package where it may be, and notes the
// rules of the bundle. Shipped files come first.
func (b *bundle) place(s source) Faults {
	at := Fault{File: s.file, Line: s.module.Package.Location.Row}
	name := ruleName(s.module.Package)
	if name == "" && s.shipped {
		return nil
	}
	written := strings.Join(dotted(s.module.Package), ".")
	if name == "" {
		at.Code, at.Message = "foreign_package", fmt.Sprintf("package %s is not one for rules", written)
		at.Fix = "use package callgate.rules.NAME with a name of your own"
		return Faults{at}
	}
	base := strings.TrimSuffix(name, "_test")
	if (base != name) != s.test {
		at.Code, at.Message = "test_package", fmt.Sprintf("package %s and the file's name disagree on whether this is a test", written)
		at.Fix = fmt.Sprintf("tests of rule %s are in package callgate.rules.%s_test and in files that end in _test.rego", base, base)
		return Faults{at}
	}
	if known := b.rules[base]; base == "main" || known != nil && known.shipped && !s.shipped {
		at.Code, at.Message = "shipped_name", fmt.Sprintf("the name %s belongs to the shipped policy", base)
		at.Fix = "choose another name; shipped rules are switched and tuned by settings"
		return Faults{at}
	}
	if !s.test && b.rules[name] == nil {
		b.rules[name] = &rule{shipped: s.shipped}
	}
	return nil
}

// shape checks that a rule package says nothing that nobody would read.
func shape(s source) Faults {
	if s.test || ruleName(s.module.Package) == "" {
		return nil
	}
	var faults Faults
	for _, r := range s.module.Rules {
		if f, ok := headFault(r.Head); !ok {
			f.File, f.Line = s.file, r.Head.Location.Row
			faults = append(faults, f)
		}
	}
	return faults
}

func headFault(head *ast.Head) (Fault, bool) {
	name := string(head.Ref()[0].Value.(ast.Var))
	if strings.HasPrefix(name, "_") {
		return Fault{}, true
	}
	if strings.HasPrefix(name, "test_") {
		return Fault{Code: "test_package", Message: fmt.Sprintf("the test %s is among the rules", name),
			Fix: "move it to a file that ends in _test.rego, in package callgate.rules.NAME_test"}, false
	}
	if !slices.Contains(verdictNames[:], name) {
		return Fault{Code: "unknown_rule", Message: fmt.Sprintf("nobody reads the rule %s", name), Fix: suggest(name)}, false
	}
	if head.RuleKind() != ast.MultiValue || len(head.Ref()) != 1 || len(head.Args) != 0 {
		return Fault{Code: "not_a_set", Message: fmt.Sprintf("%s is no set of objects here, so nobody reads it", name),
			Fix: fmt.Sprintf(`write: %s contains {"reason": "..."} if { ... }`, name)}, false
	}
	return elementFault(name, head.Key)
}

// elementFault checks an element as far as it is written out in the head.
func elementFault(set string, key *ast.Term) (Fault, bool) {
	switch v := key.Value.(type) {
	case ast.String, ast.Number, ast.Boolean, ast.Null, *ast.Array, ast.Set:
		return notAnObject(set), false
	case ast.Object:
		for _, member := range wantedMembers(set) {
			if v.Get(ast.StringTerm(member)) == nil {
				return Fault{Code: "element", Message: fmt.Sprintf("an element of %s lacks the member %q", set, member),
					Fix: fmt.Sprintf("an element of %s has the members %s", set, strings.Join(wantedMembers(set), ", "))}, false
			}
		}
	}
	return Fault{}, true
}

func notAnObject(set string) Fault {
	return Fault{Code: "element", Message: fmt.Sprintf("an element of %s is no object", set),
		Fix: fmt.Sprintf(`write: %s contains {"reason": "..."} if { ... }`, set)}
}

// wantedMembers are what an element of a set cannot do without.
func wantedMembers(set string) []string {
	switch set {
	case "allow":
		return []string{"reason", "effects"}
	case "transform":
		return []string{"reason", "edits"}
	}
	return []string{"reason"}
}

// suggest gives the next step for a rule of a wrong name.
func suggest(name string) string {
	if near := nearest(name, verdictNames[:]); near != "" {
		return fmt.Sprintf("did you mean %s? A helper starts with _", near)
	}
	return fmt.Sprintf("a helper starts with _ (_%s); rules are deny, ask, transform and allow", name)
}

// nearest is the word that name may have been meant to be, or "".
func nearest(name string, words []string) string {
	best, distance := "", min(3, len(name))
	for _, word := range words {
		if d := levenshtein.ComputeDistance(name, word); d < distance {
			best, distance = word, d
		}
	}
	return best
}
