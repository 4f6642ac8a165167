package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
)

// TestMain is also the program of the processes that the tests start.
func TestMain(m *testing.M) {
	if job := os.Getenv("AUDIT_TEST_JOB"); job != "" {
		if err := child(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// openTest opens a record that is checked when the test ends: SQLite finds
// nothing wrong with the file, and the order of decisions has no gap.
func openTest(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "state", "callgate.db")
	}
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		verify(t, o.Path)
	})
	return s
}

func verify(t testing.TB, path string) {
	t.Helper()
	r := readTest(t, path)
	var verdict string
	if err := r.db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s, %v", verdict, err)
	}
	next := int64(0)
	for record, err := range r.List(context.Background(), Query{Oldest: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if next++; record.Seq != next {
			t.Fatalf("entry %d stands at place %d", record.Seq, next)
		}
	}
}

func readTest(t testing.TB, path string) *Reader {
	t.Helper()
	r, err := OpenReader(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// on runs do on the writer's connection, as part of a transaction.
func (s *Store) on(full bool, do func(*conn) error) error {
	r := requests.Get().(*request)
	r.full, r.probe = full, do
	_, err := s.write(context.Background(), r)
	return err
}

// call is a decision with every field set.
func call() Record {
	return Record{
		ID: uuid.Must(uuid.NewV7()).String(), Time: time.Date(2026, 11, 23, 21, 30, 5, 123456000, time.UTC),
		Surface: "mcp", Stage: "execute", Caller: "sales-agent", Session: "s-1", Server: "mail", Tool: "send_message",
		Effects: []string{"send", "write"}, Domains: []string{"mail"}, EffectSource: "catalogue",
		Decision: "transform", Code: "edited", Step: "policy", Rules: []string{"draft_vs_send"},
		Reasons: []string{`a "draft" is enough`, "zwölf"}, Cause: "line one\nline two", Observed: true,
		Findings: json.RawMessage(`[{"rule":"exfil_url"}]`), Revision: "0f3c9a",
		Input: json.RawMessage(`{"call":{"id":9007199254740993}}`), Rewritten: json.RawMessage(`{"tool":"create_draft"}`),
		Approval: "q-abcdefg234",
	}
}

func end() End {
	return End{
		Outcome: Withheld, Code: "injection", Cause: "two lines", Rules: []string{"injection"}, Findings: json.RawMessage(`[{"rule":"hidden"}]`),
		Latency: 1500 * time.Microsecond, Upstream: 900 * time.Microsecond,
	}
}

func mustDecide(t testing.TB, s *Store, r Record) Record {
	t.Helper()
	if err := s.Decide(context.Background(), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// hold keeps the writer busy inside a transaction until the result is called.
func (s *Store) hold(t testing.TB) (release func()) {
	t.Helper()
	holding, let, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- s.on(true, func(*conn) error {
			close(holding)
			<-let
			return nil
		})
	}()
	<-holding
	return func() {
		close(let)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// large is JSON that needs pages of its own.
func large() json.RawMessage { return json.RawMessage(`["` + strings.Repeat("x", 30_000) + `"]`) }
