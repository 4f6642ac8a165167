package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// Headers that a key is presented in. The first is for clients whose
// Authorization belongs to the upstream's own scheme.
const (
	headerKey           = "X-Callgate-Key"
	headerAuthorization = "Authorization"
)

const (
	idBytes     = 5 // 8 letters of base32
	secretBytes = 32
	saltBytes   = 16
	keyPrefix   = "cg_"
	hashVersion = "v1"
)

var (
	nameForm = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	keyForm  = regexp.MustCompile(`^cg_([a-z2-7]{8})_[A-Za-z0-9_-]{43}$`)
	hashForm = regexp.MustCompile(`^v1:([a-z2-7]{8}):([A-Za-z0-9_-]{22}):([A-Za-z0-9_-]{43})$`)

	letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
)

// NewKey makes a key for a caller, "cg_<id>_<secret>", and the hash of it that
// the configuration holds, "v1:<id>:<salt>:<HMAC-SHA256 of the key under the
// salt>". The secret is 256 random bits, so one round of a fast hash is enough.
// The key cannot be made again from the hash.
func NewKey(name string) (key, hash string, err error) {
	if !nameForm.MatchString(name) {
		return "", "", errors.New("identity: a name is 1 to 64 of the letters a-z, digits, _ and -")
	}
	random := make([]byte, idBytes+secretBytes+saltBytes)
	if _, err := rand.Read(random); err != nil {
		return "", "", fmt.Errorf("identity: read randomness: %w", err)
	}
	id := letters.EncodeToString(random[:idBytes])
	salt := random[idBytes+secretBytes:]
	key = keyPrefix + id + "_" + base64.RawURLEncoding.EncodeToString(random[idBytes:idBytes+secretBytes])
	hash = strings.Join([]string{
		hashVersion, id, base64.RawURLEncoding.EncodeToString(salt), base64.RawURLEncoding.EncodeToString(sum(salt, key)),
	}, ":")
	return key, hash, nil
}

// sum is what is stored in place of a key.
func sum(salt []byte, key string) []byte {
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(key))
	return mac.Sum(nil)
}

// keyring holds the callers that have keys, by the id in the key.
type keyring map[string]lock

type lock struct {
	salt, sum []byte
	caller    Caller
}

// add takes a caller with the hash of its key.
func (r keyring) add(c Caller) error {
	m := hashForm.FindStringSubmatch(c.Key)
	if m == nil {
		return errors.New("its key is not a keyed hash")
	}
	if _, taken := r[m[1]]; taken {
		return errors.New("another caller has this key")
	}
	salt, err := base64.RawURLEncoding.Strict().DecodeString(m[2])
	if err != nil {
		return errors.New("the salt of its key is not base64url")
	}
	digest, err := base64.RawURLEncoding.Strict().DecodeString(m[3])
	if err != nil {
		return errors.New("the hash of its key is not base64url")
	}
	c.Key, c.Auth = "", AuthKey
	r[m[1]] = lock{salt: salt, sum: digest, caller: c}
	return nil
}

// authenticate is an Authenticator.
func (r keyring) authenticate(header http.Header) (Caller, error) {
	key, err := presented(header)
	if err != nil {
		return Caller{}, err
	}
	m := keyForm.FindStringSubmatch(key)
	if m == nil {
		return Caller{}, ErrUnknownKey
	}
	// An unknown id is compared like a known one, with a lock that no key fits.
	l := r[m[1]]
	if !hmac.Equal(sum(l.salt, key), l.sum) {
		return Caller{}, ErrUnknownKey
	}
	return l.caller, nil
}

// presented finds the one credential of a request. Where X-Callgate-Key is
// there, an Authorization of another scheme is the upstream's business; alone,
// it is a credential that nobody here knows.
func presented(header http.Header) (string, error) {
	own, auth := header.Values(headerKey), header.Values(headerAuthorization)
	if len(own) > 1 || len(auth) > 1 {
		return "", ErrTwoKeys
	}
	bearer, isKey := "", false
	if len(auth) == 1 {
		bearer, isKey = bearerKey(auth[0])
	}
	switch {
	case len(own) == 0 && len(auth) == 0:
		return "", ErrNoKey
	case len(own) == 0 && !isKey:
		return "", ErrUnknownKey
	case len(own) == 0:
		return bearer, nil
	case isKey && !hmac.Equal([]byte(bearer), []byte(own[0])):
		return "", ErrTwoKeys
	}
	return own[0], nil
}

// bearerKey takes a key out of an Authorization header, if it is one of ours.
func bearerKey(value string) (string, bool) {
	scheme, token, _ := strings.Cut(value, " ")
	token = strings.TrimLeft(token, " ")
	return token, strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(token, keyPrefix)
}
