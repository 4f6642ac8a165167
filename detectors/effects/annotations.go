package effects

import (
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"
)

// hint names the annotation by which a tool that otherwise only reads changes
// something; "" for none. Such a hint adds write. How destructive a change is
// stays in the annotations, where policy reads it: a tool that overwrites a
// file needs the scope to write, not the one to delete. Nothing is taken away,
// and what is not an object says nothing.
func hint(annotations json.RawMessage) string {
	if len(annotations) == 0 || !gjson.ValidBytes(annotations) || !gjson.ParseBytes(annotations).IsObject() {
		return ""
	}
	hints := gjson.GetManyBytes(annotations, "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
	if unsaid(hints) {
		return ""
	}
	switch readOnly, destructive := hints[0].Type, hints[1].Type; {
	case readOnly == gjson.False:
		return "readOnlyHint"
	case destructive == gjson.True && readOnly != gjson.True:
		return "destructiveHint"
	}
	return ""
}

// unsaid reports all four hints at the protocol's defaults. Libraries write
// these on each tool whose author said nothing, so they tell as little as no
// annotations.
func unsaid(hints []gjson.Result) bool {
	return hints[0].Type == gjson.False && hints[1].Type == gjson.True &&
		hints[2].Type == gjson.False && hints[3].Type == gjson.True
}

// harmless reports effects of which nothing but reading is known. A draft is
// kept where it is made, so a hint that it writes says nothing new.
func harmless(effects []string) bool { return slices.Equal(effects, []string{Read}) }
