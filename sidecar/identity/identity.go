// Package identity tells who calls: a service account known by its key, or the
// local caller that needs none.
//
// It guarantees that a credential which was presented and is not known is
// refused, never taken for the local caller; that keys are compared in constant
// time; and that no error holds text of a key. Only a keyed hash is needed to
// know a key, so a configuration that leaks gives no access.
//
// It does not decide what a caller may do, and it does not see the network:
// whether a peer is on the loopback address is told to it.
package identity

import (
	"errors"
	"fmt"
	"net/http"
)

// How a caller is known.
const (
	AuthKey   = "key"   // by a key
	AuthLocal = "local" // as the client on the loopback address
	AuthStdio = "stdio" // as the parent process
)

// Errors of Authenticate. None holds anything that the client sent.
var (
	// ErrNoKey: no credential was presented and there is no caller without one.
	ErrNoKey = errors.New("identity: no key was presented")
	// ErrUnknownKey: a credential was presented and is nobody's.
	ErrUnknownKey = errors.New("identity: the key is not known")
	// ErrTwoKeys: more than one credential was presented.
	ErrTwoKeys = errors.New("identity: two different keys were presented")
)

// Caller is a service account. The zero value is nobody and holds no scope. Its
// slices are shared and must not be changed.
type Caller struct {
	Name   string
	Auth   string // how the caller is known; empty before Authenticate
	Scopes []string
	Roles  []string

	Key   string // hash of its key, for New; empty in what Authenticate gives
	Local bool   // may call without a key, for New
}

// Authenticator knows callers by one kind of credential. It gives ErrNoKey
// where the header holds no credential of its kind, and any other error where
// it holds one that is refused.
type Authenticator func(header http.Header) (Caller, error)

// Directory knows the callers of a configuration. It is immutable and safe for
// concurrent use. The zero value knows nobody.
type Directory struct {
	known []Authenticator // asked in order; the first that is not ErrNoKey decides
	local *Caller
}

// New makes a directory. Each caller has a name of its own and either a key
// hash or the local mark; at most one is local.
func New(callers []Caller) (*Directory, error) {
	d, keys, names := &Directory{}, keyring{}, map[string]bool{}
	for i, c := range callers {
		switch {
		case !nameForm.MatchString(c.Name):
			return nil, fmt.Errorf("identity: caller %d has no valid name", i)
		case names[c.Name]:
			return nil, fmt.Errorf("identity: two callers are named %s", c.Name)
		case (c.Key != "") == c.Local:
			return nil, fmt.Errorf("identity: caller %s needs a key or the local mark, and not both", c.Name)
		case c.Local && d.local != nil:
			return nil, fmt.Errorf("identity: callers %s and %s are both local", d.local.Name, c.Name)
		}
		names[c.Name] = true
		for _, scope := range c.Scopes {
			if _, err := ParseScope(scope); err != nil {
				return nil, fmt.Errorf("identity: caller %s: %w", c.Name, err)
			}
		}
		if c.Local {
			d.local = &Caller{Name: c.Name, Scopes: c.Scopes, Roles: c.Roles}
			continue
		}
		if err := keys.add(c); err != nil {
			return nil, fmt.Errorf("identity: caller %s: %w", c.Name, err)
		}
	}
	d.known = []Authenticator{keys.authenticate}
	return d, nil
}

// Authenticate tells who sent a request. Loopback says that the peer is on this
// machine; only then may it be the local caller, and only when it presented no
// credential at all.
func (d *Directory) Authenticate(header http.Header, loopback bool) (Caller, error) {
	for _, known := range d.known {
		if c, err := known(header); !errors.Is(err, ErrNoKey) {
			return c, err
		}
	}
	if d.local == nil || !loopback || len(header.Values(headerKey))+len(header.Values(headerAuthorization)) > 0 {
		return Caller{}, ErrNoKey
	}
	c := *d.local
	c.Auth = AuthLocal
	return c, nil
}
