package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"callgate/detectors/effects"
	"callgate/rego"
)

// newCatalogue is the command for what is known of the tools of servers.
func newCatalogue(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "catalogue",
		Short: "List, check and rebuild what is known of servers' tools",
		Long: "A catalogue file says what the tools of one server do: effects, domains, and which arguments hold\n" +
			"recipients, amounts, addresses, paths or programs. Each tool is pinned to the hash of its schema. Many are\n" +
			"shipped; files of your own are named in the configuration, under policy.catalogues.",
		Example: "  callgate catalogue list\n  callgate catalogue check crm.json\n" +
			"  callgate catalogue build --package @example/crm-mcp --modules . -o crm.json --write",
	}
	cmd.AddCommand(newCatalogueList(a), newCatalogueCheck(a), newCatalogueBuild(a))
	return cmd
}

func newCatalogueList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the servers whose tools are known",
		Example: "  callgate catalogue list --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.listCatalogues() },
	}
}

// known is one catalogue file, as list prints it.
type known struct {
	Server  string `json:"server"`
	Version string `json:"version,omitempty"`
	Tools   int    `json:"tools"`
	Source  string `json:"source"` // shipped or operator
	File    string `json:"file"`
}

func (a *app) listCatalogues() error {
	shipped, err := shippedCatalogues()
	if err != nil {
		return err
	}
	own, err := a.ownCatalogues()
	if err != nil {
		return err
	}
	var list []known
	for i, file := range append(shipped, own...) {
		c, err := effects.ReadCatalogue(file.Name, file.Data)
		if err != nil {
			return hinted{err, "callgate catalogue check"}
		}
		source := "shipped"
		if i >= len(shipped) {
			source = "operator"
		}
		list = append(list, known{c.Server, c.Version, len(c.Tools), source, file.Name})
	}
	return a.printKnown(list)
}

func (a *app) printKnown(list []known) error {
	if a.json {
		enc := json.NewEncoder(a.out)
		for _, k := range list {
			if err := enc.Encode(k); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SERVER\tVERSION\tTOOLS\tSOURCE\tFILE")
	for _, k := range list {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", k.Server, k.Version, k.Tools, k.Source, k.File)
	}
	return table.Flush()
}

func newCatalogueCheck(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE...]",
		Short: "Read catalogue files, together with the shipped ones",
		Long: "Read catalogue files, together with the shipped ones; without FILE those of the configuration. All\n" +
			"faults are listed with file, line and the fix. Two entries for one tool and schema that differ are a\n" +
			"fault that names both. Exit code 1 where there is a fault.",
		Example: "  callgate catalogue check crm.json",
		RunE:    func(_ *cobra.Command, args []string) error { return a.checkCatalogues(args) },
	}
}

func (a *app) checkCatalogues(names []string) error {
	all, err := shippedCatalogues()
	if err != nil {
		return err
	}
	own, err := readFiles(names)
	if len(names) == 0 {
		own, err = a.ownCatalogues()
	}
	if err != nil {
		return err
	}
	tools, err := a.claims(append(all, own...))
	if err != nil {
		return err
	}
	if a.json {
		return json.NewEncoder(a.out).Encode(map[string]any{"files": len(own), "tools": tools})
	}
	_, err = fmt.Fprintf(a.out, "%d files of your own, %d tools with the shipped ones\n", len(own), tools)
	return err
}

// claims reads catalogues as a running Callgate would, and counts their tools.
// With --json the faults are lines of data.
func (a *app) claims(files []effects.File) (int, error) {
	_, err := newJudge(files...)
	var faults effects.Faults
	if errors.As(err, &faults) {
		if a.json {
			enc := json.NewEncoder(a.out)
			for _, f := range faults {
				if err := enc.Encode(fault{f.File, f.Line, f.Code, f.Message, f.Fix}); err != nil {
					return 0, err
				}
			}
			err = fmt.Errorf("the catalogue has %d faults", len(faults))
		}
		return 0, hinted{err, "nothing is loaded while a fault is left; run the command again after the fixes"}
	}
	if err != nil {
		return 0, err
	}
	tools := 0
	for _, file := range files {
		c, err := effects.ReadCatalogue(file.Name, file.Data)
		if err != nil {
			return 0, err
		}
		tools += len(c.Tools)
	}
	return tools, nil
}

// fault is one fault as --json prints it.
type fault struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// newJudge reads catalogues beside the shipped lexicon.
func newJudge(files ...effects.File) (*effects.Judge, error) {
	lexicon, err := fs.ReadFile(rego.Facts, "facts/lexicon.json")
	if err != nil {
		return nil, err
	}
	return effects.New(lexicon, files...)
}

// shippedCatalogues gives the files inside the program, in the order of names.
func shippedCatalogues() ([]effects.File, error) {
	names, err := fs.Glob(rego.Facts, "facts/catalogue/*.json")
	if err != nil {
		return nil, err
	}
	files := make([]effects.File, len(names))
	for i, name := range names {
		data, err := fs.ReadFile(rego.Facts, name)
		if err != nil {
			return nil, err
		}
		files[i] = effects.File{Name: path.Join("shipped", path.Base(name)), Data: data}
	}
	return files, nil
}

// ownCatalogues gives the files that the configuration names.
func (a *app) ownCatalogues() ([]effects.File, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	return readFiles(c.Policy.Catalogues)
}

func readFiles(names []string) ([]effects.File, error) {
	files := make([]effects.File, len(names))
	for i, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, usageError{err}
		}
		files[i] = effects.File{Name: name, Data: data}
	}
	return files, nil
}
