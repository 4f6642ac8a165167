package sql

import "strings"

// way is how a family of databases tells strings, names and comments apart.
// Nothing else about a dialect matters here.
type way struct {
	name       string
	escapes    string // the quotes within which a backslash takes the next character along
	escapesE   bool   // a backslash does so in E'...'
	dollar     bool   // $tag$...$tag$ is a string
	triple     bool   // '''...''' and """...""" are strings
	bracketed  bool   // q'[...]' is a string
	backtick   bool   // `...` is a name
	bracket    bool   // [...] is a name
	twice      bool   // ]] stands for ] in such a name
	hash       bool   // # begins a comment
	slashes    bool   // // begins a comment
	spaced     bool   // -- begins a comment only before white space
	nested     bool   // comments nest
	executable bool   // what is in /*! ... */ is run
}

// The ways, from the manuals of the databases. Some databases can be set to
// read differently; those settings are ways of their own.
var ways = [...]way{
	{name: "PostgreSQL, DuckDB", escapesE: true, dollar: true, nested: true},
	{name: "PostgreSQL without standard_conforming_strings", escapes: `'`, dollar: true, nested: true},
	{name: "MySQL", escapes: `'"`, backtick: true, hash: true, spaced: true, executable: true},
	{name: "MySQL with ANSI_QUOTES", escapes: `'`, backtick: true, hash: true, spaced: true, executable: true},
	{name: "MySQL with NO_BACKSLASH_ESCAPES", backtick: true, hash: true, spaced: true, executable: true},
	{name: "SQLite", backtick: true, bracket: true},
	{name: "SQL Server", bracket: true, twice: true, nested: true},
	{name: "Oracle", bracketed: true},
	{name: "BigQuery", escapes: "'\"`", triple: true, backtick: true, hash: true},
	{name: "Spark", escapes: `'"`, backtick: true, nested: true},
	{name: "Snowflake", escapes: `'`, dollar: true, slashes: true},
	{name: "ClickHouse", escapes: "'\"`", dollar: true, backtick: true, hash: true},
}

// settled reports a text that all ways cut into the same tokens. It may say no
// too often, never yes wrongly: it looks for the characters that the ways
// disagree about without asking whether they stand in a string.
func settled(s string) bool {
	var last byte
	comments := 0
	for i := range len(s) {
		c := s[i]
		switch c {
		case '\\', '#', '$', '`', '[':
			return false
		case '*':
			if last == '/' {
				if comments++; comments > 1 || strings.HasPrefix(s[i+1:], "!") || hasFold(s[i+1:], "m!") {
					return false
				}
			}
		case '/':
			if last == '/' {
				return false
			}
		case '-':
			if last == '-' && i+1 < len(s) && !space(s[i+1]) {
				return false
			}
		case '\'', '"':
			if last == c && i+1 < len(s) && s[i+1] == c || last|0x20 == 'q' {
				return false
			}
		}
		last = c
	}
	return true
}

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// space reports white space of every dialect.
func space(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
