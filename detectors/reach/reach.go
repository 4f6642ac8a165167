// Package reach reads texts that name whom or what a call reaches: an address
// on the network, a mailbox, a path. It gives each in its normal form together
// with all that contains it, so that a list of allowed or banned domains,
// networks and folders is asked by lookup and not by search.
//
// Readers of such texts differ. Where they could come to different answers the
// text is unreadable and contains nothing, which a rule refuses. Nothing is
// resolved: a name that points inside, and a link in a file system, are not
// found out here. All of it is pure and takes any bytes.
package reach

import "strings"

// Kind is what a text names.
type Kind int

// The kinds. The zero value is a text that cannot be read.
const (
	Unreadable Kind = iota
	Host            // a host on the network
	Mailbox         // a mail address, or a name that stands for somebody
	Path            // a file or folder
	Nothing         // nothing outside: data:, or a part of an address that is known already
)

// Place is what a text names. Within holds its normal form first and then what
// contains that, the closest first; it is empty for what cannot be read.
type Place struct {
	Kind    Kind
	Written string // the part of the text that names it; of a URL the host alone, as the rest may be secret
	Within  []string
}

// Longest is how many bytes a text may have; a longer one is unreadable.
const Longest = 8192

// shown is how many bytes of an unreadable text are kept as written.
const shown = 200

func unreadable(text string) Place {
	if end := strings.IndexAny(text, "?#"); end >= 0 {
		text = text[:end]
	}
	return Place{Written: strings.ToValidUTF8(text[:min(len(text), shown)], "\ufffd")}
}

// domains gives a host name and the domains around it.
func domains(host string) []string {
	out := make([]string, 0, 1+strings.Count(host, "."))
	for {
		out = append(out, host)
		_, rest, ok := strings.Cut(host, ".")
		if !ok {
			return out
		}
		host = rest
	}
}
