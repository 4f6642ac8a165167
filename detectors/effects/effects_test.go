package effects

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the goldens")

func load(tb testing.TB, path string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// shipped is the judge with the data that the firewall ships.
func shipped(tb testing.TB) *Judge {
	tb.Helper()
	j, err := New(load(tb, "../../rego/facts/lexicon.json"), catalogues(tb)...)
	if err != nil {
		tb.Fatal(err)
	}
	return j
}

// catalogues are the files that the firewall ships.
func catalogues(tb testing.TB) []File {
	tb.Helper()
	names, err := filepath.Glob("../../rego/facts/catalogue/*.json")
	if err != nil || len(names) == 0 {
		tb.Fatal(names, err)
	}
	var files []File
	for _, name := range names {
		files = append(files, File{Name: name, Data: load(tb, name)})
	}
	return files
}

type wordsCase struct {
	Server      string   `json:"server"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Arguments   []string `json:"arguments"`
	Must        []string `json:"must"`
	MustNot     []string `json:"must_not"`
	Domains     []string `json:"domains"` // must be among those found; "other" must stand alone
}

// TestWords judges tools that must and must not have an effect. Each effect is
// wanted and ruled out by several rows, and each domain is found by some.
func TestWords(t *testing.T) {
	var cases []wordsCase
	if err := strict(load(t, "testdata/words.json"), &cases); err != nil {
		t.Fatal(err)
	}
	j, wanted, ruledOut := shipped(t), map[string]int{}, map[string]int{}
	for _, c := range cases {
		v := j.Of(Words{Server: c.Server, Name: c.Name, Description: c.Description, Arguments: c.Arguments}, nil)
		for _, effect := range c.Must {
			wanted[effect]++
			if !slices.Contains(v.Effects, effect) {
				t.Errorf("%q %q %v is %v by %q, without %s", c.Name, c.Description, c.Arguments, v.Effects, v.Evidence, effect)
			}
		}
		for _, effect := range c.MustNot {
			ruledOut[effect]++
			if slices.Contains(v.Effects, effect) {
				t.Errorf("%q %q %v is %v by %q, with %s", c.Name, c.Description, c.Arguments, v.Effects, v.Evidence, effect)
			}
		}
		for _, domain := range c.Domains {
			wanted[domain]++
			if !slices.Contains(v.Domains, domain) || domain == Other && len(v.Domains) > 1 {
				t.Errorf("%q of %q is about %v, not %s", c.Name, c.Server, v.Domains, domain)
			}
		}
	}
	for _, effect := range allEffects {
		if wanted[effect] < 6 || ruledOut[effect] < 5 {
			t.Errorf("%s is wanted %d times and ruled out %d times", effect, wanted[effect], ruledOut[effect])
		}
	}
	for _, domain := range allDomains {
		if wanted[domain] < 2 {
			t.Errorf("%s is found %d times", domain, wanted[domain])
		}
	}
}

// TestDemonstration judges the tools of the demonstration's server, with the
// annotations that its library writes on all of them.
func TestDemonstration(t *testing.T) {
	j := shipped(t)
	unsaid := json.RawMessage(`{"readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,"openWorldHint":true}`)
	message := []string{"to", "subject", "body"}
	for _, c := range []struct {
		name, description string
		arguments         []string
		effect, domain    string
		twin              string
	}{
		{"mail_list_messages", "List the messages in the inbox, newest first.", []string{"limit"}, Read, "mail", ""},
		{"mail_create_draft", "Save a message as a draft, without sending it.", message, Draft, "mail", ""},
		{"mail_send_message", "Send a message at once.", message, Send, "mail", "mail_create_draft"},
		{"crm_get_contact", "Read one contact of the CRM.", []string{"id"}, Read, "crm", ""},
		{"crm_update_contact", "Change fields of a contact of the CRM.", []string{"id", "stage"}, Write, "crm", ""},
		{"bank_get_balance", "Read the balance of the company account.", nil, Read, "finance", ""},
		{"bank_transfer_money", "Pay an amount to another account.", []string{"iban", "amount", "currency"}, Pay, "finance", ""},
		{"files_read_file", "Read a text file of the shared folder.", []string{"path"}, Read, "files", ""},
		{"web_search", "Search the web and list pages that match.", []string{"query"}, Read, "web", ""},
		{"web_fetch_page", "Read a page of the web as text.", []string{"url"}, Read, "web", ""},
	} {
		v := j.Of(Words{Server: "office", Name: c.name, Description: c.description, Arguments: c.arguments, Annotations: unsaid}, nil)
		if !slices.Equal(v.Effects, []string{c.effect}) || !slices.Equal(v.Domains, []string{c.domain}) || v.DraftTwin != c.twin {
			t.Errorf("%s is %v about %v, twin %q, by %q", c.name, v.Effects, v.Domains, v.DraftTwin, v.Evidence)
		}
	}
}

// TestNpmServers judges what three servers from npm list: name, arguments and
// annotations as they answer, and the verdict.
func TestNpmServers(t *testing.T) {
	type row struct {
		Server      string          `json:"server"`
		Name        string          `json:"name"`
		Schema      string          `json:"schema"`
		Arguments   []string        `json:"arguments"`
		Annotations json.RawMessage `json:"annotations"`
		Effects     []string        `json:"effects"`
		Domains     []string        `json:"domains"`
		Source      string          `json:"source"`
	}
	const golden = "testdata/npm.json"
	var rows []row
	before := load(t, golden)
	if err := strict(before, &rows); err != nil {
		t.Fatal(err)
	}
	j := shipped(t)
	var after bytes.Buffer
	after.WriteString("[\n")
	for i, r := range rows {
		v := j.Of(Words{Server: r.Server, Name: r.Name, Schema: r.Schema, Arguments: r.Arguments, Annotations: r.Annotations}, nil)
		r.Effects, r.Domains, r.Source = v.Effects, v.Domains, v.Source
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		after.WriteString("  " + string(line))
		if i+1 < len(rows) {
			after.WriteString(",")
		}
		after.WriteString("\n")
	}
	after.WriteString("]\n")
	if *update {
		if err := os.WriteFile(golden, after.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(rows) != 39 || !bytes.Equal(load(t, golden), after.Bytes()) {
		t.Errorf("%d rows; the verdicts are now:\n%s", len(rows), after.String())
	}
}

func TestOverride(t *testing.T) {
	j := shipped(t)
	send := Words{Name: "mail_send_message", Annotations: json.RawMessage(`{"destructiveHint":true}`)}
	own := j.Of(send, nil)
	for _, c := range []struct {
		name     string
		operator Override
		want     Verdict
	}{
		{"says nothing", Override{}, Verdict{Effects: own.Effects, Domains: own.Domains, Source: "catalogue", DraftTwin: own.DraftTwin}},
		{"effects, which annotations do not add to", Override{Effects: []string{Write, Read, Write}}, Verdict{Effects: []string{Read, Write}, Domains: own.Domains, Source: "operator", DraftTwin: own.DraftTwin}},
		{"domains", Override{Domains: []string{"files"}}, Verdict{Effects: own.Effects, Domains: []string{"files"}, Source: "catalogue", DraftTwin: own.DraftTwin}},
		{"twin", Override{DraftTwin: "keep"}, Verdict{Effects: own.Effects, Domains: own.Domains, Source: "catalogue", DraftTwin: "keep"}},
	} {
		v := j.Of(send, &c.operator)
		v.Evidence, v.Least, v.plan = "", nil, nil
		if !reflect.DeepEqual(v, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, v, c.want)
		}
	}
	for _, operator := range []*Override{nil, {}, {DraftTwin: "x"}} {
		if v := j.Undefined(operator); !slices.Equal(v.Effects, []string{Unknown}) || !slices.Equal(v.Domains, []string{Other}) || v.Source != "none" {
			t.Errorf("an undefined tool is %+v", v)
		}
	}
	if v := j.Undefined(&Override{Effects: []string{Read}}); !slices.Equal(v.Effects, []string{Read}) || v.Source != "operator" {
		t.Errorf("an undefined tool that the operator named is %+v", v)
	}
}

func FuzzOf(f *testing.F) {
	f.Add("office", "mail_send_message", "Sends a message.", `{"readOnlyHint":true}`, "to,body")
	f.Add("", "getHTTPResponse2", "A tool that reads and then deletes it.", `{"readOnlyHint":false`, "sql")
	f.Add("bank", "ПЕРЕВОД_deneg", "Tool description: Pays", `[]`, "")
	j := shipped(f)
	f.Fuzz(func(t *testing.T, server, name, description, annotations, arguments string) {
		w := Words{Server: server, Name: name, Description: description, Arguments: strings.Split(arguments, ",")}
		plain := j.Of(w, nil)
		w.Annotations = json.RawMessage(annotations)
		v := j.Of(w, nil)
		if among(v.Effects, allEffects) != nil || among(v.Domains, allDomains) != nil || !slices.IsSorted(v.Effects) || !slices.IsSorted(v.Domains) {
			t.Fatalf("%+v", v)
		}
		for _, effect := range plain.Effects {
			if !slices.Contains(v.Effects, effect) {
				t.Fatalf("annotations took %s from %v", effect, plain.Effects)
			}
		}
	})
}

func BenchmarkOf(b *testing.B) {
	j := shipped(b)
	w := Words{Server: "office", Name: "crm_update_contact", Description: "Changes fields of a contact of the CRM and returns it. It needs the contact's id.",
		Arguments: []string{"id", "stage", "owner"}, Annotations: json.RawMessage(`{"readOnlyHint":false,"destructiveHint":false}`)}
	b.ReportAllocs()
	for b.Loop() {
		if v := j.Of(w, nil); len(v.Effects) != 1 || v.Effects[0] != Write {
			b.Fatalf("%+v", v)
		}
	}
}
