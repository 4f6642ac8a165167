package config

import (
	"fmt"
	"strings"
)

// Reference gives the Markdown table of every key, its type, default and
// meaning, as the README shows it. It ends with a line break.
func Reference() string {
	var b strings.Builder
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	reference(&b, "", new(Config).keys())
	return b.String()
}

func reference(b *strings.Builder, at string, keys []key) {
	for _, k := range keys {
		if k.later {
			continue
		}
		def := ""
		if k.def != "" {
			def = "`" + k.def + "`"
		}
		full := join(at, k.name)
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", full, k.kind, def, k.doc)
		switch k.each {
		case "":
		case "[]":
			full += k.each
		default:
			full = join(full, k.each)
		}
		reference(b, full, k.below)
	}
}

// words lists the words of a closed set as Markdown.
func words(set []string) string { return "`" + strings.Join(set, "` `") + "`" }

// index is the path of an item of a list.
func index(at string, i int) string { return fmt.Sprintf("%s[%d]", at, i) }
