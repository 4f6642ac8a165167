package policy

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"text/template"
)

//go:embed draft
var drafts embed.FS

// ruleNames are the names that a new rule may have.
var ruleNames = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}[a-z0-9]$`)

// Draft writes a rule of a name and its tests, by the names of their files: a
// place to begin, which passes every check. The error is of a name that no
// rule of an operator can have.
func Draft(name string, shipped fs.FS) (map[string][]byte, error) {
	if !ruleNames.MatchString(name) || len(name) > 5 && name[len(name)-5:] == "_test" {
		return nil, fmt.Errorf("%q is no name for a rule: use 2 to 64 small letters, digits and _, with a letter first and no _test at the end", name)
	}
	if _, err := fs.Stat(shipped, "rules/"+name); err == nil || name == "main" {
		return nil, fmt.Errorf("the name %s belongs to the shipped policy", name)
	}
	templates, err := template.ParseFS(drafts, "draft/*.tmpl")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for of, suffix := range map[string]string{"rule.tmpl": ".rego", "test.tmpl": "_test.rego"} {
		var text bytes.Buffer
		if err := templates.ExecuteTemplate(&text, of, name); err != nil {
			return nil, err
		}
		files[name+suffix] = text.Bytes()
	}
	return files, nil
}
