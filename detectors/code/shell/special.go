package shell

import (
	"slices"
	"strings"
)

// special reads the programs whose arguments are a language of their own.
func (w *walk) special(p *program, args []arg, in *arg) {
	switch p.Special {
	case "shell":
		w.shell(p, args, in)
	case "eval":
		w.inner(joined(args))
	case "alias":
		w.alias(args)
	case "trap":
		w.trap(w.options(p, args))
	case "variables":
		w.variables(w.options(p, args))
	case "command":
		w.lookupOrRun(p, args, in)
	case "login":
		w.login(p, args)
	case "interpreter":
		w.interpreter(p, args, in)
	case "find":
		w.find(args)
	case "xargs":
		w.xargs(p, args)
	case "dashes":
		w.afterDashes(p, args)
	case "sed":
		w.sedProgram(p, args)
	case "awk":
		w.awkProgram(p, args)
	case "tar":
		if len(args) > 0 && !dashed(args[0]) { // the oldest way to write its options
			args = append([]arg{{text: "-" + args[0].text, literal: args[0].literal}}, args[1:]...)
		}
		w.operands(p, w.options(p, args))
	case "cloud":
		w.cloud(p, args)
	default: // named
		w.done |= opaque
		w.names(joined(args).text)
	}
}

// shell reads a shell: its command line, or what comes to its standard input.
func (w *walk) shell(p *program, args []arg, in *arg) {
	line, stdin := false, false
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a.open || !a.literal && !line:
			w.done |= opaque
			return
		case a.is("--"), a.is("-"):
			i++
			if i < len(args) {
				w.script(args[i], line)
				return
			}
		case strings.HasPrefix(a.text, "--"):
			w.done |= p.Options[a.text].deeds
			if !listed(p.Only, a.text) {
				w.done |= opaque
			}
		case dashed(a), strings.HasPrefix(a.text, "+"):
			line = line || a.text[0] == '-' && strings.Contains(a.text, "c")
			stdin = stdin || strings.Contains(a.text, "s")
			if strings.ContainsAny(a.text[len(a.text)-1:], "oO") {
				i++ // the name of an option of the shell
			}
		case stdin && !line:
			i = len(args)
		default:
			w.script(a, line)
			return
		}
	}
	if in == nil || line {
		w.done |= opaque
		return
	}
	w.inner(*in)
}

// script reads the first operand of a shell: a command line after -c, else the
// name of a file.
func (w *walk) script(a arg, line bool) {
	if !line {
		w.done |= opaque
		return
	}
	w.inner(a)
}

// alias reads definitions. Those of commands count as if they ran.
func (w *walk) alias(args []arg) {
	for _, a := range args {
		if name, text, ok := strings.Cut(a.text, "="); ok && name != "" {
			w.inner(arg{text: text, literal: a.literal})
		} else if !a.literal {
			w.done |= opaque
		}
	}
}

// trap reads what is to be run on a signal.
func (w *walk) trap(operands []arg) {
	if len(operands) < 2 || operands[0].is("-") || operands[0].is("") {
		return
	}
	w.inner(operands[0])
}

// variables reads a builtin whose operands are variables that it sets.
func (w *walk) variables(operands []arg) {
	for _, a := range operands {
		if name, _, _ := strings.Cut(a.text, "="); a.literal && !strings.Contains(name, "[") {
			w.variable(name)
		} else {
			w.done |= opaque
		}
	}
}

// lookupOrRun reads "command", which may just say where a program is.
func (w *walk) lookupOrRun(p *program, args []arg, in *arg) {
	if len(args) > 0 && (args[0].is("-v") || args[0].is("-V")) {
		w.done |= read
		return
	}
	w.wrapped(p, args, in)
}

// login reads a program that runs a shell, which takes its line after -c.
func (w *walk) login(p *program, args []arg) {
	before := w.scripts
	w.operands(p, w.options(p, args))
	if w.scripts == before {
		w.done |= opaque
	}
}

// interpreter reads a program that runs another language, which is opaque
// unless it is asked for its version or runs a module that is known.
func (w *walk) interpreter(p *program, args []arg, in *arg) {
	if len(args) == 1 && args[0].literal && listed(p.Only, args[0].text) {
		w.done |= read
		return
	}
	if len(args) > 1 && args[0].is("-m") && args[1].literal {
		if c := p.Commands[args[1].text]; c != nil {
			w.run(c, args[2:], in)
			return
		}
		if module := programs[args[1].text]; module != nil && args[1].is("pip") {
			w.programs = append(w.programs, args[1].text)
			w.known = append(w.known, args[1].text)
			w.run(module, args[2:], in)
			return
		}
	}
	w.done |= opaque
}

// afterDashes reads a program that runs what follows a lone "--".
func (w *walk) afterDashes(p *program, args []arg) {
	i := slices.IndexFunc(args, func(a arg) bool { return a.is("--") })
	if i < 0 || i+1 == len(args) {
		w.done |= opaque
		return
	}
	w.operands(p, w.options(p, args[:i]))
	w.command(args[i+1:], nil)
}

// many reads a command that runs over any number of files.
func (w *walk) many(args []arg) {
	before := w.done
	w.done = 0
	w.command(args, nil)
	if w.done&remove != 0 {
		w.done |= bulk
	}
	w.done |= before
}

// find reads the actions in an expression of find.
func (w *walk) find(args []arg) {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a.open:
			w.done |= opaque
		case a.is("-delete"):
			w.done |= remove | bulk
		case a.is("-fprint"), a.is("-fprint0"), a.is("-fls"), a.is("-fprintf"):
			target, _ := next(args[i+1:])
			w.opens(target, write)
		case a.is("-exec"), a.is("-execdir"), a.is("-ok"), a.is("-okdir"):
			rest := args[i+1:]
			end := ending(rest)
			if slices.ContainsFunc(rest[:end], func(a arg) bool { return strings.Contains(a.text, "{}") && strings.Contains(a.text, " ") }) {
				w.done |= opaque // the name of a file becomes part of a text
			}
			w.many(rest[:end])
			i += end
		case !a.literal && strings.HasPrefix(a.text, "-"):
			w.done |= opaque
		}
	}
}

// ending gives where a command of find ends: at ";", or at "{} +".
func ending(args []arg) int {
	for i, a := range args {
		if a.is(";") || a.is("+") && i > 0 && args[i-1].is("{}") {
			return i
		}
	}
	return len(args)
}

// xargs reads the command that xargs runs with what it reads.
func (w *walk) xargs(p *program, args []arg) {
	rest := w.leading(p, args)
	mark := replaced(args[:len(args)-len(rest)])
	if len(rest) == 0 {
		w.done |= read
		return
	}
	command := append(slices.Clone(rest), arg{open: true})
	for i, a := range command {
		if before, _, ok := strings.Cut(a.text, mark); ok && mark != "" {
			command[i] = arg{text: before, open: before == ""}
		}
	}
	w.many(command)
}

// replaced is the text that options of xargs replace, "" without one.
func replaced(options []arg) (mark string) {
	for i, a := range options {
		at := strings.IndexAny(a.text, "IJi")
		switch {
		case strings.HasPrefix(a.text, "--"):
			if _, given, ok := strings.Cut(a.text, "="); ok && strings.HasPrefix(a.text, "--r") {
				mark = given
			} else if a.is("--replace") {
				mark = "{}"
			}
		case at < 1 || a.text[0] != '-':
		case at+1 < len(a.text):
			mark = a.text[at+1:]
		case a.text[at] == 'i':
			mark = "{}"
		default:
			following, _ := next(options[i+1:])
			mark = following.text
		}
	}
	return mark
}
