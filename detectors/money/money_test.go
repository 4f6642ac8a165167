package money

import (
	"strings"
	"testing"
)

func TestAmount(t *testing.T) {
	for text, want := range map[string]string{ // "" for none
		"12": "12", "12.50": "12.5", "0": "0", "0.01": "0.01", "123456789012345678": "123456789012345678", "1234567890.12345678": "1234567890.12345678",
		"1234567890123456789": "", "1234567890.123456789": "", "": "", "-1": "", "+1": "", "1e3": "", "1E3": "", "1,000": "", "1'000": "", "1.000,50": "", "1 000": "", "01": "",
		"00.5": "", ".5": "", "5.": "", "NaN": "", "Infinity": "", "0x10": "", "12 EUR": "", "€12": "", " 12": "", "12\n": "", "１２": "", "1_000": "",
	} {
		d, ok := Amount(text)
		if ok != (want != "") || ok && d.String() != want {
			t.Errorf("%q is %s, %v, want %q", text, d, ok, want)
		}
	}
}

func TestCurrency(t *testing.T) {
	for text, want := range map[string]struct {
		code   string
		digits int
	}{
		"EUR": {"EUR", 2}, "usd": {"USD", 2}, "Chf": {"CHF", 2}, "JPY": {"JPY", 0}, "KWD": {"KWD", 3}, "": {}, "€": {}, "$": {}, "EURO": {}, "XXX": {}, "XTS": {}, "ZZZ": {}, "EU": {}, "ЕUR": {},
	} {
		code, digits, ok := Currency(text)
		if code != want.code || digits != want.digits || ok != (want.code != "") {
			t.Errorf("%q is %q with %d digits, %v", text, code, digits, ok)
		}
	}
}

// TestMinorUnits checks that no currency has more digits here than in ISO 4217
// (list one, 2026): amounts are at worst taken for larger ones.
func TestMinorUnits(t *testing.T) {
	for digits, codes := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		2: "AED ARS AUD BGN BRL CAD CHF CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR KES MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD UYU ZAR",
		3: "BHD IQD JOD KWD LYD OMR TND", 4: "CLF UYW",
	} {
		for code := range strings.FieldsSeq(codes) {
			if _, got, ok := Currency(code); ok && got > digits {
				t.Errorf("%s has %d digits", code, got)
			}
		}
	}
	type row struct {
		text   string
		digits int
		want   string
	}
	for _, c := range []row{{"1250", 2, "12.5"}, {"1250", 0, "1250"}, {"5", 3, "0.005"}, {"12.5", 2, ""}} {
		d, _ := Amount(c.text)
		if got, ok := Minor(d, c.digits); ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s with %d digits is %s, %v", c.text, c.digits, got, ok)
		}
	}
}

func TestPayee(t *testing.T) {
	for _, same := range [][]string{
		{"CH9300762011623852957", "ch93 0076 2011 6238 5295 7", "CH93 00762011623852957 "},
		{"acme gmbh", "  ACME   GmbH ", "ＡＣＭＥ\u00a0gmbh", "Acme\tGmbH"},
		{"pay@example.com", "Pay@Example.COM"},
		{"σίσυφοσ", "Σίσυφος"},
		{"", strings.Repeat("a", longestPayee+1)},
	} {
		for _, text := range same {
			if got := Payee(text); got != same[0] {
				t.Errorf("%q is %q, want %q", text, got, same[0])
			}
		}
	}
	if Payee(strings.Repeat("a", longestPayee)) == "" {
		t.Error("the longest payee is none")
	}
}

// FuzzPayee checks that a normal form is its own, and that an amount is written
// as it was read.
func FuzzPayee(f *testing.F) {
	for _, text := range []string{"CH93 0076", "Straße", "ﬁ", "İ", "\xff", "12.50", "ǰ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := Payee(text); len(got) <= longestPayee && Payee(got) != got {
			t.Fatalf("%q is %q, and then %q", text, got, Payee(got))
		}
		if d, ok := Amount(text); ok {
			again, ok := Amount(d.String())
			if !ok || !again.Equal(d) || d.IsNegative() {
				t.Fatalf("%q is %s, and then %s", text, d, again)
			}
		}
		if code, _, ok := Currency(text); ok && !strings.EqualFold(code, text) {
			t.Fatalf("%q is %s", text, code)
		}
	})
}
