package effects

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
	"golang.org/x/text/unicode/norm"

	"callgate/detectors/reach"
)

// about is what the name of an argument says of a value besides its roles.
type about struct {
	prose  bool // it is a text for people
	line   bool // it is one line of a message's head, or several
	label  bool // it says nothing of what is paid, or to whom
	scales bool // it says how often, or in what unit, something is paid
	sender bool // it is who sends, whom nothing reaches
}

// about gives what the name that was spelled last says. What stands in the
// object of a recipient is no prose, whatever it is called.
func (w *walk) about(outer about, under []int) about {
	b, name := w.book, w.name
	recipient := slices.ContainsFunc(under, func(rule int) bool { return b.rules[rule].Role == "recipients" })
	return about{
		prose: !recipient && b.texts[string(name)], sender: !recipient && b.senders[string(name)], label: b.labels[string(name)] || b.texts[string(name)],
		line: outer.line || b.lines[string(name)], scales: outer.scales || b.scales[string(name)],
	}
}

// unnamed notes a text that names whom or what the call reaches by its form,
// where the name of its argument does not say so.
func (w *walk) unnamed(v gjson.Result, rules []int, is about) {
	if v.Type != gjson.String {
		return
	}
	if is.line && strings.ContainsAny(strings.TrimSpace(v.Str), "\r\n") { // another line of the head
		w.hit(w.book.person, v)
		return
	}
	if is.prose || len(v.Str) > reach.Longest {
		return
	}
	text := strings.TrimSpace(v.Str)
	if address.MatchString(text) || isIP(text) || len(rules) == 0 && isURL(text) {
		if !w.has(rules, "urls", "hosts", "amount") {
			w.hit(w.book.stated["urls"][0], v)
		}
		return
	}
	if !is.sender && !w.has(rules, "recipients") && isMailbox(text) {
		w.hit(w.book.person, v)
	}
}

// has reports a rule of one of the roles.
func (w *walk) has(rules []int, roles ...string) bool {
	return slices.ContainsFunc(rules, func(rule int) bool { return slices.Contains(roles, w.book.rules[rule].Role) })
}

// address is a place as git and scp write it, or a file: URL.
var address = regexp.MustCompile(`^(?i:[\w.+-]+@[\w.-]+:[^\s@]+|file:\S+)$`)

// isURL reports that a whole text is an address on the network, whatever its
// argument is called.
func isURL(text string) bool {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || len(scheme) > 5 || strings.ContainsAny(rest, " \t\r\n") {
		return false
	}
	switch strings.ToLower(scheme) {
	case "http", "https", "ws", "wss", "ftp", "ftps", "sftp":
		return true
	}
	return false
}

// isIP reports an IP address, alone or with a port or a path.
func isIP(text string) bool {
	if end := strings.IndexAny(text, `/\?#`); end > 0 {
		text = text[:end]
	}
	if _, err := netip.ParseAddrPort(text); err == nil {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return err == nil
}

var (
	headLine = regexp.MustCompile(`^(?i:resent-)?(?i:to|cc|bcc|reply-to)\s*:`)
	loneMail = regexp.MustCompile(`^[^\s@/:]+(?:@|%40)[^\s@/:]+$`)
)

// isMailbox reports a text that is an address of mail, a list with one, or a
// line of a head that names recipients.
func isMailbox(text string) bool {
	text = norm.NFKC.String(text)
	if headLine.MatchString(text) {
		return true
	}
	if !strings.Contains(text, "@") && !strings.Contains(text, "%40") {
		return false
	}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' }) {
		if part = strings.TrimSpace(part); part != "" && (loneMail.MatchString(part) || mailed(part)) {
			return true
		}
	}
	words := strings.Fields(text)
	return !slices.ContainsFunc(words, func(word string) bool { return !loneMail.MatchString(strings.Trim(word, "<>,;")) })
}

// mailed reports a text that reads as an address: a name alone has no "@".
func mailed(text string) bool {
	return slices.ContainsFunc(reach.Mailboxes(text), func(p reach.Place) bool {
		return len(p.Within) > 1 && strings.Contains(p.Within[0], "@")
	})
}

// changesPayment reports a value that may multiply or split what is paid and
// that no rule accounts for: a number, the text of one, a unit, and any text in
// a list or an object. Labels and prose do not.
func (w *walk) changesPayment(v gjson.Result, rules []int, is about) bool {
	paid := w.has(rules, "amount", "payee")
	switch {
	case is.scales:
		return true
	case v.Type == gjson.Number:
		return !paid
	case v.Type != gjson.String || paid || is.label:
		return false
	}
	return number(v.Str) || w.depth > 1 && !w.has(rules, "currency", "recipients")
}

// placed reports that a catalogue says what is at the pointer.
func (w *walk) placed() bool {
	return slices.ContainsFunc(w.hits, func(h hit) bool { return w.book.rules[h.rule].stated && h.at == string(w.pointer) })
}

var day = regexp.MustCompile(`^\d{4}-\d\d-\d\d`)

// number reports the text of a number. A date is none.
func number(text string) bool {
	if _, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
		return true
	}
	return strings.ContainsFunc(text, unicode.IsNumber) && !strings.ContainsFunc(text, unicode.IsLetter) && !day.MatchString(text)
}
