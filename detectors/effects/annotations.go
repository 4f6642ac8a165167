package effects

import (
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"
)

// tighten lets annotations add effects: readOnlyHint false adds write to what
// only reads; destructiveHint true, unless readOnlyHint is true, adds delete,
// or write to what only reads. Nothing is taken away, and what is not an object
// says nothing.
func tighten(v Verdict, annotations json.RawMessage) Verdict {
	if len(annotations) == 0 || !gjson.ValidBytes(annotations) || !gjson.ParseBytes(annotations).IsObject() {
		return v
	}
	hints := gjson.GetManyBytes(annotations, "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
	if unsaid(hints) {
		return v
	}
	readOnly, destructive := hints[0].Type, hints[1].Type
	if readOnly == gjson.False && onlyReads(v) {
		v.add(Write, "readOnlyHint")
	}
	if destructive == gjson.True && readOnly != gjson.True {
		if onlyReads(v) {
			v.add(Write, "destructiveHint")
		} else {
			v.add(Delete, "destructiveHint")
		}
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

func onlyReads(v Verdict) bool { return slices.Equal(v.Effects, []string{Read}) }

func (v *Verdict) add(effect, why string) {
	if slices.Contains(v.Effects, effect) {
		return
	}
	v.Effects = union(v.Effects, []string{effect})
	v.Evidence += "; " + why
}
