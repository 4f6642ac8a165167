package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"callgate/policy"
	"callgate/policy/archive"
	"callgate/rego"
)

// packing is what a bundle is to be made of.
type packing struct {
	dir, out, key string
	label         archive.Label
}

func newPolicyBundle(a *app) *cobra.Command {
	var p packing
	cmd := &cobra.Command{
		Use:   "bundle DIR --out FILE --serial N",
		Short: "Pack the rules and data of DIR as a bundle, and sign it",
		Long: "Pack the .rego and data.json files of DIR as an OPA bundle, for policy.bundles in callgate.yaml. Nothing is\n" +
			"written unless the shipped policy loads with it and the tests in DIR pass.\n\n" +
			"The serial orders the bundles of one name: a bundle that is fetched is taken only if its serial is higher than\n" +
			"that of the one in use. --key is a private key in PEM, RSA or ECDSA, and needs --name; what is fetched has\n" +
			"to be signed. With --name the bundle is refused under any other name, so that nobody can put it in the place\n" +
			"of another.",
		Example: "  openssl ecparam -name prime256v1 -genkey -noout -out policy.pem\n  openssl ec -in policy.pem -pubout -out policy.pub\n" +
			"  callgate policy bundle ./policy --out company.tar.gz --name company --serial 42 --key policy.pem",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dirs, err := policyDirs(args)
			if err != nil {
				return err
			}
			p.dir = dirs[0]
			return a.pack(cmd.Context(), p)
		},
	}
	cmd.Flags().StringVarP(&p.out, "out", "o", "", "`file` to write, a tar.gz")
	cmd.Flags().Int64Var(&p.label.Serial, "serial", 0, "`number` of the bundle, from 1, higher than that of the one before")
	cmd.Flags().StringVar(&p.label.Name, "name", "", "`name` in policy.bundles that the bundle is for")
	cmd.Flags().StringVar(&p.key, "key", "", "`file` with the private key in PEM; without it the bundle is not signed")
	for _, flag := range []string{"out", "serial"} {
		if err := cmd.MarkFlagRequired(flag); err != nil {
			panic(err) // only a flag that is not there
		}
	}
	return cmd
}

func (a *app) pack(ctx context.Context, p packing) error {
	if p.label.Serial < 1 || p.label.Serial > archive.MaxSerial {
		return usageError{hinted{fmt.Errorf("%d is no serial", p.label.Serial), "count from 1, or take the time: --serial $(date +%s)"}}
	}
	if p.key != "" && p.label.Name == "" {
		return usageError{hinted{errors.New("a signed bundle needs a name, without which no server can give it out"), "name it as policy.bundles in callgate.yaml does: --name company"}}
	}
	var key []byte
	if p.key != "" {
		var err error
		if key, err = os.ReadFile(p.key); err != nil {
			return usageError{err}
		}
	}
	raw, err := archive.Make(os.DirFS(p.dir), p.label, key)
	if err != nil {
		return unpackable(err)
	}
	b, err := archive.Read(raw, archive.Want{Name: p.label.Name})
	if err != nil {
		return unpackable(err)
	}
	_, err = policy.Load(ctx, policy.Options{Shipped: rego.Files, OwnTests: true, Archives: []policy.Archive{
		{Name: cmp.Or(p.label.Name, "new"), Roots: b.Roots, Modules: b.Modules, Data: b.Data},
	}})
	if err != nil {
		return faulty(err)
	}
	if err := archive.Keep(p.out, raw); err != nil {
		return err
	}
	if err := os.Chmod(p.out, 0o644); err != nil { // whoever serves it has to read it
		return err
	}
	return a.packed(p, b)
}

// packed tells what was made.
func (a *app) packed(p packing, b *archive.Bundle) error {
	if a.json {
		return json.NewEncoder(a.out).Encode(map[string]any{
			"file": p.out, "name": p.label.Name, "serial": b.Serial, "roots": b.Roots, "signed": p.key != "", "digest": b.Digest,
		})
	}
	signed := "not signed"
	if p.key != "" {
		signed = "signed"
	}
	fmt.Fprintf(a.err, "serial %d, %s, for %s\n", b.Serial, signed, strings.Join(b.Roots, " "))
	_, err := fmt.Fprintln(a.out, p.out)
	return err
}

// unpackable says what to do about a folder or a key that makes no bundle.
func unpackable(err error) error {
	var fault *archive.Fault
	if !errors.As(err, &fault) {
		return err
	}
	switch fault.Code {
	case archive.BadKey:
		return hinted{err, "openssl ecparam -name prime256v1 -genkey -noout -out policy.pem makes a key"}
	case archive.BadRoot:
		return hinted{err, "rules are in package callgate.rules.NAME, data in folders of names of your own"}
	}
	return err
}
