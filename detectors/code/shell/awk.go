package shell

import "strings"

// awkProgram reads awk: its script is the first operand.
func (w *walk) awkProgram(p *program, args []arg) {
	operands := w.options(p, args)
	if len(operands) == 0 || !operands[0].literal {
		w.done |= opaque
		return
	}
	if awkActs(operands[0].text) {
		w.done |= opaque
	}
}

// awkActs tells whether a script may do more than read and print: run, load,
// or write. It says too often that one may, never that one does not.
func awkActs(script string) bool {
	script = strings.ReplaceAll(script, "||", " ")
	for _, sign := range []string{"system", "|", "getline", "@", "/inet"} {
		if strings.Contains(script, sign) {
			return true
		}
	}
	if !strings.Contains(script, ">") {
		return false
	}
	if strings.ContainsAny(script, "/\\\"#") { // where a text ends takes a real reader to tell
		return true
	}
	for part := range strings.FieldsFuncSeq(script, func(r rune) bool { return strings.ContainsRune("{};", r) }) {
		if at := strings.Index(part, "print"); at >= 0 && strings.Contains(part[at:], ">") {
			return true
		}
	}
	return false
}
