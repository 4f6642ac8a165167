package shell

import "strings"

// verbs are the words with which command lines of clouds say what they do: a
// whole word or one before a dash.
var verbs = []struct {
	words string
	deeds deeds
}{
	{"get describe list ls show lookup head view search scan query check verify validate explain top status whoami version history tail logs diff", read},
	{"create update set add attach associate enable disable modify tag untag register start stop restart reboot resize scale apply patch " +
		"replace edit restore rename link mb write", write},
	{"put copy cp mv sync move upload import", write | send},
	{"delete remove rm terminate destroy purge deregister detach disassociate rb", remove},
}

// cloud reads the tools of clouds: words for groups, and then a verb. Where the
// table lists groups there may be any number of them, else there is one.
func (w *walk) cloud(p *program, args []arg) {
	rest := w.leading(p, args)
	for i, a := range rest {
		if !a.literal {
			break
		}
		if d, ok := verb(a.text); ok && i > 0 {
			w.done |= d
			w.options(p, rest[i+1:])
			return
		}
		if p.Only == "" && i > 0 || p.Only != "" && !listed(p.Only, a.text) {
			break
		}
	}
	w.done |= opaque
}

func verb(word string) (deeds, bool) {
	first, _, _ := strings.Cut(word, "-")
	for _, v := range verbs {
		if listed(v.words, first) {
			return v.deeds, true
		}
	}
	return 0, false
}
