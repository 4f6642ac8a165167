package sql

import "strings"

// call looks at a word or name before a parenthesis and reports whether that
// settles it. Parentheses also follow keywords, types, and the aliases that
// name columns.
func (f *findings) call(tokens []token, i, begun int) bool {
	t := tokens[i]
	switch {
	case i == begun, t.kind == word && (keywords[t.text] || begun >= 0 && !verbs[tokens[begun].text].plain() && clauses[t.text]):
		return false
	case t.kind == word && verbs[t.text].inner && !named(tokens, i) && !pure[t.text]:
		return false
	case columns(tokens, i, begun):
		return true
	}
	a, known := acts[t.text]
	owner := owner(tokens, i)
	switch {
	case known:
		f.note("function "+t.text, a.effects, a.traits)
		f.places = f.places || a.places
	case among(owner, reachingPackages):
		f.note("package "+owner, send|write, network)
	case t.kind == word && pure[t.text] && (owner == "" || among(owner, "pg_catalog sys information_schema safe")) && !glued(tokens, i):
	default:
		f.note("unknown function", write, opaque)
	}
	return true
}

// owner is the schema or package before a function's name, a point for one
// that is not a word, and empty if there is none.
func owner(tokens []token, i int) string {
	switch {
	case i < 1 || !tokens[i-1].is('.'):
		return ""
	case i > 1 && tokens[i-2].kind == word && (i < 3 || !tokens[i-3].is('.')):
		return tokens[i-2].text
	}
	return "."
}

// glued reports a word that a number runs into. Some databases take both for
// one name.
func glued(tokens []token, i int) bool {
	return i > 0 && tokens[i-1].kind == number && tokens[i-1].end == tokens[i].begin
}

// columns reports a name that is followed by the columns that it names, or by
// the size of a type, and not by arguments.
func columns(tokens []token, i, begun int) bool {
	if i+3 < len(tokens) && tokens[i+2].is('+') && tokens[i+3].is(')') {
		return true // an outer join of Oracle
	}
	first := i
	for first > 1 && tokens[first-1].is('.') {
		first -= 2
	}
	switch {
	case word2(tokens, first-1, "into"):
		return true
	case begun >= 0 && !verbs[tokens[begun].text].plain() && word2(tokens, first-1, declaring):
		return true
	case begun >= 0 && tokens[begun].text == "create" && word2(tokens, first-1, "on"):
		return true
	case i == 0:
		return false
	case tokens[i-1].word("as tablesample"):
		return true
	case tokens[i-1].word("ordinality"), tokens[i-1].is(')') && subquery(tokens, i-1):
		return listed(tokens, i+2) > 0
	case tokens[i-1].word("with recursive"), tokens[i-1].is(','):
		end := listed(tokens, i+2)
		return end > 0 && query(tokens, end)
	}
	return false
}

// declaring are the words before a name that has its columns or parameters
// behind it, in statements that are no queries.
const declaring = "table view index references exists overwrite copy function procedure aggregate constraint type"

// listed is the place behind a list of names and its parenthesis, 0 if there
// is something else at i.
func listed(tokens []token, i int) int {
	for ; i+1 < len(tokens) && (tokens[i].kind == word || tokens[i].kind == name); i += 2 {
		if tokens[i+1].is(')') {
			return i + 2
		}
		if !tokens[i+1].is(',') {
			return 0
		}
	}
	return 0
}

// subquery reports that the parenthesis that closes at i holds a query to
// select from.
func subquery(tokens []token, i int) bool {
	depth := 0
	for ; i >= 0; i-- {
		if depth += nesting(tokens[i]); depth == 0 {
			break
		}
	}
	if i < 1 || !tokens[i-1].word("from join lateral apply") && !tokens[i-1].is(',') {
		return false
	}
	for i++; tokens[i].is('('); i++ {
		continue
	}
	return tokens[i].word("select with values table")
}

// query reports AS and a parenthesis with a statement in it.
func query(tokens []token, i int) bool {
	if !word2(tokens, i, "as") {
		return false
	}
	for i++; word2(tokens, i, "not materialized"); i++ {
		continue
	}
	return i < len(tokens) && tokens[i].is('(') && word2(tokens, i+1, "select with values insert update delete merge table")
}

// command notes a procedure that runs commands, however it is called.
func (f *findings) command(t token) {
	if a, ok := acts[t.text]; ok && a.procedure {
		f.note("procedure "+t.text, a.effects, a.traits)
	}
}

// place notes a string that a query reads from: DuckDB takes the name of a
// file or an address for a table.
func (f *findings) place(tokens []token, i int) {
	if word2(tokens, i-1, "from join") {
		f.reach(tokens[i : i+1])
	}
}

// reach notes the addresses among strings that are places.
func (f *findings) reach(tokens []token) {
	for _, t := range tokens {
		if t.kind != text {
			continue
		}
		scheme, rest, ok := strings.Cut(t.text, "://")
		if ok && rest != "" && among(scheme, schemes) {
			f.note("address", 0, network)
			written := f.src[t.begin:t.end]
			from := strings.Index(lower(written), t.text)
			f.urls = append(f.urls, written[from:from+len(t.text)])
		}
	}
}
