package effects

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestShippedCatalogue checks what reading the file does not: that a twin
// drafts and is in the same set, that roles name arguments that the tool has,
// and that an entry that does not stand alone is not unknown by its words.
func TestShippedCatalogue(t *testing.T) {
	var shippedFile struct {
		Comment string
		Sets    []struct {
			Source string
			Tools  map[string]*entry
		}
	}
	if err := json.Unmarshal(file(t, "../../rego/facts/catalogue.json"), &shippedFile); err != nil {
		t.Fatal(err)
	}
	j, tools, twins := shipped(t), 0, 0
	for _, set := range shippedFile.Sets {
		if set.Source == "" || len(set.Tools) == 0 {
			t.Errorf("the set %q has no source or no tools", set.Source)
		}
		for name, e := range set.Tools {
			tools++
			if e.DraftTwin != "" {
				twins++
				if twin := set.Tools[e.DraftTwin]; twin == nil || !slices.Equal(twin.Effects, []string{Draft}) {
					t.Errorf("%s: the twin %s does not draft", name, e.DraftTwin)
				}
			}
			if slices.Contains(e.Effects, Unknown) {
				t.Errorf("%s is unknown", name)
			}
			for role, arguments := range e.Roles {
				if e.Arguments != nil && !e.lists(arguments) {
					t.Errorf("%s has no argument %v for %s", name, arguments, role)
				}
			}
			if v := j.Of(Words{Name: name, Arguments: e.Arguments}, nil); v.Source != "catalogue" || slices.Contains(v.Effects, Unknown) {
				t.Errorf("%s is %v by %q", name, v.Effects, v.Evidence)
			}
		}
	}
	if tools < 120 || twins < 3 {
		t.Errorf("%d tools, %d twins", tools, twins)
	}
}

func TestSameNameInTwoSets(t *testing.T) {
	tool := func(effect, rest string) string {
		return `{"source":"s","tools":{"sync":{"effects":["` + effect + `"],"domains":["files"]` + rest + `}}}`
	}
	j, err := New([]byte(`{}`), []byte(`{"sets":[`+tool("read", `,"arguments":[]`)+`,`+tool("delete", `,"draft_twin":"x"`)+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	v := j.Of(Words{Name: "sync"}, nil)
	if !slices.Equal(v.Effects, []string{Delete, Read, Unknown}) || v.DraftTwin != "" {
		t.Errorf("%+v", v)
	}
}

func TestBadData(t *testing.T) {
	const none = `{}`
	entryOf := func(body string) string { return `{"sets":[{"source":"acme","tools":{"zap":` + body + `}}]}` }
	for _, c := range []struct{ lexicon, catalogue, names string }{
		{`{`, none, "lexicon"},
		{`{} {}`, none, "lexicon"},
		{`{"nouns":{}}`, none, "nouns"},
		{`{"verbs":{"steal":["take"]}}`, none, "steal"},
		{`{"may_be_nouns":["list"]}`, none, "list"},
		{`{"mostly_nouns":["mail"]}`, none, "mail"},
		{`{"creates":["make"]}`, none, "make"},
		{`{"phrases":{"log in":["enter"]}}`, none, "log in"},
		{`{"phrases":{"log in":[]}}`, none, "log in"},
		{`{"domains":{"space":["moon"]}}`, none, "space"},
		{`{"weak_domains":{"space":["moon"]}}`, none, "space"},
		{`{"arguments":[{"has":[["to"]],"beside":["write"],"adds":"give"}]}`, none, "rule 0"},
		{`{"arguments":[{"has":[["to"]],"beside":["give"],"adds":"send"}]}`, none, "rule 0"},
		{`{"arguments":[{"has":[[]],"beside":["write"],"adds":"send"}]}`, none, "rule 0"},
		{`{"arguments":[{"has":[["to"]],"beside":[],"adds":"send"}]}`, none, "rule 0"},
		{none, `[]`, "catalogue"},
		{none, `{"servers":[]}`, "servers"},
		{none, entryOf(`null`), "acme: zap"},
		{none, entryOf(`{"effects":[],"domains":["mail"]}`), "acme: zap"},
		{none, entryOf(`{"effects":["zap"],"domains":["mail"]}`), "acme: zap"},
		{none, entryOf(`{"effects":["read"],"domains":["space"]}`), "acme: zap"},
		{none, entryOf(`{"effects":["read"],"domains":["mail"],"roles":{"target":["to"]}}`), "acme: zap"},
		{none, entryOf(`{"effects":["read"],"domains":["mail"],"roles":{"urls":[]}}`), "acme: zap"},
		{none, entryOf(`{"effects":["read"],"domains":["mail"],"exact":true}`), "exact"},
	} {
		if j, err := New([]byte(c.lexicon), []byte(c.catalogue)); err == nil || j != nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s with %s: %v", c.lexicon, c.catalogue, err)
		}
	}
}
