package policy

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// reread turns what main returned into a Decision and judges it once more, so
// that a policy which went wrong cannot allow: the verdict must be the one that
// the opinions and the effects of the call give.
func (e *Engine) reread(term *ast.Term, in *Input) (Decision, error) {
	decision, err := exactly(term, "decision", "verdict", "opinions")
	if err != nil {
		return Decision{}, err
	}
	said, err := verdict(decision[0])
	if err != nil {
		return Decision{}, err
	}
	opinions, err := e.opinions(decision[1], in.Result != nil)
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Verdict: said, Opinions: opinions}
	if want, ok := judge(opinions, in); !ok || want != d.Verdict {
		return Decision{}, malformed("the verdict %s does not follow from the opinions", d.Verdict)
	}
	return d, nil
}

func verdict(term *ast.Term) (Verdict, error) {
	word, ok := term.Value.(ast.String)
	i := slices.Index(verdictNames[:], string(word))
	if !ok || i < 0 {
		return Deny, malformed("the verdict is no known word")
	}
	return Verdict(i), nil
}

// judge gives the verdict that opinions have to lead to; false where they lead
// to none.
func judge(opinions []Opinion, in *Input) (Verdict, bool) {
	strictest := Allow
	for _, o := range opinions {
		if o.Verdict != Ask || !in.Call.Approved {
			strictest = min(strictest, o.Verdict)
		}
	}
	if strictest != Allow {
		return strictest, true
	}
	if in.Result != nil {
		return Allow, len(opinions) > 0
	}
	for _, effect := range in.Call.Effects {
		if !slices.ContainsFunc(opinions, func(o Opinion) bool { return slices.Contains(o.Effects, effect) }) {
			return Deny, false
		}
	}
	return Allow, len(in.Call.Effects) > 0
}

func (e *Engine) opinions(term *ast.Term, result bool) ([]Opinion, error) {
	set, ok := term.Value.(ast.Set)
	if !ok {
		return nil, malformed("the opinions are no set")
	}
	opinions := make([]Opinion, 0, set.Len())
	for _, element := range set.Slice() {
		o, err := e.opinion(element, result)
		if err != nil {
			return nil, err
		}
		opinions = append(opinions, o)
	}
	slices.SortFunc(opinions, func(a, b Opinion) int {
		return cmp.Or(cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.Nearest, b.Nearest), slices.Compare(a.Effects, b.Effects))
	})
	return opinions, redirects(opinions)
}

func (e *Engine) opinion(element *ast.Term, result bool) (Opinion, error) {
	members, err := exactly(element, "opinion", "rule", "said", "verdict")
	if err != nil {
		return Opinion{}, err
	}
	var o Opinion
	if o.Verdict, err = verdict(members[2]); err != nil {
		return Opinion{}, err
	}
	if o.Rule, err = words(members[0], "rule"); err != nil {
		return Opinion{}, err
	}
	if !e.known[o.Rule] {
		return Opinion{}, malformed("an opinion of an unknown rule")
	}
	if err := o.said(members[1], result); err != nil {
		return Opinion{}, malformed("rule %s, %s: %w", o.Rule, o.Verdict, err)
	}
	return o, nil
}

// said reads the element that a rule put into one of its sets.
func (o *Opinion) said(term *ast.Term, result bool) error {
	wanted := [...]string{"reason", ""}
	switch o.Verdict {
	case Transform:
		wanted[1] = "edits"
	case Allow:
		wanted[1] = "effects"
	default:
		if said, ok := term.Value.(ast.Object); ok && said.Get(ast.InternedTerm("nearest")) != nil {
			wanted[1] = "nearest"
		}
	}
	names := wanted[:]
	if wanted[1] == "" {
		names = wanted[:1]
	}
	members, err := exactly(term, "the element", names...)
	if err != nil {
		return err
	}
	if o.Reason, err = words(members[0], "reason"); err != nil {
		return err
	}
	switch wanted[1] {
	case "nearest":
		o.Nearest, err = words(members[1], "nearest")
	case "effects":
		err = o.covers(members[1])
	case "edits":
		err = o.changes(members[1], result)
	}
	return err
}

