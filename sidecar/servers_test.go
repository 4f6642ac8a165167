package sidecar

import (
	"io"
	"slices"
	"testing"

	"callgate/sidecar/config"
)

// TestChildrenDoNotInheritSecrets: a server's process gets what is configured
// for it, and no variable that holds the secret of another.
func TestChildrenDoNotInheritSecrets(t *testing.T) {
	t.Setenv("CRM_TOKEN", planted)
	t.Setenv("OWN_TOKEN", "own")
	t.Setenv("PLAIN", "kept")
	c := config.Default()
	c.Servers = map[string]config.Server{
		"crm":   {URL: "https://crm.example.com/mcp", Headers: map[string]string{"Authorization": "Bearer ${secret:env:CRM_TOKEN}"}},
		"files": {Command: []string{"files"}, Env: map[string]string{"TOKEN": "${secret:env:OWN_TOKEN}"}},
	}
	command, err := (&Sidecar{config: c}).commandOf(c.Servers["files"], io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for entry, want := range map[string]bool{"CRM_TOKEN=" + planted: false, "OWN_TOKEN=own": false, "TOKEN=own": true, "PLAIN=kept": true} {
		if slices.Contains(command.Env, entry) != want {
			t.Errorf("%.9s is there: %v", entry, !want)
		}
	}
}
