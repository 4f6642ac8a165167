package reach

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// deepest is how many folders a path may name; a deeper one is unreadable.
const deepest = 128

// File reads a path: with slashes, cleaned, and within its folders up to "/", or
// "." for a relative one. One that leaves the folder it is relative to is within
// "..", not ".". A drive's letter is small. Unreadable are what only some readers
// would expand or decode into another path, and shares on other machines.
func File(text string) Place {
	if strings.HasPrefix(strings.ToLower(text), "file:") {
		return filePath(text[len("file:"):])
	}
	p := strings.ReplaceAll(text, `\`, "/")
	switch {
	case text == "", len(text) > Longest, control(text), strings.HasPrefix(p, "//"),
		strings.ContainsAny(p, "$`"), p != "~" && strings.HasPrefix(p, "~") && !strings.HasPrefix(p, "~/"),
		p != text && climbs(p), misleads(p):
		return unreadable(text)
	}
	p = path.Clean(p)
	if len(p) > 1 && p[1] == ':' {
		p = strings.ToLower(p[:1]) + p[1:]
		if !strings.HasPrefix(p[2:], "/") {
			return unreadable(text) // relative to the folder of that drive
		}
	}
	if strings.Count(p, "/") > deepest {
		return unreadable(text)
	}
	return Place{Kind: Path, Written: strings.ToValidUTF8(text[:min(len(text), shown)], "\ufffd"), Within: folders(p)}
}

// folders gives a clean path and the folders around it.
func folders(p string) []string {
	out := []string{p}
	for {
		slash := strings.LastIndexByte(p, '/')
		switch {
		case slash > 0 && p[slash-1] == ':' && slash < len(p)-1:
			return append(out, p[:slash+1]) // "c:/"
		case slash > 0 && slash < len(p)-1:
			p = p[:slash]
		case slash == 0 && p != "/":
			return append(out, "/")
		case slash < 0 && p != "." && p != ".." && p != "~":
			return append(out, ".")
		default:
			return out
		}
		out = append(out, p)
	}
}

// climbs reports a step up.
func climbs(p string) bool { return slices.Contains(strings.Split(p, "/"), "..") }

// misleads reports escapes that, decoded, are another path.
func misleads(p string) bool {
	if !strings.Contains(p, "%") {
		return false
	}
	plain, err := url.PathUnescape(p)
	if err != nil {
		return false // a lone sign, which nothing decodes
	}
	return plain != p && (climbs(plain) || control(plain) || strings.ContainsAny(plain, `%\`) || strings.Count(plain, "/") != strings.Count(p, "/"))
}

// filePath reads what follows "file:". A host in it is another machine.
func filePath(rest string) Place {
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		machine, p, _ := strings.Cut(after, "/")
		if machine != "" && machine != "localhost" {
			return unreadable(rest)
		}
		rest = "/" + p
	}
	plain, err := url.PathUnescape(rest)
	if err != nil || !strings.HasPrefix(plain, "/") || strings.ContainsAny(plain, `%\`) {
		return unreadable(rest)
	}
	if len(plain) > 2 && plain[2] == ':' {
		plain = plain[1:] // "/c:/x"
	}
	return File(plain)
}
