package effects

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"callgate/detectors/code"
	"callgate/detectors/code/file"
	"callgate/detectors/code/shell"
	"callgate/detectors/code/sql"
	"callgate/detectors/code/web"
)

// programs is what the programs in the arguments do together.
type programs struct {
	code.Reading
	some    bool     // there was one
	decides bool     // one of them is all that the tool runs
	instead []string // effects of the tool's words that meant no more than these programs
	reached []reached
}

// reached is an address that a program reaches.
type reached struct{ url, at string }

// maxEvidence is how many readings the evidence names.
const maxEvidence = 8

// programs reads the arguments that are programs. Only a program that reads
// shows that a word for sending meant nothing more. The name of an argument that
// was read for what it does tells no more by itself.
func (w *walk) programs(arguments gjson.Result) programs {
	var all []code.Reading
	var p programs
	var at, role string
	for _, h := range w.hits {
		r := &w.book.rules[h.rule]
		if !slices.Contains(deciding, r.Role) || h.at == at && r.Role == role || w.partial(h, r) {
			continue
		}
		reading := w.read(h, r.Role, arguments)
		if p.decides = p.decides || r.stated; len(r.Instead) > 0 && w.plan.declares(h.at) {
			p.instead, p.decides = append(p.instead, r.Instead...), true
			delete(w.given, letters(h.at[strings.LastIndexByte(h.at, '/'):]))
		}
		for _, url := range reading.URLs {
			p.reached = append(p.reached, reached{url, h.at})
		}
		all, at, role = append(all, reading), h.at, r.Role
	}
	if len(all) == 0 {
		return p
	}
	p.some, p.Reading, p.Evidence = true, code.Join(all...), evidence(all)
	if !harmless(p.Effects) {
		p.instead = without(p.instead, Send)
	}
	return p
}

// partial reports half a program: a method without an address, and the name of
// a program whose arguments stand beside it and are read with it.
func (w *walk) partial(h hit, r *roleRule) bool {
	switch {
	case r.Role == "method" && !r.stated:
		return !slices.ContainsFunc(w.hits, func(h hit) bool { return w.book.rules[h.rule].Role == "urls" })
	case r.Role == "command" && h.value.Type == gjson.String && len(strings.Fields(h.value.Str)) == 1:
		return slices.ContainsFunc(w.hits, func(other hit) bool {
			return w.book.rules[other.rule].Role == "argv" && parent(other.at) == parent(h.at)
		})
	}
	return false
}

func evidence(all []code.Reading) string {
	var said []string
	for _, r := range all {
		if len(said) < maxEvidence && !slices.Contains(said, r.Evidence) {
			said = append(said, r.Evidence)
		}
	}
	return strings.Join(said, "; ")
}

// read reads one program.
func (w *walk) read(h hit, role string, arguments gjson.Result) code.Reading {
	text, isText := h.value.Str, h.value.Type == gjson.String
	switch {
	case role == "code":
		return code.Reading{Effects: []string{Execute}, Traits: []string{code.Opaque}, Evidence: "code"}
	case role == "argv", role == "command":
		return w.command(h, role)
	case role == "mode" && h.value.Type == gjson.Number:
		return file.Mode(h.value.Raw)
	case !isText:
	case role == "sql":
		return sql.Read(text)
	case role == "method":
		return web.Method(text)
	case role == "mode":
		return file.Mode(text)
	case role == "graphql":
		operation := arguments.Get("operationName").String()
		if operation == "" {
			operation = arguments.Get("operation_name").String()
		}
		return web.GraphQL(text, operation)
	}
	return notText(role)
}

func notText(role string) code.Reading {
	return code.Reading{Effects: []string{Unknown}, Traits: []string{code.Opaque}, Evidence: role + ": no text"}
}

// command reads a command line, or a program and its arguments: in one list, or
// in two arguments side by side. A list may also be of command lines.
func (w *walk) command(h hit, role string) code.Reading {
	if h.value.Type == gjson.String && role == "command" {
		return shell.Read(h.value.Str)
	}
	words, ok := texts(h.value)
	if !ok {
		return notText(role)
	}
	if role == "argv" {
		return w.argv(h, words)
	}
	all := []code.Reading{shell.ReadArgs(words)}
	for _, word := range words {
		if strings.ContainsAny(word, " \t\n;|&") {
			all = append(all, shell.Read(word))
		}
	}
	return code.Join(all...)
}

// argv reads arguments together with the command that stands beside them.
func (w *walk) argv(h hit, words []string) code.Reading {
	for _, other := range w.hits {
		if w.book.rules[other.rule].Role == "command" && parent(other.at) == parent(h.at) && other.value.Type == gjson.String {
			return shell.ReadArgs(append(strings.Fields(other.value.Str), words...))
		}
	}
	return shell.ReadArgs(words)
}

// texts gives the words of a list, or of a text at white space.
func texts(v gjson.Result) ([]string, bool) {
	if v.Type == gjson.String {
		return strings.Fields(v.Str), true
	}
	if !v.IsArray() {
		return nil, false
	}
	var words []string
	ok := true
	v.ForEach(func(_, word gjson.Result) bool {
		ok = ok && (word.Type == gjson.String || word.Type == gjson.Number)
		words = append(words, plain(word))
		return ok
	})
	return words, ok && len(words) > 0
}

func parent(pointer string) string {
	return pointer[:max(0, strings.LastIndexByte(pointer, '/'))]
}

// plain is a text, or a number as it is written.
func plain(v gjson.Result) string {
	if v.Type == gjson.String {
		return v.Str
	}
	return v.Raw
}
