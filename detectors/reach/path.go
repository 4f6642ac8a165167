package reach

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
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
	case text == "", len(text) > Longest, control(text), !utf8.ValidString(text), strings.HasPrefix(p, "//"),
		strings.ContainsAny(p, "$`"), p != "~" && strings.HasPrefix(p, "~") && !strings.HasPrefix(p, "~/"),
		p != text && climbs(p), misleads(p):
		return unreadable(text)
	}
	switch {
	case !drive(p) && !drive(path.Clean(p)):
		p = path.Clean(p)
	case drive(p) && strings.HasPrefix(p[2:], "/"):
		p = strings.ToLower(p[:2]) + path.Clean(p[2:])
	default:
		return unreadable(text) // relative to the folder that is open on the drive, or to this one
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
		case slash == 2 && drive(p) && len(p) > 3:
			return append(out, p[:3])
		case slash > 0 && slash < len(p)-1: // not "c:/"
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

// drive reports a path that begins with the letter of a drive.
func drive(p string) bool {
	return len(p) > 1 && p[1] == ':' && (p[0]|0x20 >= 'a' && p[0]|0x20 <= 'z')
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
