package approval

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestLifeOfAQuestion goes from the question to the one run, and to the next
// question.
func TestLifeOfAQuestion(t *testing.T) {
	d, c := newTestDesk(t)
	taken(t, d, payment(1), None)
	asked := mustAsk(t, d, payment(1))
	if !regexp.MustCompile(`^q-[a-z2-7]{10}$`).MatchString(asked.ID) || asked.State != Pending {
		t.Errorf("%+v", asked)
	}
	if got := taken(t, d, payment(1), Pending); !reflect.DeepEqual(got, asked) {
		t.Errorf("got  %+v\nwant %+v", got, asked)
	}
	c.advance(time.Minute)
	if again := mustAsk(t, d, payment(1)); !reflect.DeepEqual(again, asked) {
		t.Errorf("asked again\ngot  %+v\nwant %+v", again, asked)
	}
	answered := mustAnswer(t, d, strings.ToUpper(asked.ID), yes())
	want := asked
	want.State, want.Answer = Approved, yes()
	want.Answer.Time = c.now().UTC()
	if !reflect.DeepEqual(answered, want) {
		t.Errorf("answered\ngot  %+v\nwant %+v", answered, want)
	}
	if again := mustAsk(t, d, payment(1)); !reflect.DeepEqual(again, want) {
		t.Errorf("asked after the answer\ngot  %+v\nwant %+v", again, want)
	}
	c.advance(time.Minute)
	used := taken(t, d, payment(1), Approved)
	if want.Used = c.now().UTC(); !reflect.DeepEqual(used, want) {
		t.Errorf("taken\ngot  %+v\nwant %+v", used, want)
	}
	taken(t, d, payment(1), None)
	want.State = Used
	if got, err := d.Find(context.Background(), asked.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("found %v\ngot  %+v\nwant %+v", err, got, want)
	}
	if next := mustAsk(t, d, payment(1)); next.ID == asked.ID || next.State != Pending {
		t.Errorf("the next question is %+v", next)
	}
}

// TestBinding changes each part of a call: none may use the approval of it.
func TestBinding(t *testing.T) {
	d, _ := newTestDesk(t)
	mustAnswer(t, d, mustAsk(t, d, payment(1)).ID, yes())
	changes := 0
	for name, change := range map[string]func(*Binding){
		"Caller":   func(b *Binding) { b.Caller = "other" },
		"Session":  func(b *Binding) { b.Session = "s-2" },
		"Server":   func(b *Binding) { b.Server = "" },
		"Tool":     func(b *Binding) { b.Tool = "create_payment2" },
		"Digest":   func(b *Binding) { b.Digest = payment(2).Digest },
		"Revision": func(b *Binding) { b.Revision = "0f3c9b" },
	} {
		if _, ok := reflect.TypeFor[Binding]().FieldByName(name); !ok {
			t.Fatalf("a binding has no %s", name)
		}
		other := payment(1)
		change(&other)
		taken(t, d, other, None)
		changes++
	}
	if want := reflect.TypeFor[Binding]().NumField(); changes != want {
		t.Errorf("%d parts of a binding were changed, of %d", changes, want)
	}
	taken(t, d, payment(1), Approved)
}

func TestDenial(t *testing.T) {
	d, c := newTestDesk(t)
	asked := mustAsk(t, d, payment(1))
	mustAnswer(t, d, asked.ID, no())
	taken(t, d, payment(1), Denied)
	if again := mustAsk(t, d, payment(1)); again.ID != asked.ID || again.State != Denied {
		t.Errorf("asked again: %+v", again)
	}
	c.advance(expire - time.Microsecond)
	taken(t, d, payment(1), Denied)
	c.advance(time.Microsecond)
	taken(t, d, payment(1), None)
	if next := mustAsk(t, d, payment(1)); next.ID == asked.ID || next.State != Pending {
		t.Errorf("after the denial has expired: %+v", next)
	}
	if old, err := d.Find(context.Background(), asked.ID); err != nil || old.State != Denied {
		t.Errorf("the old question is %q, %v", old.State, err)
	}
}

