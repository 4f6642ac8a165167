// Package file reads the mode in which a file is to be opened.
//
// It knows the modes of fopen as C, Python and Node take them, and a few plain
// words. Numbers are not read: the same digits are flags to one reader and
// permissions to another.
package file

import (
	"slices"
	"strings"

	"callgate/detectors/code"
)

// modes says what the words do. Letters that change nothing here (b, t, s, x
// after another) are gone when a mode is looked up.
var modes = map[string]string{
	"r": "read", "w": "write", "a": "write", "x": "write", "r+": "read write", "w+": "read write", "a+": "read write", "x+": "read write",
	"read": "read", "readonly": "read", "read-only": "read", "read_only": "read", "ro": "read", "o_rdonly": "read",
	"write": "write", "writeonly": "write", "write-only": "write", "o_wronly": "write", "append": "write", "o_append": "write", "overwrite": "write",
	"create": "write", "create_new": "write", "o_creat": "write", "truncate": "write", "o_trunc": "write", "replace": "write", "insert": "write",
	"rw": "read write", "readwrite": "read write", "read-write": "read write", "read_write": "read write", "o_rdwr": "read write",
	"delete": "delete", "remove": "delete",
}

// Mode reads a mode in any case. Flags may be joined by "|" or ",". What is not
// known, an empty text among it, may write and is opaque.
func Mode(mode string) code.Reading {
	var effects []string
	for word := range strings.FieldsFuncSeq(strings.ToLower(mode), func(r rune) bool { return r == '|' || r == ',' || r == ' ' }) {
		does, ok := modes[word]
		if !ok {
			does, ok = modes[letters(word)]
		}
		if !ok {
			effects = nil
			break
		}
		effects = append(effects, strings.Fields(does)...)
	}
	if len(effects) == 0 {
		return code.Reading{Effects: []string{"write"}, Traits: []string{code.Opaque}, Evidence: "mode: unknown"}
	}
	slices.Sort(effects)
	effects = slices.Compact(effects)
	return code.Reading{Effects: effects, Evidence: "mode: " + strings.Join(effects, " ")}
}

// letters takes from a mode of fopen what does not say whether it writes: its
// first letter and a plus stay, each other letter may stand once.
func letters(word string) string {
	plus, seen := "", ""
	for i, c := range word {
		switch {
		case i == 0:
		case strings.ContainsRune(seen, c) || !strings.ContainsRune("bt+xsecnm", c):
			return ""
		case c == '+':
			plus = "+"
		}
		seen += string(c)
	}
	if word == "" {
		return ""
	}
	first := word[:1]
	if first == "r" && strings.Contains(word, "x") {
		return ""
	}
	return first + plus
}
