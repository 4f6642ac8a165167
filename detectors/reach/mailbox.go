package reach

import (
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Mailboxes reads a list of recipients, separated by commas or semicolons: mail
// addresses, alone or as "A <a@example.com>", and names that stand for somebody,
// such as a channel. An address is within its domain and the domains around
// that; a name is within nothing but itself, in lower case. Each part that
// cannot be read is a place of its own.
func Mailboxes(text string) []Place {
	text = strings.TrimSpace(text)
	if len(text) > Longest || control(text) {
		return []Place{unreadable(text)}
	}
	text = norm.NFKC.String(text) // other forms of the signs that divide and of "@" count as these
	if strings.ContainsAny(text, `"(:`) && strings.Contains(text, "@") {
		return addresses(text)
	}
	var out []Place
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' }) {
		switch part = strings.TrimSpace(part); {
		case part == "":
		case strings.Contains(part, "%40"), strings.Contains(part, "%25"): // "@" for who decodes it
			out = append(out, unreadable(part))
		case strings.LastIndexByte(part, '@') <= 0:
			out = append(out, Place{Kind: Mailbox, Written: part, Within: []string{norm.NFKC.String(strings.ToLower(part))}})
		default:
			out = append(out, addresses(part)...)
		}
	}
	return out
}

// addresses reads mail addresses in the form of RFC 5322. A sign of an address
// that is in none of those found may be what another reader takes for one.
func addresses(text string) []Place {
	list, err := mail.ParseAddressList(text)
	if err != nil || strings.Count(text, "@") != len(list) {
		return []Place{unreadable(text)}
	}
	out := make([]Place, len(list))
	for i, address := range list {
		out[i] = mailbox(address.Address)
	}
	return out
}

// mailbox reads one address. Signs by which servers were told to pass mail on
// make it unreadable.
func mailbox(address string) Place {
	at := strings.LastIndexByte(address, '@')
	domain, err := idna.Lookup.ToASCII(strings.TrimSuffix(address[at+1:], "."))
	user := strings.ToLower(norm.NFKC.String(address[:at]))
	if err != nil || !plain(domain) || user == "" || strings.ContainsAny(user, `%!@" ,;<>`) {
		return unreadable(address)
	}
	return Place{Kind: Mailbox, Written: address, Within: append([]string{user + "@" + domain}, domains(domain)...)}
}