// TestExpiry stands on both sides of the edge, for answering and for using.
func TestExpiry(t *testing.T) {
	d, c := newTestDesk(t)
	late, early := mustAsk(t, d, payment(1)), mustAsk(t, d, payment(2))
	if got := early.Expires.Sub(early.Asked); got != expire {
		t.Errorf("expires after %s", got)
	}
	c.advance(expire - time.Microsecond)
	mustAnswer(t, d, early.ID, yes())
	c.advance(time.Microsecond)
	if _, err := d.Answer(context.Background(), late.ID, yes()); !errors.Is(err, ErrExpired) {
		t.Errorf("answered too late: %v", err)
	}
	taken(t, d, payment(1), None)
	taken(t, d, payment(2), None)
	for _, id := range []string{late.ID, early.ID} {
		if got, err := d.Find(context.Background(), id); err != nil || got.State != Expired {
			t.Errorf("%s: %q, %v", id, got.State, err)
		}
	}
	approved := mustAsk(t, d, payment(3))
	mustAnswer(t, d, approved.ID, yes())
	c.advance(expire - time.Microsecond)
	taken(t, d, payment(3), Approved)
}

func TestAnswersThatCannotBe(t *testing.T) {
	ctx := context.Background()
	d, _ := newTestDesk(t)
	open, done := mustAsk(t, d, payment(1)), mustAsk(t, d, payment(2))
	mustAnswer(t, d, done.ID, no())
	change := func(do func(*Answer)) Answer {
		a := yes()
		do(&a)
		return a
	}
	cases := map[string]struct {
		id     string
		answer Answer
		want   error
	}{
		"unknown":       {"q-aaaaaaaaaa", yes(), ErrUnknown},
		"empty id":      {"", yes(), ErrUnknown},
		"a pattern":     {"q-%", yes(), ErrUnknown},
		"answered":      {done.ID, yes(), ErrAnswered},
		"no why":        {open.ID, change(func(a *Answer) { a.Why = " \n" }), ErrInvalid},
		"nobody":        {open.ID, change(func(a *Answer) { a.By = "" }), ErrInvalid},
		"no way":        {open.ID, change(func(a *Answer) { a.Via = "" }), ErrInvalid},
		"long why":      {open.ID, change(func(a *Answer) { a.Why = strings.Repeat("x", MaxWhy+1) }), ErrInvalid},
		"long name":     {open.ID, change(func(a *Answer) { a.By = strings.Repeat("x", MaxBy+1) }), ErrInvalid},
		"broken text":   {open.ID, change(func(a *Answer) { a.Why = "\xff" }), ErrInvalid},
		"longest words": {open.ID, Answer{By: strings.Repeat("x", MaxBy), Why: strings.Repeat("y", MaxWhy), Via: "cli"}, nil},
	}
	for _, name := range []string{
		"unknown", "empty id", "a pattern", "answered", "no why", "nobody", "no way", "long why", "long name", "broken text", "longest words",
	} {
		c := cases[name]
		if _, err := d.Answer(ctx, c.id, c.answer); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if got, err := d.Find(ctx, done.ID); err != nil || got.Answer.Approved || got.State != Denied {
		t.Errorf("the answered question is %+v, %v", got, err)
	}
	if _, err := d.Find(ctx, "q-aaaaaaaaaa"); !errors.Is(err, ErrUnknown) {
		t.Errorf("find: %v", err)
	}
}

func TestBindingsThatCannotBe(t *testing.T) {
	ctx := context.Background()
	d, _ := newTestDesk(t)
	for name, spoil := range map[string]func(*Binding){
		"no caller":    func(b *Binding) { b.Caller = "" },
		"no tool":      func(b *Binding) { b.Tool = "" },
		"no revision":  func(b *Binding) { b.Revision = "" },
		"no digest":    func(b *Binding) { b.Digest = "" },
		"short digest": func(b *Binding) { b.Digest = b.Digest[1:] },
	} {
		b := payment(1)
		spoil(&b)
		if _, err := d.Ask(ctx, b, about()); !errors.Is(err, ErrInvalid) {
			t.Errorf("ask, %s: %v", name, err)
		}
		if _, state, err := d.Take(ctx, b); !errors.Is(err, ErrInvalid) || state != None {
			t.Errorf("take, %s: %q, %v", name, state, err)
		}
	}
	if _, err := d.Ask(ctx, payment(1), About{Input: []byte(`{"a":`)}); !errors.Is(err, ErrInvalid) {
		t.Errorf("broken input: %v", err)
	}
	bare, err := d.Ask(ctx, payment(1), About{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Find(ctx, bare.ID); err != nil || !reflect.DeepEqual(got, bare) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, bare)
	}
}

// TestTooMany fills a caller's desk to the edge.
func TestTooMany(t *testing.T) {
	ctx := context.Background()
	d, c := newTestDesk(t)
	for n := range 3 {
		mustAsk(t, d, payment(n))
	}
	if _, err := d.Ask(ctx, payment(3), about()); !errors.Is(err, ErrTooMany) {
		t.Errorf("a fourth question: %v", err)
	}
	mustAsk(t, d, payment(2)) // is there already
	other := payment(3)
	other.Caller = "other"
	mustAnswer(t, d, mustAsk(t, d, other).ID, yes())
	if _, err := d.Ask(ctx, payment(3), about()); !errors.Is(err, ErrTooMany) {
		t.Errorf("after another caller's answer: %v", err)
	}
	mustAnswer(t, d, mustAsk(t, d, payment(0)).ID, no())
	mustAsk(t, d, payment(3))
	if _, err := d.Ask(ctx, payment(4), about()); !errors.Is(err, ErrTooMany) {
		t.Errorf("full again: %v", err)
	}
	c.advance(expire)
	for n := range 3 {
		mustAsk(t, d, payment(10+n))
	}
}

func TestDefaults(t *testing.T) {
	db, _ := create(t)
	d := New(db, Options{})
	q, err := d.Ask(context.Background(), payment(1), about())
	if err != nil || q.Expires.Sub(q.Asked) != 15*time.Minute || time.Since(q.Asked) > time.Minute {
		t.Errorf("%s to %s, %v", q.Asked, q.Expires, err)
	}
	if d.maxPending != 100 {
		t.Errorf("%d may wait", d.maxPending)
	}
}

// TestOneRun lets many goroutines of two stores take one approval, and ask one
// question.
func TestOneRun(t *testing.T) {
	db, path := create(t)
	c := newClock()
	o := Options{Expire: expire, Now: c.now}
	desks := []*Desk{New(db, o), New(open(t, path, ""), o)}
	mustAnswer(t, desks[0], mustAsk(t, desks[0], payment(1)).ID, yes())
	var wg sync.WaitGroup
	states, ids := make([]State, 32), make([]string, 32)
	for i := range states {
		d := desks[i%2]
		wg.Go(func() {
			var err error
			if _, states[i], err = d.Take(context.Background(), payment(1)); err != nil {
				t.Error(err)
			}
			q, err := d.Ask(context.Background(), payment(2), about())
			if err != nil {
				t.Error(err)
			}
			ids[i] = q.ID
		})
	}
	wg.Wait()
	runs := 0
	for i, state := range states {
		if state == Approved {
			runs++
		}
		if ids[i] != ids[0] {
			t.Errorf("two questions of one call: %s, %s", ids[i], ids[0])
		}
	}
	if runs != 1 {
		t.Errorf("%d runs of one approval", runs)
	}
}

// TestOneAnswer lets people answer at once: one of them is heard.
func TestOneAnswer(t *testing.T) {
	db, path := create(t)
	o := Options{Expire: expire, Now: newClock().now}
	desks := []*Desk{New(db, o), New(open(t, path, ""), o)}
	id := mustAsk(t, desks[0], payment(1)).ID
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			a := yes()
			a.Approved = i%2 == 0
			_, errs[i] = desks[i/2%2].Answer(context.Background(), id, a)
		})
	}
	wg.Wait()
	heard := 0
	for _, err := range errs {
		if err == nil {
			heard++
		} else if !errors.Is(err, ErrAnswered) {
			t.Error(err)
		}
	}
	if heard != 1 {
		t.Errorf("%d answers were taken", heard)
	}
}
