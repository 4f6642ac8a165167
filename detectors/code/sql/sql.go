// Package sql says what a SQL text would do to a database, without knowing
// which database it is for.
//
// It is a tokenizer and tables of words, not a parser. It says Read only of a
// text in which every statement begins as a query does, no word stands where
// another statement could begin, and every function called is known to change
// nothing. Whatever else is in the text makes it more than a read: an unknown
// word in front, a function that the tables do not name, a quote that does not
// close. Where dialects disagree about where a string or a comment ends, the
// text is read in each of their ways and the readings are joined.
//
// It does not know what lies behind a name: a view with a rule, an operator
// that somebody defined, a function that shares its name with a known one, and
// Oracle's calls without parentheses look like plain names. It does not say
// whether a text is valid.
package sql

import (
	"slices"

	"callgate/detectors/code"
)

// The limits of a text. One that is beyond them is not read at all.
const (
	MaxBytes      = 256 << 10 // of the whole text
	MaxStatements = 1000      // that are not empty
	MaxDepth      = 200       // of parentheses, brackets and braces in one another
)

// Read says what statement would do. The text may be several statements.
//
// Effects are read, write, delete, execute, send, admin and unknown. Queries
// read, and so does whatever else begins as a query (WITH x AS (DELETE ...)
// SELECT deletes and reads). A statement that only changes does not read, even
// with a RETURNING. EXPLAIN of a change reads and is code.Opaque, because SQL
// Server would run the change; with ANALYZE it is what it explains. Words about
// transactions, sessions and locks write. What is not understood writes and is
// opaque. A text beyond a limit is opaque and has the effects unknown and write.
//
// Parentheses that do not close in some ways of reading but do in another are
// no fault: a database that reads in one of the former runs nothing of it.
func Read(statement string) code.Reading {
	if len(statement) > MaxBytes {
		return beyondLimit()
	}
	low := lower(statement)
	if settled(statement) {
		f := readTokens(lex(statement, low, &ways[0], room(statement)))
		return f.reading()
	}
	all, before, spare := findings{torn: true}, &lexer{tokens: room(statement)}, room(statement)
	for i := range ways {
		lx := lex(statement, low, &ways[i], spare[:0])
		if i > 0 && lx.odd == before.odd && slices.Equal(lx.tokens, before.tokens) {
			spare = lx.tokens
			continue
		}
		one := readTokens(lx)
		if i > 0 && (one.effects != all.effects || one.traits != all.traits) {
			all.note("dialects differ", 0, opaque)
		}
		all.join(one)
		before, spare = lx, before.tokens
	}
	return all.reading()
}

// room is where the tokens of a text may go.
func room(statement string) []token { return make([]token, 0, len(statement)/5+4) }

// readTokens reads the text the way one family of databases would.
func readTokens(lx *lexer) *findings {
	f := &findings{src: lx.src}
	if lx.odd {
		f.note("not understood", write, opaque)
	}
	begun, count := 0, 0
	for i := 0; i <= len(lx.tokens); i++ {
		if i < len(lx.tokens) && !lx.tokens[i].is(';') {
			continue
		}
		if i > begun {
			if count++; count > MaxStatements {
				f.limit = true
				return f
			}
			f.statement(lx.tokens[begun:i])
		}
		begun = i + 1
	}
	if count == 0 {
		f.note("empty", write, opaque)
	}
	return f
}

func beyondLimit() code.Reading {
	return code.Reading{Effects: []string{"unknown", "write"}, Traits: []string{code.Opaque}, Evidence: "sql: beyond a limit"}
}
