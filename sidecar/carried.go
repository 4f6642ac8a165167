package sidecar

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"callgate/detectors"
	"callgate/detectors/effects"
	"callgate/policy"
	"callgate/toolproxy"
)

// meant is what a call comes to: the call itself or, where it only carries one
// call to another tool, that call. Policy judges what is meant; what is
// forwarded is always the call as it came.
type meant struct {
	call  *toolproxy.Call // whose tool and arguments policy judges
	tool  *toolFacts      // of that tool
	facts effects.Facts   // of that call, with what its carrier does besides
	tools []string        // every tool that runs
	parts []part          // every call that runs, the carrier among them

	via    string          // the tool that carries the call; "" where none does
	from   effects.Carried // where it stands in the arguments of its carrier
	quoted bool            // its arguments stand there as a text
}

// meaning looks into a call for others that it carries.
func (f *Firewall) meaning(t *transit, c *toolproxy.Call) *meant {
	tool := f.toolFacts(c)
	m := &meant{call: c, tool: tool, tools: []string{c.Tool}, parts: []part{{call: c, tool: tool}}}
	if t.listing {
		v := tool.effects
		m.facts = effects.Facts{Effects: v.Least, Domains: v.Domains, Source: v.Source, Evidence: v.Evidence}
		return m
	}
	m.facts = f.Effects.Call(tool.effects, argumentsOf(c))
	if c.Implied != nil {
		m.facts.Targets = ownNamesLeft(m.facts.Targets, argumentsOf(c))
		return m
	}
	calls, ok := f.Effects.Carried(tool.effects, argumentsOf(c), f.atHand(c.AtHand).names)
	switch {
	case !ok || len(calls) == 0: // what cannot be read is unknown and opaque already
		return m
	case len(calls) == 1 && calls[0].Arguments != nil:
		return f.carriedOne(m, calls[0])
	}
	return f.carriedMany(m, calls)
}

// fetching are the schemes of addresses that a server would fetch from others.
var fetching = regexp.MustCompile(`^(https?|wss?|ftps?|sftp|scp|ssh|git|gopher|ldaps?|smb|dict|tftp|telnet|jar|url|view-source)$`)

var plainScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)

// ownNamesLeft leaves out the hosts of a protocol's method that are none: the
// server's resources have names of its own, such as "notes://today". What a
// server could fetch from others stays a target, and so does what cannot be read.
func ownNamesLeft(targets []effects.Target, arguments json.RawMessage) []effects.Target {
	return slices.DeleteFunc(slices.Clone(targets), func(target effects.Target) bool {
		text := strings.ToLower(gjson.GetBytes(arguments, gjsonPath(target.Pointer)).String())
		scheme, _, _ := strings.Cut(text, ":")
		return target.Role == effects.Host && plainScheme.MatchString(scheme) && !fetching.MatchString(scheme)
	})
}

// part is one call that runs, with what is known of its tool.
type part struct {
	call *toolproxy.Call
	tool *toolFacts
	at   string // where its arguments stand in those that policy judges
	bare bool   // a program names the tool; its arguments are not known
}

// carriedOne puts the one carried call in the place of its carrier, of which
// only what it does besides is left.
func (f *Firewall) carriedOne(m *meant, one effects.Carried) *meant {
	inner, tool, facts := f.inner(m.call, one)
	carrier := m.facts
	carrier.Domains = slices.DeleteFunc(slices.Clone(carrier.Domains), func(domain string) bool { return domain == effects.Other })
	carrier.Targets = slices.DeleteFunc(slices.Clone(carrier.Targets), func(target effects.Target) bool {
		return strings.HasPrefix(target.Pointer, one.ArgumentsAt+"/")
	})
	if facts.Money != nil {
		carrier.Money = nil
	}
	return &meant{
		call: inner, tool: tool, facts: joinFacts(facts, carrier, ""), tools: []string{inner.Tool},
		parts: []part{{call: inner, tool: tool}, {call: m.call, tool: m.tool}},
		via:   m.call.Tool, from: one, quoted: gjson.GetBytes(m.call.Arguments, gjsonPath(one.ArgumentsAt)).Type == gjson.String,
	}
}

// carriedMany adds to a call what all of those that it carries would do.
func (f *Firewall) carriedMany(m *meant, calls []effects.Carried) *meant {
	m.tools = nil
	for _, one := range calls {
		inner, tool, facts := f.inner(m.call, one)
		m.facts = joinFacts(m.facts, facts, one.ArgumentsAt)
		m.tools = append(m.tools, inner.Tool)
		m.parts = append(m.parts, part{call: inner, tool: tool, at: one.ArgumentsAt, bare: one.Arguments == nil})
	}
	slices.Sort(m.tools)
	m.tools = slices.Compact(m.tools)
	return m
}

