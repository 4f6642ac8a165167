package effects

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// How deep arguments are read and how many values with a role are looked at.
// Beyond either the arguments are unreadable: the call is unknown.
const (
	maxDepth = 64
	maxHits  = 4096
)

// hit is one value of the arguments that has a role.
type hit struct {
	rule  int // of the role book
	at    string
	value gjson.Result
}

// walk goes through the arguments of one call once.
type walk struct {
	book    *roleBook
	plan    *plan
	pointer []byte
	name    []byte
	depth   int
	guess   bool // names of arguments count
	hits    []hit
	given   set  // names of the arguments that hold something, of those that count
	loose   bool // something that no rule accounts for may change what is paid, or to whom
	over    bool // there is more than is read
}

// newWalk reads arguments, which are an object.
func newWalk(book *roleBook, p *plan, arguments gjson.Result) *walk {
	w := &walk{book: book, plan: p, pointer: make([]byte, 0, 64), name: make([]byte, 0, 64)}
	for _, place := range p.places {
		w.follow(arguments, place.path, book.stated[place.role])
	}
	if !p.alone {
		w.guess, w.given = true, set{}
		w.object(arguments, nil, about{})
	}
	slices.SortFunc(w.hits, func(a, b hit) int { return cmp.Or(strings.Compare(a.at, b.at), a.rule-b.rule) })
	return w
}

// follow goes to the values that a catalogue's path names.
func (w *walk) follow(v gjson.Result, path []string, rules []int) {
	if len(path) == 0 {
		w.value(v, rules, about{prose: true})
		return
	}
	mark, index, array := len(w.pointer), 0, v.IsArray()
	if !array && !v.IsObject() {
		return
	}
	v.ForEach(func(name, member gjson.Result) bool {
		token := name.Str
		if array {
			token = strconv.Itoa(index)
			index++
		}
		if path[0] == "*" || strings.EqualFold(path[0], token) { // as the most forgiving server
			w.push(token)
			w.follow(member, path[1:], rules)
			w.pointer = w.pointer[:mark]
		}
		return true
	})
}

// object goes through the members of an object, which may stand for a value of
// the roles under. Where none of its members holds such a value, the object
// itself is one that cannot be read.
func (w *walk) object(v gjson.Result, under []int, outer about) {
	var found []int
	mark := len(w.pointer)
	v.ForEach(func(name, member gjson.Result) bool {
		w.push(name.Str)
		w.spell(name.Str)
		rules, is := w.rules(under), w.about(outer, under)
		for _, rule := range under {
			if slices.Contains(rules, rule) {
				found = append(found, rule)
			}
		}
		if w.guess && w.book.counted[string(w.name)] && something(member) {
			w.given[string(w.name)] = true
		}
		w.value(member, rules, is)
		w.pointer = w.pointer[:mark]
		return true
	})
	for _, rule := range under {
		if !slices.Contains(found, rule) {
			w.hit(rule, v)
		}
	}
}

// rules gives those of the member whose name was spelled last.
func (w *walk) rules(under []int) []int {
	var rules []int
	if w.guess {
		rules = w.book.of(w.name)
		if w.depth == 0 && w.plan.urls[string(w.name)] {
			rules = append(slices.Clip(rules), w.book.stated["urls"]...)
		}
	}
	for _, rule := range under {
		if w.book.rules[rule].inside[string(w.name)] && !slices.Contains(rules, rule) {
			rules = append(slices.Clip(rules), rule)
		}
	}
	return rules
}

// value notes a value for each of its rules, and goes into it. A program is
// noted whole, by the first of its rules that counts.
func (w *walk) value(v gjson.Result, rules []int, is about) {
	if !something(v) {
		return
	}
	if w.depth++; w.depth > maxDepth {
		w.over, w.depth = true, w.depth-1
		return
	}
	defer func() { w.depth-- }()
	rules = w.program(v, rules)
	switch {
	case v.IsArray():
		index, mark := 0, len(w.pointer)
		v.ForEach(func(_, element gjson.Result) bool {
			w.pointer = strconv.AppendInt(append(w.pointer, '/'), int64(index), 10)
			w.value(element, rules, is)
			w.pointer = w.pointer[:mark]
			index++
			return true
		})
	case v.IsObject():
		if w.guess || len(rules) > 0 {
			w.object(v, rules, is)
		}
	default:
		for _, rule := range rules {
			w.hit(rule, v)
		}
		if w.guess {
			w.loose = w.loose || w.changesPayment(v, rules, is) && !w.placed()
			w.unnamed(v, rules, is)
		}
	}
}

// program notes a value that is a program and gives the rules that are left.
func (w *walk) program(v gjson.Result, rules []int) []int {
	var rest []int
	whole := false
	for _, rule := range rules {
		r := &w.book.rules[rule]
		switch {
		case !r.stated && !w.plan.open[rule]:
		case !slices.Contains(deciding, r.Role):
			rest = append(rest, rule)
		case whole, len(r.Effects) > 0 && !meet(r.Effects, w.plan.base), r.Maybe && (v.Type != gjson.String || !w.book.opensLikeSQL(v.Str)):
		default:
			whole = !r.stated
			w.hit(rule, v)
		}
	}
	return rest
}

func (w *walk) hit(rule int, v gjson.Result) {
	if len(w.hits) == maxHits {
		w.over = true
		return
	}
	w.hits = append(w.hits, hit{rule: rule, at: string(w.pointer), value: v})
}

// push adds a reference token to the pointer (RFC 6901).
func (w *walk) push(name string) {
	w.pointer = append(w.pointer, '/')
	for i := range len(name) {
		switch name[i] {
		case '~':
			w.pointer = append(w.pointer, "~0"...)
		case '/':
			w.pointer = append(w.pointer, "~1"...)
		default:
			w.pointer = append(w.pointer, name[i])
		}
	}
}

// spell writes a name as letters does, without a copy for plain ones.
func (w *walk) spell(name string) {
	w.name = w.name[:0]
	for i := range len(name) {
		switch c := name[i]; {
		case c >= utf8.RuneSelf:
			w.name = append(w.name[:0], letters(name)...)
			return
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			w.name = append(w.name, c|0x20)
		}
	}
}

// something reports a value that says anything: an empty list invites nobody.
func something(v gjson.Result) bool {
	switch v.Type {
	case gjson.Null, gjson.False:
		return false
	case gjson.String:
		return strings.TrimSpace(v.Str) != ""
	case gjson.JSON:
		return len(strings.Trim(v.Raw, "[]{} \t\r\n")) > 0
	}
	return true
}
