package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// BenchmarkCall stores whole calls, a decision and an end each, and checks the
// rows afterwards. rows/s counts both; p50 and p99 are of one Decide.
func BenchmarkCall(b *testing.B) {
	for _, class := range []string{"read", "write"} {
		for _, writers := range []int{1, 32} {
			b.Run(fmt.Sprintf("class=%s/writers=%d", class, writers), func(b *testing.B) {
				benchCalls(b, class, writers)
			})
		}
	}
}

func benchCalls(b *testing.B, effect string, writers int) {
	ctx := context.Background()
	s, err := Open(ctx, Options{Path: filepath.Join(b.TempDir(), "callgate.db"), WriteTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	calls := make([]Record, b.N)
	for i := range calls {
		calls[i] = benchRecord(effect)
	}
	took := make([]time.Duration, b.N)
	cpu := cpuTime()
	b.ResetTimer()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < b.N; i += writers {
				start := time.Now()
				if err := s.Decide(ctx, &calls[i]); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(start)
				if err := s.Finish(ctx, calls[i].ID, End{Outcome: Returned, Latency: time.Millisecond}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	cpu = cpuTime() - cpu
	slices.Sort(took)
	rows := float64(2 * b.N)
	b.ReportMetric(rows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
	b.ReportMetric(float64(cpu.Nanoseconds())/rows, "cpu-ns/row")
	checkBench(b, s, calls)
}

// checkBench finds each call ended, in one gapless order.
func checkBench(b *testing.B, s *Store, calls []Record) {
	want := map[string]int64{}
	for _, r := range calls {
		want[r.ID] = r.Seq
	}
	next := int64(0)
	for r, err := range s.List(context.Background(), Query{Oldest: true}) {
		if err != nil {
			b.Fatal(err)
		}
		if next++; r.Seq != next || want[r.ID] != r.Seq || r.End.Outcome != Returned {
			b.Fatalf("row %d: %s, outcome %q", r.Seq, r.ID, r.End.Outcome)
		}
	}
	if int(next) != len(calls) {
		b.Fatalf("%d rows of %d calls", next, len(calls))
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// benchRecord is a call with about 1 KB of input.
func benchRecord(effect string) Record {
	return Record{
		ID: uuid.Must(uuid.NewV7()).String(), Time: time.Now(), Surface: "mcp", Stage: "execute", Caller: "sales-agent",
		Session: "0199-session", Server: "crm", Tool: "update_contact", Effects: []string{effect}, Domains: []string{"crm"},
		EffectSource: "catalogue", Decision: "allow", Rules: []string{"read_vs_write"}, Reasons: []string{"the caller may do this"},
		Findings: json.RawMessage(`[]`), Revision: "0f3c9a17be21",
		Input: json.RawMessage(`{"arguments":{"note":"` + strings.Repeat("abcdefgh ", 110) + `"}}`),
	}
}

// BenchmarkToggle changes the class of the next commit, as alternating batches
// of reads and writes do.
func BenchmarkToggle(b *testing.B) {
	s := openTest(b, Options{})
	for i := 0; b.Loop(); i++ {
		if err := s.w.conn.durable(i%2 == 0); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.w.conn.durable(true); err != nil {
		b.Fatal(err)
	}
	if level, err := s.w.conn.integer(context.Background(), "PRAGMA synchronous"); err != nil || level != 2 {
		b.Fatalf("synchronous=%d, %v", level, err)
	}
}
