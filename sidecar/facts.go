package sidecar

import (
	"encoding/json"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/tidwall/gjson"

	"callgate/detectors"
	"callgate/detectors/effects"
	"callgate/policy"
	"callgate/sidecar/pin"
	"callgate/toolproxy"
	"callgate/toolproxy/schema"
)

// toolFacts is what is derived of a tool once, when its definition is first
// seen, and used for each of its calls. It is immutable.
type toolFacts struct {
	effects     effects.Verdict
	known       bool
	hash        string
	annotations json.RawMessage
	schema      *schema.Schema
	unusable    bool  // the server's schema does not compile
	size        int64 // bytes of the definition that these facts are of
	print       pin.Print
}

// Bounds of the caches. A server that keeps changing its tools costs time,
// not memory.
const (
	maxToolFacts = 8192
	maxToolBytes = 32 << 20 // of the definitions
	maxToolLists = 256
)

type factCache struct {
	tools *lru.Cache[toolKey, *toolFacts]
	held  atomic.Int64                  // bytes of the definitions in tools
	lists *lru.Cache[string, handedOut] // the newest list of each server
	pins  *lru.Cache[pinKey, pin.Print] // of the tools that were found to be as accepted
}

type pinKey struct{ server, tool string }

type toolKey struct{ server, tool, hash string }

// handedOut is a list of tools as detectors read it. The list that it is of is
// known by its place in memory: lists are immutable, and this keeps it alive.
type handedOut struct {
	of    []*toolproxy.Tool
	list  []detectors.AtHand
	names effects.AtHand
}

func newFactCache() *factCache {
	c := &factCache{}
	var err error
	c.tools, err = lru.NewWithEvict(maxToolFacts, func(_ toolKey, facts *toolFacts) { c.held.Add(-facts.size) })
	if err != nil {
		panic(err) // only for a size below one
	}
	if c.lists, err = lru.New[string, handedOut](maxToolLists); err != nil {
		panic(err)
	}
	if c.pins, err = lru.New[pinKey, pin.Print](maxToolFacts); err != nil {
		panic(err)
	}
	return c
}

// keep adds facts, and lets the longest unused go where they are too many.
func (c *factCache) keep(key toolKey, facts *toolFacts) {
	if _, there, _ := c.tools.PeekOrAdd(key, facts); there {
		return
	}
	for c.held.Add(facts.size); c.held.Load() > maxToolBytes; {
		if _, _, some := c.tools.RemoveOldest(); !some {
			return
		}
	}
}

// toolFacts gives the facts of the tool that a call names.
func (f *Firewall) toolFacts(c *toolproxy.Call) *toolFacts {
	if c.Implied != nil {
		return f.impliedFacts(c)
	}
	return f.definedFacts(c.Server, c.Tool, c.Definition)
}

// impliedFacts are those of a method whose effects the protocol fixes. The
// operator may still name its domains.
func (f *Firewall) impliedFacts(c *toolproxy.Call) *toolFacts {
	v := effects.Verdict{Effects: c.Implied, Domains: []string{"other"}, Source: "protocol", Evidence: c.Tool}
	if o := f.Override(c.Server, c.Tool); o != nil && len(o.Domains) > 0 {
		v.Domains = o.Domains
	}
	return &toolFacts{effects: v, known: true, annotations: noObject}
}

func (f *Firewall) definedFacts(server, name string, definition *toolproxy.Tool) *toolFacts {
	key := toolKey{server: server, tool: name}
	if definition != nil {
		key.hash = definition.Hash
	}
	if facts, ok := f.facts.tools.Get(key); ok {
		return facts
	}
	facts := f.derive(server, name, definition)
	f.facts.keep(key, facts)
	return facts
}

// derive computes the facts of a tool. A tool whose definition is unknown has
// the effects that the operator gave it, else unknown ones: its name alone is
// the caller's word.
func (f *Firewall) derive(server, name string, definition *toolproxy.Tool) *toolFacts {
	override := f.Override(server, name)
	if definition == nil {
		return &toolFacts{effects: f.Effects.Undefined(override), annotations: noObject}
	}
	facts := &toolFacts{
		known: true, hash: definition.Hash, annotations: objectOr(definition.Annotations), size: int64(len(definition.Raw)),
	}
	facts.effects = f.Effects.Of(effects.WordsOf(server, name, definition.Description, definition.InputSchema, definition.Annotations), override)
	compiled, err := schema.Compile(definition.InputSchema)
	facts.schema, facts.unusable = compiled, err != nil
	facts.print = printOf(definition, facts.effects)
	return facts
}

// faults checks arguments against the tool's own schema. A schema that cannot
// be used is a fault of each call.
func (t *toolFacts) faults(arguments json.RawMessage) []policy.SchemaError {
	if t.unusable {
		return []policy.SchemaError{{Pointer: "", Fault: "unusable_schema"}}
	}
	found := []policy.SchemaError{}
	if t.schema == nil {
		return found
	}
	for _, fault := range t.schema.Validate(arguments) {
		found = append(found, policy.SchemaError{Pointer: fault.Pointer, Fault: fault.Keyword})
	}
	return found
}

// atHand describes the tools beside a call to the detectors, and by the names
// that programs have for them.
func (f *Firewall) atHand(tools []*toolproxy.Tool) handedOut {
	if len(tools) == 0 {
		return handedOut{}
	}
	server := tools[0].Server
	if last, ok := f.facts.lists.Get(server); ok && len(last.of) == len(tools) && &last.of[0] == &tools[0] {
		return last
	}
	names := make([]string, len(tools))
	now := handedOut{of: tools, list: make([]detectors.AtHand, len(tools))}
	for i, tool := range tools {
		names[i] = tool.Name
		now.list[i] = detectors.AtHand{Name: tool.Name, Effects: f.definedFacts(tool.Server, tool.Name, tool).effects.Effects}
	}
	now.names = effects.NewAtHand(names)
	if len(tools) > 1 { // one tool is soon described, and may be a caller's own word
		f.facts.lists.Add(server, now)
	}
	return now
}

var noObject = json.RawMessage(`{}`)

func objectOr(raw json.RawMessage) json.RawMessage {
	if gjson.ParseBytes(raw).IsObject() {
		return raw
	}
	return noObject
}

func argumentsOf(c *toolproxy.Call) json.RawMessage {
	if len(c.Arguments) == 0 {
		return noObject
	}
	return c.Arguments
}
