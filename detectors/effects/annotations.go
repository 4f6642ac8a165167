package effects

import (
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"
)

// tighten lets annotations add effects: a hint that the tool changes something
// adds write to what otherwise only reads. How destructive a change
// is stays in the annotations, where policy reads it: a tool that overwrites a
// file needs the scope to write, not the one to delete. Nothing is taken away,
// and what is not an object says nothing.
func tighten(v Verdict, annotations json.RawMessage) Verdict {
	if len(annotations) == 0 || !gjson.ValidBytes(annotations) || !gjson.ParseBytes(annotations).IsObject() {
		return v
	}
	hints := gjson.GetManyBytes(annotations, "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
	if unsaid(hints) {
		return v
	}
	switch readOnly, destructive := hints[0].Type, hints[1].Type; {
	case !harmless(v):
	case readOnly == gjson.False:
		v.add(Write, "readOnlyHint")
	case destructive == gjson.True && readOnly != gjson.True:
		v.add(Write, "destructiveHint")
	}
	return v
}

// unsaid reports all four hints at the protocol's defaults. Libraries write
// these on each tool whose author said nothing, so they tell as little as no
// annotations.
func unsaid(hints []gjson.Result) bool {
	return hints[0].Type == gjson.False && hints[1].Type == gjson.True &&
		hints[2].Type == gjson.False && hints[3].Type == gjson.True
}

// harmless reports a tool of which nothing but reading is known. A draft is
// kept where it is made, so a hint that it writes says nothing new.
func harmless(v Verdict) bool { return slices.Equal(v.Effects, []string{Read}) }

func (v *Verdict) add(effect, why string) {
	if slices.Contains(v.Effects, effect) {
		return
	}
	v.Effects = union(v.Effects, []string{effect})
	v.Evidence += "; " + why
}
