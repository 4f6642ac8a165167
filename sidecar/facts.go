package sidecar

import (
	"encoding/json"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/tidwall/gjson"

	"callgate/detectors"
	"callgate/detectors/effects"
	"callgate/policy"
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
	unusable    bool // the server's schema does not compile
}

// Bounds of the caches. A server that keeps changing its tools costs time,
// not memory.
const (
	maxToolFacts = 8192
	maxToolLists = 1024
)

type factCache struct {
	tools *lru.Cache[toolKey, *toolFacts]
	lists *lru.Cache[listKey, []detectors.AtHand]
}

type toolKey struct{ server, tool, hash string }

// listKey names a list of tools by its place in memory. Lists are immutable
// and the cache keeps them alive, so a place is never used again.
type listKey struct {
	first *(*toolproxy.Tool)
	count int
}

func newFactCache() *factCache {
	tools, err := lru.New[toolKey, *toolFacts](maxToolFacts)
	if err != nil {
		panic(err) // only for a size below one
	}
	lists, err := lru.New[listKey, []detectors.AtHand](maxToolLists)
	if err != nil {
		panic(err)
	}
	return &factCache{tools: tools, lists: lists}
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
	f.facts.tools.Add(key, facts)
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
	facts := &toolFacts{known: true, hash: definition.Hash, annotations: objectOr(definition.Annotations)}
	facts.effects = f.Effects.Of(effects.Words{
		Server: server, Name: name, Description: definition.Description,
		Annotations: definition.Annotations, Arguments: argumentNames(definition.InputSchema),
	}, override)
	compiled, err := schema.Compile(definition.InputSchema)
	facts.schema, facts.unusable = compiled, err != nil
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

// atHand describes the tools beside a call to the detectors.
func (f *Firewall) atHand(tools []*toolproxy.Tool) []detectors.AtHand {
	if len(tools) == 0 {
		return nil
	}
	key := listKey{first: &tools[0], count: len(tools)}
	if list, ok := f.facts.lists.Get(key); ok {
		return list
	}
	list := make([]detectors.AtHand, len(tools))
	for i, tool := range tools {
		list[i] = detectors.AtHand{Name: tool.Name, Effects: f.definedFacts(tool.Server, tool.Name, tool).effects.Effects}
	}
	f.facts.lists.Add(key, list)
	return list
}

// argumentNames lists the properties that a schema declares.
func argumentNames(inputSchema json.RawMessage) []string {
	var names []string
	gjson.GetBytes(inputSchema, "properties").ForEach(func(name, _ gjson.Result) bool {
		names = append(names, name.String())
		return true
	})
	return names
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
