package schema

import (
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// errFuel ends a check that costs too much. A small schema can apply itself to
// a value exponentially often, so that size alone does not bound the work.
var errFuel = errors.New("the check takes too many steps")

// fuel is a keyword in every subschema that counts how often one is applied.
type fuel struct{ left int }

// Validate takes one step; the panic is caught in Schema.check.
func (f *fuel) Validate(*jsonschema.ValidatorContext, any) {
	if f.left--; f.left < 0 {
		panic(errFuel)
	}
}

// vocabulary puts f into every subschema. It adds no syntax.
func (f *fuel) vocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{
		URL:    "https://schema.invalid/fuel",
		Schema: anything,
		Compile: func(*jsonschema.CompilerContext, map[string]any) (jsonschema.SchemaExt, error) {
			return f, nil
		},
	}
}

var anything = func() *jsonschema.Schema {
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("https://schema.invalid/anything", true); err != nil {
		panic(err)
	}
	return compiler.MustCompile("https://schema.invalid/anything")
}()
