package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/tidwall/gjson"

	"callgate/detectors/effects"
)

// serveTools is the toolserver of the scripts: an MCP server on standard input
// and output that lists the tools of the file that it is given, one a page. It
// never answers when it is to be silent.
func serveTools() {
	raw, err := os.ReadFile(os.Args[1])
	if err != nil && os.Args[1] != "silent" {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tools := gjson.ParseBytes(raw).Array()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		message := gjson.ParseBytes(lines.Bytes())
		if id := message.Get("id"); id.Exists() && os.Args[1] != "silent" {
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", id.Raw, toolsAnswer(message, tools))
		}
	}
}

func toolsAnswer(message gjson.Result, tools []gjson.Result) string {
	if message.Get("method").String() == "initialize" {
		return `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"toolserver","version":"1"}}`
	}
	at := int(message.Get("params.cursor").Int())
	next := ""
	if at+1 < len(tools) {
		next = fmt.Sprintf(`,"nextCursor":"%d"`, at+1)
	}
	compact := &bytes.Buffer{}
	if err := json.Compact(compact, []byte(tools[at].Raw)); err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"tools":[%s]%s}`, compact, next)
}

// TestCatalogueOfAddress builds against a server that is reached over HTTP.
func TestCatalogueOfAddress(t *testing.T) {
	office := server.NewMCPServer("office", "1")
	office.AddTool(mcp.NewTool("send_mail", mcp.WithDescription("Send a mail"), mcp.WithString("to"), mcp.WithString("body")), nil)
	web := httptest.NewServer(server.NewStreamableHTTPServer(office))
	defer web.Close()
	file := filepath.Join(t.TempDir(), "office.json")
	var out, err bytes.Buffer
	got := run(t.Context(), []string{"catalogue", "build", "--url", web.URL + "/mcp", "--name", "office", "-o", file, "--write"}, streams{nil, &out, &err})
	if got != exitDone {
		t.Fatalf("exit code %d\n%s%s", got, &out, &err)
	}
	raw, fault := os.ReadFile(file)
	if fault != nil {
		t.Fatal(fault)
	}
	c, fault := effects.ReadCatalogue(file, raw)
	if fault != nil {
		t.Fatal(fault)
	}
	if e := c.Tools["send_mail"]; c.Server != "cmd:office" || len(c.Tools) != 1 || strings.Join(e.Effects, " ") != "send" {
		t.Errorf("got %+v", c)
	}
	web.Config.Handler = http.NotFoundHandler()
	if got := run(t.Context(), []string{"catalogue", "build", "--url", web.URL + "/mcp", "-o", file}, streams{nil, &out, &err}); got != exitFailed {
		t.Errorf("a server that is not there: exit code %d", got)
	}
}

// TestShippedCatalogues holds the shipped data to its form: each file reads
// strictly, is laid out as build writes it, and says something of every tool.
func TestShippedCatalogues(t *testing.T) {
	files, err := shippedCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newJudge(files...); err != nil {
		t.Fatal(err)
	}
	packages, tools := 0, 0
	for _, file := range files {
		c, err := effects.ReadCatalogue(file.Name, file.Data)
		if err != nil {
			t.Error(err)
			continue
		}
		written, err := c.Format()
		if err != nil || !bytes.Equal(written, file.Data) {
			t.Errorf("%s is not laid out as build writes it (%v)", file.Name, err)
		}
		if !strings.HasPrefix(c.Server, npm) {
			continue
		}
		packages++
		tools += len(c.Tools)
		pinned(t, file.Name, c)
	}
	if packages < 25 || tools < 500 {
		t.Errorf("%d packages with %d tools are too few", packages, tools)
	}
	t.Logf("%d packages, %d tools", packages, tools)
}

// pinned checks what a file from a server's own list has to hold.
func pinned(t *testing.T, file string, c *effects.Catalogue) {
	t.Helper()
	if c.Version == "" {
		t.Errorf("%s has no version", file)
	}
	for name, e := range c.Tools {
		if e.Schema == "" {
			t.Errorf("%s: %s is not pinned", file, name)
		}
		if e.DraftTwin != "" && !strings.Contains(strings.Join(c.Tools[e.DraftTwin].Effects, " "), effects.Draft) {
			t.Errorf("%s: the twin of %s saves no draft", file, name)
		}
	}
}

// TestCataloguePackages holds the locked packages and the shipped files to the
// same servers and versions.
func TestCataloguePackages(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/catalogue/package.json")
	if err != nil {
		t.Fatal(err)
	}
	locked := map[string]string{}
	gjson.GetBytes(raw, "dependencies").ForEach(func(name, version gjson.Result) bool {
		locked[name.String()] = version.String()
		return true
	})
	delete(locked, "zod") // not a server: the version that all of them share
	files, err := shippedCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		c, err := effects.ReadCatalogue(file.Name, file.Data)
		if err != nil {
			t.Fatal(err)
		}
		pkg, ok := strings.CutPrefix(c.Server, npm)
		if !ok {
			continue
		}
		if locked[pkg] != c.Version {
			t.Errorf("%s describes version %q, %q is locked", file.Name, c.Version, locked[pkg])
		}
		delete(locked, pkg)
	}
	for pkg := range locked {
		t.Errorf("no file describes %s", pkg)
	}
}
