package policy

import (
	"bytes"
	"io/fs"
	"path"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

// Unformatted is a file whose text is not as opa fmt writes it.
type Unformatted struct {
	Name string // path below the folder
	Want []byte // the text as it should be
}

// Format checks every .rego file below a folder. The error is Faults where
// files cannot be read or parsed; what was found in the others is returned too.
func Format(files fs.FS) ([]Unformatted, error) {
	var found []Unformatted
	var faults Faults
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".rego" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		want, err := format.SourceWithOpts(name, text, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			faults = append(faults, regoFaults(name, err)...)
		} else if !bytes.Equal(text, want) {
			found = append(found, Unformatted{Name: name, Want: want})
		}
		return nil
	})
	if err != nil {
		return found, Faults{{File: ".", Code: "unreadable", Message: err.Error()}}
	}
	return found, faults.err()
}
