package sql

import "strings"

// This file finds what is not looked into: comments, strings, quoted names.

// comment skips a comment at pos, if there is one.
func (l *lexer) comment() bool {
	c, next := l.low[l.pos], l.at(l.pos+1)
	switch {
	case c == '/' && next == '*':
		l.block()
	case c == '*' && next == '/' && l.open > 0:
		l.open--
		l.pos += 2
	case c == '#' && l.way.hash, c == '/' && next == '/' && l.way.slashes,
		c == '-' && next == '-' && (!l.way.spaced || l.blankAt(l.pos+2)):
		l.line()
	default:
		return false
	}
	return true
}

// blankAt reports the end of the text, white space or a control character.
func (l *lexer) blankAt(i int) bool { return l.at(i) <= ' ' }

// line skips to the end of the line. Databases disagree whether characters
// other than the line feed end one.
func (l *lexer) line() {
	rest := l.src[l.pos:]
	if end := strings.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	body := strings.TrimSuffix(rest, "\r")
	if strings.ContainsAny(body, "\r\u0085\u2028\u2029") {
		l.odd = true
	}
	l.pos += len(rest)
}

// block skips a comment in /* */, or the beginning of one that is run.
func (l *lexer) block() {
	if l.way.executable && (l.at(l.pos+2) == '!' || strings.HasPrefix(l.low[l.pos+2:], "m!")) {
		l.pos += 2 + strings.IndexByte(l.low[l.pos+2:], '!') + 1
		for c := l.at(l.pos); c >= '0' && c <= '9'; c = l.at(l.pos) {
			l.pos++
		}
		l.open++
		return
	}
	depth, i := 1, l.pos+2
	for depth > 0 && i+1 < len(l.low) {
		switch {
		case l.low[i] == '*' && l.low[i+1] == '/':
			depth--
			i += 2
		case l.low[i] == '/' && l.low[i+1] == '*' && l.way.nested:
			depth++
			i += 2
		default:
			i++
		}
	}
	if depth > 0 {
		l.odd, i = true, len(l.low)
	}
	l.pos = i
}

// quote takes a string or a quoted name at pos, if there is one.
func (l *lexer) quote() bool {
	w := l.way
	switch c := l.low[l.pos]; {
	case c == '\'' && w.bracketed && l.behind("q", "nq"):
		l.takeBracketed()
	case (c == '\'' || c == '"') && w.triple && l.at(l.pos+1) == c && l.at(l.pos+2) == c:
		l.take(text, strings.Repeat(string(c), 3), true, false)
	case c == '\'':
		l.take(text, "'", strings.IndexByte(w.escapes, c) >= 0 || w.escapesE && l.behind("e"), true)
	case c == '"', c == '`' && w.backtick:
		l.take(name, string(c), strings.IndexByte(w.escapes, c) >= 0, true)
	case c == '[' && w.bracket:
		l.take(name, "]", false, w.twice)
	case c == '$' && w.dollar:
		return l.takeDollar()
	default:
		return false
	}
	return true
}

// behind reports that the last token is one of the words and touches pos.
func (l *lexer) behind(words ...string) bool {
	if len(l.tokens) == 0 {
		return false
	}
	last := l.tokens[len(l.tokens)-1]
	if last.kind != word || int(last.end) != l.pos {
		return false
	}
	for _, w := range words {
		if last.text == w {
			return true
		}
	}
	return false
}

// take takes what runs from the opening quote at pos to closing; twice says
// that closing written twice stands for itself.
func (l *lexer) take(k kind, closing string, escapes, twice bool) {
	begin := l.pos + len(closing)
	for i := begin; i < len(l.src); {
		switch {
		case escapes && l.src[i] == '\\':
			i += 2
		case !strings.HasPrefix(l.src[i:], closing):
			i++
		case twice && strings.HasPrefix(l.src[i+len(closing):], closing):
			i += 2 * len(closing)
		default:
			l.add(k, l.pos, i+len(closing), l.low[begin:i])
			return
		}
	}
	l.unclosed(k)
}

func (l *lexer) unclosed(k kind) {
	l.odd = true
	l.add(k, l.pos, len(l.src), "")
}

// takeDollar takes $tag$...$tag$. Tags differ by case.
func (l *lexer) takeDollar() bool {
	end := l.pos + 1
	for c := l.at(end); letter(c) || end > l.pos+1 && c >= '0' && c <= '9'; c = l.at(end) {
		end++
	}
	if l.at(end) != '$' {
		return false
	}
	tag := l.src[l.pos : end+1]
	if size := strings.Index(l.src[end+1:], tag); size >= 0 {
		l.add(text, l.pos, end+1+size+len(tag), l.low[end+1:end+1+size])
		return true
	}
	l.unclosed(text)
	return true
}

// takeBracketed takes the string behind a q: its first character opens it.
func (l *lexer) takeBracketed() {
	opening := l.at(l.pos + 1)
	closing := opening
	if i := strings.IndexByte("[{(<", opening); i >= 0 && opening != 0 {
		closing = "]})>"[i]
	}
	size := -1
	if l.pos+2 <= len(l.low) {
		size = strings.Index(l.low[l.pos+2:], string([]byte{closing, '\''}))
	}
	if size < 0 || opening >= 0x80 {
		l.unclosed(text)
		return
	}
	end := l.pos + 2 + size + 2
	l.add(text, l.pos, end, l.low[l.pos+2:end-2])
}
