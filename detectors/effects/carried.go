package effects

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"callgate/detectors/code"
)

// Carried is a call that the arguments of another call hold.
type Carried struct {
	Server      string          // as said; "" where nothing is said
	Tool        string          // as said; never empty
	Arguments   json.RawMessage // an object; nil for a tool that a program only names
	ToolAt      string          // pointers into the arguments; "" where there is no such member
	ArgumentsAt string
}

// MaxCarried is how many calls one call may carry; more are unreadable.
const MaxCarried = 64

// carrying is how sure a tool's name makes it that its arguments carry calls.
type carrying int

const (
	carriesNothing carrying = iota
	mayCarry                // if they have the shape of a call
	carries
	runsCode
)

// carrierEffects are the effects of a tool's words that mean no more than that
// it makes the calls that it carries.
var carrierEffects = []string{Execute, Send, Unknown}

// carriersFile names, in words of a tool's name, who carries calls, and, as
// letters spells them, the members that hold what.
type carriersFile struct {
	Names     []string `json:"names"`
	Maybe     []string `json:"maybe"`
	Code      []string `json:"code"`
	Tool      []string `json:"tool"`
	Arguments []string `json:"arguments"`
	Server    []string `json:"server"`
	Calls     []string `json:"calls"`
	Programs  []string `json:"programs"`
}

type carriers struct {
	names, maybe, code                       [][]string
	tool, arguments, server, calls, programs set
}

func newCarriers(f carriersFile) carriers {
	phrases := func(list []string) (out [][]string) {
		for _, phrase := range list {
			out = append(out, strings.Fields(phrase))
		}
		return out
	}
	return carriers{names: phrases(f.Names), maybe: phrases(f.Maybe), code: phrases(f.Code),
		tool: setOf(f.Tool), arguments: setOf(f.Arguments), server: setOf(f.Server), calls: setOf(f.Calls), programs: setOf(f.Programs)}
}

// named tells what a tool's name says.
func (c *carriers) named(name string) carrying {
	words := tokens(name)
	has := func(phrases [][]string) bool {
		return slices.ContainsFunc(phrases, func(phrase []string) bool {
			for i := 0; i+len(phrase) <= len(words); i++ {
				if slices.Equal(words[i:i+len(phrase)], phrase) {
					return true
				}
			}
			return false
		})
	}
	switch {
	case has(c.names):
		return carries
	case has(c.code):
		return runsCode
	case slices.ContainsFunc(c.maybe, func(phrase []string) bool { return slices.Equal(words, phrase) }):
		return mayCarry
	}
	return carriesNothing
}

// Carried gives the calls that the arguments of a call carry: those that the
// catalogue says where to find, or that have the shape of a call in a tool whose
// name says that it makes calls. Of a program it gives the tools at hand that it
// names. It gives none for a tool that carries nothing.
//
// ok is false where the arguments should carry calls and cannot be read: a member
// is missing or there twice in other words, arguments are no object or, as text,
// none that all readers take alike, or there are more than MaxCarried calls. Then
// nobody knows what the call does. Call says so too: it is unknown and opaque.
func (j *Judge) Carried(v Verdict, arguments json.RawMessage, hand AtHand) (calls []Carried, ok bool) {
	how := j.how(v.plan)
	if how == nil {
		return nil, true
	}
	object := gjson.ParseBytes(arguments)
	if len(arguments) == 0 {
		object = gjson.Parse(`{}`)
	}
	if !object.IsObject() || len(arguments) > 0 && !gjson.ValidBytes(arguments) {
		return nil, false
	}
	if how.program != nil {
		return how.named(object, hand)
	}
	calls, ok = how.find(object)
	return calls, ok && len(calls) <= MaxCarried
}

// carried takes away what the words of a carrying tool say of the carrying, and
// adds what cannot be read.
func (f *Facts) carried(j *Judge, p *plan, arguments json.RawMessage) {
	how := j.how(p)
	if how == nil {
		return
	}
	calls, ok := j.Carried(Verdict{plan: p}, arguments, nil)
	switch {
	case !ok:
		f.Traits = union(f.Traits, []string{code.Opaque})
		f.add("carries: unreadable", Unknown)
	case how.program != nil:
		f.Traits = union(f.Traits, []string{code.Opaque})
		f.add("carries: a program", Execute)
	case len(calls) > 0 && !p.alone && p.declares(calls[0].ToolAt):
		f.Effects, f.Source = minus(f.Effects, carrierEffects), "arguments"
	}
}
