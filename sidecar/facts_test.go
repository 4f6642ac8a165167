package sidecar

import (
	"fmt"
	"strings"
	"testing"

	"callgate/toolproxy"
)

// TestFactsAreBounded: definitions that keep changing cost no memory, and those
// of now are still known.
func TestFactsAreBounded(t *testing.T) {
	b := open(t, setup{})
	text := strings.Repeat("x", 250<<10)
	for i := range 300 {
		one := tool(fmt.Sprintf("get_%d", i), text)
		one.Raw = []byte(text)
		b.definedFacts("office", one.Name, one)
		b.definedFacts("office", one.Name, one)
		b.atHand([]*toolproxy.Tool{one, tool("other", "")})
	}
	held := int64(0)
	for _, facts := range b.facts.tools.Values() {
		held += facts.size
	}
	if held > maxToolBytes || held != b.facts.held.Load() || held < maxToolBytes/2 {
		t.Errorf("%d bytes are held, %d are counted", held, b.facts.held.Load())
	}
	if n := b.facts.lists.Len(); n != 1 {
		t.Errorf("%d lists of one server are held", n)
	}
}
