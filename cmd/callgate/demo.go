package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"callgate/cmd/callgate/demo"
	"callgate/sidecar"
	"callgate/sidecar/audit"
	"callgate/sidecar/config"
	"callgate/sidecar/identity"
)

func newDemo(a *app) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch an agent meet the firewall",
		Long: "Demo starts an MCP server with an office's tools, Callgate in front of it with the embedded\n" +
			"policy and a fresh record, and an agent that follows a script. It prints what the agent\n" +
			"tried, what was decided, by which rule and why, and then the record of these calls.\n\n" +
			"Exit codes: 0 every step was decided as expected, 1 one was not.",
		Example: "  callgate demo\n  callgate demo --keep",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.demo(cmd.Context(), keep)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "leave everything running until interrupted")
	return cmd
}

// stage is the running demo.
type stage struct {
	sidecar *sidecar.Sidecar
	mcpURL  string
	key     string
	model   string
	ends    []func() error
}

func (a *app) demo(ctx context.Context, keep bool) (err error) {
	dir, err := os.MkdirTemp("", "callgate-demo-")
	if err != nil {
		return err
	}
	story := demo.Story()
	s, err := a.setStage(ctx, filepath.Join(dir, "callgate.db"), story)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	fmt.Fprintf(a.out, "An agent with the scopes *:read and *:draft works through Callgate (policy: balanced).\n\n")
	agent, err := demo.NewAgent(ctx, s.mcpURL, s.key, s.model)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, agent.Close()) }()
	play := &performance{app: a, stage: s, story: story}
	if err := agent.Run(ctx, len(story)+1, func(heard demo.Heard) { play.show(ctx, heard) }); err != nil {
		return err
	}
	if err := play.credits(ctx); err != nil {
		return err
	}
	if keep {
		fmt.Fprintf(a.out, "\nStill running at %s; the key is %s. Stop with Ctrl-C.\n", s.mcpURL, s.key)
		<-ctx.Done()
	}
	return nil
}

// setStage starts the office, the model and the sidecar on free ports.
func (a *app) setStage(ctx context.Context, state string, story []demo.Step) (_ *stage, err error) {
	s := &stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.end())
		}
	}()
	office, err := s.start(ctx, demo.Office())
	if err != nil {
		return nil, err
	}
	model, err := s.start(ctx, demo.Model(story))
	if err != nil {
		return nil, err
	}
	s.model = model + "/v1"
	key, hash, err := identity.NewKey("demo-agent")
	if err != nil {
		return nil, err
	}
	s.key = key
	c := config.Default()
	c.State = state
	c.Servers = map[string]config.Server{demo.ServerName: {URL: office + "/mcp"}}
	c.Callers = []config.Caller{{Name: "demo-agent", Key: hash, Scopes: []string{"*:read", "*:draft"}}}
	return s, s.open(ctx, c, slog.New(slog.NewTextHandler(a.err, nil)))
}

func (s *stage) open(ctx context.Context, c *config.Config, log *slog.Logger) error {
	opened, err := sidecar.Open(ctx, c, log)
	if err != nil {
		return err
	}
	s.sidecar = opened
	s.ends = append(s.ends, opened.Close)
	on, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.mcpURL = "http://" + on.Addr().String() + "/mcp/" + demo.ServerName
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- opened.Serve(serving, on) }()
	s.ends = append(s.ends, func() error { stop(); return <-done })
	return nil
}

// start serves a handler on a free port and gives its address.
func (s *stage) start(ctx context.Context, h http.Handler) (string, error) {
	on, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(on) }()
	s.ends = append(s.ends, func() error {
		err := server.Close()
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			return errors.Join(err, served)
		}
		return err
	})
	return "http://" + on.Addr().String(), nil
}

// end stops what was started, last first.
func (s *stage) end() error {
	var errs []error
	for i := len(s.ends) - 1; i >= 0; i-- {
		errs = append(errs, s.ends[i]())
	}
	return errors.Join(errs...)
}

// performance prints the story as it happens and remembers what went wrong.
type performance struct {
	*app
	stage *stage
	story []demo.Step
	seen  int
	wrong int
}

// show prints one step: what the agent tried, and the record of it.
func (p *performance) show(ctx context.Context, heard demo.Heard) {
	step := p.story[heard.Step]
	p.seen++
	fmt.Fprintf(p.out, "%d. The agent %s\n     %s %s\n", heard.Step+1, step.Title, step.Tool, cut(string(step.Arguments), 90))
	record, err := p.recordOf(ctx, heard.Step)
	if err != nil {
		p.wrong++
		fmt.Fprintf(p.out, "     no record: %v\n\n", err)
		return
	}
	fmt.Fprintf(p.out, "     %s\n", p.sentence(record))
	if record.Decision != step.Decision || string(record.End.Outcome) != step.Outcome {
		p.wrong++
		fmt.Fprintf(p.out, "     UNEXPECTED: wanted %s, %s\n", step.Decision, step.Outcome)
	}
	fmt.Fprintln(p.out)
}

// sentence says in one line what became of a call, by which rule and why.
func (p *performance) sentence(r audit.Record) string {
	words := map[string]string{"allow": "ALLOWED", "transform": "CHANGED", "deny": "REFUSED", "ask": "ASKED"}
	verdict, rules, why := words[r.Decision], r.Rules, strings.Join(r.Reasons, "; ")
	if r.End.Outcome == audit.Withheld {
		verdict, rules, why = "WITHHELD", r.End.Rules, "the call was allowed, but its result tries to instruct the agent: "+found(r.End.Findings)
	}
	if r.Rewritten != nil {
		why += " (" + gjson.GetBytes(r.Rewritten, "call.tool").Str + " ran instead)"
	}
	return fmt.Sprintf("%-9s by %s: %s", verdict, strings.Join(rules, ", "), why)
}

// found names the rules of findings, once each.
func found(findings json.RawMessage) string {
	var list []struct{ Detector, Rule string }
	if err := json.Unmarshal(findings, &list); err != nil {
		return "unreadable findings"
	}
	var names []string
	for _, f := range list {
		name := f.Detector + "/" + f.Rule
		if !strings.Contains(strings.Join(names, " ")+" ", name+" ") {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// recordOf gives the record of the nth call of the story.
func (p *performance) recordOf(ctx context.Context, n int) (audit.Record, error) {
	i := 0
	for r, err := range p.stage.sidecar.Firewall.Record.List(ctx, audit.Query{Caller: "demo-agent", Oldest: true}) {
		if err != nil {
			return audit.Record{}, err
		}
		if i == n {
			return r, nil
		}
		i++
	}
	return audit.Record{}, fmt.Errorf("only %d calls are recorded", i)
}

// credits prints the rows of these calls and where to look further.
func (p *performance) credits(ctx context.Context) error {
	state := p.stage.sidecar.State()
	fmt.Fprintln(p.out, "The record of these calls:")
	if err := p.listRecords(ctx, p.stage.sidecar.Firewall.Record, audit.Query{Caller: "demo-agent", Oldest: true}); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "\nLook further:\n  callgate audit show ID --state %s\n  callgate audit list --decision deny --state %s\n  callgate policy list\n", state, state)
	if p.seen != len(p.story) || p.wrong > 0 {
		return fmt.Errorf("%d of %d steps were not decided as expected", p.wrong+len(p.story)-p.seen, len(p.story))
	}
	return nil
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return text[:most-3] + "..."
}
