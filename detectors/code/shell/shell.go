// Package shell reads command lines: what the programs in them would do, by a
// table of programs, through pipelines, substitutions, redirections, and the
// programs that run other programs.
//
// A text is read as bash reads it. Nothing is run or expanded, and no file is
// looked at. What a text cannot tell is opaque: a program that the table does
// not know, a name or an address that is put together at run time, a script, a
// variable that changes what programs do. Programs that build or test a project
// run what the project says, which is the effect execute; they are not opaque.
//
// It does not know what aliases and functions the shell brings along, nor what
// is on the disk: a name in a system folder is taken for the program of that
// name, and a pattern for names of files that do not begin with a dash. Nor does
// it know what files of configuration tell a program to run. Where a text is run
// by cmd or PowerShell its quotes may mean something else.
package shell

import (
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"

	"callgate/detectors/code"
)

// The limits. What is beyond one of them is opaque.
const (
	maxLength   = 64 << 10 // bytes of a command line
	maxBrackets = 4096     // opening brackets and backquotes, which bounds the parser's stack
	maxNesting  = 64       // substitutions, blocks and the like in one another
	maxCommands = 32       // commands in one another's arguments: sudo nice env ...
	maxTexts    = 8        // command lines in one another's arguments: sh -c "sh -c ..."
)

// Read reads a command line as it is given to a shell.
func Read(command string) code.Reading {
	w := walk{done: execute}
	w.line(command)
	if w.lost {
		w.cmdlets(command)
	}
	return w.reading()
}

// ReadArgs reads a program and its arguments as they are started without a
// shell. An empty list is opaque.
func ReadArgs(argv []string) code.Reading {
	w := walk{done: execute}
	size := 0
	args := make([]arg, len(argv))
	for i, text := range argv {
		size += len(text)
		args[i] = arg{text: text, literal: true}
	}
	if len(argv) == 0 || size > maxLength {
		w.done |= opaque
	} else {
		w.command(args, nil)
	}
	return w.reading()
}

// walk is what has been read so far.
type walk struct {
	done      deeds
	programs  []string
	urls      []string
	known     []string         // the programs of the table, for the evidence
	functions map[string]place // defined anywhere in the text; their bodies are read
	depth     int              // how deep in other commands this one stands
	texts     int              // how deep in other command lines this one stands
	scripts   int              // how many scripts were given as options
	lost      bool             // a program could not be told
}

// line reads a whole command line. One that cannot be parsed is opaque, and
// does at least what the programs do that are named in it.
func (w *walk) line(text string) {
	if w.texts >= maxTexts || len(text) > maxLength {
		w.done |= opaque
		return
	}
	file, err := parse(text)
	if err != nil || !plainText(text) {
		w.done |= opaque
		w.lost = true
		w.names(text)
		return
	}
	outer := w.functions
	w.functions = functionsOf(file, text)
	w.texts++
	w.file(file)
	w.texts--
	w.functions = outer
}

// parse refuses what would make the parser's stack grow without measure.
func parse(text string) (*syntax.File, error) {
	brackets := 0
	for i := range len(text) {
		if strings.IndexByte("([{`", text[i]) >= 0 {
			brackets++
		}
	}
	if brackets > maxBrackets {
		return nil, errBrackets
	}
	return syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
}

// plainText tells whether shells agree on the text: no bytes that some of them
// drop, and no carriage return that is part of a word.
func plainText(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			return false
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0x7f:
			return false
		}
	}
	return utf8.ValidString(text)
}

// inner reads a command line that stands in an argument.
func (w *walk) inner(a arg) {
	if !a.literal || a.pattern {
		w.done |= opaque
		return
	}
	w.line(a.text)
}
