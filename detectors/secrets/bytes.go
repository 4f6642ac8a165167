package secrets

import "math/bits"

// byteSet is a set of bytes.
type byteSet [256]bool

func setOf(of string, more ...*byteSet) byteSet {
	var set byteSet
	for i := range len(of) {
		set[of[i]] = true
	}
	for _, other := range more {
		for c, in := range other {
			set[c] = set[c] || in
		}
	}
	return set
}

var (
	digits    = setOf("0123456789")
	upper     = setOf("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	lower     = setOf("abcdefghijklmnopqrstuvwxyz")
	lowerHex  = setOf("abcdef", &digits)
	anyHex    = setOf("ABCDEF", &lowerHex)
	letters   = setOf("", &upper, &lower)
	alnum     = setOf("", &letters, &digits)
	capitals  = setOf("", &upper, &digits)
	base32    = setOf("234567", &lower)
	word      = setOf("_", &alnum)
	dash      = setOf("-", &word) // base64url without padding
	dotted    = setOf(".", &dash)
	padded    = setOf("=", &dash)
	wide      = setOf(".", &padded)
	base64    = setOf("+/=", &alnum)
	tilde     = setOf("~", &dotted)
	token68   = setOf("~", &wide, &base64) // RFC 9110
	pathBytes = setOf("/", &dash)
	spacing   = setOf(" \t\r\n")
)

// only reports that s holds nothing but bytes of set.
func only(s string, set *byteSet) bool { return run(s, 0, set) == len(s) }

// has reports that s holds a byte of set.
func has(s string, set *byteSet) bool {
	for i := range len(s) {
		if set[s[i]] {
			return true
		}
	}
	return false
}

// run gives the end of the bytes of set that begin at i.
func run(s string, i int, set *byteSet) int {
	for i < len(s) && set[s[i]] {
		i++
	}
	return i
}

// runUpTo is run, but looks no further than one byte past most.
func runUpTo(s string, i int, set *byteSet, most int) int {
	return run(s[:min(len(s), i+most+1)], i, set)
}

// distinct counts the different bytes of s; beyond ASCII some count as one.
func distinct(s string) int {
	var low, high uint64
	for i := range len(s) {
		if c := s[i]; c < 64 {
			low |= 1 << c
		} else {
			high |= 1 << (c & 63)
		}
	}
	return bits.OnesCount64(low) + bits.OnesCount64(high)
}
