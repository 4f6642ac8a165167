package shell

import (
	"slices"
	"strings"

	"callgate/detectors/code/web"
)

// options reads all options and gives the operands. An option may stand after
// operands, and what stands after a lone "--" is an operand unless that belongs
// to the option before it.
func (w *walk) options(p *program, args []arg) (operands []arg) {
	belongs := false // the argument may belong to the option before it
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a.is("--") && !belongs:
			return append(operands, args[i+1:]...)
		case dashed(a):
			var used int
			used, belongs = w.option(p, a, args[i+1:])
			i += used
			continue
		case a.open:
			w.done |= p.any
		}
		belongs = false
		operands = append(operands, a)
	}
	return operands
}

// leading reads the options before the first operand and gives what follows
// them. To know where that is takes knowing each of them.
func (w *walk) leading(p *program, args []arg) []arg {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a.is("--") {
			return args[i+1:]
		}
		if a.open {
			w.done |= opaque
		}
		if !dashed(a) {
			return args[i:]
		}
		used, unsure := w.option(p, a, args[i+1:])
		if unsure {
			w.done |= opaque
		}
		i += used
	}
	return nil
}

// dashed tells whether an argument is an option. A lone dash is a file.
func dashed(a arg) bool {
	return strings.HasPrefix(a.text, "-") && (len(a.text) > 1 || !a.literal)
}

// option reads one argument that is an option, or several short ones in one.
// It gives how many of the following arguments belong to it, and whether the
// next one may although the table does not say so.
func (w *walk) option(p *program, a arg, rest []arg) (used int, unsure bool) {
	if !a.literal && !strings.Contains(a.text, "=") {
		w.done |= p.any
	}
	if p.Words || strings.HasPrefix(a.text, "--") {
		return w.word(p, a, rest)
	}
	for i := 1; i < len(a.text); i++ {
		o, ok := p.Options["-"+a.text[i:i+1]]
		switch {
		case ok && (o.value || o.attach):
			value := arg{text: a.text[i+1:], literal: a.literal, open: a.open, pattern: a.pattern}
			if value.text == "" && value.literal && o.value {
				value, used = next(rest)
			}
			w.apply(o, value)
			return used, false
		case ok:
			w.apply(o, arg{})
		case a.text[i] < '0' || a.text[i] > '9':
			unsure = true
		}
	}
	return 0, unsure
}

// word reads an option that is a whole word. Its name may be cut short where
// that leaves no doubt; here all names count that it may be short for.
func (w *walk) word(p *program, a arg, rest []arg) (used int, unsure bool) {
	name, text, given := strings.Cut(a.text, "=")
	if p.Words {
		name = "-" + strings.TrimLeft(name, "-")
	}
	value := arg{text: text, literal: a.literal, open: a.open, pattern: a.pattern}
	o, ok := p.Options[name]
	if !ok {
		for long, o := range p.Options {
			short := len(name) > len("--") && !p.Words && strings.HasPrefix(long, name)
			if short || o.attach && strings.HasPrefix(name, long) {
				w.done |= o.unread()
			}
		}
		return 0, !given
	}
	if !given && o.value {
		value, used = next(rest)
	}
	w.apply(o, value)
	return used, false
}

// next is the argument that follows, which belongs to an option.
func next(rest []arg) (arg, int) {
	if len(rest) == 0 {
		return arg{}, 0
	}
	return rest[0], 1
}

// apply reads what an option does with its value.
func (w *walk) apply(o option, value arg) {
	w.done |= o.deeds
	switch o.action {
	case "shell":
		w.scripts++
		w.inner(value)
	case "output":
		if !value.is("-") {
			w.opens(value, write)
		}
	case "address":
		w.address(value)
	case "method":
		w.method(value)
	case "format":
		if !value.literal || strings.Contains(value.text, "%output") || strings.HasPrefix(value.text, "@") {
			w.done |= opaque
		}
	case "sed":
		w.scripts++
		w.sed(value)
	}
}

// method reads the method of an HTTP request. What writes sends, too.
func (w *walk) method(value arg) {
	if !value.literal {
		w.done |= send | opaque
		return
	}
	said := web.Method(value.text)
	var d deeds
	for _, word := range slices.Concat(said.Effects, said.Traits) {
		if d.UnmarshalText([]byte(word)) != nil {
			d |= opaque
		}
	}
	if d&(write|remove|execute) != 0 {
		d |= send
	}
	w.done |= d
}
