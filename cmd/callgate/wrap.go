package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"callgate/sidecar"
	"callgate/sidecar/config"
	"callgate/sidecar/identity"
)

func newWrap(a *app) *cobra.Command {
	var server string
	var scopes []string
	cmd := &cobra.Command{
		Use:   "wrap --server NAME -- COMMAND [ARGS...]",
		Short: "Stand between an MCP client and a stdio server",
		Long: "Wrap runs COMMAND and relays its standard streams. Put it in a client's configuration in\n" +
			"place of the command. Signals, standard error and the exit code are those of COMMAND.\n" +
			"The caller is the configured local one, by default with the scopes *:read and *:draft.\n\n" +
			"Exit codes: those of COMMAND; 1 it could not be started or the record not be opened;\n" +
			"2 wrong use.",
		Example: "  callgate wrap --server files -- npx -y @modelcontextprotocol/server-filesystem ~/notes\n" +
			"  callgate wrap --server files --scope files:write -- npx -y @modelcontextprotocol/server-filesystem ~/notes",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("wrap needs a command behind --")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.wrap(cmd.Context(), server, scopes, args)
		},
	}
	cmd.Flags().StringVar(&server, "server", "", "`name` of the server in policy and record")
	cmd.Flags().StringArrayVar(&scopes, "scope", nil, "a further `scope` of the local caller, such as files:write")
	if err := cmd.MarkFlagRequired("server"); err != nil {
		panic(err) // only for a flag that is not defined
	}
	return cmd
}

func (a *app) wrap(ctx context.Context, server string, scopes, command []string) (err error) {
	c, err := a.load()
	if err != nil {
		return err
	}
	if !config.IsName(server) {
		return usageError{hinted{fmt.Errorf("--server %q is not a name", server), "1 to 64 of the letters a-z, digits, _ and -"}}
	}
	caller, err := localCaller(c, scopes)
	if err != nil {
		return err
	}
	entry := c.Servers[server]
	entry.URL, entry.Command = "", command
	c.Servers = map[string]config.Server{server: entry}
	// Whatever is said here would look like the server's own words.
	s, err := sidecar.Open(ctx, c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	code, err := s.Wrap(context.WithoutCancel(ctx), server, caller, sidecar.Stdio{In: a.in, Out: a.out, Err: a.err})
	if err != nil {
		return err
	}
	if code != 0 {
		return exitCode(code)
	}
	return nil
}

// localCaller gives the configured local caller the scopes of the command line.
func localCaller(c *config.Config, scopes []string) (config.Caller, error) {
	for _, scope := range scopes {
		if _, err := identity.ParseScope(scope); err != nil {
			return config.Caller{}, usageError{err}
		}
	}
	for _, x := range c.Callers {
		if x.Local {
			x.Scopes = append(append([]string(nil), x.Scopes...), scopes...)
			return x, nil
		}
	}
	return config.Caller{}, usageError{hinted{errors.New("no local caller is configured"), "add a caller with `local: true`"}}
}
