package mcp

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"callgate/toolproxy"
)

var update = flag.Bool("update", false, "write the goldens of testdata/wire anew")

// TestWire runs each conversation of testdata/wire: what a client sends and an
// upstream answers are given, what the upstream sees and the client gets are
// goldens. An optional part "tools" is the listing that is known beforehand.
// The firewall is officeGuard, and the tool hidden is not visible.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d conversations, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, f := range archive.Files {
				parts[f.Name] = string(f.Data)
			}
			got := converse(t, parts)
			if *update {
				keep(t, file, archive, got)
				return
			}
			for name, text := range got {
				if want := parts[name]; text != want {
					t.Errorf("%s:\n%s\nwant:\n%s", name, text, want)
				}
			}
		})
	}
}

// converse plays one conversation and gives the parts that are goldens.
func converse(t *testing.T, parts map[string]string) map[string]string {
	t.Helper()
	seen := "nothing\n"
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = r.Method + "\n" + headerText(r.Header, "User-Agent", "Content-Length") + "\n" + string(body) + "\n"
		status, body := answerOf(t, w.Header(), parts["upstream answers"])
		w.WriteHeader(status)
		_, _ = w.Write(body)
	})
	server := &Server{Name: "office", Guard: officeGuard, Visible: func(_ context.Context, _ toolproxy.Caller, tool *toolproxy.Tool) bool {
		return tool.Name != "hidden"
	}}
	if tools := parts["tools"]; tools != "" {
		reply := mustParse(t, `{"jsonrpc":"2.0","id":1,"result":{"tools":`+tools+`}}`)
		server.tools.learn("office", reply, server.tools.open(true))
	}
	_, proxied := front(t, upstream, ProxyConfig{Server: server})
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(crlf(parts["client sends"]))))
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(parts["client sends"], "\n\n")
	send, err := http.NewRequestWithContext(t.Context(), r.Method, proxied, strings.NewReader(strings.TrimSuffix(body, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	send.Header = r.Header
	response, err := http.DefaultClient.Do(send)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	gets := fmt.Sprintf("%d\n%s\n%s", response.StatusCode, headerText(response.Header, "Date", "Content-Length"), reply)
	return map[string]string{"upstream sees": seen, "client gets": strings.TrimSuffix(gets, "\n") + "\n"}
}

// answerOf reads a status, headers and a body.
func answerOf(t *testing.T, h http.Header, text string) (int, []byte) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	var status int
	if _, err := fmt.Sscan(lines[0], &status); err != nil {
		t.Errorf("part \"upstream answers\": %v", err)
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	return status, []byte(body)
}

func headerText(h http.Header, without ...string) string {
	var lines []string
	for name, values := range h {
		if !slices.Contains(without, name) {
			lines = append(lines, name+": "+strings.Join(values, ", ")+"\n")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func crlf(text string) string {
	head, _, _ := strings.Cut(text, "\n\n")
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n"
}

func keep(t *testing.T, file string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return got[f.Name] != "" })
	for _, name := range []string{"upstream sees", "client gets"} {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got[name])})
	}
	raw := txtar.Format(archive)
	if before, _ := os.ReadFile(file); bytes.Equal(before, raw) {
		return
	}
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}
