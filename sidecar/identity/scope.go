package identity

import (
	"fmt"
	"slices"
	"strings"
)

// Effects is the closed set of what a call can do.
var Effects = []string{"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown"}

// Domains is the closed set of what a call can do it to.
var Domains = []string{"mail", "calendar", "chat", "crm", "finance", "files", "code", "web", "database", "identity", "other"}

// Scope permits an effect on a domain. Either may be "*", for any of its set.
type Scope struct{ Domain, Effect string }

// String is "domain:effect".
func (s Scope) String() string { return s.Domain + ":" + s.Effect }

// ParseScope reads "domain:effect". Both must be "*" or words of the closed
// sets, exactly as written there.
func ParseScope(s string) (Scope, error) {
	domain, effect, ok := strings.Cut(s, ":")
	switch {
	case !ok:
		return Scope{}, fmt.Errorf("scope %q is not of the form domain:effect", s)
	case domain != "*" && !slices.Contains(Domains, domain):
		return Scope{}, fmt.Errorf("scope %q names no known domain", s)
	case effect != "*" && !slices.Contains(Effects, effect):
		return Scope{}, fmt.Errorf("scope %q names no known effect", s)
	}
	return Scope{Domain: domain, Effect: effect}, nil
}
