package pin

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestFirstSightPins goes from the first sight over a change to its acceptance.
func TestFirstSightPins(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	first := mustCheck(t, s, "send_message", version(1))
	if !first.Pinned || first.Drift != nil || first.Since != new(clock).now() {
		t.Errorf("first sight: %+v", first)
	}
	if again := mustCheck(t, s, "send_message", version(1)); !reflect.DeepEqual(again, first) {
		t.Errorf("again: %+v, want %+v", again, first)
	}
	if _, err := s.Accept(ctx, "mail", "send_message", "ann", "as it was"); !errors.Is(err, ErrUnchanged) {
		t.Errorf("accepting the pinned one: %v", err)
	}
	drifts(t, s, version(2), "description")
	drifts(t, s, version(3), "description")
	if got := mustCheck(t, s, "send_message", version(3)); got.Since != first.Since {
		t.Errorf("the pin moved to %s", got.Since)
	}
	accepted, err := s.Accept(ctx, "mail", "send_message", "ann", "read the release notes")
	if err != nil || accepted.Pinned != version(3) || accepted.Drift != nil {
		t.Errorf("%+v, %v", accepted, err)
	}
	drifts(t, s, version(3))
	drifts(t, s, version(2), "description")
	drifts(t, s, version(1), "description")
	tools, err := s.List(ctx, false)
	accepted.Seen, accepted.Drift = version(1), []string{"description"}
	if len(tools) == 1 {
		accepted.SeenAt = tools[0].SeenAt
	}
	if err != nil || !reflect.DeepEqual(tools, []Tool{accepted}) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, tools, accepted)
	}
}

func TestDriftNamesWhatChanged(t *testing.T) {
	s := newTestStore(t)
	drifts(t, s, version(1))
	changed := version(1)
	changed.Effects = ""
	drifts(t, s, changed, "effects")
	changed.Schema = "other"
	drifts(t, s, changed, "effects", "schema")
	changed.Description = "other"
	drifts(t, s, changed, "description", "effects", "schema")
	changed.Annotations = "other"
	drifts(t, s, changed, "annotations", "description", "effects", "schema")
	drifts(t, s, version(1))
	if parts := reflect.TypeFor[Print]().NumField(); parts != 4 {
		t.Errorf("a print has %d parts", parts)
	}
}

// TestBackAsPinned has a server that returns to the pinned definition: there is
// nothing to accept then.
func TestBackAsPinned(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	drifts(t, s, version(1))
	drifts(t, s, version(2), "description")
	drifts(t, s, version(1))
	if _, err := s.Accept(ctx, "mail", "send_message", "ann", "why not"); !errors.Is(err, ErrUnchanged) {
		t.Errorf("accept: %v", err)
	}
	if tools, err := s.List(ctx, true); err != nil || len(tools) != 0 {
		t.Errorf("drifted: %+v, %v", tools, err)
	}
}

