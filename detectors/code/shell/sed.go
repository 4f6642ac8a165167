package shell

import "strings"

// sedProgram reads sed: its script is an option or the first operand.
func (w *walk) sedProgram(p *program, args []arg) {
	before := w.scripts
	operands := w.options(p, args)
	if w.scripts == before && len(operands) > 0 {
		w.sed(operands[0])
	}
}

// sed reads a script for what it does besides editing the text that passes: a
// script with a command that is not known is opaque.
func (w *walk) sed(script arg) {
	if !script.literal {
		w.done |= opaque
		return
	}
	for rest := script.text; rest != ""; {
		var d deeds
		d, rest = sedCommand(rest)
		w.done |= d
	}
}

// sedCommand reads one command and gives what follows it.
func sedCommand(text string) (deeds, string) {
	text = strings.TrimLeft(text, " \t\n;")
	text, ok := sedAddress(text)
	if !ok {
		return opaque, ""
	}
	if text == "" {
		return 0, ""
	}
	command, rest := text[0], text[1:]
	switch {
	case strings.IndexByte("{}dDpPnNhHgGxz=lqQF", command) >= 0:
		return 0, strings.TrimLeft(rest, " 0123456789")
	case strings.IndexByte("#rRaic", command) >= 0:
		if line := rest[:len(rest)-len(afterLine(rest))]; strings.IndexByte("aic", command) < 0 || !strings.Contains(line, `\`) {
			return 0, afterLine(rest)
		}
		return opaque, "" // the text goes on in the next line
	case strings.IndexByte("btT:", command) >= 0:
		return sedLabel(rest)
	case command == 's':
		return sedSubstitute(rest)
	case command == 'y':
		rest, ok = sedParts(rest)
		if !ok {
			return opaque, ""
		}
		return 0, rest
	case command == 'w', command == 'W':
		return write, afterLine(rest)
	}
	return opaque, ""
}

// sedLabel passes over a label. Readers differ in what ends one, so what is no
// plain word is refused.
func sedLabel(text string) (deeds, string) {
	rest := strings.TrimLeft(text, " ")
	rest = strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
	if rest == "" || rest[0] == ';' || rest[0] == '\n' {
		return 0, rest
	}
	return opaque, ""
}

// sedSubstitute reads what follows an s. Its flags can write and run.
func sedSubstitute(text string) (deeds, string) {
	rest, ok := sedParts(text)
	if !ok {
		return opaque, ""
	}
	rest = strings.TrimLeft(rest, "gpiIm0123456789 ")
	switch {
	case rest == "" || strings.IndexByte(";\n}#", rest[0]) >= 0:
		return 0, rest
	case rest[0] == 'w':
		return write, afterLine(rest)
	}
	return opaque, ""
}

// sedParts passes over two parts between delimiters: /from/to/.
func sedParts(text string) (rest string, ok bool) {
	if text == "" || text[0] == '\\' || text[0] == '\n' || text[0] >= 0x80 {
		return "", false
	}
	delimiter := text[0]
	if rest, ok = past(text[1:], delimiter); ok {
		rest, ok = past(rest, delimiter)
	}
	return rest, ok
}

// past gives what follows the delimiter. In a bracket expression some readers
// take the delimiter for a letter and some do not, so that is refused.
func past(text string, delimiter byte) (string, bool) {
	if strings.Contains(text, "[]") || strings.Contains(text, "[^]") {
		return "", false
	}
	bracket := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == delimiter:
			return text[i+1:], !bracket
		case text[i] == '[':
			bracket = true
		case text[i] == ']':
			bracket = false
		}
	}
	return "", false
}

// sedAddress passes over the lines that a command is for.
func sedAddress(text string) (string, bool) {
	for range 2 {
		switch {
		case text == "":
			return "", true
		case text[0] == '/' || text[0] == '\\' && len(text) > 1:
			delimiter := text[0]
			text = text[1:]
			if delimiter == '\\' {
				delimiter, text = text[0], text[1:]
			}
			var ok bool
			if text, ok = past(text, delimiter); !ok {
				return "", false
			}
			text = strings.TrimLeft(text, "IM")
		default:
			text = strings.TrimLeft(text, "0123456789$~+")
		}
		text = strings.TrimLeft(text, " \t")
		if !strings.HasPrefix(text, ",") {
			break
		}
		text = strings.TrimLeft(text[1:], " \t+~")
	}
	return strings.TrimLeft(text, " \t!"), true
}

// afterLine gives the text from the end of the line on.
func afterLine(text string) string {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return text[i:]
	}
	return ""
}
