package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// char takes one character that is not ASCII.
func (b *builder) char(r rune, size int) {
	if kind := hides(r); kind != notHidden {
		b.hide(r, kind)
		return
	}
	b.endHidden()
	switch {
	case r == utf8.RuneError && size == 1:
		b.replace(b.at, "\uFFFD")
	case unchanged(r):
		b.same(b.at, b.at+size)
	case unicode.IsSpace(r):
		b.space(r)
	case unicode.Is(unicode.Mn, r):
		b.replace(b.at, "")
	default:
		b.fold(r, size)
	}
}

// unchanged reports characters of scripts in which accents are letters and
// nothing is folded: Hebrew to Georgian marks, the Indic scripts, kana, Han
// and Hangul, and the general punctuation that has no compatibility form.
func unchanged(r rune) bool {
	switch {
	case r >= 0x0590 && r < 0x1D00, r >= 0x3001 && r < 0x3200, r >= 0x3400 && r < 0xD800, r >= 0x20000 && r < 0x2F800:
		return true
	case r >= 0x2010 && r <= 0x2023, r >= 0x1F000 && r < 0x1FB00:
		return !lookalikePunctuation(r) && (r < 0x1F100 || r > 0x1F2FF)
	}
	return false
}

// lookalikePunctuation are dashes and quotes that people type for ASCII ones.
func lookalikePunctuation(r rune) bool {
	return r >= 0x2010 && r <= 0x2015 || r >= 0x2018 && r <= 0x201F
}

func (b *builder) space(r rune) {
	if r == 0x2028 || r == 0x2029 || r == 0x85 {
		b.replace(b.at, "\n")
		return
	}
	b.replace(b.at, " ")
}

// fold writes a letter or symbol in its plain form: compatibility forms
// resolved, accents dropped, lookalikes of a mixed word made Latin.
func (b *builder) fold(r rune, size int) {
	if ascii := lookalike(r); ascii != 0 && b.inMixedWord() {
		b.replace(b.at, string(ascii))
		return
	}
	plain := plainForm(r)
	if len(plain) == size && plain == b.raw[b.at:b.at+size] {
		b.same(b.at, b.at+size)
		return
	}
	b.replace(b.at, plain)
}

// tableEnd bounds the characters whose plain form is looked up rather than
// worked out: Latin, Greek and Cyrillic.
const tableEnd = 0x530

var (
	plainTable = func() (t [tableEnd]string) {
		for r := range rune(tableEnd) {
			t[r] = workOut(r)
		}
		return t
	}()
	alikeTable = func() (t [tableEnd]byte) {
		for r, ascii := range lookalikes {
			if r < tableEnd {
				t[r] = ascii
			}
		}
		return t
	}()
)

func plainForm(r rune) string {
	if r < tableEnd {
		return plainTable[r]
	}
	return workOut(r)
}

// lookalike gives the ASCII letter that r looks like, or 0.
func lookalike(r rune) byte {
	if r < tableEnd {
		return alikeTable[r]
	}
	return lookalikes[r]
}

func workOut(r rune) string {
	if ascii, ok := punctuation[r]; ok {
		return string(ascii)
	}
	if special, ok := letters[r]; ok {
		return special
	}
	if plain := norm.NFKD.PropertiesString(string(r)).Decomposition(); plain != nil {
		return withoutMarks(plain)
	}
	return string(unicode.ToLower(r))
}

// withoutMarks drops the accents from a decomposition. What is left is ASCII
// as it was, anything else in lower case.
func withoutMarks(decomposed []byte) string {
	out := make([]byte, 0, len(decomposed))
	for len(decomposed) > 0 {
		r, size := utf8.DecodeRune(decomposed)
		decomposed = decomposed[size:]
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case !unicode.Is(unicode.Mn, r):
			out = utf8.AppendRune(out, unicode.ToLower(r))
		}
	}
	return string(out)
}

// inMixedWord reports whether the word around b.at has ASCII letters and
// lookalikes of them, so that the lookalikes stand for what they look like.
func (b *builder) inMixedWord() bool {
	if b.at < b.checked {
		return b.at < b.mixed
	}
	start, end := b.at, b.at
	ascii, strict, other := 0, 0, 0
	for start > 0 && start > b.at-longestWord {
		r, size := utf8.DecodeLastRuneInString(b.raw[:start])
		if !wordLetter(r) {
			break
		}
		start -= size
	}
	for i := start; i < len(b.raw) && i < b.at+longestWord; {
		r, size := utf8.DecodeRuneInString(b.raw[i:])
		if !wordLetter(r) {
			break
		}
		ascii, strict, other = count(r, ascii, strict, other)
		i += size
		end = i
	}
	b.checked = end
	if ascii == 0 {
		return false
	}
	b.mixed = end
	if ascii > 1 && strict > 0 && other == 0 {
		b.mark("mixed_script_word", start, end)
	}
	return true
}

// longestWord bounds how far a word is looked at on either side.
const longestWord = 64

func wordLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.IsLetter(r) || hides(r) == zeroWidth
}

// count adds one letter of a word to its tallies: ASCII letters, letters that
// are certain lookalikes, and letters that are neither.
func count(r rune, ascii, strict, other int) (int, int, int) {
	alike := r >= utf8.RuneSelf && lookalike(r) != 0
	switch {
	case r < utf8.RuneSelf:
		ascii++
	case alike && !symbolic[r]:
		strict++
	case alike, hides(r) == zeroWidth:
	default:
		other++
	}
	return ascii, strict, other
}

// control takes an ASCII control character. Terminal escapes are dropped with
// all of their parameters.
func (b *builder) control() {
	start := b.at
	b.at++
	if b.raw[start] == 0x1B && b.at < len(b.raw) {
		b.at = escapeEnd(b.raw, b.at)
		b.mark("terminal_escape", start, b.at)
	}
	b.replace(start, "")
}

// escapeEnd gives the end of the escape sequence whose second byte is at i:
// ECMA-48 control sequences and operating system commands, else two bytes.
func escapeEnd(s string, i int) int {
	const most = 256
	switch s[i] {
	case '[':
		for i++; i < len(s) && s[i] >= 0x20 && s[i] < 0x40; i++ {
		}
		if i < len(s) && s[i] >= 0x40 && s[i] < 0x7F {
			i++
		}
		return i
	case ']':
		for j := i + 1; j < len(s) && j < i+most; j++ {
			if s[j] == 0x07 {
				return j + 1
			}
			if s[j] == 0x1B && j+1 < len(s) && s[j+1] == '\\' {
				return j + 2
			}
		}
		return i + 1
	}
	if s[i] >= 0x20 && s[i] < 0x7F {
		return i + 1
	}
	return i
}