func TestList(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	for _, name := range []string{"mail/send", "crm/find", "mail/draft", "crm/add"} {
		server, tool, _ := strings.Cut(name, "/")
		for n := range 2 {
			if _, err := s.Check(ctx, server, tool, version(n*len(tool)/4)); err != nil { // send, find and draft change
				t.Fatal(err)
			}
		}
	}
	for drifted, want := range map[bool]string{
		false: "crm/add crm/find mail/draft mail/send", true: "crm/find mail/draft mail/send",
	} {
		tools, err := s.List(ctx, drifted)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tool := range tools {
			names = append(names, tool.Server+"/"+tool.Tool)
			if (len(tool.Drift) > 0) != (tool.Tool != "add") || tool.By != "" {
				t.Errorf("%+v", tool)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("drifted %v: %s, want %s", drifted, got, want)
		}
	}
}

// TestRestlessServer changes a definition on every call: the file does not grow
// beyond the bound, and the newest definition can be accepted.
func TestRestlessServer(t *testing.T) {
	s := newTestStore(t)
	mustCheck(t, s, "other", version(0))
	for n := range 3 * MaxSightings {
		mustCheck(t, s, "send_message", version(n))
		want := min(n+1, MaxSightings) + 1
		if got := count(t, s.db, "SELECT count(*) FROM pin_sightings"); got != want {
			t.Fatalf("after %d changes %d sightings are kept, want %d", n, got, want)
		}
	}
	if got := count(t, s.db, "SELECT count(*) FROM pin_pins"); got != 2 {
		t.Errorf("%d pins", got)
	}
	newest := version(3*MaxSightings - 1)
	if got, err := s.Accept(context.Background(), "mail", "send_message", "ann", "checked"); err != nil || got.Pinned != newest {
		t.Errorf("%+v, %v", got, err)
	}
	drifts(t, s, newest)
}

// TestInventiveServer shows tools without end.
func TestInventiveServer(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	if _, err := s.db.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO pin_pins (time, server, tool, description, schema, annotations, effects)
		SELECT 1, 'mail', 'tool-' || i, 'd', 's', 'a', '' FROM n`, MaxTools-1); err != nil {
		t.Fatal(err)
	}
	mustCheck(t, s, "last", version(1))
	if state, err := s.Check(ctx, "mail", "one too many", version(1)); !errors.Is(err, ErrTooMany) || state.Pinned {
		t.Errorf("%+v, %v", state, err)
	}
	mustCheck(t, s, "last", version(2))
	if state, err := s.Check(ctx, "crm", "find", version(1)); err != nil || !state.Pinned {
		t.Errorf("another server: %+v, %v", state, err)
	}
}

func TestWhatCannotBe(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	for name, c := range map[string]struct {
		server, tool string
		change       func(*Print)
		want         error
	}{
		"no tool":         {"mail", "", func(*Print) {}, ErrInvalid},
		"no server":       {"", "send", func(*Print) {}, nil},
		"longest name":    {"mail", strings.Repeat("x", MaxName), func(*Print) {}, nil},
		"longer name":     {"mail", strings.Repeat("x", MaxName+1), func(*Print) {}, ErrInvalid},
		"longer server":   {strings.Repeat("x", MaxName+1), "send", func(*Print) {}, ErrInvalid},
		"no print":        {"mail", "send", func(p *Print) { *p = Print{} }, ErrInvalid},
		"no description":  {"mail", "send", func(p *Print) { p.Description = "" }, ErrInvalid},
		"no schema":       {"mail", "send", func(p *Print) { p.Schema = "" }, ErrInvalid},
		"no annotations":  {"mail", "send", func(p *Print) { p.Annotations = "" }, ErrInvalid},
		"no effects":      {"mail", "draft", func(p *Print) { p.Effects = "" }, nil},
		"longest effects": {"mail", "long", func(p *Print) { p.Effects = strings.Repeat("x", MaxPart) }, nil},
		"longer effects":  {"mail", "send", func(p *Print) { p.Effects = strings.Repeat("x", MaxPart+1) }, ErrInvalid},
	} {
		p := version(1)
		c.change(&p)
		if state, err := s.Check(ctx, c.server, c.tool, p); !errors.Is(err, c.want) || state.Pinned != (c.want == nil) {
			t.Errorf("%s: %+v, %v", name, state, err)
		}
	}
	drifts(t, s, version(1))
	drifts(t, s, version(2), "description")
	for name, c := range map[string]struct {
		tool, by, why string
		want          error
	}{
		"unknown":   {"never seen", "ann", "why", ErrUnknown},
		"nobody":    {"send_message", "", "why", ErrInvalid},
		"no why":    {"send_message", "ann", " ", ErrInvalid},
		"long why":  {"send_message", "ann", strings.Repeat("x", MaxWhy+1), ErrInvalid},
		"long name": {"send_message", strings.Repeat("x", MaxBy+1), "why", ErrInvalid},
		"broken":    {"send_message", "ann", "\xff", ErrInvalid},
	} {
		if _, err := s.Accept(ctx, "mail", c.tool, c.by, c.why); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Accept(ctx, "mail", "send_message", strings.Repeat("x", MaxBy), strings.Repeat("y", MaxWhy)); err != nil {
		t.Errorf("the longest words: %v", err)
	}
}

func TestTablesOnlyGrow(t *testing.T) {
	s := newTestStore(t)
	for n := range MaxSightings {
		mustCheck(t, s, "send_message", version(n))
	}
	for _, query := range []string{
		"UPDATE pin_pins SET schema = 'x'", "DELETE FROM pin_pins", "UPDATE pin_sightings SET schema = 'x'",
		"DELETE FROM pin_sightings", "DELETE FROM pin_sightings WHERE number = 1",
	} {
		if _, err := s.db.Exec(query); err == nil {
			t.Errorf("%s went through", query)
		}
	}
	if got := count(t, s.db, "SELECT count(*) FROM pin_sightings"); got != MaxSightings {
		t.Errorf("%d sightings", got)
	}
}

// TestOnePin lets two stores see a new tool at once, each in its own form: one
// form is pinned, the other has drifted.
func TestOnePin(t *testing.T) {
	db, path := create(t)
	stores := []*Store{New(db, new(clock).now), New(open(t, path, ""), new(clock).now)}
	for round := range 20 {
		tool := fmt.Sprint("tool-", round)
		var states [8]State
		var wg sync.WaitGroup
		for i := range states {
			wg.Go(func() {
				var err error
				if states[i], err = stores[i%2].Check(context.Background(), "mail", tool, version(i%2)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i, state := range states {
			if state.Since != states[0].Since || (len(state.Drift) == 0) != (len(states[i%2].Drift) == 0) {
				t.Errorf("%s: %+v beside %+v", tool, state, states[0])
			}
		}
		if len(states[0].Drift) == len(states[1].Drift) {
			t.Errorf("%s: both or none drifted: %+v", tool, states)
		}
	}
	if got := count(t, db, "SELECT count(*) FROM pin_pins"); got != 20 {
		t.Errorf("%d pins of 20 tools", got)
	}
}

// TestFaults has a file that cannot be written, a lock that is not given up and
// a missing table: nothing is said to be pinned.
func TestFaults(t *testing.T) {
	ctx := context.Background()
	db, path := create(t)
	good := New(db, new(clock).now)
	before := mustCheck(t, good, "send_message", version(1))
	refuses := func(name string, db *sql.DB) {
		t.Helper()
		s := New(db, time.Now)
		for _, tool := range []string{"send_message", "new"} {
			if state, err := s.Check(ctx, "mail", tool, version(2)); err == nil || state.Pinned {
				t.Errorf("%s: %+v, %v", name, state, err)
			}
		}
		if _, err := s.Accept(ctx, "mail", "send_message", "ann", "why"); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	refuses("read-only", open(t, path, "&mode=ro"))
	lock, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	locked := open(t, path, "&_timeout=20")
	refuses("locked", locked)
	if state, err := New(locked, time.Now).Check(ctx, "mail", "send_message", version(1)); err != nil || !reflect.DeepEqual(state, before) {
		t.Errorf("an unchanged tool beside a writer: %+v, %v", state, err)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	drifts(t, good, version(2), "description")
	if _, err := db.Exec("DROP TABLE pin_sightings"); err != nil {
		t.Fatal(err)
	}
	refuses("without a table", db)
}

func TestFingerprint(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range []Print{version(1), version(2), {Description: "ab", Schema: "c"}, {Description: "a", Schema: "bc"}, {}} {
		if name := p.Fingerprint(); len(name) != 12 || seen[name] {
			t.Errorf("%+v: %s", p, name)
		}
		seen[p.Fingerprint()] = true
	}
	if got := (Print{Description: "d", Schema: "s", Annotations: "a", Effects: "read"}).Fingerprint(); got != "0ba20e569de5" {
		t.Errorf("a fingerprint that people may have written down is now %s", got)
	}
}

// BenchmarkCheck checks an unchanged tool among many.
func BenchmarkCheck(b *testing.B) {
	for _, tools := range []int{1, 5_000} {
		b.Run(fmt.Sprintf("tools=%d", tools), func(b *testing.B) {
			s := newTestStore(b)
			if _, err := s.db.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO pin_pins (time, server, tool, description, schema, annotations, effects)
				SELECT 1, 'mail', 'tool-' || i, 'd', 's', 'a', '' FROM n`, tools); err != nil {
				b.Fatal(err)
			}
			mustCheck(b, s, "send_message", version(1))
			for b.Loop() {
				if state := mustCheck(b, s, "send_message", version(1)); !state.Pinned || len(state.Drift) > 0 {
					b.Fatalf("%+v", state)
				}
			}
		})
	}
}
