package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// key is one key of a mapping: how it is read, and how Reference tells of it.
type key struct {
	name  string
	kind  string // what Reference calls its type
	def   string // the default as one would write it; empty for none
	doc   string
	read  reader // nil where below is read as a mapping
	below []key  // keys below this one, or below each entry of it
	each  string // what Reference calls an entry, where below is of each entry
	later bool   // known, but not served by this version
}

// reader reads a node into the place that it was made for.
type reader func(d *decoder, n *yaml.Node, at string)

// fill gives every key its default.
func fill(keys []key) {
	d := &decoder{places: map[string]*yaml.Node{}}
	for _, k := range keys {
		switch {
		case k.def != "":
			k.read(d, &yaml.Node{Kind: yaml.ScalarNode, Value: k.def}, k.name)
		case k.read == nil:
			fill(k.below)
		}
	}
	if err := d.faults.err(); err != nil {
		panic("config: a default is not valid: " + err.Error())
	}
}

// decoder walks one document and gathers what is wrong with it.
type decoder struct {
	file   string
	dir    string // what relative paths are relative to
	faults Faults
	places map[string]*yaml.Node // the node of each key that was read
}

func (d *decoder) fault(n *yaml.Node, code Code, hint, format string, args ...any) {
	d.faults = append(d.faults, Fault{
		File: d.file, Line: n.Line, Column: n.Column, Code: code, Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}

// report is a fault at a key, or at the nearest one above it.
func (d *decoder) report(at string, code Code, message, hint string) {
	for near := at; near != ""; near = above(near) {
		if n, ok := d.places[near]; ok {
			d.fault(n, code, hint, "%s", message)
			return
		}
	}
	d.fault(&yaml.Node{}, code, hint, "%s", message)
}

func above(at string) string {
	return at[:max(strings.LastIndexAny(at, ".["), 0)]
}

// plain reports anchors, aliases and merge keys: each lets a reader of the file
// overlook what a key really holds.
func (d *decoder) plain(n *yaml.Node) {
	const hint = "write the value out where it is used"
	if n.Anchor != "" {
		d.fault(n, CodeAnchor, hint, "anchors are not supported")
	}
	if n.Kind == yaml.AliasNode {
		d.fault(n, CodeAnchor, hint, "aliases are not supported")
		return
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.ShortTag() == "!!merge" {
			d.fault(child, CodeAnchor, hint, "merge keys are not supported")
		}
		d.plain(child)
	}
}

// mapping reads a mapping whose keys are known.
func (d *decoder) mapping(n *yaml.Node, at string, keys []key) {
	d.entries(n, at, func(name string, k, v *yaml.Node, at string) {
		for _, known := range keys {
			if known.name != name {
				continue
			}
			switch {
			case known.later:
				d.fault(k, CodeUnsupported, "take it out; a later version serves it", "%s is not yet supported in this version", at)
			case known.read != nil:
				known.read(d, v, at)
			default:
				d.mapping(v, at, known.below)
			}
			return
		}
		d.fault(k, CodeUnknownKey, suggest(name, names(keys)), "unknown key %s", quote(name))
	})
}

// entries calls f for each key of a mapping with text for a key, once for each
// name. No value at all is an empty mapping.
func (d *decoder) entries(n *yaml.Node, at string, f func(name string, k, v *yaml.Node, at string)) {
	if !d.is(n, yaml.MappingNode, "a mapping", at) {
		return
	}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind == yaml.AliasNode || k.ShortTag() == "!!merge":
			continue // reported by plain
		case k.Kind != yaml.ScalarNode || k.ShortTag() != "!!str":
			d.fault(k, CodeWrongType, "write the key as text, in quotes where it looks like a number", "a key must be text, not %s", describe(k))
			continue
		case first[k.Value] != nil:
			d.fault(k, CodeDuplicate, "keep one of the two", "key %s was already given on line %d", quote(k.Value), first[k.Value].Line)
			continue
		}
		first[k.Value] = k
		below := join(at, k.Value)
		d.places[below] = k
		f(k.Value, k, v, below)
	}
}

// items calls f for each item of a list. No value at all is an empty list.
func (d *decoder) items(n *yaml.Node, at string, f func(n *yaml.Node, at string)) {
	if !d.is(n, yaml.SequenceNode, "a list", at) {
		return
	}
	for i, item := range n.Content {
		below := index(at, i)
		d.places[below] = item
		f(item, below)
	}
}

// is reports whether a node is of the kind that is due; it is false, without a
// fault, for no value at all and for an alias, which plain has reported.
func (d *decoder) is(n *yaml.Node, kind yaml.Kind, due, at string) bool {
	if n.Kind == kind && (n.Tag == "!!map" || n.Tag == "!!seq") {
		return true
	}
	if n.Kind != yaml.AliasNode && n.ShortTag() != "!!null" {
		d.fault(n, CodeWrongType, "", "%s must be %s, not %s", title(at), due, describe(n))
	}
	return false
}

// join is the path of a key below another.
func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// title is how a message calls the place of a fault.
func title(at string) string {
	if at == "" {
		return "the configuration"
	}
	return clip(at)
}

// describe says what a node is, without its text.
func describe(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!map":
		return "a mapping"
	case "!!seq":
		return "a list"
	case "!!str":
		return "text"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "a date"
	}
	return "a value of an unsupported type"
}

// clip bounds how much of the file a message repeats.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// quote shows a key or a value that cannot be a secret.
func quote(s string) string { return fmt.Sprintf("%q", clip(s)) }
