package secrets

import "strings"

// holders are parts of values that stand for a value.
var holders = []string{"${", "$(", "{{", "%(", "<", "...", "***", "xxx", "example", "changeme", "change_me", "change-me", "your", "placeholder",
	"redacted", "dummy", "sample", "insert", "replace", "process.env", "os.environ", "getenv", "env.", "secrets.", "config.", "vault:",
	"arn:aws", "todo", "\u2026", "\u2022"}

// placeholder reports that a value stands for another one or for none.
func placeholder(v string) bool {
	if v == "" || distinct(v) <= 2 || strings.IndexByte("$%{[&*#", v[0]) >= 0 && only(v[1:], &reference) {
		return true
	}
	low := strings.ToLower(v[:min(len(v), 256)])
	for _, h := range holders {
		if strings.Contains(low, h) {
			return true
		}
	}
	return false
}

// reference is what the name of a variable is written with.
var reference = setOf("_-.}])%{[: ", &letters)

// label reports words that a field shows or that name its type.
func label(v string) bool { return labels[strings.ToLower(v)] }

var labels = wordSet("string text str none null nil true false undefined required optional hidden password passwd passwort kennwort pass pwd " +
	"secret token user username empty unknown number boolean object bearer basic strong invalid incorrect missing expired disabled enabled " +
	"default masked encrypted")

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// marksOfPasswords are signs that people put into passwords and seldom into
// other words.
var marksOfPasswords = setOf("!@#$%^*?~+")

// passwordLike judges a value that is given to a password's name.
func passwordLike(v string, quoted bool) bool {
	if len(v) < 6 || placeholder(v) || label(v) || strings.ContainsFunc(v, isSpace) || path(v) || expression(v, quoted) {
		return false
	}
	spelled := hasLetter(v)
	switch {
	case has(v, &digits):
		return spelled || len(v) <= 16
	case has(v[:len(v)-1], &marksOfPasswords), quoted && has(v, &marksOfPasswords):
		return spelled
	}
	return quoted && turns(v) > 2 && !slug(v)
}

// expression reports source that is computed, such as read(0).
func expression(v string, quoted bool) bool {
	return strings.ContainsAny(v, "()[]") && (!quoted || only(strings.Trim(v, "()[]"), &reference))
}

// bareWord accepts a plain word that is the whole value of a password's
// member. Labels in a form begin with a capital or are words like "required".
func bareWord(v string) bool {
	return len(v) >= 6 && len(v) <= longestName && only(v, &lower) && !label(v) && !placeholder(v)
}

// credentialLike judges a value that is given to the name of something drawn
// by a program.
func credentialLike(v string, quoted bool) bool {
	if len(v) < 8 || strings.ContainsFunc(v, isSpace) || path(v) || strings.ContainsAny(v, "()[]{}<>") {
		return false
	}
	if !quoted && identifier(v) {
		return false
	}
	return drawn(v)
}

// serviceLike judges a value that is given to the name of a service.
func serviceLike(v string) bool {
	return len(v) >= 16 && only(v, &padded) && drawn(v) && !uuid(v)
}

// uuid reports the form of RFC 9562: those are names, not keys.
func uuid(v string) bool {
	return len(v) == 36 && v[8] == '-' && v[13] == '-' && v[18] == '-' && v[23] == '-' && only(strings.ReplaceAll(v, "-", ""), &anyHex)
}

// drawn reports that a value looks made by chance: letters and digits mixed,
// or small and capital letters, and not words put together.
func drawn(v string) bool {
	if placeholder(v) || !hasLetter(v) || slug(v) || distinct(v) < min(6, len(v)/2) {
		return false
	}
	return has(v, &digits) || len(v) >= 20 && turns(v) >= len(v)/4
}

// slug reports words and numbers put together: "prod-db-01", "v1.2.3-beta".
func slug(v string) bool {
	for i := 0; i < len(v); {
		end := run(v, i, &alnum)
		if end == i {
			i++
			continue
		}
		if part := v[i:end]; !wordOrNumber(part) {
			return false
		}
		i = end
	}
	return true
}

func wordOrNumber(part string) bool {
	switch {
	case only(part, &digits), len(part) <= 4:
		return true
	case only(part, &letters):
		return turns(part) <= max(2, len(part)/4)
	}
	return false
}

// identifier reports what names something in source, such as oauth2Token or
// parser.next_token2.
func identifier(v string) bool {
	const longest = 16
	if !strings.Contains(v, ".") {
		return len(v) < longest && only(v, &word) && fewDigits(v)
	}
	for part := range strings.SplitSeq(v, ".") {
		if !only(part, &word) || has(part, &digits) && !fewDigits(part) {
			return false
		}
	}
	return true
}

// fewDigits reports letters with one short number in them.
func fewDigits(v string) bool {
	first := strings.IndexAny(v, "0123456789")
	if first <= 0 {
		return false
	}
	end := run(v, first, &digits)
	return end-first <= 3 && !has(v[end:], &digits)
}

// path reports a place in a file system or an address. Those stay in view:
// others have to be able to judge them.
func path(v string) bool {
	for _, start := range [...]string{"/", "./", "~/", `\\`} {
		if strings.HasPrefix(v, start) {
			return true
		}
	}
	return strings.Contains(v, "..") || strings.Contains(v, "://") || strings.Contains(v, `:\`)
}

func isSpace(r rune) bool { return r <= ' ' || r == '\u00A0' }

func hasLetter(v string) bool {
	for i := range len(v) {
		if letters[v[i]] || v[i] >= 0x80 {
			return true
		}
	}
	return false
}
