// Package text brings a text to one plain form before anything is looked for
// in it: compatibility forms, accents, invisible characters, lookalikes and
// terminal escapes are folded away, and text that is hidden in tag characters
// or variation selectors is written out. Every byte of the plain form knows
// where in the original it came from.
//
// What was hidden is itself evidence: the package is the detector family
// "text". It does not undo encodings such as base64, percent or entities.
package text

import (
	"sort"
	"unicode/utf8"
)

// Form is a text and its plain form. A Form is read only and safe for
// concurrent use.
type Form struct {
	// Raw is the text as it came.
	Raw string
	// Text is its plain form. ASCII letters keep their case and white space
	// its length: readers compare without case and by word. All other letters
	// are lower case and without accents.
	Text string

	runs  []run
	marks []mark
}

// run maps a stretch of Text to one of Raw. Runs lie side by side in both.
type run struct {
	text, raw int
	same      bool // byte for byte the same, else the stretch maps as a whole
}

// Changed reports whether Text differs from Raw.
func (f *Form) Changed() bool { return f.runs != nil }

// Span gives the bytes of Raw that made Text[start:end]. It needs
// 0 <= start <= end <= len(Text). An empty span is empty in Raw too.
func (f *Form) Span(start, end int) (rawStart, rawEnd int) {
	if f.runs == nil {
		return start, end
	}
	first := f.run(start)
	rawStart = first.raw
	if first.same {
		rawStart += start - first.text
	}
	if end == start {
		return rawStart, rawStart
	}
	i := f.find(end - 1)
	if last := f.runs[i]; last.same {
		return rawStart, last.raw + end - last.text
	}
	if i+1 < len(f.runs) {
		return rawStart, f.runs[i+1].raw
	}
	return rawStart, len(f.Raw)
}

func (f *Form) run(at int) run {
	if i := f.find(at); i >= 0 {
		return f.runs[i]
	}
	return run{same: true}
}

// find gives the last run that starts at or before at; runs of no text come
// before the one that holds the byte.
func (f *Form) find(at int) int {
	return sort.Search(len(f.runs), func(i int) bool { return f.runs[i].text > at }) - 1
}

// Prepare makes the plain form of raw. It takes linear time and, for text that
// is printable ASCII, allocates nothing.
func Prepare(raw string) Form {
	clean := plainPrefix(raw)
	if clean == len(raw) {
		return Form{Raw: raw, Text: raw}
	}
	b := builder{raw: raw, out: make([]byte, 0, len(raw)+16)}
	b.same(0, clean)
	for b.at = clean; b.at < len(raw); {
		b.step()
	}
	b.endHidden()
	return Form{Raw: raw, Text: string(b.out), runs: b.runs, marks: b.marks}
}

// plainPrefix counts the leading bytes that are printable ASCII or common
// white space, eight at a time.
func plainPrefix(s string) int {
	const high, ones = 0x8080808080808080, 0x0101010101010101
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		control := (x - 0x20*ones) & ^x & high
		if x&high == 0 && control == 0 {
			continue
		}
		for j := i; j < i+8; j++ {
			if !plainByte(s[j]) {
				return j
			}
		}
	}
	for ; i < len(s) && plainByte(s[i]); i++ {
	}
	return i
}

func plainByte(c byte) bool {
	return c >= ' ' && c < utf8.RuneSelf || c == '\t' || c == '\n' || c == '\r'
}

// builder writes the plain form.
type builder struct {
	raw    string
	at     int // in raw
	out    []byte
	runs   []run
	marks  []mark
	marked map[string]int // marks by rule

	hidden  hiddenRun
	mixed   int // raw end of a word whose lookalikes are to be folded
	checked int // raw end of the last word that was looked at for lookalikes
}

// same copies raw[from:to] unchanged.
func (b *builder) same(from, to int) {
	if from == to {
		return
	}
	if n := len(b.runs); n == 0 || !b.runs[n-1].same {
		b.runs = append(b.runs, run{text: len(b.out), raw: from, same: true})
	}
	b.out = append(b.out, b.raw[from:to]...)
}

// replace writes plain in the place of raw[from:], as far as the next run.
func (b *builder) replace(from int, plain string) {
	n := len(b.runs)
	if len(plain) == 0 && n > 0 && !b.runs[n-1].same && b.runs[n-1].text == len(b.out) {
		return // goes with what was dropped just before
	}
	b.runs = append(b.runs, run{text: len(b.out), raw: from})
	b.out = append(b.out, plain...)
}

// step takes the next piece of raw: a stretch of plain bytes, an escape, or
// one character.
func (b *builder) step() {
	if n := plainPrefix(b.raw[b.at:]); n > 0 {
		b.endHidden()
		b.same(b.at, b.at+n)
		b.at += n
		return
	}
	if b.raw[b.at] < utf8.RuneSelf {
		b.endHidden()
		b.control()
		return
	}
	r, size := utf8.DecodeRuneInString(b.raw[b.at:])
	b.char(r, size)
	b.at += size
}
