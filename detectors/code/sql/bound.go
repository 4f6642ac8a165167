package sql

import "slices"

// unbounded notes a DELETE or UPDATE that may change every row. The changing
// branch of an upsert or MERGE changes the rows that it met. Conditions within
// conditions are looked at again and again; a text that is made for that is
// taken to change every row.
func unbounded(f *findings, tokens []token, at int) {
	if word2(tokens, at-1, "then do") {
		return
	}
	if f.looked > len(f.src) {
		f.note("every row", 0, bulk)
		return
	}
	where, end := condition(tokens, at)
	f.looked += end - at
	if where < 0 || always(tokens[where:end]) {
		f.note("every row", 0, bulk)
	}
}

// condition finds what stands behind the WHERE of the statement that begins at
// at, within the same parentheses; begin is negative if there is none.
func condition(tokens []token, at int) (begin, end int) {
	depth, begin := 0, -1
	for i := at + 1; i < len(tokens); i++ {
		if depth += nesting(tokens[i]); depth < 0 {
			return begin, i
		}
		if depth > 0 || tokens[i].kind != word {
			continue
		}
		switch {
		case begin < 0 && tokens[i].text == "where":
			begin = i + 1
		case tokens[i].word("returning order limit option select insert update delete merge drop truncate exec"):
			return begin, i
		}
	}
	return begin, len(tokens)
}

// always reports a condition with a branch that holds for every row or has
// nothing to do with the row: 1=1, true, a = a, x LIKE '%'. It may say yes of
// a condition that is narrower than it looks, and does not reason further.
func always(tokens []token) bool {
	begun := 0
	for i := 0; i <= len(tokens); i++ {
		if i < len(tokens) && !tokens[i].word("or") {
			continue
		}
		if holds(tokens[begun:i]) {
			return true
		}
		begun = i + 1
	}
	return false
}

func holds(branch []token) bool {
	bare := slices.DeleteFunc(slices.Clone(branch), func(t token) bool { return t.is('(') || t.is(')') })
	if n := len(bare); n > 2 && bare[n-1].kind == text && bare[n-1].text == "%" && bare[n-2].word("like ilike") {
		return !slices.ContainsFunc(bare, func(t token) bool { return t.word("and not") })
	}
	equals := slices.IndexFunc(bare, func(t token) bool { return t.is('=') })
	if equals > 0 && slices.EqualFunc(bare[:equals], bare[equals+1:], func(a, b token) bool {
		return a.kind == b.kind && a.text == b.text
	}) {
		return true
	}
	return !slices.ContainsFunc(bare, column)
}

// column reports a token that could be of the row.
func column(t token) bool {
	return t.kind == name || t.kind == word && !t.word("true false null not and is in like between select exists")
}
