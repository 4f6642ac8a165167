package secrets

import (
	"strings"

	"callgate/detectors"
)

// pem takes a private key in PEM armour that starts at i and gives the last
// byte that was taken. A key without an end reaches to the end of the text.
func (f *finder) pem(i int) int {
	const begin, longestLabel = "-----BEGIN ", 64
	if !strings.HasPrefix(f.text[i:], begin) {
		return i
	}
	label := f.text[i+len(begin) : min(len(f.text), i+len(begin)+longestLabel)]
	if dash := strings.Index(label, "-----"); dash >= 0 {
		label = label[:dash]
	}
	if !strings.Contains(label, "PRIVATE KEY") {
		return i
	}
	end := len(f.text)
	if at := strings.Index(f.text[i:], "-----END "); at >= 0 {
		end = i + at + len("-----END ")
		if dash := strings.Index(f.text[end:min(len(f.text), end+longestLabel)], "-----"); dash >= 0 {
			end += dash + len("-----")
		}
	}
	f.add("private_key", detectors.High, i, end)
	return end - 1
}

// authorization looks for the value of an Authorization header at a word.
func (f *finder) authorization(i int) {
	const shortest = 16
	scheme := ""
	switch f.text[i] | 0x20 {
	case 'b':
		for _, s := range []string{"bearer ", "basic "} {
			if len(f.text)-i > len(s) && strings.EqualFold(f.text[i:i+len(s)], s) {
				scheme = s
			}
		}
	case 't':
		if len(f.text)-i > 6 && strings.EqualFold(f.text[i:i+6], "token ") && i > 2 && f.text[i-2] == ':' {
			scheme = "token "
		}
	}
	if scheme == "" {
		return
	}
	start := i + len(scheme)
	end := start
	for end < len(f.text) && wide[f.text[end]] {
		end++
	}
	value := strings.TrimRight(f.text[start:end], ".:")
	letters, numbers := mix(value)
	if len(value) < shortest || letters == 0 || numbers == 0 && entropy(value) < 4 || placeholder(value) {
		return
	}
	f.add(strings.TrimSpace(scheme)+"_credential", detectors.High, start, start+len(value))
}

// urlPassword takes the password of a URL whose @ is at i.
func (f *finder) urlPassword(i int) {
	const longest = 256
	from := max(0, i-longest)
	scheme := strings.LastIndex(f.text[from:i], "://")
	if scheme < 0 {
		return
	}
	user := f.text[from+scheme+3 : i]
	colon := strings.IndexByte(user, ':')
	if colon < 0 || strings.ContainsAny(user, " \t\n/?#\"'<>") || colon+1 == len(user) {
		return
	}
	if password := user[colon+1:]; !dullPassword(password) {
		f.add("url_password", detectors.High, i-len(password), i)
	}
}

func dullPassword(password string) bool {
	switch {
	case strings.Contains(password, markStart), strings.HasPrefix(password, "$"), strings.HasPrefix(password, "{"), strings.HasPrefix(password, "<"):
		return true
	case strings.Trim(password, "*x") == "":
		return true
	}
	return false
}

// telegram takes a bot token: its number, a colon, and 35 characters.
func (f *finder) telegram(i int) {
	end := i
	for end < len(f.text) && class[f.text[end]] == digitByte {
		end++
	}
	if n := end - i; n < 8 || n > 10 || !strings.HasPrefix(f.text[end:], ":A") {
		return
	}
	body := end + 1
	for end = body; end < len(f.text) && base[f.text[end]]; end++ {
	}
	if end-body == 35 {
		f.add("telegram_token", detectors.High, i, end)
	}
}

// card takes a card number: 13 to 19 digits, by itself or in groups of four
// or so, of a range that cards have and with a right check digit (ISO/IEC
// 7812).
func (f *finder) card(i int) {
	const fewest, most = 13, 19
	var number [most]byte
	n, end := 0, i
	for j := i; j < len(f.text); j++ {
		c := f.text[j]
		switch {
		case class[c] == digitByte:
			if n == most {
				return
			}
			number[n] = c - '0'
			n, end = n+1, j+1
			continue
		case (c == ' ' || c == '-') && n >= 4 && n < most && j+1 < len(f.text) && class[f.text[j+1]] == digitByte && class[f.text[j-1]] == digitByte:
			continue
		}
		break
	}
	if end < len(f.text) && (alnum(f.text[end]) || f.text[end] == '_') || n < fewest || !cardRange(number[:n]) || !luhn(number[:n]) {
		return
	}
	f.add("card_number", detectors.Low, i, end)
}

// cardRange knows the ranges of the large schemes and their lengths.
func cardRange(n []byte) bool {
	two := int(n[0])*10 + int(n[1])
	four := two*100 + int(n[2])*10 + int(n[3])
	switch {
	case n[0] == 4:
		return len(n) == 13 || len(n) == 16 || len(n) == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return len(n) == 16
	case two == 34, two == 37:
		return len(n) == 15
	case two == 36, two == 38, two == 30:
		return len(n) == 14
	case two == 35, two == 62, two == 65, four == 6011:
		return len(n) == 16
	}
	return false
}

func luhn(n []byte) bool {
	sum := 0
	for i := range n {
		d := int(n[len(n)-1-i])
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
