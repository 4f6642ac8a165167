package sql

// statement reads one statement: what its first word says, and then every
// place in it where something else could begin.
func (f *findings) statement(tokens []token) {
	f.places = false
	f.look(tokens)
	if f.places {
		f.reach(tokens)
	}
}

// look is statement without the addresses.
func (f *findings) look(tokens []token) {
	balanced, deep := nest(tokens)
	if deep {
		f.limit = true
		return
	}
	f.torn = f.torn || !balanced
	at := 0
	for at < len(tokens)-1 && tokens[at].is('(') {
		at++
	}
	v, known := verbs[tokens[at].text]
	if tokens[at].kind != word || !known {
		f.note("not understood", write, opaque)
		f.scan(tokens, -1, true)
		return
	}
	f.begin(v, tokens, at)
	if tokens[at].word("pragma") {
		return
	}
	f.scan(tokens, at, !tokens[at].word("explain") || executes(tokens[at:]))
}

// begin notes what a verb at tokens[at] does.
func (f *findings) begin(v verb, tokens []token, at int) {
	if v.effects != 0 {
		f.note(tokens[at].text, v.effects, v.traits)
	}
	if v.handle != nil {
		v.handle(f, tokens, at)
	}
}

// explain notes that the EXPLAIN PLAN of Oracle fills a table.
func explain(f *findings, tokens []token, at int) {
	if at+1 < len(tokens) && tokens[at+1].word("plan") {
		f.note("plan table", write, 0)
	}
}

// executes reports an EXPLAIN that runs what it explains. A quoted option may
// be ANALYZE in disguise.
func executes(tokens []token) bool {
	options := 0
	if len(tokens) > 1 && tokens[1].is('(') {
		for depth := 0; options+1 < len(tokens); {
			options++
			if depth += nesting(tokens[options]); depth == 0 {
				break
			}
		}
	}
	for i, t := range tokens[1:] {
		if t.word("analyze analyse profile") || t.kind == name {
			return true
		}
		if i >= options && t.word("select with insert update delete merge replace values table create from") {
			return false
		}
	}
	return false
}

// scan looks at every token behind the statement's verb at tokens[begun].
// Statements says whether statements within it would run: not in an EXPLAIN.
func (f *findings) scan(tokens []token, begun int, statements bool) {
	for i, t := range tokens {
		switch {
		case t.kind == text:
			f.place(tokens, i)
		case t.is(':'):
			if touching(tokens, i, '=') {
				f.note("assignment", write, 0)
			}
		case t.kind != word && t.kind != name:
		case i+1 < len(tokens) && tokens[i+1].is('(') && f.call(tokens, i, begun):
		case t.kind == name:
			f.command(t)
		case i != begun:
			f.within(tokens, i, statements)
		}
	}
}

// touching reports that the mark next follows tokens[i] without a space.
func touching(tokens []token, i int, next byte) bool {
	return i+1 < len(tokens) && tokens[i+1].is(next) && tokens[i].end == tokens[i+1].begin
}

// within looks at a word that is neither the statement's verb nor a call.
func (f *findings) within(tokens []token, i int, statements bool) {
	t := tokens[i]
	f.command(t)
	if t.text == "into" && f.effects&write == 0 && (statements || !word2(tokens, i-1, "insert replace merge ignore")) {
		f.note("into", write, 0)
	}
	if !statements {
		// SQL Server takes EXPLAIN for a procedure, fails to find it, and
		// goes on with the rest.
		if verbs[t.text].inner && !named(tokens, i) {
			f.note("explained change", 0, opaque)
		}
		return
	}
	switch t.text {
	case "for":
		if word2(tokens, i+1, "update share") || word2(tokens, i+1, "no key") && word2(tokens, i+2, "key share") {
			f.note("row locks", write, 0)
		}
	case "lock":
		if word2(tokens, i+1, "in") {
			f.note("row locks", write, 0)
		}
	case "updlock", "xlock", "tablockx", "holdlock":
		f.note("row locks", write, 0)
	case "nextval":
		f.note("sequence", write, 0)
	case "next":
		if word2(tokens, i+1, "value") && word2(tokens, i+2, "for") {
			f.note("sequence", write, 0)
		}
	default:
		if v := verbs[t.text]; v.inner && !named(tokens, i) && (t.text != "set" || f.effects&write == 0) {
			f.begin(v, tokens, i)
		}
	}
}

// word2 is token.word for a place that may not be there.
func word2(tokens []token, i int, list string) bool {
	return i >= 0 && i < len(tokens) && tokens[i].word(list)
}

// named reports a verb that can only be a name where it stands, because what
// is before it needs an operand, or what is behind it cannot follow a verb. It
// may say no too often. The words are reserved in PostgreSQL and SQL Server,
// the dialects in which a statement can stand within or behind another.
func named(tokens []token, i int) bool {
	if i+1 < len(tokens) && tokens[i+1].kind == mark && in(tokens[i+1].text[0], ",)=<>+|]`") {
		return true
	}
	switch {
	case i == 0:
		return false
	case tokens[i].text == "use" && word2(tokens, i+1, "index key"), tokens[i].text == "merge" && word2(tokens, i+1, "join"):
		return true
	}
	switch before := tokens[i-1]; before.kind {
	case mark:
		return in(before.text[0], ".,=<>+-/|[`")
	case word:
		switch {
		case before.word("character"):
			return tokens[i].text == "set"
		case before.word("key"):
			return word2(tokens, i-2, "no duplicate")
		case before.word("by"):
			return word2(tokens, i-2, "group order")
		case before.word("on"):
			return word2(tokens, i+1, "cascade restrict set no")
		case before.word("grant revoke deny show"):
			return i == 1
		}
		return before.word("for select distinct as where and or not from join having when in into table")
	}
	return false
}

func in(c byte, set string) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}

// nest reports whether parentheses, brackets and braces close, and whether
// they are nested deeper than MaxDepth.
func nest(tokens []token) (balanced, deep bool) {
	var open []byte
	for _, t := range tokens {
		switch n := nesting(t); {
		case n > 0:
			if open = append(open, t.text[0]); len(open) > MaxDepth {
				return true, true
			}
		case n < 0:
			if len(open) == 0 || !pair(open[len(open)-1], t.text[0]) {
				return false, false
			}
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0, false
}

func pair(open, closing byte) bool {
	return open == '(' && closing == ')' || open == '[' && closing == ']' || open == '{' && closing == '}'
}

// nesting is how much deeper t leads.
func nesting(t token) int {
	if t.kind != mark {
		return 0
	}
	switch t.text[0] {
	case '(', '[', '{':
		return 1
	case ')', ']', '}':
		return -1
	}
	return 0
}
