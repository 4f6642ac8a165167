package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"callgate/detectors/effects"
)

// difference is what the tools of a server are against what a file says of them.
type difference struct {
	Server  string    `json:"server"`
	File    string    `json:"file,omitempty"`
	From    string    `json:"from"` // version in the file
	To      string    `json:"to"`   // version that was started
	Added   []added   `json:"added,omitempty"`
	Changed []changed `json:"changed,omitempty"`
	Removed []string  `json:"removed,omitempty"`
	Wrong   []wrong   `json:"wrong,omitempty"`
}

// added is a tool that the file does not know. The proposal is what its words
// suggest, not a judgement.
type added struct {
	Tool     string        `json:"tool"`
	Proposal effects.Entry `json:"proposal"`
}

// changed is a tool whose schema is not the one that was judged.
type changed struct {
	Tool      string   `json:"tool"`
	From      string   `json:"from"`
	To        string   `json:"to"`
	Arguments []string `json:"arguments"` // that it takes now
}

// wrong is a role that names an argument which the tool does not take.
type wrong struct {
	Tool     string `json:"tool"`
	Role     string `json:"role"`
	Argument string `json:"argument"`
}

// compare sets what a server lists against what is known of it.
func compare(c *effects.Catalogue, version string, tools offered, judge *effects.Judge) difference {
	d := difference{Server: c.Server, From: c.Version, To: version}
	for _, name := range slices.Sorted(maps.Keys(tools)) {
		w := tools[name]
		e, ok := c.Tools[name]
		switch {
		case !ok:
			d.Added = append(d.Added, added{name, judge.Propose(w)})
			continue
		case e.Schema != w.Schema:
			d.Changed = append(d.Changed, changed{name, e.Schema, w.Schema, w.Arguments})
		}
		d.Wrong = append(d.Wrong, astray(name, e, w)...)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Tools)) {
		if _, ok := tools[name]; !ok {
			d.Removed = append(d.Removed, name)
		}
	}
	return d
}

// astray finds the roles of a tool's entry that name no argument of the tool.
func astray(name string, e effects.Entry, w effects.Words) []wrong {
	var out []wrong
	for _, role := range slices.Sorted(maps.Keys(e.Roles)) {
		for _, argument := range e.Roles[role] {
			first, _, _ := strings.Cut(strings.TrimPrefix(argument, "/"), "/")
			if !slices.Contains(w.Arguments, first) {
				out = append(out, wrong{name, role, argument})
			}
		}
	}
	return out
}

// none reports that all is as the file says.
func (d *difference) none() bool {
	return d.From == d.To && len(d.Added)+len(d.Changed)+len(d.Removed)+len(d.Wrong) == 0
}

// print writes the difference for a person, one tool a line.
func (d *difference) print(to io.Writer) {
	head := strings.TrimSpace(d.Server + " " + d.To)
	if d.From != d.To && d.From != "" {
		head = d.Server + " " + d.From + " -> " + d.To
	}
	if d.none() {
		head += ", as pinned"
	}
	fmt.Fprintln(to, head)
	for _, t := range d.Added {
		fmt.Fprintf(to, "  + %s: proposal, to be judged: %s\n", t.Tool, inWords(t.Proposal))
	}
	for _, t := range d.Changed {
		fmt.Fprintf(to, "  ~ %s: schema %s -> %s, it takes now: %s\n", t.Tool, short(t.From), short(t.To), orNothing(t.Arguments))
	}
	for _, name := range d.Removed {
		fmt.Fprintf(to, "  - %s\n", name)
	}
	for _, w := range d.Wrong {
		fmt.Fprintf(to, "  ! %s: role %s names %s, which the tool does not take\n", w.Tool, w.Role, w.Argument)
	}
}

// inWords gives the part of an entry that is a judgement.
func inWords(e effects.Entry) string {
	e.Schema = ""
	raw, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// accept gives the file as it is to be written: the version and the hashes of
// what was started, without the tools that are gone. Judgements stay as they
// are. A tool that changed has to be accepted, because nobody has judged what
// it is now; of the added ones those that are accepted get their proposals, and
// the others stay unknown to the catalogue.
func (d *difference) accept(c *effects.Catalogue, accepted func(tool string) bool) (*effects.Catalogue, error) {
	if len(d.Wrong) > 0 {
		return nil, fmt.Errorf("%s: %d roles name arguments that are not there; correct the file", d.Server, len(d.Wrong))
	}
	out := *c
	out.Version, out.Tools = d.To, maps.Clone(c.Tools)
	if out.Tools == nil {
		out.Tools = map[string]effects.Entry{}
	}
	var open []string
	for _, t := range d.Changed {
		if !accepted(t.Tool) {
			open = append(open, t.Tool)
		}
		e := out.Tools[t.Tool]
		e.Schema = t.To
		out.Tools[t.Tool] = e
	}
	if len(open) > 0 {
		return nil, hinted{fmt.Errorf("%s: the schema of %s changed since it was judged", d.Server, strings.Join(open, ", ")),
			"read what the tool does now, correct its entry, and accept it: --accept " + open[0]}
	}
	for _, t := range d.Added {
		if accepted(t.Tool) {
			out.Tools[t.Tool] = t.Proposal
		}
	}
	for _, name := range d.Removed {
		delete(out.Tools, name)
	}
	return &out, nil
}
