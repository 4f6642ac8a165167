package policy

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/util"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// forms are what METADATA may say that the texts of a setting are. Each brings
// a text into the one form in which it can be found among what a call reaches,
// or gives "" where it is none at all.
var forms = map[string]func(string) string{
	"host":    hostForm,
	"domain":  domainForm,
	"mailbox": mailboxForm,
}

// misfit says what is wrong with a value of a setting, each item of a list by
// itself, and what to write. It gives "" where nothing is.
func (s setting) misfit(value any) (wrong, fix string) {
	items, isList := value.([]any)
	if !isList {
		items = []any{value}
	}
	for _, item := range items {
		known := func(one any) bool { return util.Compare(one, item) == 0 }
		if s.OneOf != nil && !slices.ContainsFunc(s.OneOf, known) {
			wrong = "has no known value"
			if isList {
				wrong = "has the unknown item " + written(item)
			}
			return wrong, fmt.Sprintf("use one of %v", s.OneOf)
		}
		form := forms[s.Form]
		if text, _ := item.(string); form != nil && form(text) != text {
			return fmt.Sprintf("has the item %s, which no %s is ever written as", written(item), s.Form), advice(s.Form, form(text))
		} else if form != nil && text == "" {
			return "has an empty item", advice(s.Form, "")
		}
	}
	return "", ""
}

// advice is what to write in place of an item.
func advice(form, better string) string {
	switch {
	case better != "":
		return "write " + better
	case form == "host":
		return "write a name such as example.com, an address, or a range as BASE/LENGTH"
	case form == "mailbox":
		return "write an address such as eve@example.com, or a domain"
	}
	return "write a domain such as example.com"
}

// domainLabel is a part of a name between dots, in the form of RFC 1123 and with
// the underscores that some have.
var domainLabel = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)

// domainForm is a name in lower case, without a wildcard or a dot at its ends,
// and in the form that resolvers use.
func domainForm(text string) string {
	name := strings.ToLower(strings.TrimSpace(text))
	name = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(name, "*"), "."), ".")
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		name = ascii
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !domainLabel.MatchString(label) {
			return ""
		}
	}
	if last := labels[len(labels)-1]; len(name) > 253 || strings.Trim(last, "0123456789") == "" {
		return "" // a reader takes it for an address
	}
	return name
}

// hostForm is a name, an address or a range.
func hostForm(text string) string {
	host := strings.TrimSpace(text)
	if prefix, err := netip.ParsePrefix(host); err == nil {
		if bits := prefix.Bits() - 96; prefix.Addr().Is4In6() && bits >= 0 { // calls reach the IPv4 address
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), bits)
		}
		return prefix.Masked().String()
	}
	if _, after, ok := strings.Cut(host, "://"); ok {
		host = after
	}
	host, _, _ = strings.Cut(host, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	if at, err := netip.ParseAddrPort(host); err == nil {
		return at.Addr().WithZone("").Unmap().String()
	}
	if address, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return address.WithZone("").Unmap().String()
	}
	host, _, _ = strings.Cut(host, ":")
	return domainForm(host)
}

// mailboxForm is an address of mail, a domain, or another name that stands for
// somebody, such as a channel.
func mailboxForm(text string) string {
	text = strings.ToLower(norm.NFKC.String(strings.TrimSpace(text)))
	user, domain := "", text
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		user, domain = text[:at], domainForm(text[at+1:])
	} else if name := domainForm(text); name != "" && strings.Contains(text, ".") {
		domain = name
	}
	switch {
	case user == "" && !strings.ContainsAny(domain, `*,;"(:%`):
		return domain
	case domain == "", user == "", strings.ContainsAny(user, `%!@" ,;<>`):
		return ""
	}
	return user + "@" + domain
}
