package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// use is one reference of a rule's text to the input or to the data, with
// imports resolved.
type use struct {
	source
	rule  string   // the rule in whose text it is
	path  []string // from "input" or "data" on, as far as it is written out in words
	whole bool     // the path is all of the reference
	line  int
}

func (u use) String() string { return strings.Join(u.path, ".") }

// uses lists the references of a module that are not in its imports. Those to
// rules of its own package are written out.
func (s source) uses(own []string) []use {
	imports := map[ast.Var]ast.Ref{}
	for _, name := range own {
		imports[ast.Var(name)] = s.module.Package.Path.Append(ast.StringTerm(name))
	}
	for _, i := range s.module.Imports {
		if ref, ok := i.Path.Value.(ast.Ref); ok {
			imports[i.Name()] = ref
		}
	}
	var all []use
	var rule string
	var visitor *ast.GenericVisitor
	visitor = ast.NewGenericVisitor(func(x any) bool {
		t, ok := x.(*ast.Term)
		if !ok {
			return false
		}
		ref, isRef := t.Value.(ast.Ref)
		if !isRef {
			ref = ast.Ref{t}
		}
		head, _ := ref[0].Value.(ast.Var)
		full := ref
		if path := imports[head]; path != nil {
			full = path.Concat(ref[1:])
		}
		if head := full[0]; head.Equal(ast.InputRootDocument) || head.Equal(ast.DefaultRootDocument) {
			u := s.use(full, t)
			u.rule = rule
			all = append(all, u)
		}
		if isRef {
			for _, step := range ref[1:] {
				visitor.Walk(step)
			}
		}
		return isRef
	})
	for _, r := range s.module.Rules {
		for rule = headName(r); r != nil; r = r.Else { // the name of the rule itself is no use of it
			for _, t := range []*ast.Term{r.Head.Key, r.Head.Value} {
				if t != nil {
					visitor.Walk(t)
				}
			}
			visitor.Walk(r.Body)
		}
	}
	return all
}

// headName is the name of a rule.
func headName(r *ast.Rule) string {
	name, _ := r.Head.Ref()[0].Value.(ast.Var)
	return string(name)
}

// pkg is the package of a file, from "data" on.
func (s source) pkg() string { return "data." + strings.Join(dotted(s.module.Package), ".") }

func (s source) use(ref ast.Ref, at *ast.Term) use {
	u := use{source: s, path: []string{strings.Trim(ref[0].String(), `"`)}, whole: true}
	if at.Location != nil {
		u.line = at.Location.Row
	}
	for _, step := range ref[1:] {
		word, ok := step.Value.(ast.String)
		if !ok {
			u.whole = false
			break
		}
		u.path = append(u.path, string(word))
	}
	return u
}

// dataFaults finds settings and data that a rule asks for and nobody gives, of
// which it would be silent, and settings that no rule asks for.
func (b *bundle) dataFaults() Faults {
	if b.broken {
		return nil
	}
	var faults Faults
	read := map[string]map[string]bool{} // settings by rule
	for name := range b.rules {
		read[name] = map[string]bool{}
	}
	defined := b.defined()
	for _, s := range b.sources {
		if s.test {
			continue
		}
		for _, u := range s.uses(defined[s.pkg()]) {
			if u.path[0] != "data" {
				continue
			}
			if f, wrong := b.dataFault(u, read, defined); wrong {
				f.File, f.Line = s.file, u.line
				faults = append(faults, f)
			}
		}
	}
	return append(faults, b.unused(read)...)
}

// dataFault judges one reference to the data, and notes the settings it reads.
func (b *bundle) dataFault(u use, read map[string]map[string]bool, defined map[string][]string) (Fault, bool) {
	if len(u.path) == 1 {
		return Fault{Code: "reserved_data", Message: "a rule reads all data at once", Fix: "name what it reads: data.settings.rules.NAME.SETTING"}, !u.shipped
	}
	switch root := u.path[1]; {
	case root == "settings":
		return b.settingFault(u, read)
	case root == "callgate":
		return packageFault(u, defined)
	case root == "speakers" || root == "complete":
		return Fault{Code: "reserved_data", Message: fmt.Sprintf("data.%s is between the engine and main", root), Fix: "look at the input instead"}, !u.shipped
	case b.data[root] == nil:
		known := slices.Sorted(maps.Keys(b.data))
		known = slices.DeleteFunc(known, func(name string) bool { return name == "speakers" || name == "complete" })
		return Fault{Code: "unknown_data", Message: fmt.Sprintf("there is no data.%s, so the rule would be silent", root),
			Fix: choice(root, append(known, "callgate"))}, true
	}
	return Fault{}, false
}

