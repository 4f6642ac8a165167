package mcp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"callgate/toolproxy"
)

// BenchmarkCall compares a 2 KB tool call with a 1 KB result directly, through
// a bare reverse proxy and through this one with a firewall that allows
// everything: what the wire alone costs. Run it with
//
//	go test -run xxx -bench Call -benchmem ./toolproxy/mcp
func BenchmarkCall(b *testing.B) {
	request := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"` + strings.Repeat("word ", 400) + `"}}}`)
	answer := []byte(`{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"` + strings.Repeat("word ", 190) + `"}]}}`)
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	})
	server := &Server{Name: "office", Guard: allow}
	server.tools.learn("office", mustParse(b, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"}]}}`), server.tools.open(true))
	direct, proxied := front(b, upstream, ProxyConfig{Server: server})
	target, _ := url.Parse(direct)
	bare := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: newTransport()}
	bareServer := httptest.NewServer(bare)
	defer bareServer.Close()
	for _, connections := range []int{1, 32} {
		client := &http.Client{Transport: newTransport()}
		for _, way := range []struct{ name, url string }{{"direct", direct}, {"bare", bareServer.URL}, {"callgate", proxied}} {
			b.Run(way.name+"/"+strconv.Itoa(connections), func(b *testing.B) {
				b.ReportAllocs()
				b.SetParallelism(max(1, connections/runtime.GOMAXPROCS(0)))
				call := func() {
					response, err := client.Post(way.url, "application/json", bytes.NewReader(request))
					if err != nil {
						b.Error(err)
						return
					}
					body, _ := io.ReadAll(response.Body)
					_ = response.Body.Close()
					if !bytes.Equal(body, answer) {
						b.Error("wrong answer")
					}
				}
				if connections == 1 {
					for b.Loop() {
						call()
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						call()
					}
				})
			})
		}
		client.CloseIdleConnections()
	}
	bare.Transport.(*http.Transport).CloseIdleConnections()
}

// BenchmarkServe is the core alone: a judged 2 KB call with a 1 KB result.
func BenchmarkServe(b *testing.B) {
	request := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"` + strings.Repeat("word ", 400) + `"}}}`)
	answer := []byte(`{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"` + strings.Repeat("word ", 190) + `"}]}}`)
	server := &Server{Name: "office", Guard: allow}
	server.tools.learn("office", mustParse(b, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"}]}}`), server.tools.open(true))
	ask := func(context.Context, []byte) ([]byte, error) { return answer, nil }
	b.ReportAllocs()
	for b.Loop() {
		m, err := Parse(request, toolproxy.Gate{})
		if err != nil {
			b.Fatal(err)
		}
		if got := server.Serve(b.Context(), Client{}, m, ask); !bytes.Equal(got, answer) {
			b.Fatal("wrong answer")
		}
	}
}
