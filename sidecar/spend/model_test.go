package spend

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// model is a book in the plainest form: a list that is summed each time.
type model struct {
	now  time.Time
	paid []*paid
}

type paid struct {
	Payment
	at       time.Time
	released bool
}

func (m *model) pay(p Payment) {
	at := m.now
	for _, old := range m.paid {
		if old.Caller == p.Caller && old.at.After(at) {
			at = old.at
		}
	}
	m.paid = append(m.paid, &paid{Payment: p, at: at})
}

func (m *model) look(p Payment) (first bool, sums map[string]string) {
	first, sums = true, map[string]string{}
	for _, old := range m.paid {
		if old.Caller == p.Caller && old.Payee == p.Payee && !old.released && p.Payee != "" {
			first = false
		}
	}
	for name, span := range windows {
		var w Window
		for _, old := range m.paid {
			if old.released || old.Caller != p.Caller || old.Currency != p.Currency || m.now.Sub(old.at) > span {
				continue
			}
			w.Caller = Sum{w.Caller.Amount.Add(old.Amount), w.Caller.Calls + 1}
			if old.Payee == p.Payee {
				w.Payee = Sum{w.Payee.Amount.Add(old.Amount), w.Payee.Calls + 1}
			}
		}
		sums[name] = line(w)
	}
	return first, sums
}

// TestAgainstModel does the same to a book and to the model, with steps of the
// clock that meet the edges of windows, and compares what they say.
func TestAgainstModel(t *testing.T) {
	db, _ := create(t)
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		c := newClock()
		b := New(db, c.now)
		m := model{now: c.now()}
		one := func() Payment {
			p := payment(rapid.SampledFrom([]string{"acme", "other", ""}).Draw(rt, "payee"), "0")
			// Each run has callers of its own in the one file.
			p.Caller = fmt.Sprintf("%s-%d", rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "caller"), runs)
			p.Currency = rapid.SampledFrom([]string{"EUR", "JPY"}).Draw(rt, "currency")
			p.Amount = decimal.New(rapid.Int64Range(0, 1e12).Draw(rt, "digits"), rapid.Int32Range(-6, 2).Draw(rt, "exponent"))
			return p
		}
		rt.Repeat(map[string]func(*rapid.T){
			"pay": func(rt *rapid.T) {
				p := one()
				mustPay(rt, b, p)
				m.pay(p)
			},
			"pay too late": func(rt *rapid.T) {
				p, meanwhile := one(), one()
				seen := mustLook(rt, b, p)
				mustPay(rt, b, meanwhile)
				m.pay(meanwhile)
				err := b.Reserve(context.Background(), p, seen)
				if p.Caller == meanwhile.Caller && !errors.Is(err, ErrChanged) || p.Caller != meanwhile.Caller && err != nil {
					rt.Fatal(err)
				}
				if err == nil {
					m.pay(p)
				}
			},
			"release": func(rt *rapid.T) {
				if len(m.paid) == 0 {
					rt.Skip("nothing was paid")
				}
				p := rapid.SampledFrom(m.paid).Draw(rt, "payment")
				if err := b.Release(context.Background(), p.Call); err != nil {
					rt.Fatal(err)
				}
				p.released = true
			},
			"time": func(rt *rapid.T) {
				step := rapid.SampledFrom([]time.Duration{
					time.Microsecond, -time.Microsecond, time.Minute, -time.Hour, windows[Hour], windows[Day] - windows[Hour], windows[Day],
					windows[Week] - windows[Day], windows[Month] - windows[Week], windows[Month],
				}).Draw(rt, "step")
				c.advance(step)
				m.now = c.now()
			},
			"": func(rt *rapid.T) {
				p := one()
				seen := mustLook(rt, b, p)
				first, sums := m.look(p)
				if seen.First != first {
					rt.Fatalf("first payment of %s to %q: %v, want %v", p.Caller, p.Payee, seen.First, first)
				}
				for name, want := range sums {
					if got := line(seen.Windows[name]); got != want {
						rt.Fatalf("%s: %s, want %s", name, got, want)
					}
				}
			},
		})
	})
	if runs == 0 {
		t.Error("the property was not tried")
	}
}
