package sidecar

import (
	"encoding/json"
	"slices"
	"strings"

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

	via    string          // the tool that carries the call; "" where none does
	from   effects.Carried // where it stands in the arguments of its carrier
	quoted bool            // its arguments stand there as a text
}

// meaning looks into a call for others that it carries.
func (f *Firewall) meaning(t *transit, c *toolproxy.Call) *meant {
	tool := f.toolFacts(c)
	m := &meant{call: c, tool: tool, tools: []string{c.Tool}}
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

// ownNamesLeft leaves out the hosts of a protocol's method that are none: the
// server's resources have names of its own, such as "notes://today". An address
// of the web stays one, since the server would fetch it.
func ownNamesLeft(targets []effects.Target, arguments json.RawMessage) []effects.Target {
	return slices.DeleteFunc(slices.Clone(targets), func(target effects.Target) bool {
		scheme, _, ok := strings.Cut(strings.ToLower(gjson.GetBytes(arguments, gjsonPath(target.Pointer)).String()), ":")
		return target.Role == effects.Host && ok && !slices.Contains([]string{"http", "https", "ws", "wss", "ftp"}, strings.TrimSpace(scheme))
	})
}

// carriedOne puts the one carried call in the place of its carrier.
func (f *Firewall) carriedOne(m *meant, one effects.Carried) *meant {
	outer := m.call
	inner := *outer
	inner.Tool, inner.Arguments, inner.Definition = one.Tool, one.Arguments, defined(outer, one.Tool)
	tool, facts := f.innerFacts(&inner, one)
	carrier := m.facts
	carrier.Domains = slices.DeleteFunc(slices.Clone(carrier.Domains), func(domain string) bool { return domain == effects.Other })
	return &meant{
		call: &inner, tool: tool, facts: joinFacts(facts, carrier, ""), tools: []string{one.Tool},
		via: outer.Tool, from: one, quoted: gjson.GetBytes(outer.Arguments, gjsonPath(one.ArgumentsAt)).Type == gjson.String,
	}
}

// carriedMany adds to a call what all of those that it carries would do.
func (f *Firewall) carriedMany(m *meant, calls []effects.Carried) *meant {
	m.tools = nil
	for _, one := range calls {
		inner := *m.call
		inner.Tool, inner.Arguments, inner.Definition = one.Tool, one.Arguments, defined(m.call, one.Tool)
		_, facts := f.innerFacts(&inner, one)
		m.facts = joinFacts(m.facts, facts, one.ArgumentsAt)
		m.tools = append(m.tools, one.Tool)
	}
	slices.Sort(m.tools)
	m.tools = slices.Compact(m.tools)
	return m
}

// innerFacts judges a carried call. A tool that the server does not list is
// judged by its name: unlike a caller's word for a call, the name is what the
// server itself goes by. A call that carries calls in turn is not followed.
func (f *Firewall) innerFacts(inner *toolproxy.Call, one effects.Carried) (*toolFacts, effects.Facts) {
	tool := f.definedFacts(inner.Server, inner.Tool, inner.Definition)
	if inner.Definition == nil {
		words := effects.WordsOf(inner.Server, inner.Tool, "", nil, nil)
		tool = &toolFacts{effects: f.Effects.Of(words, f.Override(inner.Server, inner.Tool)), annotations: noObject}
	}
	v := tool.effects
	if one.Arguments == nil { // a program names the tool; with what it calls it, is not known
		return tool, effects.Facts{Effects: v.Effects, Domains: v.Domains, Source: v.Source, Evidence: v.Evidence}
	}
	facts := f.Effects.Call(v, one.Arguments)
	if calls, ok := f.Effects.Carried(v, one.Arguments, nil); !ok || len(calls) > 0 {
		facts.Effects = union(facts.Effects, []string{effects.Unknown})
	}
	return tool, facts
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
