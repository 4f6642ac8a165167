// Package money reads what a payment moves: an amount, its currency, and who is
// paid. It reads strictly. A number that two readers could take for two amounts
// is no amount: an exponent, a sign, a separator of thousands, a needless zero.
// It is pure and takes any bytes.
package money

import (
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
	"golang.org/x/text/currency"
	"golang.org/x/text/unicode/norm"
)

// Payment is what one call would pay.
type Payment struct {
	Known    bool            // one amount and one currency could be read
	Amount   decimal.Decimal // in units of Currency; zero where it is not known
	Currency string          // ISO 4217; "" where it is not known
	Payee    string          // in its normal form; "" where there is not one
}

// MaxDigits is how many digits an amount may have.
const MaxDigits = 18

var amount = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// Amount reads an amount as a JSON number or the text of one is written:
// "12", "12.50". Anything else is none.
func Amount(text string) (decimal.Decimal, bool) {
	if len(text) > MaxDigits+1 || !amount.MatchString(text) || len(strings.Replace(text, ".", "", 1)) > MaxDigits {
		return decimal.Decimal{}, false
	}
	d, err := decimal.NewFromString(text)
	return d, err == nil
}

// Currency reads the code of a currency in any case. It gives the code and how
// many digits its minor unit has, by the data of Unicode (CLDR), which never has
// more than ISO 4217: an amount in minor units is at worst taken for a larger
// one.
func Currency(text string) (code string, digits int, ok bool) {
	unit, err := currency.ParseISO(text)
	if err != nil || len(text) != 3 || unit == currency.XXX || unit == currency.XTS {
		return "", 0, false
	}
	digits, _ = currency.Standard.Rounding(unit)
	return unit.String(), digits, true
}

// Minor turns an amount in minor units into units. A part of a minor unit is no
// amount.
func Minor(d decimal.Decimal, digits int) (decimal.Decimal, bool) {
	return d.Shift(-int32(digits)), d.IsInteger()
}

// longestPayee is how many bytes the name of a payee may have.
const longestPayee = 256

// iban is the form of an IBAN (ISO 13616), without spaces.
var iban = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)

// Payee gives who is paid in a normal form, in which equal payees are equal:
// compatibility forms, case and space do not count. An IBAN is in capitals and
// without spaces. It is "" for a text that is empty or too long.
func Payee(text string) string {
	if len(text) > longestPayee {
		return ""
	}
	text = strings.Join(strings.Fields(norm.NFKC.String(text)), " ")
	if account := strings.ToUpper(strings.ReplaceAll(text, " ", "")); iban.MatchString(account) {
		return account
	}
	return norm.NFKC.String(strings.ToLower(strings.ToUpper(text)))
}
