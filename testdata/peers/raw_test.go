//go:build e2e

package peers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// rawAsks are requests as bytes, with what typed clients would change: ids
// over 2^53, escapes, number spellings, members that nobody knows. Each has the
// id that its answer must carry.
var rawAsks = []struct{ id, message string }{
	{`"list"`, `{"jsonrpc":"2.0","id":"list","method":"tools/list","params":{}}`},
	{`9007199254740991`, `{"jsonrpc":"2.0","id":9007199254740991,"method":"tools/call","params":{"name":"echo","arguments":{"message":"caf\u00e9 \ud83d\ude00 \"<&>\" \/"}}}`},
	{`"a\"b"`, ` {"id" : "a\"b" ,"jsonrpc":"2.0", "method":"tools/call","params":{"arguments":{"message":"spaced"},"name":"echo","_meta":{"example.com/x":[1.0,2e3]}}} `},
	{`7`, `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get-sum","arguments":{"a":1.50,"b":1e2},"vendor":{"kept":true}}}`},
	{`8`, `{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"get-tiny-image"}}`},
	{`9`, `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"get-structured-content","arguments":{"location":"Chicago"}}}`},
	{`10`, `{"jsonrpc":"2.0","id":10,"method":"tools/call","params":{"name":"get-annotated-message","arguments":{"messageType":"error","includeImage":false}}}`},
	{`11`, `{"jsonrpc":"2.0","id":11,"method":"resources/list"}`},
	{`12`, `{"jsonrpc":"2.0","id":12,"method":"resources/read","params":{"uri":"demo://resource/static/document/startup.md"}}`},
	{`13`, `{"jsonrpc":"2.0","id":13,"method":"prompts/get","params":{"name":"args-prompt","arguments":{"city":"Zürich"}}}`},
	{`14`, `{"jsonrpc":"2.0","id":14,"method":"example/unknown","params":{"x":1}}`},
	{`15`, `{"jsonrpc":"2.0","id":15,"method":"server/discover","params":{}}`},
	{`16`, `{"jsonrpc":"2.0","id":16,"method":"ping"}`},
}

const rawHello = `{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"0"}}}`

const rawReady = `{"jsonrpc":"2.0","method":"notifications/initialized"}`

// documents are the server's own pages about itself: plain prose that names its
// tools and what they send, and no attack.
var documents = []string{"architecture", "extension", "features", "how-it-works", "instructions", "startup", "structure"}

