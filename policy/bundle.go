package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// bundle is a policy on its way to an Engine.
type bundle struct {
	sources   []source
	documents []document
	schema    any
	rules     map[string]*rule
	settings  map[string]any // as written
	data      map[string]any // as Rego sees it
	compiler  *ast.Compiler
	broken    bool // some file could not be read or parsed
}

// source is one .rego file.
type source struct {
	file    string // as faults name it
	text    []byte
	module  *ast.Module
	shipped bool
	test    bool   // its name ends in _test.rego; never part of an Engine
	archive string // the Archive that it came in; empty for a folder
}

// collect reads, parses and checks everything that needs no compiler.
func collect(o Options) (*bundle, Faults) {
	b := &bundle{rules: map[string]*rule{}, broken: true}
	var faults Faults
	if o.Shipped == nil {
		return b, Faults{{File: "policy", Code: "unreadable", Message: "no shipped policy is given"}}
	}
	faults = append(faults, b.read(o.Shipped, "", true)...)
	for _, dir := range o.Dirs {
		faults = append(faults, b.read(os.DirFS(dir), filepath.Clean(dir), false)...)
	}
	for _, a := range o.Archives {
		faults = append(faults, b.unpack(a)...)
	}
	if err := readJSON(o.Shipped, "schemas/input.json", &b.schema); err != nil {
		faults = append(faults, Fault{File: "schemas/input.json", Code: "unreadable", Message: err.Error()})
	}
	b.broken = len(faults) > 0
	for _, s := range b.sources {
		faults = append(faults, b.place(s)...)
	}
	for _, s := range b.sources {
		faults = append(faults, shape(s)...)
		faults = append(faults, b.describe(s)...)
	}
	if len(b.rules) == 0 && len(faults) == 0 {
		faults = append(faults, Fault{File: "policy", Code: "no_rules", Message: "the shipped rules are missing"})
	}
	faults = append(faults, b.settle(o)...)
	faults = append(faults, b.join(o.Archives)...)
	faults = append(faults, b.mount()...)
	return b, append(faults, b.dataFaults()...)
}

// read adds every .rego and data file below a folder. Hidden entries are skipped: they
// are how volumes keep older versions of their files. What else an operator may
// take for rules, and no rules at all, is a fault.
func (b *bundle) read(files fs.FS, dir string, shipped bool) Faults {
	var faults Faults
	unreadable := func(name string, err error) error {
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		faults = append(faults, Fault{File: filepath.Join(dir, filepath.FromSlash(name)), Code: "unreadable", Message: err.Error()})
		return nil
	}
	rules := 0
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return unreadable(name, err)
		}
		if name != "." && strings.HasPrefix(path.Base(name), ".") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if f := misplaced(files, name, entry); f != nil {
			f.File = filepath.Join(dir, filepath.FromSlash(name))
			faults = append(faults, *f)
			return nil
		}
		isData := !shipped && slices.Contains(dataFiles, path.Base(name))
		if entry.IsDir() || path.Ext(name) != ".rego" && !isData {
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return unreadable(name, err)
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if isData {
			b.documents = append(b.documents, document{file: file, folder: path.Dir(name), text: text})
			return nil
		}
		rules++
		faults = append(faults, b.parse(file, text, shipped)...)
		return nil
	})
	if rules == 0 && len(faults) == 0 {
		faults = append(faults, Fault{File: dir, Code: "no_rules_in_folder", Message: "there is no .rego file in the folder",
			Fix: "put rules there, or take the folder out of policy.dirs"})
	}
	return faults
}

// misplaced says what is wrong with an entry that would be passed over. A link
// to a file is that file; one to a folder is not followed, since it may lead
// around in circles.
func misplaced(files fs.FS, name string, entry fs.DirEntry) *Fault {
	isFolder := entry.IsDir()
	if entry.Type()&fs.ModeSymlink != 0 {
		info, err := fs.Stat(files, name)
		if err != nil {
			return &Fault{Code: "unreadable", Message: "the link leads to nothing that can be read"}
		}
		if isFolder = info.IsDir(); isFolder {
			return &Fault{Code: "linked_folder", Message: "a link to a folder is not followed",
				Fix: "name the folder itself in policy.dirs, or copy it"}
		}
	}
	if ext := path.Ext(name); !isFolder && ext != ".rego" && strings.EqualFold(ext, ".rego") {
		return &Fault{Code: "file_name", Message: "a file of rules ends in .rego, in lower case",
			Fix: "name it " + strings.TrimSuffix(path.Base(name), ext) + ".rego"}
	}
	return nil
}

func (b *bundle) parse(file string, text []byte, shipped bool) Faults {
	if slices.ContainsFunc(b.sources, func(s source) bool { return s.file == file }) {
		return nil
	}
	// In Rego v2, "not" holds for whatever is undefined inside it. In v1 the
	// arguments of a call are taken out first, so that a rule "deny if not
	// input.a < 1" keeps silent where input.a is missing.
	module, err := ast.ParseModuleWithOpts(file, string(text), ast.ParserOptions{
		RegoVersion: ast.RegoV2, ProcessAnnotation: true, Capabilities: capabilities(),
	})
	if err != nil {
		return regoFaults(file, err)
	}
	if module == nil {
		return nil
	}
	b.sources = append(b.sources, source{
		file: file, text: text, module: module, shipped: shipped, test: strings.HasSuffix(file, "_test.rego"),
	})
	return nil
}

// deciding gives the modules of an Engine by file: no tests, and no rule that
// is switched off.
func (b *bundle) deciding() map[string]*ast.Module {
	modules := map[string]*ast.Module{}
	for _, s := range b.sources {
		if name := ruleName(s.module.Package); !s.test && (name == "" || b.on(name)) {
			modules[s.file] = s.module
		}
	}
	return modules
}

func (b *bundle) observe() bool { return b.settings["mode"] == "observe" }

// rule is the settings of a rule as they are in force.
func (b *bundle) rule(name string) map[string]any {
	values, _ := b.settings["rules"].(map[string]any)[name].(map[string]any)
	return values
}

// on reports whether a rule is switched on. Only a setting that says false
// switches it off.
func (b *bundle) on(name string) bool { return b.rule(name)["enabled"] != false }

// revision digests what decides: each module by its package and text, and the
// data. File names and tests have no part in it.
func (b *bundle) revision() string {
	var parts []string
	for _, s := range b.sources {
		if !s.test {
			parts = append(parts, fmt.Sprintf("%s %x", s.module.Package.Path, sha256.Sum256(s.text)))
		}
	}
	slices.Sort(parts)
	data, err := json.Marshal(b.data)
	if err != nil {
		panic(err) // settle made it from JSON
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%s\n%s", strings.Join(parts, "\n"), data)
	return hex.EncodeToString(digest.Sum(nil))
}
