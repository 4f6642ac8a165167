package sidecar

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"callgate/sidecar/config"
)

// TestWhoIsLocal: what another proxy on this machine hands on, and what a web
// page asks for, does not come from the local caller.
func TestWhoIsLocal(t *testing.T) {
	r := run(t, func(c *config.Config) {
		c.Servers = map[string]config.Server{"notes": {URL: office(t, says("hello"))}}
		c.AllowedHosts = []string{"Callgate.Example.com", "other.example.com:8443", "[fd00::1]"}
	})
	cases := []struct {
		name   string
		header []string
		status int
	}{
		{"plain", nil, 200},
		{"typed by a person", []string{"Sec-Fetch-Site", "none"}, 200},
		{"host in another case", []string{"Host", "callgate.example.COM:7070"}, 200},
		{"host with its port", []string{"Host", "other.example.com:8443"}, 200},
		{"host with another port", []string{"Host", "other.example.com:7070"}, 403},
		{"configured address", []string{"Host", "[fd00::1]:7070"}, 200},
		{"rooted localhost", []string{"Host", "localhost."}, 403},
		{"mapped loopback elsewhere", []string{"Host", "[::ffff:10.0.0.1]"}, 403},
		{"page elsewhere without an origin", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"page on another port", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"behind a proxy", []string{"X-Forwarded-For", "127.0.0.1"}, 401},
		{"behind a proxy that says so", []string{"Forwarded", "for=127.0.0.1"}, 401},
		{"behind a proxy that gives an address", []string{"X-Real-IP", "127.0.0.1"}, 401},
		{"behind a gateway", []string{"Via", "1.1 gateway"}, 401},
	}
	for _, c := range cases {
		if status, answer := post(t, r.url+"/mcp/notes", getNote, c.header...); status != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, status, answer, c.status)
		}
	}
}

// TestPagesOfUpstreamsAreInert: a page that an upstream sends runs nothing
// under this listener's origin.
func TestPagesOfUpstreamsAreInert(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request, _ gjson.Result) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src *")
		w.Header().Set("Connection", "Content-Security-Policy, X-Hop")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<script>fetch('/mcp/bank')</script>")
	}
	r := run(t, func(c *config.Config) { c.Servers = map[string]config.Server{"page": {URL: office(t, page)}} })
	response, err := http.Get(r.url + "/mcp/page")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Values("Content-Security-Policy"); response.StatusCode != 404 || len(got) != 1 || got[0] != inert {
		t.Errorf("status %d, policy %q", response.StatusCode, got)
	}
}

// TestUnreadAnswer: a client that does not read its answer gives its place up.
func TestUnreadAnswer(t *testing.T) {
	big := strings.Repeat("all is well. ", 1<<20)
	r := run(t, func(c *config.Config) {
		c.Servers = map[string]config.Server{"notes": {URL: office(t, func(w http.ResponseWriter, r *http.Request, m gjson.Result) {
			if m.Get("id").Int() == 7 {
				says(big)(w, r, m)
				return
			}
			says("small")(w, r, m)
		})}}
		c.Limits.MaxCalls = 1
		c.Limits.BodyTimeout = 200 * time.Millisecond
	})
	connection, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	body := strings.Replace(getNote, `"id":1`, `"id":7`, 1)
	fmt.Fprintf(connection, "POST /mcp/notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if line, err := bufio.NewReader(connection).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatalf("%q, %v", line, err)
	}
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		status, answer := post(t, r.url+"/mcp/notes", getNote)
		if status == 200 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("its place is taken for ever: %d %s", status, answer)
		}
	}
}

// TestShutdownFinishesLookups: a call whose definition is being looked up is a
// call in flight.
func TestShutdownFinishesLookups(t *testing.T) {
	reached := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		message := gjson.ParseBytes(body)
		if message.Get("method").Str != "tools/list" {
			says("late")(w, r, message)
			return
		}
		close(reached)
		select {
		case <-r.Context().Done():
		case <-time.After(200 * time.Millisecond): // some turns of the shutdown
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"get_note","inputSchema":{"type":"object"}}]}}`, message.Get("id").Raw)
		}
	}))
	t.Cleanup(upstream.Close)
	r := run(t, func(c *config.Config) { c.Servers = map[string]config.Server{"notes": {URL: upstream.URL}} })
	got := make(chan string, 1)
	go func() {
		_, body := post(t, r.url+"/mcp/notes", getNote)
		got <- body
	}()
	<-reached
	r.stop()
	if body := <-got; gjson.Get(body, "result.content.0.text").Str != "late" {
		t.Errorf("the call in flight got %s", body)
	}
}

// TestStreamsAreBounded: streams have places of their own.
func TestStreamsAreBounded(t *testing.T) {
	r := run(t, func(c *config.Config) {
		c.Limits.MaxCalls = 1
		c.Servers = map[string]config.Server{"notes": {URL: office(t, func(w http.ResponseWriter, r *http.Request, m gjson.Result) {
			if r.Method != http.MethodGet {
				says("hello")(w, r, m)
				return
			}
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})}}
	})
	first, err := http.Get(r.url + "/mcp/notes")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Body.Close()
	second, err := http.Get(r.url + "/mcp/notes")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Body.Close()
	if first.StatusCode != 200 || second.StatusCode != 503 {
		t.Errorf("streams got %d and %d", first.StatusCode, second.StatusCode)
	}
	if status, answer := post(t, r.url+"/mcp/notes", getNote); status != 200 {
		t.Errorf("beside a stream a call got %d %s", status, answer)
	}
}
