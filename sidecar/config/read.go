package config

import (
	"math"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// verdict is what a rule says against a text; the zero value is nothing.
type verdict struct {
	code          Code
	message, hint string
}

// rule looks at one text.
type rule func(s string) verdict

// judge reports what a rule says against the text of a node.
func (d *decoder) judge(n *yaml.Node, at, s string, r rule) bool {
	v := r(s)
	if v.code != "" {
		d.fault(n, v.code, v.hint, "%s %s", title(at), v.message)
	}
	return v.code == ""
}

// scalar gives the text of a node with one of the tags.
func (d *decoder) scalar(n *yaml.Node, at, due, hint string, tags ...string) (string, bool) {
	if n.Kind == yaml.ScalarNode {
		for _, tag := range tags {
			if n.ShortTag() == tag {
				return n.Value, true
			}
		}
	}
	if n.Kind != yaml.AliasNode {
		d.fault(n, CodeWrongType, hint, "%s must be %s, not %s", title(at), due, describe(n))
	}
	return "", false
}

// plainText gives the text of a node that must be text and holds some.
func (d *decoder) plainText(n *yaml.Node, at string) (string, bool) {
	hint := ""
	if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		hint = "write it in quotes"
	}
	return d.scalar(n, at, "text", hint, "!!str")
}

func text(to *string, r rule) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		if s, ok := d.plainText(n, at); ok && d.judge(n, at, s, r) {
			*to = s
		}
	}
}

// path reads a path and makes it absolute.
func path(to *string, r rule) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		s, ok := d.plainText(n, at)
		if !ok {
			return
		}
		if s == "" {
			d.fault(n, CodeText, "leave the key out for the default", "%s is empty", title(at))
			return
		}
		if s = d.absolute(s); d.judge(n, at, s, r) {
			*to = s
		}
	}
}

func (d *decoder) absolute(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(d.dir, p)
}

// each reads a list with a reader for its items.
func each(to *[]string, item func(*string) reader) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		d.items(n, at, func(n *yaml.Node, at string) {
			*to = append(*to, "")
			item(&(*to)[len(*to)-1])(d, n, at)
		})
	}
}

func list(to *[]string, r rule) reader {
	return each(to, func(s *string) reader { return text(s, r) })
}

func paths(to *[]string, r rule) reader {
	return each(to, func(s *string) reader { return path(s, r) })
}

// table reads a mapping of text to text.
func table(to *map[string]string, nameRule, valueRule rule) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		d.entries(n, at, func(name string, k, v *yaml.Node, at string) {
			okName := d.judge(k, at, name, nameRule)
			s, ok := d.plainText(v, at)
			if !ok || !okName || !d.judge(v, at, s, valueRule) {
				return
			}
			if *to == nil {
				*to = map[string]string{}
			}
			(*to)[name] = s
		})
	}
}

func truth(to *bool) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		if s, ok := d.scalar(n, at, "true or false", "", "!!bool"); ok {
			*to = strings.EqualFold(s, "true")
		}
	}
}

func count(to *int, least, most int) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		if _, ok := d.scalar(n, at, "a whole number", "", "!!int", "!!float"); !ok {
			return
		}
		var i int
		if err := n.Decode(&i); err != nil || i < least || i > most {
			d.fault(n, CodeRange, "", "%s must be a whole number between %d and %d", title(at), least, most)
			return
		}
		*to = i
	}
}

func duration(to *time.Duration, least, most time.Duration) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		const hint = "a number with a unit: ms, s, m or h, such as 250ms or 1m30s"
		s, ok := d.scalar(n, at, "a duration", hint, "!!str")
		if !ok {
			return
		}
		v, err := time.ParseDuration(s)
		switch {
		case err != nil:
			d.fault(n, CodeDuration, hint, "%s is not a duration: %s", title(at), quote(s))
		case v < least || v > most:
			d.fault(n, CodeRange, "", "%s must be between %s and %s", title(at), brief(least), brief(most))
		default:
			*to = v
		}
	}
}

// brief is a duration without its zero units: 24h, not 24h0m0s.
func brief(v time.Duration) string {
	s := v.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// settings reads a mapping of anything.
func settings(to *map[string]any) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		if !d.is(n, yaml.MappingNode, "a mapping", at) {
			return
		}
		*to, _ = d.anything(n, at).(map[string]any)
	}
}

func (d *decoder) anything(n *yaml.Node, at string) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		d.entries(n, at, func(name string, _, v *yaml.Node, at string) { m[name] = d.anything(v, at) })
		return m
	case yaml.SequenceNode:
		l := []any{}
		d.items(n, at, func(n *yaml.Node, at string) { l = append(l, d.anything(n, at)) })
		return l
	case yaml.AliasNode:
		return nil
	}
	return d.leaf(n, at)
}

// leaf reads a scalar as JSON knows it; a date stays the text that it was.
func (d *decoder) leaf(n *yaml.Node, at string) any {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int":
		var i int
		if n.Decode(&i) == nil {
			return i
		}
	case "!!float":
		var f float64
		if n.Decode(&f) == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	}
	d.fault(n, CodeWrongType, "", "%s must be text, a number, true, false or null", title(at))
	return nil
}
