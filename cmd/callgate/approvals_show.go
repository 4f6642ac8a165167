package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tidwall/gjson"

	"callgate/sidecar/approval"
)

// listQuestions prints questions as a table, or as JSON lines.
func (a *app) listQuestions(found []approval.Question, now time.Time) error {
	if a.json {
		for i := range found {
			if err := a.printQuestion(&found[i], false); err != nil {
				return err
			}
		}
		return nil
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(a.err, "no question waits")
		return err
	}
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tEXPIRES\tCALLER\tCALL\tSTATE\tRULES")
	for _, q := range found {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", q.ID, expiry(&q, now), clip(printable(q.Caller), 14, "…"),
			clip(printable(callName(q.Server, q.Tool)), 30, "…"), q.State, clip(printable(strings.Join(q.Rules, ",")), 24, "…"))
	}
	return t.Flush()
}

// expiry says how long a question can still be answered or used.
func expiry(q *approval.Question, now time.Time) string {
	if q.State == approval.Used || !q.Expires.After(now) {
		return "-"
	}
	return "in " + q.Expires.Sub(now).Round(time.Second).String()
}

// showQuestion prints everything about one question.
func (a *app) showQuestion(q *approval.Question, now time.Time) error {
	if a.json {
		return a.printQuestion(q, true)
	}
	const layout = "2006-01-02 15:04:05 UTC"
	out := bufio.NewWriter(a.out)
	s := sheet{out}
	s.line("ID", q.ID)
	s.line("State", string(q.State))
	s.line("Asked", q.Asked.Format(layout))
	s.line("Expires", strings.TrimSuffix(q.Expires.Format(layout)+", "+expiry(q, now), ", -"))
	s.line("Caller", q.Caller)
	s.line("Session", q.Session)
	s.line("Server", q.Server)
	s.line("Tool", q.Tool)
	s.list("Effects", q.Effects)
	s.list("Domains", q.Domains)
	s.list("Rules", q.Rules)
	for _, reason := range q.Reasons {
		s.line("Reason", reason)
	}
	s.line("Record", q.Record)
	s.line("Revision", q.Revision)
	s.line("Digest", q.Digest)
	if q.State != approval.Pending && q.Answer.By != "" {
		s.line("Answer", fmt.Sprintf("%s by %s (%s), %s", verdict(q), q.Answer.By, q.Answer.Via, q.Answer.Time.Format(layout)))
		s.line("Why", q.Answer.Why)
	}
	if !q.Used.IsZero() {
		s.line("Used", q.Used.Format(layout))
	}
	s.arguments(q.Input)
	return out.Flush()
}

func verdict(q *approval.Question) string {
	if q.Answer.Approved {
		return "approved"
	}
	return "denied"
}

// arguments prints what the call would be made with. They are in what policy
// judged; where it has none, all of it is printed.
func (s sheet) arguments(input json.RawMessage) {
	arguments := gjson.GetBytes(input, "call.arguments")
	switch {
	case len(input) == 0:
		s.line("Arguments", "not recorded")
	case !arguments.Exists():
		s.document("Judged", input)
	case arguments.Raw == "{}":
		s.line("Arguments", "none")
	default:
		s.document("Arguments", json.RawMessage(arguments.Raw))
	}
}

// questionLine is a question as JSON. Members are only ever added; lists are
// never null, and what has not happened is left out.
type questionLine struct {
	ID       string          `json:"id"`
	State    string          `json:"state"`
	Asked    time.Time       `json:"asked"`
	Expires  time.Time       `json:"expires"`
	Caller   string          `json:"caller"`
	Session  string          `json:"session"`
	Server   string          `json:"server"`
	Tool     string          `json:"tool"`
	Digest   string          `json:"digest"`
	Revision string          `json:"revision"`
	Effects  []string        `json:"effects"`
	Domains  []string        `json:"domains"`
	Rules    []string        `json:"rules"`
	Reasons  []string        `json:"reasons"`
	Record   string          `json:"record"`
	Answer   *answerLine     `json:"answer,omitempty"`
	Used     *time.Time      `json:"used,omitempty"`
	Input    json.RawMessage `json:"input,omitempty"`
}

type answerLine struct {
	Approved bool      `json:"approved"`
	By       string    `json:"by"`
	Why      string    `json:"why"`
	Via      string    `json:"via"`
	Time     time.Time `json:"time"`
}

// printQuestion prints a question as one line of JSON, with what was judged
// where whole is true.
func (a *app) printQuestion(q *approval.Question, whole bool) error {
	line := questionLine{
		ID: q.ID, State: string(q.State), Asked: q.Asked, Expires: q.Expires, Caller: q.Caller, Session: q.Session,
		Server: q.Server, Tool: q.Tool, Digest: q.Digest, Revision: q.Revision, Effects: listed(q.Effects), Domains: listed(q.Domains),
		Rules: listed(q.Rules), Reasons: listed(q.Reasons), Record: q.Record,
	}
	if q.Answer.By != "" {
		line.Answer = &answerLine{q.Answer.Approved, q.Answer.By, q.Answer.Why, q.Answer.Via, q.Answer.Time}
	}
	if !q.Used.IsZero() {
		line.Used = &q.Used
	}
	if whole {
		line.Input = q.Input
	}
	return a.printJSON(line)
}

// printJSON prints a value as one line of JSON.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// listed makes an empty list an empty list in JSON.
func listed(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}
