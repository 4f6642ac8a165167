package file

import (
	"slices"
	"strings"
	"testing"

	"callgate/detectors/code"
)

func said(r code.Reading) string {
	return strings.Join(slices.Concat(r.Effects, r.Traits), " ")
}

func TestMode(t *testing.T) {
	for want, modes := range map[string]string{
		"read":              "r rb rt R RB rs read Read READONLY read-only read_only ro O_RDONLY r,rb",
		"write":             "w wb wt a ab x xb wx ax as w,a write append overwrite create truncate O_WRONLY|O_CREAT|O_TRUNC replace",
		"read write":        "r+ rb+ r+b rs+ w+ wb+ a+ ax+ x+ wx+ rw readwrite read-write O_RDWR O_RDONLY|O_CREAT read,write",
		"delete":            "delete remove",
		"write opaque":      "rx rr q + b +r 0 1 2 577 0644 0o644 O_FROB r|frob | , reads r++ wbb r\x00 ŕ rű",
		"delete read write": "read,write,delete",
	} {
		for mode := range strings.FieldsSeq(modes) {
			if got := said(Mode(mode)); got != want {
				t.Errorf("%q is %q, want %q", mode, got, want)
			}
		}
	}
	for mode, want := range map[string]string{"": "write opaque", " ": "write opaque", " r ": "read", "O_RDONLY | O_CREAT": "read write"} {
		if got := said(Mode(mode)); got != want {
			t.Errorf("%q is %q, want %q", mode, got, want)
		}
	}
}

func FuzzMode(f *testing.F) {
	for _, seed := range []string{"r", "w+b", "O_RDONLY|O_CREAT", "0644", "rw", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, mode string) {
		r := Mode(mode)
		if len(r.Effects) == 0 || !slices.IsSorted(r.Effects) {
			t.Errorf("%q: %v", mode, r)
		}
		if slices.Equal(r.Effects, []string{"read"}) && strings.ContainsAny(mode, "wax+") && !strings.Contains(strings.ToLower(mode), "read") {
			t.Errorf("%q is only read", mode)
		}
		if slices.Contains(r.Traits, code.Opaque) && said(r) != "write opaque" {
			t.Errorf("%q: %v", mode, r)
		}
		if joined := Mode(mode + "|w"); !slices.Contains(joined.Effects, "write") {
			t.Errorf("%q and w: %v", mode, joined)
		}
	})
}
