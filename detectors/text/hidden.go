package text

import (
	"unicode"
	"unicode/utf8"

	"callgate/detectors"
)

// mark is a hiding place that was found, in bytes of the raw text.
type mark struct {
	rule       string
	start, end int
}

// Rules of this family: what each means and how bad it is.
var severities = map[string]detectors.Severity{
	"hidden_tags":       detectors.High,   // a text in tag characters, which no font shows
	"hidden_selectors":  detectors.High,   // bytes in a run of variation selectors
	"hidden_run":        detectors.High,   // a long run of zero-width characters, which can carry bits
	"zero_width_word":   detectors.Medium, // a Latin word that is split by zero-width characters
	"bidi_override":     detectors.Medium, // text that is shown in another order than it is read
	"mixed_script_word": detectors.Medium, // a Latin word with letters of another script
	"terminal_escape":   detectors.Low,    // an escape sequence, honest in the output of programs
}

var details = map[string]string{
	"hidden_tags":       "text in invisible tag characters",
	"hidden_selectors":  "bytes in variation selectors",
	"hidden_run":        "long run of zero-width characters",
	"zero_width_word":   "zero-width characters inside a word",
	"bidi_override":     "bidirectional override",
	"mixed_script_word": "letters of another script that look Latin",
	"terminal_escape":   "terminal escape sequence",
}

// hiding is a way to be invisible.
type hiding int

const (
	notHidden hiding = iota
	zeroWidth        // shows nothing: joiners, fillers, word joiners
	bidi             // shows nothing and turns the direction of what follows
	override         // likewise, against the letters' own direction
	tag              // the shadow of an ASCII character
	selector         // picks a glyph for the character before
)

// hides tells the invisible characters apart; the facts are Unicode's
// Default_Ignorable_Code_Point and Bidi_Control properties.
func hides(r rune) hiding {
	switch {
	case r < 0xAD:
		return notHidden
	case r >= 0x200B && r <= 0x200F, r >= 0x2060 && r <= 0x2064, r == 0xFEFF, r == 0xAD, r == 0x34F, r == 0x61C,
		r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0x180E, r == 0x3164, r == 0xFFA0, r >= 0x206A && r <= 0x206F:
		return zeroWidth
	case r == 0x202D, r == 0x202E:
		return override
	case r >= 0x202A && r <= 0x202C, r >= 0x2066 && r <= 0x2069:
		return bidi
	case r >= 0xE0000 && r <= 0xE007F:
		return tag
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0100 && r <= 0xE01EF, r >= 0x180B && r <= 0x180D:
		return selector
	}
	return notHidden
}

// hiddenRun is a run of invisible characters of one kind.
type hiddenRun struct {
	kind    hiding
	start   int // in raw
	count   int
	letters int  // printable characters that it spells
	before  rune // the character before it
}

// Lengths from which a run is more than typography. A flag of a region of a
// country is a black flag and up to six tags.
const (
	longRun      = 16
	longFlag     = 7
	blackFlag    = 0x1F3F4
	someSelector = 4
)

// hide takes one invisible character. Tags and selectors are written out as
// what they spell, all else is dropped.
func (b *builder) hide(r rune, kind hiding) {
	if b.hidden.kind != kind {
		b.endHidden()
		before, _ := utf8.DecodeLastRuneInString(b.raw[:b.at])
		b.hidden = hiddenRun{kind: kind, start: b.at, before: before}
	}
	h := &b.hidden
	h.count++
	spelled := spells(r, kind)
	switch {
	case spelled == 0:
		b.replace(b.at, "")
	case h.letters == 0 && kind == tag:
		h.letters++
		b.replace(b.at, "\n"+string(spelled))
	default:
		h.letters++
		b.replace(b.at, string(spelled))
	}
}

// spells gives the ASCII character that an invisible one carries, or 0.
func spells(r rune, kind hiding) byte {
	code := rune(0)
	switch {
	case kind == tag:
		code = r - 0xE0000
	case kind == selector && r >= 0xE0100:
		code = r - 0xE0100 + 16
	}
	if code < 0x20 || code > 0x7E {
		return 0
	}
	return byte(code)
}

// endHidden judges the run that ends before b.at.
func (b *builder) endHidden() {
	h := b.hidden
	if h.kind == notHidden {
		return
	}
	b.hidden = hiddenRun{}
	rule := ""
	switch h.kind {
	case tag:
		if h.letters >= 3 && (h.before != blackFlag || h.count > longFlag) {
			rule = "hidden_tags"
		}
	case selector:
		if h.count >= someSelector {
			rule = "hidden_selectors"
		}
	case override:
		rule = "bidi_override"
	case zeroWidth:
		rule = b.zeroWidth(h)
	}
	if rule != "" {
		b.mark(rule, h.start, b.at)
	}
}

// mostMarks caps the marks of one rule; a text that hides something in that
// many places is no better for hiding more.
const mostMarks = 50

// mark notes a hiding place.
func (b *builder) mark(rule string, start, end int) {
	if b.marked == nil {
		b.marked = map[string]int{}
	}
	if b.marked[rule]++; b.marked[rule] <= mostMarks {
		b.marks = append(b.marks, mark{rule: rule, start: start, end: end})
	}
}

// zeroWidth judges a run of zero-width characters: a soft hyphen or a joiner
// has its place in words, but not several and not a space between two Latin
// letters.
func (b *builder) zeroWidth(h hiddenRun) string {
	if h.count >= longRun {
		return "hidden_run"
	}
	after, _ := utf8.DecodeRuneInString(b.raw[b.at:])
	if !unicode.Is(unicode.Latin, h.before) || !unicode.Is(unicode.Latin, after) {
		return ""
	}
	if only, _ := utf8.DecodeRuneInString(b.raw[h.start:]); h.count == 1 && only == 0xAD {
		return ""
	}
	return "zero_width_word"
}
