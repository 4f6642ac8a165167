package effects

import (
	"slices"

	"github.com/shopspring/decimal"
	"github.com/tidwall/gjson"

	"callgate/detectors/money"
)

// payment reads what a call that pays would move. It is known only where the
// arguments hold one amount and one currency, at most one payee, and nothing
// that may multiply or split it.
func (w *walk) payment(effects []string) *money.Payment {
	var amounts, currencies, payees []string
	minor := w.plan.entry != nil && w.plan.entry.Minor
	for h, role := range w.counting(effects) {
		switch role {
		case "amount":
			amounts = append(amounts, written(h.value))
			minor = minor || w.book.rules[h.rule].Minor
		case "currency":
			code, _, _ := money.Currency(h.value.Str)
			currencies = append(currencies, code)
		case "payee":
			name, _ := simple(h.value)
			payees = append(payees, money.Payee(name))
		}
	}
	p := &money.Payment{}
	if payees = sorted(payees); len(payees) == 1 {
		p.Payee = payees[0]
	}
	if currencies = sorted(currencies); len(currencies) == 1 {
		p.Currency = currencies[0]
	}
	if p.Currency != "" && len(amounts) == 1 && len(payees) < 2 && !w.loose {
		p.Amount, p.Known = units(amounts[0], p.Currency, minor)
	}
	return p
}

// written is an amount as it stands in the arguments; "" for what is none.
func written(v gjson.Result) string {
	if v.Type != gjson.Number && v.Type != gjson.String {
		return ""
	}
	return plain(v)
}

// units reads an amount in units of a currency. It is zero where it is none.
func units(text, currency string, minor bool) (decimal.Decimal, bool) {
	d, ok := money.Amount(text)
	if ok && minor {
		_, digits, _ := money.Currency(currency)
		d, ok = money.Minor(d, digits)
	}
	if !ok {
		return decimal.Decimal{}, false
	}
	return d, true
}

// meet reports a word that both lists have.
func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(word string) bool { return slices.Contains(b, word) })
}
