package sql

import "strings"

// verb is a word that can begin a statement.
type verb struct {
	effects, traits uint8
	handle          handler
	inner           bool // it can also begin one behind or within another: in a CTE, a block, or SQL Server without a semicolon
}

// handler looks closer at a statement whose verb is at tokens[at].
type handler func(f *findings, tokens []token, at int)

// plain reports a verb that only reads, whatever follows.
func (v verb) plain() bool { return v.effects == read && v.traits == 0 }

// verbs are the words that can begin a statement, in the dialects that the
// ways name. A word that is not here is not understood.
var verbs = verbTable()

func verbTable() map[string]verb {
	table := map[string]verb{}
	for _, g := range []struct {
		words string
		verb
	}{
		{"select with values table from show describe desc summarize", verb{effects: read}},
		{"explain", verb{effects: read, handle: explain}},
		{"pragma", verb{handle: pragma}},
		{"copy", verb{handle: copying}},
		{"insert upsert merge replace", verb{effects: write, inner: true}},
		{"update", verb{effects: write, inner: true, handle: unbounded}},
		{"delete", verb{effects: deletes, inner: true, handle: unbounded}},
		{"drop truncate", verb{effects: deletes, traits: bulk, inner: true, handle: object}},
		{"create alter", verb{effects: write, inner: true, handle: object}},
		{"rename comment undrop cluster analyze analyse vacuum reindex optimize repair check cache uncache " +
			"lock unlock listen unlisten notify discard reset prepare deallocate close fetch savepoint release msck " +
			"handler flush purge import detach start abort end", verb{effects: write}},
		{"use begin commit rollback disable enable receive writetext updatetext checkpoint refresh revert move " +
			"waitfor", verb{effects: write, inner: true, handle: block}},
		{"declare", verb{effects: write, traits: opaque, inner: true}},
		{"set", verb{effects: write, inner: true, handle: setting}},
		{"grant revoke deny shutdown kill reconfigure dbcc backup restore", verb{effects: admin, inner: true}},
		{"reassign security", verb{effects: admin}},
		{"exec execute", verb{effects: write, traits: opaque, inner: true, handle: impersonate}},
		{"call", verb{effects: write, traits: opaque, inner: true}},
		{"do", verb{effects: execute | write, traits: opaque}},
		{"attach export unload bulk", verb{effects: write, handle: reaching}},
		{"load", verb{handle: loading}},
		{"install", verb{effects: execute | write, traits: network, handle: reaching}},
		{"put", verb{effects: send | write, traits: network}},
		{"send", verb{effects: send | write, inner: true}},
		{"get", verb{effects: write, traits: network}},
		{"remove rm", verb{effects: deletes, traits: bulk}},
	} {
		for w := range strings.FieldsSeq(g.words) {
			table[w] = g.verb
		}
	}
	return table
}

// object looks at what is created, altered or dropped.
func object(f *findings, tokens []token, at int) {
	for _, t := range tokens[at+1:] {
		switch {
		case t.word("or replace if not exists temp temporary global local secure foreign external"):
			continue
		case t.word("user role login policy system default credential database security"):
			f.note("rights or server", admin, 0)
		case t.word("extension assembly library language plugin"):
			f.note("foreign code", execute, 0)
		case t.word("server subscription publication link connection integration"):
			f.note("another server", admin, network)
		}
		return
	}
}

// setting looks for settings that change rights or the server. The SET of an
// UPDATE does not begin a statement.
func setting(f *findings, tokens []token, at int) {
	if at > 0 {
		return
	}
	for _, t := range tokens[at+1 : min(at+4, len(tokens))] {
		if t.word("role authorization") {
			f.note("set role", admin, privileged)
		}
		if t.word("password global persist persist_only") {
			f.note("set global", admin, 0)
		}
	}
}

func impersonate(f *findings, tokens []token, at int) {
	if at+1 < len(tokens) && tokens[at+1].word("as") {
		f.note("execute as", admin, privileged)
	}
}

// block tells a transaction from the beginning of a program.
func block(f *findings, tokens []token, at int) {
	if tokens[at].word("begin") && at+1 < len(tokens) && !tokens[at+1].word("transaction tran work isolation read "+
		"deferrable not deferred immediate exclusive concurrent") {
		f.note("block", write, opaque)
	}
}

// loading tells rows from code: LOAD DATA and LOAD XML read a file into a
// table, LOAD 'name' runs a library.
func loading(f *findings, tokens []token, _ int) {
	if len(tokens) > 1 && tokens[1].word("data xml table index") {
		f.note("load", write, 0)
	} else {
		f.note("load", execute|write, 0)
	}
	f.places = true
}

// reaching is for statements whose strings are places.
func reaching(f *findings, _ []token, _ int) { f.places = true }

// copying reads a COPY: to the client it reads, else it writes.
func copying(f *findings, tokens []token, _ int) {
	depth, toClient, other := 0, false, false
	for i, t := range tokens {
		depth += nesting(t)
		switch {
		case t.word("program"):
			f.note("program", execute, opaque)
		case depth == 0 && t.word("from into"):
			other = true
		case depth == 0 && t.word("to"):
			toClient = i+1 < len(tokens) && tokens[i+1].word("stdout")
			other = other || !toClient
		}
	}
	if toClient && !other {
		f.note("copy to the client", read, 0)
		return
	}
	f.note("copy", write, 0)
	f.places = true
}

// pragmas of SQLite and DuckDB that only read, and those that only read when
// nothing is assigned.
const (
	readingPragmas = "table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list " +
		"foreign_key_check integrity_check quick_check database_list collation_list function_list module_list " +
		"pragma_list compile_options storage_info show_tables show_tables_expanded database_size version"
	bearingPragmas = "user_version schema_version application_id encoding page_size page_count journal_mode " +
		"foreign_keys synchronous cache_size freelist_count data_version max_page_count auto_vacuum busy_timeout " +
		"case_sensitive_like temp_store mmap_size recursive_triggers query_only secure_delete wal_autocheckpoint " +
		"locking_mode read_uncommitted trusted_schema defer_foreign_keys"
)

func pragma(f *findings, tokens []token, _ int) {
	rest := tokens[1:]
	if len(rest) > 2 && rest[1].is('.') {
		rest = rest[2:]
	}
	switch {
	case len(rest) == 1 && (rest[0].word(readingPragmas) || rest[0].word(bearingPragmas)):
	case len(rest) == 4 && rest[0].word(readingPragmas) && rest[1].is('(') && rest[3].is(')'):
	default:
		f.note("pragma that may set", write, 0)
		return
	}
	f.note("pragma", read, 0)
}