// TestDocuments reads the server's documents. None of them is an attack, so none
// may be changed.
func TestDocuments(t *testing.T) {
	stdio := []string{node, everyServer("everything"), "stdio"}
	g := configure(t, setting{servers: map[string]entry{"peer": {Command: stdio, Tools: reads}}})
	direct, through := rawStdio(t, stdio), rawStdio(t, g.wrap("peer", stdio...))
	for _, p := range []rawPeer{direct, through} {
		p.ask(t, `"hello"`, rawHello)
		p.tell(t, rawReady)
		p.ask(t, `"list"`, rawAsks[0].message)
	}
	for _, name := range documents {
		ask := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"demo://resource/static/document/%s.md"}}`, name)
		want, got := direct.ask(t, "1", ask), through.ask(t, "1", ask)
		if !strings.Contains(want, `"contents"`) {
			t.Fatalf("%s: %s", name, want)
		}
		if want != got {
			t.Errorf("%s.md was changed on its way", name)
		}
	}
}

// rawPeer exchanges messages as bytes.
type rawPeer interface {
	ask(t *testing.T, id, message string) string
	tell(t *testing.T, message string)
}

// TestBytes sends the same bytes directly and through Callgate and compares the
// bytes of the answers.
func TestBytes(t *testing.T) {
	stdio := []string{node, everyServer("everything"), "stdio"}
	url := onPort(t, node, everyServer("everything"), "streamableHttp")
	g := configure(t, setting{servers: map[string]entry{
		"pipe": {Command: stdio, Tools: reads},
		"http": {URL: url, Tools: reads},
	}})
	direct := converse(t, rawStdio(t, stdio))
	if got := converse(t, &rawHTTP{url: url}); !equal(got, direct) {
		t.Fatalf("the server itself answers differently over HTTP:\n%s\n%s", direct, got)
	}
	t.Run("wrap", func(t *testing.T) { sameBytes(t, direct, converse(t, rawStdio(t, g.wrap("pipe", stdio...)))) })
	t.Run("serve", func(t *testing.T) {
		g.serve(t)
		t.Run("http", func(t *testing.T) { sameBytes(t, direct, converse(t, &rawHTTP{url: g.base + "/mcp/http"})) })
		t.Run("pipe", func(t *testing.T) { sameBytes(t, direct, converse(t, &rawHTTP{url: g.base + "/mcp/pipe"})) })
	})
}

func converse(t *testing.T, p rawPeer) []string {
	t.Helper()
	answers := []string{p.ask(t, `"hello"`, rawHello)}
	p.tell(t, rawReady)
	for _, a := range rawAsks {
		answers = append(answers, p.ask(t, a.id, a.message))
	}
	return answers
}

func equal(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }

func sameBytes(t *testing.T, want, got []string) {
	t.Helper()
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("answer %d\ndirectly: %s\nthrough:  %s", i, want[i], got[i])
		}
	}
}

// answers reports whether raw is the response to the request with this id.
func answers(raw []byte, id string) bool {
	var m struct {
		ID     json.RawMessage
		Method string
	}
	return json.Unmarshal(raw, &m) == nil && m.Method == "" && string(m.ID) == id
}

// rawPipe is a server on stdio.
type rawPipe struct {
	in    io.Writer
	lines chan []byte
}

func rawStdio(t *testing.T, argv []string) *rawPipe {
	t.Helper()
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	startOn(t, inR, outW, nil, argv...)
	_, _ = inR.Close(), outW.Close()
	t.Cleanup(func() { _, _ = inW.Close(), outR.Close() })
	p := &rawPipe{in: inW, lines: make(chan []byte, 64)}
	go func() {
		defer close(p.lines)
		for r := bufio.NewReader(outR); ; {
			line, err := r.ReadBytes('\n')
			if err != nil {
				return
			}
			p.lines <- bytes.TrimSuffix(line, []byte("\n"))
		}
	}()
	return p
}

func (p *rawPipe) tell(t *testing.T, message string) {
	t.Helper()
	if _, err := io.WriteString(p.in, message+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (p *rawPipe) ask(t *testing.T, id, message string) string {
	t.Helper()
	p.tell(t, message)
	late := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				t.Fatalf("the server went away instead of answering %s", message)
			}
			if answers(line, id) {
				return string(line)
			}
		case <-late:
			t.Fatalf("no answer to %s", message)
		}
	}
}

// rawHTTP is a server over Streamable HTTP.
type rawHTTP struct {
	url, session string
}

func (p *rawHTTP) tell(t *testing.T, message string) {
	t.Helper()
	resp := p.post(t, message)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%s: %s", message, resp.Status)
	}
}

func (p *rawHTTP) post(t *testing.T, message string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if p.session != "" {
		req.Header.Set("Mcp-Session-Id", p.session)
		req.Header.Set("MCP-Protocol-Version", "2025-11-25")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func (p *rawHTTP) ask(t *testing.T, id, message string) string {
	t.Helper()
	resp := p.post(t, message)
	defer func() { _ = resp.Body.Close() }()
	if s := resp.Header.Get("Mcp-Session-Id"); s != "" {
		p.session = s
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return string(body)
	}
	for line := range bytes.Lines(body) {
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok && answers(bytes.TrimSpace(data), id) {
			return string(bytes.TrimRight(data, "\r\n"))
		}
	}
	return fmt.Sprintf("no answer in %s", body)
}
