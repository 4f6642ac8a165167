package code

import (
	"reflect"
	"testing"
)

func TestJoin(t *testing.T) {
	a := Reading{Effects: []string{"read", "write"}, Traits: []string{Opaque}, Programs: []string{"ls"}, URLs: []string{"b"}, Evidence: "one"}
	b := Reading{Effects: []string{"delete", "read"}, Traits: []string{Bulk, Opaque}, Programs: []string{"cat", "ls"}, URLs: []string{"a"}, Evidence: "two"}
	before := Reading{Effects: []string{"read", "write"}, Traits: []string{Opaque}, Programs: []string{"ls"}, URLs: []string{"b"}, Evidence: "one"}
	want := Reading{Effects: []string{"delete", "read", "write"}, Traits: []string{Bulk, Opaque}, Programs: []string{"cat", "ls"},
		URLs: []string{"a", "b"}, Evidence: "one; two"}
	if got := Join(a, b); !reflect.DeepEqual(got, want) {
		t.Errorf("joined %+v", got)
	}
	if got := Join(b, a); !reflect.DeepEqual(got.Effects, want.Effects) || got.Evidence != "two; one" {
		t.Errorf("joined the other way %+v", got)
	}
	if !reflect.DeepEqual(a, before) {
		t.Errorf("joining changed %+v", a)
	}
	if got := Join(a); !reflect.DeepEqual(got, a) {
		t.Errorf("one alone is %+v", got)
	}
	if got := Join(Reading{Effects: []string{"read"}}, a); got.Evidence != "one" {
		t.Errorf("evidence %q", got.Evidence)
	}
	if got := Join(); got.Effects != nil || got.Evidence != "" {
		t.Errorf("none is %+v", got)
	}
}