func (o *Opinion) covers(term *ast.Term) error {
	items, err := elements(term, "effects")
	if err != nil {
		return err
	}
	for _, item := range items {
		effect, err := words(item, "an effect")
		if err != nil {
			return err
		}
		o.Effects = append(o.Effects, effect)
	}
	slices.Sort(o.Effects)
	return nil
}

// changes reads edits. A call is changed by at least one; a result by none,
// since what is taken out of it are the passages that detectors found.
func (o *Opinion) changes(term *ast.Term, result bool) error {
	items, err := elements(term, "edits")
	if err != nil {
		return err
	}
	if (len(items) == 0) != result {
		return malformed("%d edits", len(items))
	}
	for _, item := range items {
		edit, err := readEdit(item)
		if err != nil {
			return err
		}
		o.Edits = append(o.Edits, edit)
	}
	return nil
}

func readEdit(term *ast.Term) (Edit, error) {
	var op string
	if o, ok := term.Value.(ast.Object); ok && o.Get(ast.InternedTerm("op")) != nil {
		word, _ := o.Get(ast.InternedTerm("op")).Value.(ast.String)
		op = string(word)
	}
	wanted := map[string][]string{
		"redirect": {"op", "tool"},
		"set":      {"op", "pointer", "value"},
		"remove":   {"op", "pointer"},
		"redact":   {"op", "pointer"},
	}[op]
	if wanted == nil {
		return Edit{}, malformed("an edit of no known op")
	}
	members, err := exactly(term, "an edit", wanted...)
	if err != nil {
		return Edit{}, err
	}
	e := Edit{Op: op}
	if op == "redirect" {
		e.Tool, err = words(members[1], "tool")
		return e, err
	}
	if e.Pointer, err = words(members[1], "pointer"); err != nil || !strings.HasPrefix(e.Pointer, "/") {
		return Edit{}, malformed("an edit whose pointer is none")
	}
	if op == "set" {
		e.Value, err = raw(members[2])
	}
	return e, err
}

func raw(term *ast.Term) (json.RawMessage, error) {
	value, err := ast.JSON(term.Value)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// redirects refuses edits that lead to more than one tool.
func redirects(opinions []Opinion) error {
	tool := ""
	for _, o := range opinions {
		for _, edit := range o.Edits {
			if edit.Op != "redirect" {
				continue
			}
			if tool != "" && tool != edit.Tool {
				return malformed("redirects to two tools")
			}
			tool = edit.Tool
		}
	}
	return nil
}

// parts are the values of an object's members.
type parts [len(verdictNames)]*ast.Term

// exactly gives the values of an object that has exactly the named members, in
// the order of the names.
func exactly(term *ast.Term, what string, names ...string) (parts, error) {
	o, ok := term.Value.(ast.Object)
	if !ok {
		return parts{}, malformed("%s is no object", what)
	}
	var values parts
	for i, name := range names {
		value := o.Get(ast.InternedTerm(name))
		if value == nil {
			return parts{}, malformed("%s lacks the member %q", what, name)
		}
		values[i] = value
	}
	if o.Len() != len(names) {
		return parts{}, malformed("%s has members besides %s", what, strings.Join(names, ", "))
	}
	return values, nil
}

func words(term *ast.Term, what string) (string, error) {
	s, ok := term.Value.(ast.String)
	if !ok || s == "" {
		return "", malformed("%s is no text", what)
	}
	return string(s), nil
}

func elements(term *ast.Term, what string) ([]*ast.Term, error) {
	switch v := term.Value.(type) {
	case *ast.Array:
		items := make([]*ast.Term, v.Len())
		for i := range items {
			items[i] = v.Elem(i)
		}
		return items, nil
	case ast.Set:
		return v.Slice(), nil
	}
	return nil, malformed("%s is no list", what)
}
