package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// arg is what is known of an argument.
type arg struct {
	text    string // as far as it is known from its start
	literal bool   // text is all of it
	open    bool   // it may begin with anything, or become several arguments
	pattern bool   // it stands for the names of files
}

// is tells whether the argument is the word.
func (a arg) is(word string) bool { return a.literal && a.text == word }

func argsOf(words []*syntax.Word) []arg {
	args := make([]arg, len(words))
	for i, word := range words {
		args[i] = argOf(word)
	}
	return args
}

// argOf reads a word without expanding anything.
func argOf(word *syntax.Word) arg {
	r := wordReader{arg: arg{literal: true}}
	if word == nil {
		return r.arg
	}
	for _, part := range word.Parts {
		r.part(part, false)
	}
	if r.brace && r.list { // {a,b} becomes two arguments
		r.literal, r.open = false, true
	}
	if r.literal {
		r.text = r.known.String()
	} else if !r.open {
		r.open = r.text == ""
	}
	return r.arg
}

// wordReader goes through the parts of a word.
type wordReader struct {
	arg
	known       strings.Builder
	brace, list bool // an unquoted brace, and what makes it a list
}

func (r *wordReader) part(part syntax.WordPart, quoted bool) {
	switch p := part.(type) {
	case *syntax.Lit:
		r.lit(p.Value, quoted)
	case *syntax.SglQuoted:
		if p.Dollar && strings.Contains(p.Value, `\`) {
			r.unknown(true)
			return
		}
		r.known.WriteString(p.Value)
	case *syntax.DblQuoted:
		for _, inner := range p.Parts {
			r.part(inner, true)
		}
	case *syntax.ProcSubst:
		r.known.WriteString("/dev/fd/")
		r.unknown(true)
	default:
		r.unknown(quoted)
	}
}

// unknown ends what is known. Outside of quotes a value may split.
func (r *wordReader) unknown(quoted bool) {
	if r.literal {
		r.literal, r.text = false, r.known.String()
	}
	r.open = r.open || !quoted
}

// lit reads a literal with its escapes, which quotes leave to fewer letters.
func (r *wordReader) lit(value string, quoted bool) {
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\' && i+1 < len(value) && (!quoted || strings.IndexByte("$`\"\\", value[i+1]) >= 0):
			i++
			c = value[i]
		case quoted:
		case c == '*', c == '?', c == '[':
			r.pattern = true
		case c == '{':
			r.brace = r.brace || !strings.HasPrefix(value[i:], "{}")
		case c == ',', c == '.' && strings.HasPrefix(value[i:], ".."):
			r.list = true
		}
		r.known.WriteByte(c)
	}
}

// documentOf is the text that a redirection gives to standard input, or nil.
func documentOf(redirs []*syntax.Redirect) (in *arg) {
	for _, r := range redirs {
		switch r.Op {
		case syntax.WordHdoc:
			a := argOf(r.Word)
			in = &a
		case syntax.Hdoc, syntax.DashHdoc:
			raw, ok := rawDocument(r)
			in = &arg{text: raw, literal: ok, open: !ok}
		}
	}
	return in
}

// rawDocument is the body of a here-document that is one literal. With escapes
// in it that may or may not count it is none.
func rawDocument(r *syntax.Redirect) (string, bool) {
	if r.Hdoc == nil {
		return "", true
	}
	var body strings.Builder
	for _, part := range r.Hdoc.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			return "", false
		}
		body.WriteString(lit.Value)
	}
	delimiter, bare := r.Word.Parts[0].(*syntax.Lit)
	bare = bare && len(r.Word.Parts) == 1 && !strings.Contains(delimiter.Value, `\`)
	if bare && strings.Contains(body.String(), `\`) {
		return "", false
	}
	return body.String(), true
}
