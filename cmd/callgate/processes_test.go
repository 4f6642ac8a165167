package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"callgate/sidecar/audit"
)

// TestFiveProcessesOneRecord runs five whole processes at once on the record
// that a user's processes share, from its creation on: every call is there,
// once, in one order, with its end.
func TestFiveProcessesOneRecord(t *testing.T) {
	const processes, calls = 5, 60
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	var running sync.WaitGroup
	for p := range processes {
		running.Go(func() {
			var lines, talk bytes.Buffer
			for n := range calls {
				fmt.Fprintf(&lines, `{"server":"s%d","tool":"get_note","session":"n%d","definition":{"inputSchema":{"type":"object"}}}`+"\n", p, n)
			}
			// The test binary is callgate when it is called by that name.
			cmd := &exec.Cmd{Path: exe, Args: []string{"callgate", "decide"}, Stdin: &lines, Stderr: &talk,
				Env: append(os.Environ(), "XDG_STATE_HOME="+state, "LOCALAPPDATA="+state, "HOME="+state)}
			answers, err := cmd.Output()
			if got := strings.Count(string(answers), `"decision":"allow"`); err != nil || got != calls {
				t.Errorf("process %d: %v, %d answers\n%s", p, err, got, talk.String())
			}
		})
	}
	running.Wait()
	checkShared(t, filepath.Join(state, "callgate", "callgate.db"), processes, calls)
}

func checkShared(t *testing.T, path string, processes, calls int) {
	t.Helper()
	reader, err := audit.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	seen, last := map[string]bool{}, int64(0)
	for r, err := range reader.List(t.Context(), audit.Query{Oldest: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Seq <= last || r.End.Outcome != audit.Decided {
			t.Errorf("entry %d follows %d and ended as %q", r.Seq, last, r.End.Outcome)
		}
		last = r.Seq
		seen[r.Server+"/"+r.Session] = true
	}
	if len(seen) != processes*calls || last != int64(processes*calls) {
		t.Errorf("%d different calls, %d entries, want %d", len(seen), last, processes*calls)
	}
}
