package effects

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"
)

// shape is where one tool's arguments hold calls.
type shape struct {
	calls                   []string // path to them; nil for the arguments themselves
	tool, arguments, server func(element gjson.Result) []member
	program                 func(arguments gjson.Result) []member
	loose                   *carriers // found by names: calls may be in a member, or the call in one
	sure                    bool      // a tool that is not named is a fault
}

// member is one value of an object and where it is.
type member struct {
	at    string
	value gjson.Result
}

// how gives the shape of a tool's calls; nil for a tool that carries none.
func (j *Judge) how(p *plan) *shape {
	if p == nil {
		return nil
	}
	if p.entry != nil && p.entry.Carries != nil {
		return stated(p.entry.Carries)
	}
	c := &j.lexicon.carriers
	switch {
	case p.alone, p.carrier == carriesNothing:
		return nil
	case p.carrier == runsCode:
		return &shape{program: byName(c.programs)}
	}
	return &shape{tool: byName(c.tool), arguments: byName(c.arguments), server: byName(c.server), loose: c, sure: p.carrier == carries}
}

func stated(c *Carries) *shape {
	if c.Code != "" {
		return &shape{program: byPath(c.Code)}
	}
	s := &shape{tool: byPath(c.Tool), arguments: byPath(c.Arguments), server: byPath(c.Server), sure: true}
	if c.Calls != "" {
		s.calls, _ = path(c.Calls)
	}
	return s
}

// byName gives the members of an object that have one of some names.
func byName(names set) func(gjson.Result) []member {
	return func(v gjson.Result) (found []member) {
		if !v.IsObject() {
			return nil
		}
		v.ForEach(func(name, value gjson.Result) bool {
			if names[letters(name.Str)] {
				found = append(found, member{string(jsontext.Pointer("").AppendToken(name.Str)), value})
			}
			return true
		})
		return found
	}
}

// byPath gives the values that a catalogue's path names.
func byPath(argument string) func(gjson.Result) []member {
	if argument == "" {
		return func(gjson.Result) []member { return nil }
	}
	tokens, _ := path(argument) // checked when the catalogue was read
	return func(v gjson.Result) []member { return at(v, "", tokens) }
}

func at(v gjson.Result, pointer jsontext.Pointer, path []string) (found []member) {
	if len(path) == 0 {
		return []member{{string(pointer), v}}
	}
	index, array := 0, v.IsArray()
	if !array && !v.IsObject() {
		return nil
	}
	v.ForEach(func(name, value gjson.Result) bool {
		token := name.Str
		if array {
			token = strconv.Itoa(index)
			index++
		}
		if path[0] == "*" || strings.EqualFold(path[0], token) {
			found = append(found, at(value, pointer.AppendToken(token), path[1:])...)
		}
		return true
	})
	return found
}

// find gives the calls in the arguments.
func (s *shape) find(arguments gjson.Result) ([]Carried, bool) {
	elements := []member{{"", arguments}}
	if s.calls != nil {
		elements = at(arguments, "", s.calls)
	}
	if s.loose != nil {
		elements = s.loosely(elements[0])
	}
	if len(elements) > MaxCarried || len(elements) == 0 && s.sure {
		return nil, false
	}
	var calls []Carried
	for _, element := range elements {
		call, is, ok := s.call(element)
		if !ok {
			return nil, false
		}
		if is {
			calls = append(calls, call)
		}
	}
	return calls, true
}

// loosely gives the elements of a list of calls, or the object that holds the
// one call.
func (s *shape) loosely(whole member) []member {
	for _, list := range byName(s.loose.calls)(whole.value) {
		if !list.value.IsArray() {
			continue
		}
		return at(list.value, jsontext.Pointer(list.at), []string{"*"})
	}
	for _, inner := range s.tool(whole.value) {
		if inner.value.IsObject() {
			return []member{inner}
		}
	}
	return []member{whole}
}

// call reads one call. is false for what has not the shape of one, in a tool
// whose name alone does not say that it carries calls.
func (s *shape) call(element member) (c Carried, is, ok bool) {
	tools, arguments, servers := s.tool(element.value), s.arguments(element.value), s.server(element.value)
	if !s.sure && (len(tools) == 0 || len(arguments) == 0 || tools[0].value.Type != gjson.String) {
		return c, false, true
	}
	if len(tools) != 1 || len(arguments) > 1 || len(servers) > 1 || tools[0].value.Str == "" ||
		len(servers) == 1 && servers[0].value.Type != gjson.String {
		return c, true, false
	}
	c.Tool, c.ToolAt, c.Arguments = tools[0].value.Str, element.at+tools[0].at, json.RawMessage(`{}`)
	if len(servers) == 1 {
		c.Server = servers[0].value.Str
	} else if server, tool, cut := strings.Cut(c.Tool, "/"); cut && server != "" && tool != "" {
		c.Server, c.Tool = server, tool
	}
	if len(arguments) == 0 {
		return c, true, true
	}
	c.ArgumentsAt = element.at + arguments[0].at
	c.Arguments, ok = object(arguments[0].value)
	return c, true, ok
}

// object gives the arguments of a carried call: an object, or the text of one.
func object(v gjson.Result) (json.RawMessage, bool) {
	switch {
	case v.Type == gjson.Null, v.Type == gjson.String && strings.TrimSpace(v.Str) == "":
		return json.RawMessage(`{}`), true
	case v.IsObject():
		return json.RawMessage(v.Raw), true
	case v.Type == gjson.String && unequivocal(v.Str):
		return json.RawMessage(v.Str), true
	}
	return nil, false
}

// unequivocal reports the text of an object that all readers take alike: it is
// valid, and no object in it has two names that differ only in case.
func unequivocal(text string) bool {
	if !gjson.Parse(text).IsObject() || !jsontext.Value(text).IsValid() {
		return false
	}
	dec := jsontext.NewDecoder(bytes.NewReader([]byte(text)))
	names := []set{}
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		switch depth := dec.StackDepth(); token.Kind() {
		case '{', '[':
			if names = append(names, set{}); depth > maxDepth {
				return false
			}
		case '}', ']':
			names = names[:len(names)-1]
		case '"':
			kind, length := dec.StackIndex(depth)
			if kind != '{' || length%2 == 0 {
				continue
			}
			name := foldName(token.String())
			if names[depth-1][name] {
				return false
			}
			names[depth-1][name] = true
		}
	}
}

// foldName gives two names the same form exactly when readers that ignore case
// take them for one.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}
