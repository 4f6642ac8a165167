package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"callgate/sidecar"
	"callgate/sidecar/config"
)

func newServe(a *app) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Stand between agents and their tools, over HTTP",
		Long: "Serve listens for agents and forwards what policy allows. Each configured MCP server is\n" +
			"at /mcp/NAME; POST /v1/decide judges a call without making it; /healthz and /readyz are\n" +
			"for probes, /metrics is for Prometheus. A first SIGINT or SIGTERM lets calls in flight finish.\n" +
			"The policy is reloaded when its folders, files or bundles change, and on SIGHUP; one with\n" +
			"a fault is not used, and the log and /readyz say so.\n\n" +
			"Exit codes: 0 stopped in order, 1 could not start or serve, 2 wrong use or a faulty configuration.",
		Example: "  callgate serve --config callgate.yaml\n  callgate serve --config callgate.yaml --check",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			if check {
				return a.check(cmd.Context(), c)
			}
			return a.serve(cmd.Context(), c)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "validate the configuration and the policy, then stop")
	return cmd
}

// load reads the configuration. Its faults are a wrong use.
func (a *app) load() (*config.Config, error) {
	c, err := sidecar.LoadConfig(a.config)
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// check validates without starting, opening or writing anything.
func (a *app) check(ctx context.Context, c *config.Config) error {
	engine, err := sidecar.LoadPolicy(ctx, c)
	if err != nil {
		return usageError{err}
	}
	if a.json {
		return json.NewEncoder(a.out).Encode(map[string]any{
			"valid": true, "servers": len(c.Servers), "callers": len(c.Callers), "revision": engine.Revision(),
		})
	}
	fmt.Fprintf(a.err, "configuration and policy are valid: %d servers, %d callers, policy revision %s\n",
		len(c.Servers), len(c.Callers), short(engine.Revision()))
	for _, name := range slices.Sorted(maps.Keys(c.Policy.Bundles)) {
		if c.Policy.Bundles[name].URL != "" {
			fmt.Fprintf(a.err, "bundle %s is not fetched by a check: the one in use last, if any, stood in for it\n", name)
		}
	}
	return nil
}

func (a *app) serve(ctx context.Context, c *config.Config) error {
	s, err := sidecar.Open(ctx, c, slog.New(slog.NewTextHandler(a.err, nil)))
	if err != nil {
		return err
	}
	sidecar.Tune()
	on, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return errors.Join(hinted{err, "another process may use the address; set `listen` in the configuration"}, s.Close())
	}
	a.announce(s, c, on.Addr().String())
	err = s.Serve(ctx, on)
	fmt.Fprintln(a.err, "callgate: stopped")
	return errors.Join(err, s.Close())
}

// announce says what is protected, by which policy, and where the record is.
func (a *app) announce(s *sidecar.Sidecar, c *config.Config, address string) {
	fmt.Fprintf(a.err, "callgate: listening on http://%s\n", address)
	for _, name := range sortedNames(c.Servers) {
		fmt.Fprintf(a.err, "  protects  /mcp/%s -> %s\n", name, upstreamOf(c.Servers[name]))
	}
	if len(c.Servers) == 0 {
		fmt.Fprintln(a.err, "  protects  nothing yet: no servers are configured; POST /v1/decide answers")
	}
	fmt.Fprintf(a.err, "  callers   %s\n", callersOf(c))
	fmt.Fprintf(a.err, "  policy    profile %s, revision %s\n", c.Policy.Profile, short(s.Firewall.Revision()))
	fmt.Fprintf(a.err, "  record    %s\n", s.State())
}

func sortedNames(servers map[string]config.Server) []string {
	var names []string
	for name := range servers {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// upstreamOf names an upstream without what may hold a secret: the arguments
// of a command and the query of an address.
func upstreamOf(s config.Server) string {
	if s.URL != "" {
		address, _, _ := strings.Cut(s.URL, "?")
		return address
	}
	return "command " + s.Command[0]
}

func callersOf(c *config.Config) string {
	var words []string
	for _, x := range c.Callers {
		how := "by key"
		if x.Local {
			how = "without a key, from this machine only"
		}
		words = append(words, fmt.Sprintf("%s (%s): %s", x.Name, how, strings.Join(x.Scopes, " ")))
	}
	return strings.Join(words, "; ")
}

// short is the beginning of a digest, enough to tell revisions apart.
func short(digest string) string {
	const enough = 12
	if len(digest) > enough {
		return digest[:enough]
	}
	return digest
}
