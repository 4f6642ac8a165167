package sidecar

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/shopspring/decimal"

	"callgate/detectors/money"
	"callgate/policy"
	"callgate/sidecar/spend"
	"callgate/toolproxy"
)

// maxLooks is how often a payment is judged again because its caller paid
// something else in between.
const maxLooks = 4

// payment is what a call would pay, with what policy was told went before it.
type payment struct {
	money.Payment
	seen spend.Seen
}

// due is what the call would pay in the form in which it goes; nil for nothing
// that can be counted.
func (t *transit) due() *payment {
	if p := t.payment; p != nil && p.Known {
		return p
	}
	return nil
}

// moneyOf tells policy of a payment and of what its caller paid before.
func (f *Firewall) moneyOf(ctx context.Context, t *transit, in *policy.Input, p *money.Payment) error {
	t.payment = nil
	if p == nil {
		return nil
	}
	payee, _ := f.Secrets.RedactText(p.Payee)
	in.Money = &policy.Money{Currency: p.Currency, Payee: payee, First: true, Windows: map[string]policy.Window{}}
	if !p.Known {
		return nil
	}
	ctx, cancel := f.recordContext(ctx)
	defer cancel()
	seen, err := f.Spend.Look(ctx, in.Caller.Name, payee, p.Currency)
	if err != nil {
		return toolproxy.Refuse(toolproxy.CodeRecordUnavailable, stageSpend, err)
	}
	t.payment = &payment{Payment: *p, seen: seen}
	t.payment.Payee = payee
	in.Money.Known, in.Money.Amount, in.Money.First = true, number(p.Amount), seen.First
	for span, w := range seen.Windows {
		in.Money.Windows[span] = policy.Window{Caller: sum(w.Caller), Payee: sum(w.Payee)}
	}
	return nil
}

func sum(s spend.Sum) policy.Sum { return policy.Sum{Amount: number(s.Amount), Calls: s.Calls} }

func number(d decimal.Decimal) json.Number { return json.Number(d.String()) }

// errSpentMeanwhile says that a payment has to be judged again.
var errSpentMeanwhile = errors.New("the caller paid something else while the payment was judged")

// reserve counts a payment that may go. Its error is errSpentMeanwhile where
// what policy was told is no longer so.
func (f *Firewall) reserve(ctx context.Context, t *transit) error {
	p := t.due()
	if p == nil {
		return nil
	}
	ctx, cancel := f.recordContext(ctx)
	defer cancel()
	err := f.Spend.Reserve(ctx, spend.Payment{
		Call: t.call.ID, Caller: t.call.Caller.Name, Payee: p.Payee, Currency: p.Currency, Amount: p.Amount,
	}, p.seen)
	switch {
	case errors.Is(err, spend.ErrChanged):
		return errSpentMeanwhile
	case err != nil:
		return toolproxy.Refuse(toolproxy.CodeRecordUnavailable, stageSpend, err)
	}
	t.reserved = true
	return nil
}

// release takes a payment back that was certainly not made. Where that fails
// the payment stays counted, which errs on the safe side.
func (f *Firewall) release(ctx context.Context, t *transit) {
	if !t.reserved {
		return
	}
	ctx, cancel := f.recordContext(ctx)
	defer cancel()
	t.reserved = f.Spend.Release(ctx, t.call.ID) != nil
}
