// Package code is the language of those who read an argument that is a program
// of its own: a SQL statement, a command line, an HTTP request, a GraphQL
// document, the mode of a file. The readers are the packages below it.
//
// A reader is conservative: what it does not understand wholly it says to be
// Opaque, and it never says Read of what might change something. A reader is
// pure and safe for concurrent use; it takes any bytes and never panics.
package code

import "slices"

// The traits of a program, which a rule can ask for.
const (
	Opaque     = "opaque"     // not wholly understood; more may happen than is said
	Bulk       = "bulk"       // without a bound: DELETE without WHERE, DROP, rm -r
	Privileged = "privileged" // takes other rights: sudo, SET ROLE
	Network    = "network"    // reaches other machines
)

// Reading is what one program would do. The lists are sorted and free of
// repeats. Effects are words of the closed set of effects and never empty.
type Reading struct {
	Effects  []string // read, write, delete, send, execute, admin, unknown
	Traits   []string
	Programs []string // names of the programs that a command line runs, without their folders
	URLs     []string // the addresses that it would reach, as they are written
	Evidence string   // the words that decided, of the reader's own vocabulary only: "sql: delete"
}

// Join is the reading of programs that all run.
func Join(all ...Reading) Reading {
	var r Reading
	for _, one := range all {
		r.Effects = append(r.Effects, one.Effects...)
		r.Traits = append(r.Traits, one.Traits...)
		r.Programs = append(r.Programs, one.Programs...)
		r.URLs = append(r.URLs, one.URLs...)
		if r.Evidence != "" && one.Evidence != "" {
			r.Evidence += "; "
		}
		r.Evidence += one.Evidence
	}
	r.Effects, r.Traits, r.Programs, r.URLs = sorted(r.Effects), sorted(r.Traits), sorted(r.Programs), sorted(r.URLs)
	return r
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