// settingFault judges a reference to data.settings.
func (b *bundle) settingFault(u use, read map[string]map[string]bool) (Fault, bool) {
	of := func(i int) string {
		if i < len(u.path) {
			return u.path[i]
		}
		return ""
	}
	name, key := of(3), of(4)
	switch {
	case of(2) != "" && of(2) != "rules" && of(2) != "mode":
		return Fault{Code: "unknown_setting", Message: fmt.Sprintf("there is no %s", u), Fix: choice(of(2), []string{"mode", "rules"})}, true
	case name == "" && u.shipped: // main asks whether there are any
	case name == "":
		for _, r := range slices.Sorted(maps.Keys(read)) {
			b.readAll(read, r)
		}
	case b.rules[name] == nil:
		return Fault{Code: "unknown_setting", Message: fmt.Sprintf("there is no rule %s that has settings", name),
			Fix: choice(name, slices.Sorted(maps.Keys(b.rules)))}, true
	case key == "":
		b.readAll(read, name)
	default:
		declared := slices.Sorted(maps.Keys(b.rules[name].declared()))
		if !slices.Contains(declared, key) {
			return Fault{Code: "unknown_setting", Message: fmt.Sprintf("the rule %s declares no setting %s, so this is never there", name, key),
				Fix: choice(key, declared) + " Or declare it in METADATA under custom.settings"}, true
		}
		read[name][key] = true
	}
	return Fault{}, false
}

func (b *bundle) readAll(read map[string]map[string]bool, name string) {
	for key := range b.rules[name].Settings {
		read[name][key] = true
	}
}

// unused finds settings that change nothing.
func (b *bundle) unused(read map[string]map[string]bool) Faults {
	var faults Faults
	for _, s := range b.sources {
		name := ruleName(s.module.Package)
		if r := b.rules[name]; s.test || r == nil || len(s.module.Annotations) == 0 {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(b.rules[name].Settings)) {
			if !read[name][key] {
				faults = append(faults, Fault{File: s.file, Line: s.line(key), Code: "unused_setting",
					Message: fmt.Sprintf("no line reads the setting %s", key),
					Fix:     fmt.Sprintf("read data.settings.rules.%s.%s, or take the setting out of METADATA", name, key)})
			}
		}
	}
	return faults
}

// defined lists the rules of each package below callgate.
func (b *bundle) defined() map[string][]string {
	all := map[string][]string{}
	for _, s := range b.sources {
		if s.test {
			continue
		}
		for _, r := range s.module.Rules {
			all[s.pkg()] = append(all[s.pkg()], headName(r))
		}
	}
	return all
}

// packageFault judges a reference to what rules define.
func packageFault(u use, defined map[string][]string) (Fault, bool) {
	for n := len(u.path); n > 1; n-- {
		pkg := strings.Join(u.path[:n], ".")
		names := defined[pkg]
		if names == nil {
			continue
		}
		if n == len(u.path) || slices.Contains(names, u.path[n]) {
			return Fault{}, false
		}
		return Fault{Code: "unknown_data", Message: fmt.Sprintf("package %s defines no %s, so the rule would be silent", strings.TrimPrefix(pkg, "data."), u.path[n]),
			Fix: choice(u.path[n], names)}, true
	}
	if !u.whole || len(u.path) < 3 { // gone over by a variable
		return Fault{Code: "reserved_data", Message: "a rule goes over all packages", Fix: "name the package"}, !u.shipped
	}
	packages := slices.Sorted(maps.Keys(defined))
	return Fault{Code: "unknown_data", Message: fmt.Sprintf("there is no %s, so the rule would be silent", u), Fix: choice(u.String(), packages)}, true
}
