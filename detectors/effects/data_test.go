package effects

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestShippedCatalogue checks what reading the files does not: that a twin
// drafts and is of the same server, that a pinned entry stands alone, and that
// an entry that does not is not unknown by its words.
func TestShippedCatalogue(t *testing.T) {
	j, tools, twins, pinned := shipped(t), 0, 0, 0
	for _, f := range catalogues(t) {
		c, err := ReadCatalogue(f.Name, f.Data)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := c.Format(); err != nil || !bytes.Equal(again, f.Data) {
			t.Errorf("%s is not as Format writes it", f.Name)
		}
		for name, e := range c.Tools {
			tools++
			if e.DraftTwin != "" {
				twins++
				if twin := c.Tools[e.DraftTwin]; !slices.Equal(twin.Effects, []string{Draft}) {
					t.Errorf("%s: %s: the twin %s does not draft", f.Name, name, e.DraftTwin)
				}
			}
			v := j.Of(Words{Name: name, Schema: e.Schema}, nil)
			if e.Schema != "" {
				pinned++
			}
			if v.Source != "catalogue" || v.Catalogued != (e.Schema != "") || slices.Contains(v.Effects, Unknown) {
				t.Errorf("%s: %s is %v by %q", f.Name, name, v.Effects, v.Evidence)
			}
		}
	}
	if tools < 800 || twins < 3 || pinned < 700 {
		t.Errorf("%d tools, %d twins, %d pinned", tools, twins, pinned)
	}
}

func TestBadData(t *testing.T) {
	for _, c := range []struct{ lexicon, names string }{
		{`{`, "lexicon"},
		{`{} {}`, "lexicon"},
		{`{"nouns":{}}`, "nouns"},
		{`{"verbs":{"steal":["take"]}}`, "steal"},
		{`{"may_be_nouns":["list"]}`, "list"},
		{`{"mostly_nouns":["mail"]}`, "mail"},
		{`{"creates":["make"]}`, "make"},
		{`{"phrases":{"log in":["enter"]}}`, "log in"},
		{`{"phrases":{"log in":[]}}`, "log in"},
		{`{"domains":{"space":["moon"]}}`, "space"},
		{`{"weak_domains":{"space":["moon"]}}`, "space"},
		{`{"arguments":[{"has":[["to"]],"beside":["write"],"adds":"give"}]}`, "rule 0"},
		{`{"arguments":[{"has":[["to"]],"beside":["give"],"adds":"send"}]}`, "rule 0"},
		{`{"arguments":[{"has":[[]],"beside":["write"],"adds":"send"}]}`, "rule 0"},
		{`{"arguments":[{"has":[["to"]],"beside":[],"adds":"send"}]}`, "rule 0"},
	} {
		if j, err := New([]byte(c.lexicon)); err == nil || j != nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v", c.lexicon, err)
		}
	}
}
