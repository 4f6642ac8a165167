package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// forbidden are builtins that reach outside or read other things than the
// input and the settings. Those that OPA itself calls nondeterministic (clock,
// randomness, network, runtime) are forbidden besides.
var forbidden = []string{
	"http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn", "rego.parse_module", "time.now_ns", "uuid.rfc4122",
}

// capabilities is the part of Rego that policies may use, so that the same
// input gives the same decision at any time.
var capabilities = sync.OnceValue(func() *ast.Capabilities {
	caps := ast.CapabilitiesForThisVersion()
	caps.AllowNet = []string{}
	caps.Builtins = slices.DeleteFunc(caps.Builtins, func(b *ast.Builtin) bool {
		return b.IsNondeterministic() || slices.Contains(forbidden, b.Name)
	})
	return caps
})

// newCompiler checks in strict mode and against the schema of the input.
func newCompiler(schema any) *ast.Compiler {
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, schema)
	return ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities()).WithSchemas(schemas).SetErrorLimit(0)
}

// compile compiles what decides. Where a file could not be read or parsed it
// does not try, since the others would seem to lack what is in that file.
func (b *bundle) compile() Faults {
	if b.broken {
		return nil
	}
	b.compiler = newCompiler(b.schema)
	b.compiler.Compile(b.deciding())
	if b.compiler.Failed() {
		return regoFaults("policy", b.compiler.Errors)
	}
	return b.elementFaults()
}

// elementFaults finds sets whose elements are known to be no objects.
func (b *bundle) elementFaults() Faults {
	var faults Faults
	for _, s := range b.sources {
		if s.test || ruleName(s.module.Package) == "" {
			continue
		}
		for _, r := range s.module.Rules {
			set := string(r.Head.Ref()[0].Value.(ast.Var))
			if _, ok := headFault(r.Head); !ok || !slices.Contains(verdictNames[:], set) {
				continue
			}
			if _, written := r.Head.Key.Value.(ast.Object); written {
				continue
			}
			ref := s.module.Package.Path.Append(ast.StringTerm(set))
			if t, ok := b.compiler.TypeEnv.GetByRef(ref).(*types.Set); ok && holdsScalar(t.Of()) {
				f := notAnObject(set)
				f.File, f.Line = s.file, r.Head.Location.Row
				faults = append(faults, f)
			}
		}
	}
	return faults
}

// holdsScalar reports whether a type is, or may be, something that is surely
// no object.
func holdsScalar(t types.Type) bool {
	switch t := t.(type) {
	case types.Any:
		return slices.ContainsFunc(t, holdsScalar)
	case *types.Object:
		return false
	}
	return true
}

// regoFaults translates errors of OPA.
func regoFaults(file string, err error) Faults {
	var list ast.Errors
	if !errors.As(err, &list) {
		return Faults{{File: file, Code: "rego", Message: err.Error()}}
	}
	var faults Faults
	for _, e := range list {
		f := Fault{File: file, Code: e.Code, Message: e.Message}
		if e.Location != nil {
			f.Line = e.Location.Row
			if e.Location.File != "" {
				f.File = e.Location.File
			}
		}
		f.explain(e)
		faults = append(faults, f)
	}
	return faults
}

var undefinedFunction = regexp.MustCompile(`undefined function (\S+)`)

// explain adds what OPA knows beside the message, and the next step.
func (f *Fault) explain(e *ast.Error) {
	if m := undefinedFunction.FindStringSubmatch(e.Message); m != nil {
		if slices.Contains(forbidden, m[1]) {
			f.Fix = "policy sees only its input and settings; the time is input.now"
		}
		return
	}
	detail, ok := e.Details.(*ast.RefErrInvalidDetail)
	if !ok {
		return
	}
	for _, line := range detail.Lines() {
		if strings.Contains(line, "want") {
			f.Message += "; " + strings.TrimSpace(line)
		}
	}
	var words []string
	for _, v := range detail.OneOf {
		if s, ok := v.(ast.String); ok {
			words = append(words, string(s))
		}
	}
	if detail.Pos < len(detail.Ref) {
		if s, ok := detail.Ref[detail.Pos].Value.(ast.String); ok {
			if near := nearest(string(s), words); near != "" {
				f.Fix = fmt.Sprintf("did you mean %s?", near)
			}
		}
	}
}
