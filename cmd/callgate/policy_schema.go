package main

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"callgate/rego"
)

func newPolicySchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [SURFACE]",
		Short: "Print the JSON Schema of what policy reads, or an example of it",
		Long: "Print the JSON Schema of the input of policy, for editors and for one's own tools. With SURFACE, print an\n" +
			"example: " + strings.Join(surfaces(), ", ") + ". The example can be given to `callgate policy explain -`.",
		Example: "  callgate policy schema > input.json\n  callgate policy schema mcp | callgate policy explain -",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file := "schemas/input.json"
			if len(args) > 0 {
				file = "schemas/examples/" + args[0] + ".json"
			}
			text, err := fs.ReadFile(rego.Files, file)
			if err != nil {
				return usageError{fmt.Errorf("there is no example of %q, only of %s", args[0], strings.Join(surfaces(), ", "))}
			}
			_, err = a.out.Write(text)
			return err
		},
	}
}

// surfaces are those of which there is an example.
func surfaces() []string {
	files, err := fs.Glob(rego.Files, "schemas/examples/*.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(path.Base(file), ".json")
	}
	return files
}
