package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"callgate/sidecar/identity"
)

func newKey(a *app) *cobra.Command {
	key := &cobra.Command{
		Use:     "key",
		Short:   "Make keys for callers",
		Example: "  callgate key new --name sales-agent --scope crm:read --scope mail:draft",
	}
	key.AddCommand(newKeyNew(a))
	return key
}

func newKeyNew(a *app) *cobra.Command {
	var name string
	var scopes []string
	cmd := &cobra.Command{
		Use:   "new --name NAME --scope DOMAIN:EFFECT...",
		Short: "Make a key, and the configuration entry that knows it",
		Long: "Prints a new key on the first line and then the entry for callgate.yaml. The entry holds a\n" +
			"hash, from which the key cannot be made again: this is the only time that the key is shown.\n" +
			"The client sends it as \"Authorization: Bearer KEY\" or as \"X-Callgate-Key: KEY\".\n\n" + closedSets(),
		Example: "  callgate key new --name sales-agent --scope crm:read --scope mail:draft\n  callgate key new --name reader --scope '*:read' --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.makeKey(name, scopes)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "`name` of the caller: 1 to 64 of a-z, 0-9, _ and -")
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, "what the caller may do, as `domain:effect`; either may be *; repeat for more")
	for _, flag := range []string{"name", "scope"} {
		if err := cmd.MarkFlagRequired(flag); err != nil {
			panic(err) // only a flag that is not there
		}
	}
	return cmd
}

func closedSets() string {
	return "domains: " + strings.Join(identity.Domains, " ") + "\neffects: " + strings.Join(identity.Effects, " ")
}

// entry is a caller as callgate.yaml holds it.
type entry struct {
	Name   string   `json:"name"`
	Key    string   `json:"key"`
	Scopes []string `json:"scopes"`
}

func (a *app) makeKey(name string, scopes []string) error {
	if len(scopes) == 0 {
		return usageError{hinted{errors.New("no scope is given"), "write --scope DOMAIN:EFFECT\n" + closedSets()}}
	}
	for _, scope := range scopes {
		if _, err := identity.ParseScope(scope); err != nil {
			return usageError{hinted{err, "either side may be *\n" + closedSets()}}
		}
	}
	key, hash, err := identity.NewKey(name)
	if err != nil {
		return usageError{hinted{err, "for example --name sales-agent"}}
	}
	made := entry{Name: name, Key: hash, Scopes: scopes}
	if a.json {
		return json.NewEncoder(a.out).Encode(struct {
			Name  string `json:"name"`
			Key   string `json:"key"`
			Entry entry  `json:"entry"`
		}{name, key, made})
	}
	if err := made.print(a.out, key); err != nil {
		return err
	}
	fmt.Fprintln(a.err, "The first line is the key: give it to the client now, it is not shown again.\nThe rest is for callgate.yaml; where callers are already there, add the entry to them.")
	return nil
}

// print writes the key and the entry. Names, hashes and scopes hold nothing
// that YAML would read in another way inside quotes.
func (e entry) print(w io.Writer, key string) error {
	_, err := fmt.Fprintf(w, "%s\n\ncallers:\n  - name: \"%s\"\n    key: \"%s\"\n    scopes: [\"%s\"]\n",
		key, e.Name, e.Key, strings.Join(e.Scopes, `", "`))
	return err
}
