package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"

	"callgate/sidecar/audit"
)

// TestAuditScripts runs the audit commands over real files. The command record
// makes one: "record FILE" with the calls of sampleCalls.
func TestAuditScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/audit",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code,
			"record": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: record FILE")
				}
				ts.Check(record(ts.MkAbs(args[0])))
			},
		},
	})
}

func record(path string) (err error) {
	ctx := context.Background()
	s, err := audit.Open(ctx, audit.Options{Path: path})
	if err != nil {
		return err
	}
	for _, r := range sampleCalls() {
		if err == nil {
			err = s.Decide(ctx, &r)
		}
	}
	if err == nil {
		err = s.Finish(ctx, "01a20a62-0001-7000-8000-000000000001", audit.End{
			Outcome: audit.Returned, Latency: 12 * time.Millisecond, Upstream: 11 * time.Millisecond,
		})
	}
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	return err
}

// sampleCalls are an allowed read, a refused payment, and an open call with a
// name that tries to steer the terminal.
func sampleCalls() []audit.Record {
	day := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	return []audit.Record{
		{
			ID: "01a20a62-0001-7000-8000-000000000001", Time: day, Surface: "mcp", Stage: "execute", Caller: "sales-agent",
			Session: "s-1", Server: "crm", Tool: "find_contact", Effects: []string{"read"}, Domains: []string{"crm"},
			EffectSource: "catalogue", Decision: "allow", Rules: []string{"read_vs_write"}, Revision: "0f3c9a",
			Input: json.RawMessage(`{"call":{"arguments":{"name":"Ann"}}}`),
		},
		{
			ID: "01a20a62-0002-7000-8000-000000000002", Time: day.Add(time.Hour), Surface: "mcp", Stage: "execute", Caller: "sales-agent",
			Session: "s-2", Server: "bank", Tool: "create_payment", Effects: []string{"pay"}, Domains: []string{"finance"},
			EffectSource: "lexicon", Decision: "deny", Code: "denied", Step: "policy", Rules: []string{"financial_write_ban"},
			Reasons: []string{"payments need a person"}, Findings: json.RawMessage(`[{"rule":"large_amount"}]`), Revision: "0f3c9a",
			Input: json.RawMessage(`{"call":{"arguments":{"amount":9007199254740993}}}`), End: audit.End{Outcome: audit.Refused},
		},
		{
			ID: "01a20a62-0003-7000-8000-000000000003", Time: day.Add(2 * time.Hour), Surface: "tool", Caller: "other",
			Tool: "fetch\x1b[2J\u202egpj.exe", Effects: []string{"unknown"}, Decision: "allow", Revision: "0f3c9a",
			Input: json.RawMessage(`{"call":{"arguments":{"note":"` + "\u202e\u200b" + `"}}}`),
		},
	}
}

func TestPrintable(t *testing.T) {
	cases := map[string]string{
		"plain text":        "plain text",
		"zwölf 日本":          "zwölf 日本",
		`a "quoted" word`:   `a "quoted" word`,
		`back\slash`:        `back\slash`,
		"\x1b]0;title\x07":  `\x1b]0;title\a`,
		"two\nlines\r":      `two\nlines\r`,
		"\u202eright":       `\u202eright`,
		"zero\u200bwidth":   `zero\u200bwidth`,
		"\u009b31m":         `\u009b31m`,
		"tag \U000e0041":    `tag \U000e0041`,
		"bad \xff byte":     `bad \xff byte`,
		"line\u2028break":   `line\u2028break`,
		"soft\u00adhyphen ": `soft\u00adhyphen `,
	}
	for in, want := range cases {
		if got := printable(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

// TestTableWidth prints the longest of everything.
func TestTableWidth(t *testing.T) {
	long := strings.Repeat("long-日本-", 40)
	r := audit.Record{ID: long, Caller: long, Server: long, Tool: long, Decision: "transform", Rules: []string{long, long}}
	for _, flowing := range []bool{false, true} {
		var out strings.Builder
		buffered := bufio.NewWriter(&out)
		rows := table{out: buffered, flowing: flowing}
		if err := errors.Join(rows.add(&r), rows.flush(), buffered.Flush()); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 2 {
			t.Fatalf("%d lines", len(lines))
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > tableWidth {
				t.Errorf("%d characters: %s", n, line)
			}
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	cases := map[string]time.Time{
		"":                          {},
		"90m":                       now.Add(-90 * time.Minute),
		"24h":                       now.Add(-24 * time.Hour),
		"30d":                       now.AddDate(0, 0, -30),
		"2026-11-01T00:00:00Z":      time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		"2026-11-01T00:00:00+01:00": time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC),
	}
	for text, want := range cases {
		if got, err := moment("since", text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"yesterday", "-5m", "-1d", "1.5d", "d", "30", "2026-11-01", fmt.Sprint(1<<40, "d")} {
		if got, err := moment("since", text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestTailFollows runs the command until it is interrupted, while calls come.
func TestTailFollows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callgate.db")
	if err := record(path); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	out, in := io.Pipe()
	var talk strings.Builder
	code := make(chan int, 1)
	go func() {
		defer in.Close()
		code <- run(ctx, []string{"audit", "tail", "-f", "-n", "1", "--state", path}, streams{out: in, err: &talk})
	}()
	lines := bufio.NewScanner(out)
	expect := func(words string) {
		t.Helper()
		if !lines.Scan() || !strings.Contains(lines.Text(), words) {
			t.Fatalf("got %q, want %q; %s", lines.Text(), words, &talk)
		}
	}
	expect("TIME (UTC)")
	expect("fetch")
	s, err := audit.Open(ctx, audit.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	expect("allow interrupted")
	next := sampleCalls()[0]
	next.ID = "01a20a62-0004-7000-8000-000000000004"
	if err := s.Decide(ctx, &next); err != nil {
		t.Fatal(err)
	}
	expect("crm/find_contact        allow open")
	if err := s.Finish(ctx, next.ID, audit.End{Outcome: audit.Withheld, Rules: []string{"injection"}}); err != nil {
		t.Fatal(err)
	}
	expect("crm/find_contact        allow withheld injection")
	interrupt()
	if lines.Scan() {
		t.Errorf("then came %q", lines.Text())
	}
	if got := <-code; got != exitDone {
		t.Errorf("exit code %d: %s", got, &talk)
	}
}
