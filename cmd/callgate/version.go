package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker in a release build.
var version = "dev"

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, the Go version and the versions of OPA and SQLite",
		Example: "  callgate version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versions()
			if a.json {
				return json.NewEncoder(a.out).Encode(v)
			}
			_, err := fmt.Fprintf(a.out, "callgate %s (%s, opa %s, sqlite %s)\n", v["callgate"], v["go"], v["opa"], v["sqlite"])
			return err
		},
	}
}

func versions() map[string]string {
	v := map[string]string{"callgate": version, "go": runtime.Version(), "opa": "unknown", "sqlite": "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, dep := range info.Deps {
		switch dep.Path {
		case "github.com/open-policy-agent/opa":
			v["opa"] = dep.Version
		case "modernc.org/sqlite":
			v["sqlite"] = dep.Version
		}
	}
	return v
}
