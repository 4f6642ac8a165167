package effects

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestAnnotations(t *testing.T) {
	j := shipped(t)
	for _, c := range []struct {
		tool, annotations, want string
	}{
		{"get_user", ``, "read"},
		{"get_user", `{}`, "read"},
		{"get_user", `{"readOnlyHint":true}`, "read"},
		{"get_user", `{"readOnlyHint":false}`, "read write"},
		{"get_user", `{"destructiveHint":true}`, "read write"},
		{"get_user", `{"destructiveHint":false}`, "read"},
		{"get_user", `{"readOnlyHint":true,"destructiveHint":true}`, "read"},
		{"get_user", `{"readOnlyHint":false,"destructiveHint":true}`, "read write"},
		{"get_user", `{"readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,"openWorldHint":true}`, "read"},
		{"get_user", `{"readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,"openWorldHint":false}`, "read write"},
		{"get_user", `{"readOnlyHint":"false"}`, "read"},
		{"get_user", `{"annotations":{"readOnlyHint":false}}`, "read"},
		{"get_user", `{"readOnlyHint":false`, "read"},
		{"get_user", `[{"readOnlyHint":false}]`, "read"},
		{"get_user", `null`, "read"},
		{"get_user", `"readOnlyHint"`, "read"},
		{"create_file", `{"readOnlyHint":true}`, "write"},
		{"create_file", `{"readOnlyHint":false}`, "write"},
		{"create_file", `{"destructiveHint":true}`, "write"},
		{"create_file", `{"readOnlyHint":true,"destructiveHint":true}`, "write"},
		{"save_draft", `{"readOnlyHint":false,"destructiveHint":false}`, "draft"},
		{"frobnicate", `{"readOnlyHint":true}`, "unknown"},
		{"frobnicate", `{"readOnlyHint":true,"destructiveHint":false,"idempotentHint":true,"openWorldHint":false}`, "unknown"},
		{"frobnicate", `{"destructiveHint":true}`, "unknown"},
		{"transfer_funds", `{"readOnlyHint":true}`, "pay"},
		{"read_graph", `{"readOnlyHint":false}`, "read write"},
	} {
		v := j.Of(Words{Name: c.tool, Annotations: json.RawMessage(c.annotations)}, nil)
		if !slices.Equal(v.Effects, strings.Fields(c.want)) {
			t.Errorf("%s with %s is %v, want %s", c.tool, c.annotations, v.Effects, c.want)
		}
	}
}
