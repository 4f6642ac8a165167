package shell

import (
	"regexp"
	"strings"
)

// programName is the shape of the names that are told; others may be anything.
var programName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$`)

// command reads a program with its arguments. What a shell gives to its
// standard input is in; nil means that this is not in the text.
func (w *walk) command(args []arg, in *arg) {
	if len(args) == 0 || w.depth == maxCommands {
		w.done |= opaque
		return
	}
	w.depth++
	defer func() { w.depth-- }()
	name := args[0]
	if !name.literal || name.pattern && name.text != "[" {
		w.done |= opaque
		w.lost = true
		return
	}
	base, p := lookup(name.text)
	if p == nil && w.functions[name.text] != 0 {
		return
	}
	if programName.MatchString(base) {
		w.programs = append(w.programs, base)
	}
	if p == nil {
		w.done |= opaque
		w.lost = true
		return
	}
	w.known = append(w.known, base)
	w.run(p, args[1:], in)
}

// run reads the arguments of a program, or of a command of one.
func (w *walk) run(p *program, args []arg, in *arg) {
	if len(args) == 1 && (args[0].is("--help") || args[0].is("--version")) {
		w.done |= read
		return
	}
	w.done |= p.Does
	if p.Does&network != 0 {
		w.carried(args)
	}
	switch {
	case p.Special != "":
		w.special(p, args, in)
	case p.Runs != nil:
		w.wrapped(p, args, in)
	case p.Commands != nil:
		w.branch(p, args, in)
	default:
		w.operands(p, w.options(p, args))
	}
}

// wrapped reads the command that a program runs.
func (w *walk) wrapped(p *program, args []arg, in *arg) {
	rest := w.leading(p, args)
	before := rest[:min(*p.Runs, len(rest))]
	for _, a := range before {
		if !a.literal {
			w.done |= opaque
		}
	}
	w.operands(p, before)
	rest = rest[len(before):]
	if len(rest) > 0 && rest[0].is("--") {
		rest = rest[1:]
	}
	for len(rest) > 0 && p.Assigns && assignment(rest[0]) {
		name, _, _ := strings.Cut(rest[0].text, "=")
		w.variable(name)
		rest = rest[1:]
	}
	switch {
	case len(rest) == 0:
		w.done |= p.bare(opaque)
	case p.Joined:
		w.inner(joined(rest))
	default:
		w.command(rest, in)
	}
}

// bare is what a program does without a command.
func (p *program) bare(unsaid deeds) deeds {
	if p.Bare != nil {
		return *p.Bare
	}
	return unsaid
}

// assignment tells whether an argument sets a variable, as env takes it.
func assignment(a arg) bool {
	name, _, ok := strings.Cut(a.text, "=")
	return ok && !strings.HasPrefix(name, "-") && !strings.Contains(name, "/") && !a.open
}

// joined is the line that a program makes of its arguments.
func joined(args []arg) arg {
	line := arg{literal: true}
	for i, a := range args {
		if i > 0 {
			line.text += " "
		}
		line.text += a.text
		line.literal = line.literal && a.literal
		line.pattern = line.pattern || a.pattern
	}
	return line
}

// branch reads a program by its command.
func (w *walk) branch(p *program, args []arg, in *arg) {
	rest := w.leading(p, args)
	name := ""
	if len(rest) > 0 {
		if name = rest[0].text; !rest[0].literal || rest[0].pattern {
			w.done |= opaque
			return
		}
		rest = rest[1:]
	}
	switch c := p.Commands[name]; {
	case c != nil:
		w.run(c, rest, in)
	case name == "":
		w.done |= p.bare(read)
	case p.Other != nil:
		w.done |= *p.Other
		w.operands(p, w.options(p, rest))
	default:
		w.done |= opaque
	}
}

// operands reads what is left when the options are gone.
func (w *walk) operands(p *program, list []arg) {
	for i, a := range list {
		if i < len(p.At) {
			w.done |= p.At[i]
		}
		w.operand(p, a)
		switch {
		case p.Address == "all", p.Address == "first" && i == 0:
			w.address(a)
		case p.Address == "colon" && strings.Contains(a.text, ":"):
			a.text = machine(a.text)
			w.address(a)
		}
	}
}

// machine is what stands before the colon of "host:path" and "user@host:path",
// where what follows is no port. URLs and numeric addresses of IPv6 stay.
func machine(text string) string {
	host, path, _ := strings.Cut(text, ":")
	if host == "" || strings.HasPrefix(path, "//") || strings.ContainsAny(host, "/[") {
		return text
	}
	return host
}

// operand reads one operand.
func (w *walk) operand(p *program, a arg) {
	longest := ""
	for start := range p.Operands {
		if strings.HasPrefix(a.text, start) && len(start) > len(longest) {
			longest = start
		}
	}
	w.done |= p.Operands[longest]
	if a.pattern {
		w.done |= p.Pattern
	}
	if strings.Contains(a.text, ":") || !a.literal {
		w.done |= p.Remote
	}
	if p.Only != "" && (!a.literal || !listed(p.Only, a.text)) {
		w.done |= opaque
	}
}

// listed tells whether a word is one of those in the text.
func listed(words, word string) bool {
	return word != "" && !strings.Contains(word, " ") && strings.Contains(" "+words+" ", " "+word+" ")
}

// scheme begins an address.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^\s]*$`)

// carried reads the arguments of a program that reaches other machines: what
// is put into them at run time goes out, and addresses are told.
func (w *walk) carried(args []arg) {
	for _, a := range args {
		if !a.literal {
			w.done |= send
		}
		if scheme.MatchString(a.text) {
			w.address(a)
		}
	}
}

// address reads an argument that names another machine.
func (w *walk) address(a arg) {
	if !a.literal || strings.ContainsAny(a.text, "{}[]*") {
		w.done |= opaque // it may stand for several
	}
	if a.literal {
		w.urls = append(w.urls, a.text)
	}
}
