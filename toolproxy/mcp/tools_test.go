package mcp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// TestTableIsBounded: a listing of large definitions is kept in part; the rest
// stays unknown.
func TestTableIsBounded(t *testing.T) {
	var found []*known
	for i := range 200 {
		raw := fmt.Sprintf(`{"name":"t%d","description":"%s"}`, i, strings.Repeat("x", 200<<10))
		found = append(found, define("s", gjson.Parse(raw), nil))
	}
	size := 0
	for _, tool := range merge(merge(nil, found[:60], false), found[60:], false).tools {
		size += len(tool.Raw)
	}
	if size > maxTable || size < maxTable/2 {
		t.Errorf("%d bytes are kept", size)
	}
}
