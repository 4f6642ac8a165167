package effects

import (
	"reflect"
	"testing"
)

func TestPropose(t *testing.T) {
	judge, err := New(load(t, "../../rego/facts/lexicon.json"))
	if err != nil {
		t.Fatal(err)
	}
	hash := SchemaHash([]byte(`{}`))
	for _, c := range []struct {
		words Words
		want  Entry
	}{
		{Words{Name: "send_email", Arguments: []string{"to", "subject", "body"}, Schema: hash},
			Entry{Schema: hash, Effects: []string{Send}, Domains: []string{"mail"}, Roles: map[string][]string{"recipients": {"to"}}}},
		{Words{Name: "list_contacts", Arguments: []string{"page"}, Schema: hash},
			Entry{Schema: hash, Effects: []string{Read}, Domains: []string{"crm"}}},
		{Words{Name: "frobnicate", Arguments: []string{"x"}, Schema: hash},
			Entry{Schema: hash, Effects: []string{Unknown}, Domains: []string{Other}}},
	} {
		if got := judge.Propose(c.words); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.words.Name, got, c.want)
		}
	}
}
