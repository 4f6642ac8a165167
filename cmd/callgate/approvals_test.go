package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/shopspring/decimal"

	"callgate/sidecar/approval"
	"callgate/sidecar/audit"
	"callgate/sidecar/pin"
	"callgate/sidecar/spend"
)

// TestPersonScripts runs the commands by which a person decides, over real
// files. The command state makes one, "state FILE", with the questions of
// seedQuestions, whose ids are then in the environment, and the tools of
// seedTools.
func TestPersonScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/person",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code,
			"state": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: state FILE")
				}
				ts.Check(seed(ts.MkAbs(args[0]), ts.Setenv))
			},
		},
	})
}

func seed(path string, setenv func(name, value string)) (err error) {
	ctx := context.Background()
	s, err := audit.Open(ctx, audit.Options{Path: path})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	questions, err := s.Tables(ctx, "approval", approval.Migrations)
	if err != nil {
		return err
	}
	past := approval.New(questions, approval.Options{Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	for _, question := range []struct { // in this order: the second asks anew because the first has expired
		name string
		desk *approval.Desk
	}{{"EXPIRED", past}, {"WAITING", approval.New(questions, approval.Options{})}} {
		q, err := question.desk.Ask(ctx, askedPayment(), aboutPayment())
		if err != nil {
			return err
		}
		setenv(question.name, q.ID)
	}
	other := askedPayment()
	other.Server, other.Tool, other.Session = "", "wipe\x1b[2J\u202e", ""
	q, err := approval.New(questions, approval.Options{}).Ask(ctx, other, approval.About{Input: []byte(`{"call":{"arguments":{}}}`)})
	if err != nil {
		return err
	}
	setenv("STRANGE", q.ID)
	pins, err := s.Tables(ctx, "pin", pin.Migrations)
	if err != nil {
		return err
	}
	return seedTools(ctx, pin.New(pins, nil))
}

func askedPayment() approval.Binding {
	return approval.Binding{
		Caller: "sales-agent", Session: "s-1", Server: "bank", Tool: "create_payment", Digest: strings.Repeat("0f", 32), Revision: "0f3c9a",
	}
}

func aboutPayment() approval.About {
	return approval.About{
		Rules: []string{"financial_write_ban"}, Reasons: []string{"payments need a person"}, Effects: []string{"pay"}, Domains: []string{"finance"},
		Record: "01a20a62-0002-7000-8000-000000000002",
		Input:  []byte(`{"call":{"arguments":{"amount":9007199254740993,"note":"<b>` + "\u202e" + `"}}}`),
	}
}

// seedTools shows four tools, of which two have changed since.
func seedTools(ctx context.Context, s *pin.Store) error {
	var errs []error
	for _, sight := range []string{"crm/find 1", "crm/add 1", "mail/send 1", "mail/draft 1", "crm/find 2", "mail/send 2"} {
		name, version, _ := strings.Cut(sight, " ")
		server, tool, _ := strings.Cut(name, "/")
		_, err := s.Check(ctx, server, tool, pin.Print{Description: version, Schema: version, Annotations: "a", Effects: "read"})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// TestApprovalReachesARunningProcess answers a question with the command while
// another store has the file open, as a serving process does.
func TestApprovalReachesARunningProcess(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "callgate.db")
	s, err := audit.Open(ctx, audit.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := s.Tables(ctx, "approval", approval.Migrations)
	if err != nil {
		t.Fatal(err)
	}
	desk := approval.New(db, approval.Options{})
	q, err := desk.Ask(ctx, askedPayment(), aboutPayment())
	if err != nil {
		t.Fatal(err)
	}
	var out, talk strings.Builder
	args := []string{"approvals", "approve", q.ID, "--why", "agreed by phone", "--by", "ann", "--state", path}
	if got := run(ctx, args, streams{out: &out, err: &talk}); got != exitDone {
		t.Fatalf("exit code %d: %s", got, &talk)
	}
	if want := regexp.MustCompile(`^q-\w{10} is approved: sales-agent may run bank/create_payment once, until \S+ \S+ UTC\n$`); !want.MatchString(out.String()) {
		t.Errorf("told %q", &out)
	}
	taken, state, err := desk.Take(ctx, askedPayment())
	if err != nil || state != approval.Approved || taken.Answer.By != "ann" || taken.Answer.Why != "agreed by phone" || taken.Answer.Via != "cli" {
		t.Errorf("%q, %+v, %v", state, taken.Answer, err)
	}
	if _, state, err := desk.Take(ctx, askedPayment()); err != nil || state != approval.None {
		t.Errorf("a second run: %q, %v", state, err)
	}
}

// TestFiveProcessesOneAnswer lets five processes answer one question at once:
// one of them is heard, and the others say so.
func TestFiveProcessesOneAnswer(t *testing.T) {
	const processes = 5
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path, ids := filepath.Join(t.TempDir(), "callgate.db"), map[string]string{}
	if err := seed(path, func(name, id string) { ids[name] = id }); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	var talk [processes]string
	for p := range processes {
		running.Go(func() {
			verb := []string{"approve", "deny"}[p%2]
			// The test binary is callgate when it is called by that name.
			cmd := &exec.Cmd{Path: exe, Args: []string{"callgate", "approvals", verb, ids["WAITING"], "--why", "process", "--state", path}}
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitFailed) {
				t.Errorf("process %d: %v\n%s", p, err, out)
			}
			talk[p] = string(out)
		})
	}
	running.Wait()
	all := strings.Join(talk[:], "")
	if heard, late := strings.Count(all, " is approved: ")+strings.Count(all, " is denied: "), strings.Count(all, "was answered already"); heard != 1 || late != processes-1 {
		t.Errorf("%d heard, %d late\n%s", heard, late, all)
	}
}

// TestRoomsShareOneFile has all rooms work on the tables of one record at once.
func TestRoomsShareOneFile(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "callgate.db")
	if err := record(path); err != nil {
		t.Fatal(err)
	}
	if err := seed(path, func(string, string) {}); err != nil {
		t.Fatal(err)
	}
	s, err := audit.Open(ctx, audit.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := s.Tables(ctx, "spend", spend.Migrations)
	if err != nil {
		t.Fatal(err)
	}
	book := spend.New(db, nil)
	p := spend.Payment{Call: "c-1", Caller: "sales-agent", Payee: "acme", Currency: "EUR", Amount: decimal.RequireFromString("12.50")}
	seen, err := book.Look(ctx, p.Caller, p.Payee, p.Currency)
	if err != nil || !seen.First {
		t.Fatalf("%+v, %v", seen, err)
	}
	if err := book.Reserve(ctx, p, seen); err != nil {
		t.Fatal(err)
	}
	if seen, err = book.Look(ctx, p.Caller, p.Payee, p.Currency); err != nil || seen.First || !seen.Windows[spend.Hour].Payee.Amount.Equal(p.Amount) {
		t.Errorf("%+v, %v", seen, err)
	}
	next := sampleCalls()[0]
	next.ID, next.Approval = "01a20a62-0004-7000-8000-000000000004", "q-abcdefg234"
	if err := s.Decide(ctx, &next); err != nil {
		t.Error(err)
	}
	if got, err := s.Record(ctx, next.ID); err != nil || got.Approval != next.Approval || got.Seq != 4 {
		t.Errorf("%+v, %v", got, err)
	}
}
