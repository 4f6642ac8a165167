package sidecar

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"callgate/sidecar/config"
	"callgate/sidecar/identity"
	"callgate/sidecar/secret"
	"callgate/toolproxy"
	"callgate/toolproxy/mcp"
)

// bridgeURL is where the proxy finds a server that is a command. The bridge
// answers in the place of a network.
const bridgeURL = "http://stdio.invalid/mcp"

// openServer puts the proxy of one configured upstream in its place. A command
// is started by its first client, not here.
func (s *Sidecar) openServer(name string, c config.Server) error {
	proxy := mcp.ProxyConfig{Server: s.server(name), Client: clientOf, Limits: s.limits(c)}
	if err := s.reach(&proxy, c); err != nil {
		return err
	}
	handler, err := mcp.NewProxy(proxy)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, closer(handler.Close))
	s.proxies[name] = handler
	return nil
}

// reach says how the proxy gets to its upstream: over the network, or to a
// command over stdio.
func (s *Sidecar) reach(proxy *mcp.ProxyConfig, c config.Server) error {
	if len(c.Command) == 0 {
		address, err := resolve(c.URL)
		if err != nil {
			return err
		}
		proxy.URL = address
		proxy.Headers, err = headersOf(c.Headers)
		return err
	}
	command, err := s.commandOf(c, os.Stderr)
	if err != nil {
		return err
	}
	bridge, err := mcp.NewBridge(mcp.BridgeConfig{
		Command: command, Gate: s.gate(), Replies: s.replies(),
		MaxChildren: s.config.Limits.MaxChildren, IdleTimeout: s.config.Limits.IdleChild,
		Report: s.reporter(proxy.Server.Name),
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, bridge)
	proxy.URL, proxy.Transport = bridgeURL, bridge
	return nil
}

// Stdio are the streams of a wrapped server.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Wrap runs a configured command with the firewall between it and the streams,
// until it exits, and gives its exit code. The caller has to be a local one.
// Meanwhile the policy is reloaded when it changes.
func (s *Sidecar) Wrap(ctx context.Context, name string, caller config.Caller, streams Stdio) (int, error) {
	command, err := s.commandOf(s.config.Servers[name], streams.Err)
	if err != nil {
		return 0, err
	}
	defer s.follow(nil)()
	return mcp.Wrap(ctx, mcp.WrapConfig{
		Server: s.server(name),
		Client: mcp.Client{Caller: toolproxy.Caller{
			Name: caller.Name, Auth: identity.AuthStdio, Roles: caller.Roles, Scopes: caller.Scopes,
		}},
		Command: command, Stdin: streams.In, Stdout: streams.Out,
		MaxInFlight: s.config.Limits.MaxCalls,
		Report:      s.reporter(name),
	})
}

// server is one upstream as the firewall sees it.
func (s *Sidecar) server(name string) *mcp.Server {
	return &mcp.Server{Name: name, Guard: s.Firewall.Guard, Visible: s.Firewall.Visible, Gate: s.gate(), Replies: s.replies()}
}

// reporter logs what a stdio server did that a client does not see.
func (s *Sidecar) reporter(name string) func(string) {
	return func(event string) { s.log.Warn("stdio server", "server", name, "event", event) }
}

func (s *Sidecar) limits(c config.Server) mcp.Limits {
	l := mcp.Limits{MaxReply: int(s.config.Limits.MaxReply), CallTimeout: s.config.Limits.CallTimeout}
	if c.Timeout > 0 {
		l.CallTimeout = c.Timeout
	}
	return l
}

// clientOf says who sent a request that admit let through.
func clientOf(r *http.Request) mcp.Client {
	return mcp.Client{Caller: callerOf(r.Context())}
}

// commandOf is a configured command with its secrets in their places. The
// child has the environment of this process, but for the variables that the
// configuration names as secrets, and what is configured on top.
func (s *Sidecar) commandOf(c config.Server, stderr io.Writer) (mcp.Command, error) {
	command := mcp.Command{Dir: c.Dir, Env: withoutSecrets(os.Environ(), s.config), Stderr: stderr}
	for _, word := range c.Command {
		text, err := resolve(word)
		if err != nil {
			return mcp.Command{}, err
		}
		command.Args = append(command.Args, text)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		text, err := resolve(c.Env[name])
		if err != nil {
			return mcp.Command{}, err
		}
		command.Env = append(command.Env, name+"="+text)
	}
	return command, nil
}

// withoutSecrets leaves out the variables that references name: what one
// upstream is given is not for the process of another.
func withoutSecrets(environment []string, c *config.Config) []string {
	var secrets []string
	for _, text := range c.Texts() {
		if value, err := secret.Parse(text); err == nil {
			secrets = append(secrets, value.Variables()...)
		}
	}
	return slices.DeleteFunc(environment, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(secrets, name)
	})
}

// headersOf prepares the headers of an upstream. Their secrets are resolved
// for each request, so that a rotated one is used at once.
func headersOf(configured map[string]string) (func() (http.Header, error), error) {
	values := map[string]secret.Value{}
	for name, text := range configured {
		value, err := secret.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		values[name] = value
	}
	return func() (http.Header, error) {
		header := make(http.Header, len(values))
		for name, value := range values {
			text, err := value.Resolve()
			if err != nil {
				return nil, fmt.Errorf("header %s: %w", name, err)
			}
			header.Set(name, text)
		}
		return header, nil
	}, nil
}

func resolve(text string) (string, error) {
	value, err := secret.Parse(text)
	if err != nil {
		return "", err
	}
	return value.Resolve()
}

// checkReferences finds faults in references to secrets without reading any.
func checkReferences(c *config.Config, report config.Report) {
	for at, text := range c.Texts() {
		if _, err := secret.Parse(text); err != nil {
			report(at, "bad_reference", err.Error(), "write ${secret:env:NAME} or ${secret:file:PATH}")
		}
	}
}

// warn tells the operator what is unwise about the places of secrets, such as a
// file that others can read.
func (s *Sidecar) warn() {
	for at, text := range s.config.Texts() {
		value, err := secret.Parse(text)
		if err != nil {
			continue // checkReferences has refused it, or the place that uses it will
		}
		for _, warning := range value.Warnings() {
			s.log.Warn("secret", "at", at, "warning", warning)
		}
	}
}

// closer makes a function an io.Closer. A function that cannot fail is taken
// as it is.
type closer func()

// Close calls the function.
func (c closer) Close() error {
	c()
	return nil
}
