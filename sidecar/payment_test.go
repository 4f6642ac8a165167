package sidecar

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"callgate/detectors/effects"
	"callgate/toolproxy"
)

// paying is a firewall that lets "payer" pay up to 100 EUR a day, 60 at once.
func paying(t *testing.T, more ...func(*setup)) *bench {
	t.Helper()
	o := setup{
		override: map[string]*effects.Override{"pay_bill": {Effects: []string{"pay"}, Domains: []string{"finance"}}},
		settings: map[string]any{"rules": map[string]any{
			"financial_write_ban": map[string]any{"enabled": false},
			"spend_limits": map[string]any{"first_payee": "allow", "max_payment": map[string]any{"EUR": 60},
				"max_amount": map[string]any{"day": map[string]any{"EUR": 100}}},
		}},
	}
	for _, change := range more {
		change(&o)
	}
	return open(t, o)
}

func payment40(amount string) *toolproxy.Call {
	return call("pay_bill", `{"amount":`+amount+`,"currency":"EUR","payee":"Example GmbH"}`, "finance:pay")
}

// TestPaymentsAddUp: small payments stop where together they are too much, and
// what was refused does not count.
func TestPaymentsAddUp(t *testing.T) {
	b := paying(t)
	up := &upstream{answer: "paid"}
	for _, c := range []struct {
		amount string
		goes   bool
	}{
		{"60.01", false}, {"60", true}, {"40.01", false}, {"39.99", true}, {"0.02", false}, {"0.01", true}, {"0.01", false},
		{"1e1", false}, {"-5", false}, {`"five"`, false},
	} {
		before := len(up.got)
		_, err := b.Guard(up).ServeCall(t.Context(), payment40(c.amount))
		if (err == nil) != c.goes || (len(up.got) > before) != c.goes {
			t.Errorf("%s: %v, forwarded %d", c.amount, err, len(up.got)-before)
		}
	}
	other := payment40("50")
	other.Caller.Name = "other"
	if _, err := b.Guard(up).ServeCall(t.Context(), other); err != nil {
		t.Errorf("another caller's payment: %v", err)
	}
}

// TestPaymentsAtOnce: of many payments at once only as many go as fit.
func TestPaymentsAtOnce(t *testing.T) {
	b := paying(t)
	var paid atomic.Int64
	up := toolproxy.HandlerFunc(func(context.Context, *toolproxy.Call) (*toolproxy.Result, error) {
		paid.Add(1)
		return &toolproxy.Result{Body: []byte(`{}`)}, nil
	})
	var wg sync.WaitGroup
	codes := make([]toolproxy.Code, 12)
	for i := range codes {
		wg.Go(func() {
			_, err := b.Guard(up).ServeCall(t.Context(), payment40("30"))
			if refusal, ok := toolproxy.AsRefusal(err); ok {
				codes[i] = refusal.Code
			}
		})
	}
	wg.Wait()
	if n := paid.Load(); n < 1 || n > 3 {
		t.Errorf("%d payments of 30 went under a limit of 100: %v", n, codes)
	}
	seen, err := b.Spend.Look(t.Context(), "tester", "", "EUR")
	if err != nil || seen.Windows["day"].Caller.Calls != int(paid.Load()) {
		t.Errorf("counted %+v, %v; paid %d", seen.Windows["day"], err, paid.Load())
	}
}

// TestPaymentNotMade: a payment whose decision cannot be stored, or whose caller
// left before it was sent, does not count; one that an upstream may have made does.
func TestPaymentNotMade(t *testing.T) {
	b := paying(t)
	gone, cancel := context.WithCancel(t.Context())
	looks := 0
	b.Now = func() time.Time {
		if looks++; looks == 2 { // the first is when the call begins, the second when it is to be sent
			cancel()
		}
		return time.Now()
	}
	_, err := b.Guard(&upstream{}).ServeCall(gone, payment40("60"))
	refusedAs(t, err, toolproxy.CodeCancelled, "forward")
	_, err = b.Guard(&upstream{err: fmt.Errorf("connection lost")}).ServeCall(t.Context(), payment40("60"))
	refusedAs(t, err, toolproxy.CodeUpstreamUnavailable, "forward")
	seen, err := b.Spend.Look(t.Context(), "tester", "", "EUR")
	if err != nil || seen.Windows["day"].Caller.Calls != 1 {
		t.Errorf("counted %+v, %v", seen.Windows["day"], err)
	}
}

// TestApprovedPaymentCountsOnce: asking about a payment counts nothing.
func TestApprovedPaymentCountsOnce(t *testing.T) {
	b := paying(t, func(o *setup) {
		o.settings["rules"].(map[string]any)["spend_limits"].(map[string]any)["first_payee"] = "ask"
	})
	id := b.asks(payment40("60"))
	b.asks(payment40("60"))
	b.answer(id, true)
	up := &upstream{answer: "paid"}
	if _, err := b.Guard(up).ServeCall(t.Context(), payment40("60")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Guard(up).ServeCall(t.Context(), payment40("40")); err != nil {
		t.Errorf("the second payment to a payee: %v", err)
	}
	seen, err := b.Spend.Look(t.Context(), "tester", "", "EUR")
	if err != nil || seen.Windows["day"].Caller.Amount.String() != "100" {
		t.Errorf("counted %+v, %v", seen.Windows["day"], err)
	}
}

// TestFirstPaymentsAtOnce: a payment that waits for a person does not make its
// payee a known one.
func TestFirstPaymentsAtOnce(t *testing.T) {
	b := paying(t, func(o *setup) {
		o.settings["rules"].(map[string]any)["spend_limits"].(map[string]any)["first_payee"] = "ask"
	})
	var wg sync.WaitGroup
	var forwarded atomic.Int64
	up := toolproxy.HandlerFunc(func(context.Context, *toolproxy.Call) (*toolproxy.Result, error) {
		forwarded.Add(1)
		return &toolproxy.Result{Body: []byte(`{}`)}, nil
	})
	for i := range 8 {
		wg.Go(func() {
			for n := range 10 {
				_, _ = b.Guard(up).ServeCall(t.Context(), payment40(fmt.Sprintf("%d.%02d", i+1, n))) // the count tells
			}
		})
	}
	wg.Wait()
	if n := forwarded.Load(); n > 0 {
		t.Errorf("%d payments went without the person who has to approve the first", n)
	}
}