// inner is a carried call with its facts. A tool that the server does not list
// is judged by its name, since that is what the server itself goes by, unless a
// server could take the name for that of another tool: then nobody knows what
// runs. A call that carries calls in turn is not followed. The tool of a server
// behind this one is called "server/tool".
func (f *Firewall) inner(outer *toolproxy.Call, one effects.Carried) (*toolproxy.Call, *toolFacts, effects.Facts) {
	inner := *outer
	inner.Tool, inner.Arguments, inner.Definition = one.Tool, one.Arguments, nil
	if one.Server != "" && one.Server != outer.Server {
		inner.Tool = one.Server + "/" + one.Tool
	} else {
		inner.Definition = defined(outer, one.Tool)
	}
	tool := f.definedFacts(inner.Server, inner.Tool, inner.Definition)
	operator := f.Override(inner.Server, inner.Tool)
	if inner.Definition == nil {
		words := effects.WordsOf(inner.Server, one.Tool, "", nil, nil)
		tool = &toolFacts{effects: f.Effects.Of(words, operator), annotations: noObject}
	}
	v := tool.effects
	facts := effects.Facts{Effects: v.Effects, Domains: v.Domains, Source: v.Source, Evidence: v.Evidence}
	unknown := inner.Definition == nil && operator == nil && mistakable(outer, one.Tool)
	if one.Arguments != nil { // else a program names the tool, and with what it calls it is not known
		facts = f.Effects.Call(v, one.Arguments)
		calls, ok := f.Effects.Carried(v, one.Arguments, nil)
		unknown = unknown || !ok || len(calls) > 0
	}
	if unknown {
		facts.Effects = union(facts.Effects, []string{effects.Unknown})
	}
	return &inner, tool, facts
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$`)

// mistakable reports whether a name that no tool at hand has could be read as
// the name of one: in other case, with other signs, or behind a prefix.
func mistakable(c *toolproxy.Call, name string) bool {
	if !plainName.MatchString(name) {
		return true
	}
	return slices.ContainsFunc(c.AtHand, func(tool *toolproxy.Tool) bool { return strings.HasSuffix(bare(name), bare(tool.Name)) })
}

// bare is the letters and digits of a name.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// joinFacts gives what two calls do together. The targets of the second stand
// below a pointer. What two payments move is no one amount.
func joinFacts(a, b effects.Facts, below string) effects.Facts {
	a.Effects, a.Domains = union(a.Effects, b.Effects), union(a.Domains, b.Domains)
	a.Traits, a.Programs = union(a.Traits, b.Traits), union(a.Programs, b.Programs)
	a.Targets = slices.Clone(a.Targets)
	for _, target := range b.Targets {
		target.Pointer = below + target.Pointer
		a.Targets = append(a.Targets, target)
	}
	switch {
	case a.Money == nil:
		a.Money = b.Money
	case b.Money != nil:
		money := *a.Money
		money.Known = false
		a.Money = &money
	}
	if b.Evidence != "" && b.Evidence != a.Evidence {
		a.Evidence = strings.TrimPrefix(a.Evidence+"; "+b.Evidence, "; ")
	}
	return a
}

// defined finds what the server says of a tool beside the one that is called.
func defined(c *toolproxy.Call, name string) *toolproxy.Tool {
	for _, tool := range c.AtHand {
		if tool.Name == name && tool.Server == c.Server {
			return tool
		}
	}
	return nil
}

// results are what the results of any call that runs are known to be.
func (m *meant) results() []string {
	var all []string
	for _, p := range m.parts {
		all = union(all, p.tool.effects.Results)
	}
	return all
}

// annotations are those of the tool that is judged; where one of several tools
// that run says that it destroys, they say so.
func (m *meant) annotations() json.RawMessage {
	if m.via != "" {
		return m.tool.annotations
	}
	for _, p := range m.parts {
		if gjson.GetBytes(p.tool.annotations, "destructiveHint").Bool() {
			if marked, err := sjson.SetBytes(m.tool.annotations, "destructiveHint", true); err == nil {
				return marked
			}
		}
	}
	return m.tool.annotations
}

// place turns a pointer into the arguments that are forwarded into one into
// those that policy judges. What stands beside the carried call has none.
func (m *meant) place(pointer string) string {
	if m.via == "" {
		return pointer
	}
	inside, ok := strings.CutPrefix(pointer, m.from.ArgumentsAt)
	if !ok || m.quoted || inside != "" && inside[0] != '/' {
		return ""
	}
	return inside
}

// placed gives findings with their places in the arguments that policy judges.
func (m *meant) placed(found []detectors.Finding) []detectors.Finding {
	if m.via == "" {
		return found
	}
	found = slices.Clone(found)
	for i := range found {
		found[i].Pointer = m.place(found[i].Pointer)
	}
	return found
}

// rewrite applies edits to what is meant and gives the call to forward.
func (m *meant) rewrite(original *toolproxy.Call, marked json.RawMessage, edits []policy.Edit) (*toolproxy.Call, error) {
	edited, err := rewrite(m.call, marked, edits)
	if err != nil || m.via == "" {
		return edited, err
	}
	sent := *original
	sent.Arguments = argumentsOf(original)
	if edited.Tool != m.call.Tool {
		sent.Arguments, err = sjson.SetBytes(sent.Arguments, gjsonPath(m.from.ToolAt), edited.Tool)
		if err != nil {
			return nil, err
		}
	}
	var value json.RawMessage = edited.Arguments
	if m.quoted {
		value = jsonOf(string(edited.Arguments))
	}
	sent.Arguments, err = sjson.SetRawBytes(sent.Arguments, gjsonPath(m.from.ArgumentsAt), value)
	return &sent, err
}

// gjsonPath is the path of a pointer that was made here; "" for one that is
// none, which finds nothing.
func gjsonPath(pointer string) string {
	path, err := pathOf(pointer)
	if err != nil {
		return ""
	}
	return path
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
