package secrets

import (
	"slices"

	"callgate/detectors"
)

// cardRule matches the numbers of payment cards: the ranges of the large
// networks, written together or in their usual groups, with the check digit of
// ISO/IEC 7812. One number in ten passes that check, so it says little.
var cardRule = rule{name: "card_number", severity: detectors.Low, match: card}

// groupings are the ways in which a card writes its number.
var groupings = [][]int{{4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}, {4, 4, 4, 4, 3}}

const (
	shortestCard = 13
	longestCard  = 19
)

func card(t string, at, _ int) (int, int) {
	if at > 0 && (dotted[t[at-1]] || t[at-1] == '/' || t[at-1] == '%' || t[at-1] == '+') {
		return 0, 0
	}
	number, end := cardDigits(t, at)
	if number == "" || end < len(t) && (dash[t[end]] || t[end] == '/') {
		return 0, 0
	}
	if end+1 < len(t) && (t[end] == '.' || t[end] == ' ') && digits[t[end+1]] {
		return 0, 0
	}
	if !network(number) || !luhn(number) || distinct(number) < 2 {
		return 0, 0
	}
	return at, end
}

// cardDigits reads a number of a card's length, together or in groups with one
// separator throughout, or nothing.
func cardDigits(t string, at int) (number string, end int) {
	end = runUpTo(t, at, &digits, longestCard)
	switch n := end - at; {
	case n >= shortestCard && n <= longestCard:
		return t[at:end], end
	case n != 4 || end == len(t) || t[end] != ' ' && t[end] != '-':
		return "", 0
	}
	separator := t[end]
	number, groups := t[at:end], []int{4}
	for len(groups) < 5 && end+1 < len(t) && t[end] == separator && digits[t[end+1]] {
		i := end + 1
		end = runUpTo(t, i, &digits, longestCard)
		number += t[i:end]
		groups = append(groups, end-i)
	}
	for _, usual := range groupings {
		if slices.Equal(usual, groups) {
			return number, end
		}
	}
	return "", 0
}

// network reports that a number lies in the ranges of Visa, Mastercard,
// American Express, Discover, JCB, Diners Club or UnionPay and has a length
// that they issue.
func network(number string) bool {
	four, n := 0, len(number)
	for _, c := range number[:4] {
		four = four*10 + int(c-'0')
	}
	three, two := four/10, four/100
	switch {
	case two/10 == 4:
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return n == 16
	case two == 34, two == 37:
		return n == 15
	case four == 6011, two == 65, three >= 644 && three <= 649, four >= 3528 && four <= 3589, two == 62:
		return n >= 16
	case three >= 300 && three <= 305, two == 36, two == 38, two == 39:
		return n == 14
	}
	return false
}

func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[i] - '0')
		if (len(number)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
