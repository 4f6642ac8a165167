//go:build e2e

package peers

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestCatalogue builds the shipped catalogue of the servers that are installed
// here: nothing differs, and a hash that is not theirs is found.
func TestCatalogue(t *testing.T) {
	shipped := filepath.Join(here, "..", "..", "rego", "facts", "catalogue")
	for _, server := range []string{"filesystem", "memory", "everything"} {
		t.Run(server, func(t *testing.T) {
			file := filepath.Join(shipped, "modelcontextprotocol-server-"+server+".json")
			if code, said := catalogueBuild(t, file); code != 0 || !bytes.Contains(said, []byte(", as pinned\n")) {
				t.Errorf("exit code %d\n%s", code, said)
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			forged := regexp.MustCompile(`"schema":"[0-9a-f]{4}`).ReplaceAll(raw, []byte(`"schema":"0bad`))
			file = filepath.Join(t.TempDir(), "forged.json")
			if err := os.WriteFile(file, forged, 0o600); err != nil {
				t.Fatal(err)
			}
			changed := bytes.Count(raw, []byte(`"schema":`))
			if code, said := catalogueBuild(t, file); code != 1 || bytes.Count(said, []byte("schema 0bad")) != changed {
				t.Errorf("forged: exit code %d, not %d tools changed\n%s", code, changed, said)
			}
		})
	}
}

func catalogueBuild(t *testing.T, file string) (code int, said []byte) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), callgate, "catalogue", "build", "--node", node, "--modules", here, file)
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), said
}
