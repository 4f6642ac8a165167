//go:build e2e

package peers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// setting is what differs between the configurations of the tests.
type setting struct {
	scopes  []string         // of the local caller
	servers map[string]entry // the upstreams
	rules   map[string]any   // settings of rules
}

// entry is one upstream, as callgate.yaml has it.
type entry struct {
	Command []string           `json:"command,omitempty"`
	URL     string             `json:"url,omitempty"`
	Tools   map[string]effects `json:"tools,omitempty"`
}

// effects is what a tool does, as an operator writes it down.
type effects struct {
	Effects []string `json:"effects"`
	Domains []string `json:"domains"`
}

// reads says of every tool of a server that it only reads.
var reads = map[string]effects{"*": {[]string{"read"}, []string{"other"}}}

// gate is one configured Callgate with a record of its own.
type gate struct {
	config string
	base   string // of its listener
}

// configure writes a callgate.yaml. JSON is YAML, so nothing needs quoting.
func configure(t *testing.T, s setting) gate {
	t.Helper()
	dir := t.TempDir()
	listen := "127.0.0.1:" + freePort(t)
	scopes := s.scopes
	if scopes == nil {
		scopes = []string{"*:*"}
	}
	if s.rules == nil {
		s.rules = map[string]any{}
	}
	raw, err := json.MarshalIndent(map[string]any{
		"listen":  listen,
		"state":   filepath.Join(dir, "callgate.db"),
		"servers": s.servers,
		"callers": []any{map[string]any{"name": "me", "local": true, "scopes": scopes}},
		"policy":  map[string]any{"settings": map[string]any{"rules": s.rules}},
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	g := gate{config: filepath.Join(dir, "callgate.yaml"), base: "http://" + listen}
	if err := os.WriteFile(g.config, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return g
}

// serve starts the sidecar and waits until it is ready.
func (g gate) serve(t *testing.T) {
	t.Helper()
	p := start(t, nil, nil, callgate, "serve", "--config", g.config)
	p.reachable(t, g.base+"/readyz", func(status int) bool { return status == 200 })
	t.Logf("callgate serve:\n%s", p.stderr)
}

// wrap is the command line that protects a command on stdio.
func (g gate) wrap(server string, command ...string) []string {
	return append([]string{callgate, "wrap", "--config", g.config, "--server", server, "--"}, command...)
}

// row is what the tests read of a record.
type row struct {
	ID       string   `json:"id"`
	Caller   string   `json:"caller"`
	Server   string   `json:"server"`
	Tool     string   `json:"tool"`
	Surface  string   `json:"surface"`
	Effects  []string `json:"effects"`
	Decision string   `json:"decision"`
	Code     string   `json:"code"`
	Rules    []string `json:"rules"`
	Outcome  string   `json:"outcome"`
}

// records reads the whole record through the command that operators use.
func (g gate) records(t *testing.T) []row {
	t.Helper()
	out := run(t, "", callgate, "audit", "list", "--json", "--limit", "0", "--config", g.config)
	var rows []row
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("audit list --json printed %q: %v", lines.Bytes(), err)
		}
		rows = append(rows, r)
	}
	return rows
}
