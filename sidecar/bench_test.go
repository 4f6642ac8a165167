package sidecar

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"callgate/detectors"
	"callgate/sidecar/config"
	"callgate/toolproxy"
	"callgate/toolproxy/mcp"
)

// The call of the benchmark: 2 KB of arguments, 1 KB of result, both plain
// English, which is what detectors have to read to the end.
var (
	benchArguments = `{"id":"c-17","note":"` + strings.Repeat("The quick brown fox jumps over the lazy dog. ", 45) + `"}`
	benchResult    = `{"content":[{"type":"text","text":"` + strings.Repeat("Nothing here is of any interest to anyone. ", 22) + `"}]}`
	benchRequest   = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"crm_get_contact","arguments":` + benchArguments + `}}`
	benchAnswer    = `{"jsonrpc":"2.0","id":7,"result":` + benchResult + `}`
	benchTools     = `{"tools":[{"name":"crm_get_contact","description":"Read one contact.","inputSchema":{"type":"object","properties":{"id":{"type":"string"},"note":{"type":"string"}},"required":["id"]}}]}`
)

// readsArguments is an operator's rule that reads the arguments, so that no
// decision is remembered and Rego decides each call anew.
const readsArguments = `package callgate.rules.reads

deny contains {"reason": "never"} if input.call.arguments.note == "never"
`

// target is one way to the upstream.
type target struct{ name, url string }

// BenchmarkCall measures a call directly, through a bare reverse proxy, through
// Callgate with everything on, and through Callgate with a rule that makes Rego
// decide each call anew, in turns within one run, and reports calls a second,
// quantiles and the ratios. Each answer is checked.
//
//	go test ./sidecar -run '^$' -bench BenchmarkCall -benchtime 5x
func BenchmarkCall(b *testing.B) {
	Tune()
	for _, connections := range []int{1, 32} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			targets := benchTargets(b)
			calls := 300 * connections
			if connections > 1 {
				calls = 4000
			}
			took := map[string][]time.Duration{}
			total := map[string]time.Duration{}
			for b.Loop() {
				for _, to := range targets {
					each, all := drive(b, to.url, connections, calls)
					took[to.name] = append(took[to.name], each...)
					total[to.name] += all
				}
			}
			for _, to := range targets {
				slices.Sort(took[to.name])
				n := len(took[to.name])
				b.ReportMetric(float64(n)/total[to.name].Seconds(), to.name+"/s")
				b.ReportMetric(float64(took[to.name][n/2].Microseconds()), to.name+"-p50-us")
				b.ReportMetric(float64(took[to.name][n*99/100].Microseconds()), to.name+"-p99-us")
			}
			b.ReportMetric(total["bare"].Seconds()/total["callgate"].Seconds(), "callgate/bare")
			b.ReportMetric(total["bare"].Seconds()/total["anew"].Seconds(), "anew/bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func benchTargets(b *testing.B) []target {
	b.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(benchUpstream))
	b.Cleanup(upstream.Close)
	at, err := url.Parse(upstream.URL)
	if err != nil {
		b.Fatal(err)
	}
	bare := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(at) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 256},
	})
	b.Cleanup(bare.Close)
	serve := func(dirs ...string) string {
		return run(b, func(c *config.Config) {
			c.Servers = map[string]config.Server{"office": {URL: upstream.URL + "/mcp"}}
			c.Policy.Dirs = dirs
		}).url + "/mcp/office"
	}
	rules := b.TempDir()
	if err := os.WriteFile(filepath.Join(rules, "reads.rego"), []byte(readsArguments), 0o600); err != nil {
		b.Fatal(err)
	}
	return []target{
		{"direct", upstream.URL + "/mcp"},
		{"bare", bare.URL + "/mcp"},
		{"callgate", serve()},
		{"anew", serve(rules)},
	}
}

func benchUpstream(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if gjson.GetBytes(body, "method").Str == "tools/list" {
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, gjson.GetBytes(body, "id").Raw, benchTools)
		return
	}
	_, _ = io.WriteString(w, benchAnswer)
}

// drive makes calls over a number of connections and checks each answer.
func drive(b *testing.B, to string, connections, calls int) ([]time.Duration, time.Duration) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	each := make([]time.Duration, calls)
	var working sync.WaitGroup
	start := time.Now()
	for worker := range connections {
		working.Go(func() {
			for i := worker; i < calls; i += connections {
				began := time.Now()
				if err := oneCall(client, to); err != nil {
					b.Error(err)
					return
				}
				each[i] = time.Since(began)
			}
		})
	}
	working.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return each, time.Since(start)
}

func oneCall(client *http.Client, to string) error {
	response, err := client.Post(to, "application/json", strings.NewReader(benchRequest))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if string(body) != benchAnswer {
		return fmt.Errorf("status %d, answer %.200s", response.StatusCode, body)
	}
	return nil
}

// BenchmarkStage measures each step of the same call by itself.
//
//	go test ./sidecar -run '^$' -bench BenchmarkStage
func BenchmarkStage(b *testing.B) {
	f := open(b, setup{}).Firewall
	c := call("crm_get_contact", benchArguments)
	engine := f.engine.Load()
	t := f.begin(c)
	f.judge(b.Context(), engine, t)
	if t.refusal != nil {
		b.Fatal(t.refusal)
	}
	steps := []struct {
		name string
		step func() error
	}{
		{"gate", func() error { _, err := mcp.Parse([]byte(benchRequest), toolproxy.Gate{}); return err }},
		{"facts-schema-detectors", func() error { _, err := f.inputOf(b.Context(), t, c); return err }},
		{"secrets", func() error { _, _, _, err := f.Secrets.Redact(c.Arguments); return err }},
		{"detectors", func() error {
			_, err := f.Scanner.ScanJSON(c.Arguments, f.setting(detectors.Argument, c))
			return err
		}},
		{"policy", func() error { _, err := engine.Decide(b.Context(), t.input); return err }},
		{"input-json", func() error { _, err := t.input.JSON(); return err }},
		{"screen", func() error {
			_, err := f.Scanner.ScanJSON(json.RawMessage(benchResult), f.setting(detectors.ResultText, c))
			return err
		}},
		{"whole-with-record", func() error {
			again := *c
			again.ID = ""
			_, err := f.Guard(answering).ServeCall(b.Context(), &again)
			return err
		}},
	}
	for _, s := range steps {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := s.step(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

var answering = toolproxy.HandlerFunc(func(context.Context, *toolproxy.Call) (*toolproxy.Result, error) {
	return &toolproxy.Result{Body: bytes.Clone([]byte(benchResult))}, nil
})
