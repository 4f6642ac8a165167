package config

import (
	"fmt"
	"strings"
)

// names lists the keys that this version serves.
func names(keys []key) []string {
	var list []string
	for _, k := range keys {
		if !k.later {
			list = append(list, k.name)
		}
	}
	return list
}

// suggest is a hint for a word that is not among the known ones.
func suggest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if steps := distance(strings.ToLower(word), k, least); steps < least {
			best, least = k, steps
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known here: " + strings.Join(known, ", ")
}

// distance is how many letters must be put in, taken out or changed to make b
// of a; it is limit where that many or more are needed.
func distance(a, b string, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit)
}
