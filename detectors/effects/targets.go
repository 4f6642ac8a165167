package effects

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"callgate/detectors/money"
	"callgate/detectors/reach"
)

// The roles of targets.
const (
	Recipient = "recipient"
	Payee     = "payee"
	Host      = "host"
	Path      = "path"
)

var targetRoles = []string{Host, Path, Payee, Recipient}

// Target is whom or what a call reaches: one value of one argument.
type Target struct {
	Role    string
	Pointer string   // into the arguments
	Value   string   // as written, cut off where it is long; of a URL the host alone
	Within  []string // Value in its normal form and all that contains it, the closest first; empty for what can not be read
}

// MaxTargets is how many targets of one call are read. Where there are more,
// each role that is cut short gets one that can not be read, so that rules
// refuse.
const MaxTargets = 256

// longestValue is how many bytes of a value are kept as written.
const longestValue = 200

// targets lists whom or what the call reaches, in order of role and pointer.
func (w *walk) targets(effects []string, urls []reached) []Target {
	var t targetList
	reads := harmless(effects)
	for h, role := range w.counting(effects) {
		if role != "recipients" || !reads {
			t.read(role, h.at, h.value)
		}
	}
	for _, u := range urls {
		t.place(Host, u.at, reach.URL(u.url))
	}
	return t.cut()
}

// counting gives the values whose roles hold for a call of these effects, each
// value once per role. Who is paid is no recipient besides.
func (w *walk) counting(effects []string) iter.Seq2[hit, string] {
	return func(yield func(hit, string) bool) {
		var at string
		var seen []string
		for _, h := range w.hits {
			r := &w.book.rules[h.rule]
			if h.at != at {
				at, seen = h.at, seen[:0]
			}
			if slices.Contains(seen, r.Role) || !w.counts(h.rule, effects) || r.Role == "recipients" && slices.Contains(seen, "payee") {
				continue
			}
			seen = append(seen, r.Role)
			if !yield(h, r.Role) {
				return
			}
		}
	}
}

// counts reports a rule that holds for a call of these effects.
func (w *walk) counts(rule int, effects []string) bool {
	r := &w.book.rules[rule]
	return r.stated || w.plan.open[rule] && (len(r.Effects) == 0 || meet(r.Effects, effects))
}

// targetList is the targets found so far.
type targetList []Target

func targetRole(role string) string {
	switch role {
	case "recipients":
		return Recipient
	case "payee":
		return Payee
	case "urls", "hosts":
		return Host
	case "paths":
		return Path
	}
	return ""
}

// read reads the value of an argument with a role.
func (t *targetList) read(role, at string, v gjson.Result) {
	as := targetRole(role)
	text, ok := simple(v)
	switch {
	case as == "":
	case !ok:
		*t = append(*t, Target{Role: as, Pointer: at})
	case as == Recipient:
		for _, place := range reach.Mailboxes(text) {
			t.place(as, at, place)
		}
	case as == Payee:
		t.place(as, at, payee(text))
	case as == Host && strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "file:"):
		t.place(Path, at, reach.File(strings.TrimSpace(text)))
	case as == Host:
		t.place(as, at, reach.URL(text))
	case as == Path:
		t.place(as, at, reach.File(text))
	}
}

// simple gives the text of a value that names something: a text, or a whole
// number such as the id of a chat.
func simple(v gjson.Result) (string, bool) {
	switch v.Type {
	case gjson.String:
		return v.Str, true
	case gjson.Number:
		return v.Raw, !strings.ContainsAny(v.Raw, ".eE")
	}
	return "", false
}

func payee(text string) reach.Place {
	place := reach.Place{Kind: reach.Mailbox, Written: text}
	if name := money.Payee(text); name != "" {
		place.Within = []string{name}
	}
	return place
}

// place adds what a text names, in the role that this has.
func (t *targetList) place(role, at string, p reach.Place) {
	switch {
	case p.Kind == reach.Nothing:
		return
	case role == Host && p.Kind == reach.Path:
		role = Path
	case role == Host && p.Kind == reach.Mailbox:
		role = Recipient
	}
	*t = append(*t, Target{Role: role, Pointer: at, Value: cutOff(p.Written), Within: p.Within})
}

func cutOff(text string) string {
	if len(text) > longestValue {
		text = text[:longestValue]
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// cut puts the targets in order and keeps MaxTargets of them.
func (t targetList) cut() []Target {
	slices.SortStableFunc(t, func(a, b Target) int {
		return cmp.Or(strings.Compare(a.Role, b.Role), strings.Compare(a.Pointer, b.Pointer))
	})
	if len(t) <= MaxTargets {
		return t
	}
	kept, rest := t[:MaxTargets:MaxTargets], t[MaxTargets:]
	for _, role := range targetRoles {
		if slices.ContainsFunc(rest, func(x Target) bool { return x.Role == role }) {
			kept = append(kept, Target{Role: role})
		}
	}
	return kept
}
