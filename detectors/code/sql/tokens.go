package sql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a token is.
type kind uint8

const (
	word   kind = iota + 1 // an unquoted name or keyword, in lower case
	number                 // digits and points only: letters behind them are a word
	text                   // a string
	name                   // a quoted name, in lower case, without its quotes
	mark                   // one byte of anything else
)

// token is one piece of a text. Begin and end are its bytes in the text.
type token struct {
	kind       kind
	text       string
	begin, end int32
}

func (t token) is(c byte) bool        { return t.kind == mark && t.text[0] == c }
func (t token) word(list string) bool { return t.kind == word && among(t.text, list) }

// among reports a word of a list that has its words between spaces.
func among(s, list string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == s {
			return true
		}
	}
	return false
}

// lexer cuts a text into tokens. Odd says that the text has something that no
// dialect, or not every one, would take as this one does.
type lexer struct {
	way    *way
	src    string // as written
	low    string // ASCII letters in lower case, byte for byte beside src
	pos    int
	open   int // comments that are run
	odd    bool
	tokens []token
}

// lex cuts src, which is low in lower case, into tokens that it appends to into.
func lex(src, low string, w *way, into []token) *lexer {
	l := &lexer{way: w, src: src, low: low, tokens: into}
	l.odd = strings.IndexByte(src, 0) >= 0 || !utf8.ValidString(src)
	for l.pos < len(src) {
		if !l.comment() && !l.quote() {
			l.plain()
		}
	}
	l.odd = l.odd || l.open > 0
	return l
}

// lower folds ASCII letters only, so that offsets stay.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

func (l *lexer) at(i int) byte {
	if i < len(l.low) {
		return l.low[i]
	}
	return 0
}

func (l *lexer) add(k kind, begin, end int, body string) {
	l.tokens = append(l.tokens, token{kind: k, text: body, begin: int32(begin), end: int32(end)})
	l.pos = end
}

// plain takes white space, a word, a number or one mark.
func (l *lexer) plain() {
	begin, c := l.pos, l.low[l.pos]
	switch {
	case space(c):
		l.pos++
	case letter(c):
		end := l.wordEnd()
		l.add(word, begin, end, l.low[begin:end])
	case c >= '0' && c <= '9':
		end := begin + 1
		for d := l.at(end); d >= '0' && d <= '9' || d == '.'; d = l.at(end) {
			end++
		}
		l.add(number, begin, end, l.low[begin:end])
	default:
		// Some databases take control characters for white space; a backslash
		// is a command of a shell around the database.
		l.odd = l.odd || c < ' ' || c == 0x7f || c == '\\'
		l.add(mark, begin, begin+1, l.low[begin:begin+1])
	}
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c == '_' || c >= 0x80 }

// wordEnd is where the word at pos ends. Spaces and invisible characters
// beyond ASCII separate words in some databases and are letters in others.
func (l *lexer) wordEnd() int {
	i := l.pos
	for i < len(l.low) {
		c := l.low[i]
		if c >= 0x80 {
			r, size := utf8.DecodeRuneInString(l.low[i:])
			if unicode.In(r, unicode.C, unicode.Z) {
				l.odd = true
			}
			i += size
			continue
		}
		if !letter(c) && (c < '0' || c > '9') && c != '$' {
			break
		}
		i++
	}
	return i
}
