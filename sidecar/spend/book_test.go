package spend

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

func TestSums(t *testing.T) {
	b, c := newTestBook(t)
	seen := mustLook(t, b, payment("acme", "1"))
	if !seen.First || seen.Version != 0 || len(seen.Windows) != 4 || line(seen.Windows[Month]) != "0 in 0, 0 in 0" {
		t.Errorf("an empty book: %+v", seen)
	}
	mustPay(t, b, payment("acme", "0.10"))
	mustPay(t, b, payment("acme", "0.2"))
	c.advance(2 * time.Hour)
	mustPay(t, b, payment("other", "99999999999999999999"))
	dollars := payment("acme", "7")
	dollars.Currency = "USD"
	mustPay(t, b, dollars)
	foreign := payment("acme", "8")
	foreign.Caller = "somebody"
	mustPay(t, b, foreign)
	seen = mustLook(t, b, payment("acme", "1"))
	if seen.First || seen.Version != 4 {
		t.Errorf("first %v, version %d", seen.First, seen.Version)
	}
	for name, want := range map[string]string{
		Hour: "99999999999999999999 in 1, 0 in 0", Day: "99999999999999999999.3 in 3, 0.3 in 2",
		Week: "99999999999999999999.3 in 3, 0.3 in 2", Month: "99999999999999999999.3 in 3, 0.3 in 2",
	} {
		if got := line(seen.Windows[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := line(mustLook(t, b, dollars).Windows[Hour]); got != "7 in 1, 7 in 1" {
		t.Errorf("dollars: %s", got)
	}
}

// TestEdges stands on both sides of the far edge of each window.
func TestEdges(t *testing.T) {
	for name, span := range windows {
		b, c := newTestBook(t)
		mustPay(t, b, payment("acme", "5"))
		c.advance(span)
		if got := line(mustLook(t, b, payment("acme", "1")).Windows[name]); got != "5 in 1, 5 in 1" {
			t.Errorf("%s ago: %s", name, got)
		}
		c.advance(time.Microsecond)
		if got := line(mustLook(t, b, payment("acme", "1")).Windows[name]); got != "0 in 0, 0 in 0" {
			t.Errorf("longer than %s ago: %s", name, got)
		}
	}
	if len(windows) != 4 || windows[Month] != 720*time.Hour {
		t.Errorf("windows: %v", windows)
	}
}

// TestClockSetBack finds that nothing is forgotten and nothing counts less.
func TestClockSetBack(t *testing.T) {
	b, c := newTestBook(t)
	mustPay(t, b, payment("acme", "5"))
	c.advance(-48 * time.Hour)
	mustPay(t, b, payment("acme", "2"))
	c.advance(48*time.Hour + time.Minute)
	if got := line(mustLook(t, b, payment("acme", "1")).Windows[Hour]); got != "7 in 2, 7 in 2" {
		t.Errorf("the last hour: %s", got)
	}
}

func TestFirst(t *testing.T) {
	ctx := context.Background()
	b, c := newTestBook(t)
	first := func(payee string, want bool) {
		t.Helper()
		if got := mustLook(t, b, payment(payee, "1")).First; got != want {
			t.Errorf("the first payment to %q: %v", payee, got)
		}
	}
	released := payment("acme", "1")
	mustPay(t, b, released)
	first("acme", false)
	if err := b.Release(ctx, released.Call); err != nil {
		t.Fatal(err)
	}
	first("acme", true)
	dollars := payment("acme", "1")
	dollars.Currency = "USD"
	mustPay(t, b, dollars)
	c.advance(400 * 24 * time.Hour)
	first("acme", false)
	first("Acme", true)
	mustPay(t, b, payment("", "1"))
	first("", true) // nobody knows who that was
}

func TestReserveNeedsTheNewestLook(t *testing.T) {
	ctx := context.Background()
	b, _ := newTestBook(t)
	p := payment("acme", "1")
	seen := mustLook(t, b, p)
	other := payment("other", "1")
	other.Currency = "USD"
	mustPay(t, b, other)
	if err := b.Reserve(ctx, p, seen); !errors.Is(err, ErrChanged) {
		t.Errorf("after another payment of the caller: %v", err)
	}
	seen = mustLook(t, b, p)
	foreign := payment("acme", "1")
	foreign.Caller = "somebody"
	mustPay(t, b, foreign)
	if err := b.Reserve(ctx, p, seen); err != nil {
		t.Errorf("after a payment of another caller: %v", err)
	}
	if err := b.Reserve(ctx, p, mustLook(t, b, p)); !errors.Is(err, ErrReserved) {
		t.Errorf("the same call again: %v", err)
	}
}

func TestRelease(t *testing.T) {
	ctx := context.Background()
	b, c := newTestBook(t)
	kept, gone, foreign := payment("acme", "1"), payment("acme", "0.5"), payment("other", "0.25")
	for _, p := range []Payment{gone, kept, foreign} {
		mustPay(t, b, p)
	}
	c.advance(50 * time.Minute)
	for range 2 {
		if err := b.Release(ctx, gone.Call); err != nil {
			t.Errorf("release: %v", err)
		}
	}
	if err := b.Release(ctx, foreign.Call); err != nil {
		t.Error(err)
	}
	if got := line(mustLook(t, b, kept).Windows[Hour]); got != "1 in 1, 1 in 1" {
		t.Errorf("within the hour: %s", got)
	}
	c.advance(20 * time.Minute) // the payments have left the hour, the releases have not
	if got := line(mustLook(t, b, kept).Windows[Hour]); got != "0 in 0, 0 in 0" {
		t.Errorf("after the hour: %s", got)
	}
	if err := b.Release(ctx, "call-unknown"); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown: %v", err)
	}
	if err := b.Reserve(ctx, gone, mustLook(t, b, gone)); !errors.Is(err, ErrReserved) {
		t.Errorf("a released call again: %v", err)
	}
}

func TestPaymentsThatCannotBe(t *testing.T) {
	ctx := context.Background()
	b, _ := newTestBook(t)
	amount := func(text string) func(*Payment) {
		return func(p *Payment) { p.Amount = decimal.RequireFromString(text) }
	}
	places := "0." + strings.Repeat("0", MaxPlaces-1) + "1"
	cases := []struct {
		name   string
		change func(*Payment)
		fine   bool
	}{
		{"as it is", func(*Payment) {}, true},
		{"no call", func(p *Payment) { p.Call = "" }, false},
		{"no caller", func(p *Payment) { p.Caller = "" }, false},
		{"no payee", func(p *Payment) { p.Payee = "" }, true},
		{"no currency", func(p *Payment) { p.Currency = "" }, false},
		{"small letters", func(p *Payment) { p.Currency = "eur" }, false},
		{"two letters", func(p *Payment) { p.Currency = "EU" }, false},
		{"four letters", func(p *Payment) { p.Currency = "EURO" }, false},
		{"negative", amount("-0.01"), false},
		{"nothing", amount("0"), true},
		{"largest", amount(strings.Repeat("9", MaxWhole)), true},
		{"too large", amount("1" + strings.Repeat("0", MaxWhole)), false},
		{"finest", amount(places), true},
		{"too fine", amount(places + "0"), false},
		{"huge", func(p *Payment) { p.Amount = decimal.New(1, 2_000_000_000) }, false},
		{"tiny", func(p *Payment) { p.Amount = decimal.New(1, -2_000_000_000) }, false},
		{"huge nothing", func(p *Payment) { p.Amount = decimal.New(0, 2_000_000_000) }, false},
	}
	for _, c := range cases {
		p := payment("acme", "1")
		c.change(&p)
		if err := b.Reserve(ctx, p, mustLook(t, b, p)); (err == nil) != c.fine || (err != nil && !errors.Is(err, ErrInvalid)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	p := payment("acme", "1")
	for name, seen := range map[string]Seen{
		"nothing seen": {}, "another payee": mustLook(t, b, payment("other", "1")),
	} {
		if err := b.Reserve(ctx, p, seen); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOneLimit lets goroutines of two stores pay as much as a limit allows, and
// judge each payment by what was seen: they reach the limit and never pass it.
func TestOneLimit(t *testing.T) {
	ctx := context.Background()
	db, path := create(t)
	c := newClock()
	books := []*Book{New(db, c.now), New(open(t, path, ""), c.now)}
	limit := decimal.RequireFromString("2.0")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for p := payment("acme", "0.1"); ; {
				seen, err := books[i%2].Look(ctx, p.Caller, p.Payee, p.Currency)
				if err != nil {
					t.Error(err)
					return
				}
				if seen.Windows[Hour].Caller.Amount.Add(p.Amount).GreaterThan(limit) {
					return
				}
				switch err := books[i%2].Reserve(ctx, p, seen); {
				case err == nil:
					p = payment("acme", "0.1")
				case !errors.Is(err, ErrChanged):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := line(mustLook(t, books[0], payment("acme", "1")).Windows[Hour]); got != "2 in 20, 2 in 20" {
		t.Errorf("paid %s", got)
	}
}
