package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// stored puts eight calls into a record; their ids end in 1 to 8.
func stored(t *testing.T, s *Store) {
	t.Helper()
	for n := range 8 {
		r := call()
		r.ID = fmt.Sprintf("01a20a62-000%d", n+1)
		r.Time = r.Time.Add(time.Duration(n) * time.Hour)
		r.Caller = []string{"ann", "bob"}[n%2]
		r.Server = []string{"mail", "crm"}[n/4]
		r.Tool = []string{"send", "find"}[n%4/2]
		r.Session = []string{"", "s-2"}[n/6]
		r.Decision = []string{"deny", "ask", "transform", "allow"}[n%4]
		mustDecide(t, s, r)
	}
}

func TestQueries(t *testing.T) {
	at := func(hours int) time.Time { return call().Time.Add(time.Duration(hours) * time.Hour) }
	cases := map[string]struct {
		query Query
		want  []int64
	}{
		"all":            {Query{}, []int64{8, 7, 6, 5, 4, 3, 2, 1}},
		"oldest":         {Query{Oldest: true}, []int64{1, 2, 3, 4, 5, 6, 7, 8}},
		"newest two":     {Query{Limit: 2}, []int64{8, 7}},
		"caller":         {Query{Caller: "ann"}, []int64{7, 5, 3, 1}},
		"server":         {Query{Server: "crm"}, []int64{8, 7, 6, 5}},
		"tool":           {Query{Tool: "find"}, []int64{8, 7, 4, 3}},
		"server, tool":   {Query{Server: "mail", Tool: "find"}, []int64{4, 3}},
		"session":        {Query{Session: "s-2"}, []int64{8, 7}},
		"deny":           {Query{Decision: "deny"}, []int64{5, 1}},
		"allow":          {Query{Decision: "allow"}, []int64{8, 4}},
		"since":          {Query{Since: at(5)}, []int64{8, 7, 6}},
		"until":          {Query{Until: at(2)}, []int64{2, 1}},
		"between":        {Query{Since: at(2), Until: at(4)}, []int64{4, 3}},
		"after":          {Query{AfterSeq: 6}, []int64{8, 7}},
		"after, oldest":  {Query{AfterSeq: 3, Oldest: true, Limit: 2}, []int64{4, 5}},
		"all together":   {Query{Caller: "ann", Server: "crm", Tool: "find", Session: "s-2", Decision: "transform"}, []int64{7}},
		"nobody":         {Query{Caller: "carl"}, nil},
		"not a wildcard": {Query{Caller: "%"}, nil},
		"not an operand": {Query{Decision: "deny' OR '1'='1"}, nil},
	}
	s := openTest(t, Options{})
	stored(t, s)
	for name, c := range cases {
		if got := seqs(t, s.List(context.Background(), c.query)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func seqs(t *testing.T, list func(func(Record, error) bool)) (all []int64) {
	t.Helper()
	for r, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r.Seq)
	}
	return all
}

// TestLongLists crosses the borders of pages by rows and by bytes.
func TestLongLists(t *testing.T) {
	s := openTest(t, Options{})
	var want []int64
	err := s.on(true, func(c *conn) error {
		_, err := c.exec(context.Background(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1203)
			INSERT INTO decided (id, time, process, decision, observed, input)
			SELECT 'id-' || i, i, 1, 'allow', 0, CASE WHEN i % 100 = 0 THEN '"' || printf('%.*c', 2000000, 'x') || '"' END FROM n`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(1203) {
		want = append(want, n+1)
	}
	if got := seqs(t, s.List(context.Background(), Query{Oldest: true})); !slices.Equal(got, want) {
		t.Errorf("oldest first: %d entries", len(got))
	}
	slices.Reverse(want)
	if got := seqs(t, s.List(context.Background(), Query{})); !slices.Equal(got, want) {
		t.Errorf("newest first: %d entries", len(got))
	}
	if got := seqs(t, s.List(context.Background(), Query{Limit: 501})); !slices.Equal(got, want[:501]) {
		t.Errorf("limited: %d entries", len(got))
	}
}

func TestRecordByPrefix(t *testing.T) {
	ctx := context.Background()
	s := openTest(t, Options{})
	stored(t, s)
	for id, want := range map[string]error{
		"01a20a62-0003": nil, "01a20a62-000": ErrAmbiguous, "01a20a62": ErrAmbiguous, "01a20a6": ErrUnknown,
		"01a20a63": ErrUnknown, "": ErrUnknown, "01a20a62-00030": ErrUnknown, "%%%%%%%%": ErrUnknown,
	} {
		got, err := s.Record(ctx, id)
		if !errors.Is(err, want) || (err == nil && got.Seq != 3) {
			t.Errorf("%q: entry %d, %v, want %v", id, got.Seq, err, want)
		}
	}
	exact := call()
	exact.ID = "01a20a62-00031"
	mustDecide(t, s, exact)
	if got, err := s.Record(ctx, "01a20a62-0003"); err != nil || got.Seq != 3 {
		t.Errorf("an id that another begins with: %d, %v", got.Seq, err)
	}
}

// TestFollow follows with one connection what another store writes.
func TestFollow(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := openTest(t, Options{})
	r := readTest(t, s.w.path)
	before := mustDecide(t, s, call())
	type seen struct {
		seq     int64
		outcome Outcome
	}
	news, stopped := make(chan seen), make(chan error, 1)
	go func() {
		for record, err := range r.Follow(ctx, Query{AfterSeq: 0, Caller: "sales-agent"}) {
			if err != nil {
				stopped <- err
				return
			}
			news <- seen{record.Seq, record.End.Outcome}
		}
		stopped <- nil
	}()
	expect := func(want seen) {
		t.Helper()
		select {
		case got := <-news:
			if got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		case err := <-stopped:
			t.Fatalf("stopped: %v", err)
		case <-time.After(20 * time.Second):
			t.Fatalf("nothing came, want %v", want)
		}
	}
	expect(seen{before.Seq, Pending})
	other := call()
	other.Caller = "somebody"
	mustDecide(t, s, other)
	refused := call()
	refused.End.Outcome = Refused
	refused = mustDecide(t, s, refused)
	expect(seen{refused.Seq, Refused})
	if err := s.Finish(ctx, before.ID, End{Outcome: Returned}); err != nil {
		t.Fatal(err)
	}
	expect(seen{before.Seq, Returned})
	cancel()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestDefaultPath(t *testing.T) {
	cases := []struct{ goos, state, home, local, want string }{
		{"linux", "/state", "/home/u", "", "/state"},
		{"linux", "", "/home/u", "", "/home/u/.local/state"},
		{"linux", "relative", "/home/u", "", "/home/u/.local/state"},
		{"linux", "", "", "", ""},
		{"darwin", "", "/Users/u", "", "/Users/u/Library/Application Support"},
		{"windows", "/state", "/home/u", "/local", "/local"},
		{"windows", "", "/home/u", "", ""},
	}
	for _, c := range cases {
		env := map[string]string{"XDG_STATE_HOME": c.state, "HOME": c.home, "LOCALAPPDATA": c.local}
		got, err := stateFolder(c.goos, func(name string) string { return env[name] })
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}
