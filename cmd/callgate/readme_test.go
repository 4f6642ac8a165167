package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"callgate/sidecar/config"
	"callgate/sidecar/identity"
	"callgate/toolproxy"
)

var update = flag.Bool("update", false, "write the generated parts of the README")

const readmePath = "../../README.md"

// TestReadme keeps the generated parts of the README equal to what the program
// says: the demo's transcript, the configuration reference, the error codes.
func TestReadme(t *testing.T) {
	before, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	readme := string(before)
	readme = put(t, readme, "demo", "```\n"+transcript(t)+"```\n")
	readme = put(t, readme, "reference", config.Reference())
	readme = put(t, readme, "codes", codeTable())
	if *update {
		if err := os.WriteFile(readmePath, []byte(readme), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if readme != string(before) {
		t.Error("the README is not what the program says: run go test ./cmd/callgate -run TestReadme -update")
	}
}

// put replaces what stands between two markers.
func put(t *testing.T, readme, name, text string) string {
	t.Helper()
	from, to := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	head, rest, ok := strings.Cut(readme, from)
	_, tail, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatalf("the README has no part %q", name)
	}
	return head + from + text + to + tail
}

// transcript runs the demo and makes equal what differs from run to run.
func transcript(t *testing.T) string {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var out, talk bytes.Buffer
	if code := run(t.Context(), []string{"demo"}, streams{in: strings.NewReader(""), out: &out, err: &talk}); code != exitDone {
		t.Fatalf("demo ended with %d:\n%s%s", code, out.String(), talk.String())
	}
	text := regexp.MustCompile(`\S*callgate-demo-\d+`).ReplaceAllString(out.String(), "/tmp/callgate-demo-1")
	text = regexp.MustCompile(`\d\d-\d\d \d\d:\d\d:\d\d`).ReplaceAllString(text, "01-31 12:00:00")
	n := 0
	return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}`).ReplaceAllStringFunc(text, func(string) string {
		n++
		return fmt.Sprintf("019c1a2b-%04x-7abc", n)
	})
}

func codeTable() string {
	var b strings.Builder
	b.WriteString("| code | what the agent reads | next step |\n|---|---|---|\n")
	for _, code := range toolproxy.Codes {
		r := toolproxy.Refuse(code, "", nil).Worded()
		hint := r.Hint
		if code == toolproxy.CodeDenied {
			hint = "The nearest allowed action, where a rule names one."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", code, r.Message, hint)
	}
	return b.String()
}

// TestReadmeExamples runs what the README shows: its configuration is valid, its
// rule is a rule, and its call gets the decision that the text is about.
func TestReadmeExamples(t *testing.T) {
	read, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	readme := string(read)
	_, hash, err := identity.NewKey("sales-agent")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("callgate.yaml", strings.Replace(block(t, readme, "yaml"), `"v1:..."`, `"`+hash+`"`, 1))
	succeeds(t, "", "serve", "--check", "--config", file)
	write("office_hours.rego", block(t, readme, "rego"))
	succeeds(t, "", "policy", "check", dir)
	if !json.Valid([]byte(block(t, readme, "json"))) {
		t.Error("the client's configuration is not JSON")
	}
	asked := regexp.MustCompile(`echo '(.*)' \| callgate decide`).FindStringSubmatch(readme)
	if asked == nil {
		t.Fatal("the README asks for no decision")
	}
	t.Setenv("XDG_STATE_HOME", dir)
	if answer := succeeds(t, asked[1], "decide"); !strings.Contains(answer, `"decision":"deny"`) {
		t.Errorf("the call got %s", answer)
	}
}

// block gives the first fenced block of a language.
func block(t *testing.T, readme, language string) string {
	t.Helper()
	_, rest, ok := strings.Cut(readme, "```"+language+"\n")
	text, _, closed := strings.Cut(rest, "```\n")
	if !ok || !closed {
		t.Fatalf("the README has no block of %s", language)
	}
	return text
}

// succeeds runs a command and gives what it printed.
func succeeds(t *testing.T, in string, args ...string) string {
	t.Helper()
	var out, talk bytes.Buffer
	if code := run(t.Context(), args, streams{in: strings.NewReader(in), out: &out, err: &talk}); code != exitDone {
		t.Errorf("callgate %s ended with %d: %s", strings.Join(args, " "), code, talk.String())
	}
	return out.String()
}

// TestPageCommands checks that each callgate command of the README and of
// POLICY.md exists, with its flags.
func TestPageCommands(t *testing.T) {
	for _, page := range []string{readmePath, policyPath} {
		t.Run(filepath.Base(page), func(t *testing.T) { checkCommands(t, page) })
	}
}

func checkCommands(t *testing.T, page string) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, line := range regexp.MustCompile(`(?m)(?:^|\| )callgate ([a-z].*)$`).FindAllStringSubmatch(string(text), -1) {
		command, _, _ := strings.Cut(line[1], " #")
		words := strings.Fields(command)
		root := newRoot(&app{streams: streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard}})
		cmd, rest, err := root.Find(words)
		if err != nil || cmd == root {
			t.Errorf("callgate %s: no such command", line[1])
			continue
		}
		checked++
		checkFlags(t, cmd, line[1], rest)
	}
	if checked < 10 {
		t.Errorf("checked %d commands only", checked)
	}
}

func checkFlags(t *testing.T, cmd *cobra.Command, line string, words []string) {
	t.Helper()
	if err := cmd.ParseFlags(words); err != nil {
		t.Errorf("callgate %s: %v", line, err)
	}
}
