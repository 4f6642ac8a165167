package effects

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestDomainsOfSameName asks for a tool whose schema no claim pins.
func TestDomainsOfSameName(t *testing.T) {
	pinned := func(server, schema, domains string) File {
		return File{server, []byte(fmt.Sprintf(`{"server":%q,"tools":{"read_file":{"schema":%q,"effects":["read"],"domains":[%s]}}}`, server, SchemaHash([]byte(schema)), domains))}
	}
	files, both := pinned("a", `{"type":"object"}`, `"files"`), pinned("b", `{}`, `"files","web"`)
	own := File{"own", []byte(`{"server":"own","tools":{"read_file":{"effects":["read"],"domains":["chat"]}}}`)}
	for _, c := range []struct {
		claims []File
		want   string
	}{
		{[]File{files, both}, "files"},               // one claim says what the name says
		{[]File{both}, "files web"},                  // none does
		{[]File{own, files, both}, "chat files web"}, // a claim that pins no schema is of this tool
	} {
		j, err := New(load(t, "../../rego/facts/lexicon.json"), c.claims...)
		if err != nil {
			t.Fatal(err)
		}
		if v := j.Of(WordsOf("acme", "read_file", "", []byte(`{"title":"other"}`), nil), nil); !slices.Equal(v.Domains, strings.Fields(c.want)) {
			t.Errorf("%v, want %s", v.Domains, c.want)
		}
	}
}
