package shell

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The tables: everyday programs, programs that have commands of their own, and
// those of Windows, whose names mean the same in any case.
//
//go:embed programs.json tools.json windows.json
var files embed.FS

var (
	programs = mustTable("programs.json", "tools.json")
	cmdlets  = mustTable("windows.json")
)

// program is an entry of the table. A word that stands for one in JSON is its
// Does. Keys may hold several names.
type program struct {
	Does     deeds             `json:"does"`     // whatever the arguments are
	Options  map[string]option `json:"options"`  // what one option adds
	Operands map[string]deeds  `json:"operands"` // what one adds that begins so; the longest counts
	At       []deeds           `json:"at"`       // what the first, the second operand adds by being there
	Pattern  deeds             `json:"pattern"`  // what an operand adds that is a pattern
	Remote   deeds             `json:"remote"`   // what an operand with a colon adds, a place on another machine
	Only     string            `json:"only"`     // the operands that are understood
	Address  string            `json:"address"`  // the operands that are addresses: "all", "first", "colon"

	Commands map[string]*program `json:"commands"` // by first operand
	Inherit  bool                `json:"inherit"`  // the commands take the program's options too
	Other    *deeds              `json:"other"`    // a command that is not listed; opaque unless said

	Bare *deeds `json:"bare"` // no command was given; read unless said, opaque for Runs

	Runs    *int   `json:"runs"`    // another command follows after so many operands
	Joined  bool   `json:"joined"`  // a shell reads what follows as one line
	Words   bool   `json:"words"`   // an option is a word after one dash
	Assigns bool   `json:"assigns"` // before it there may be variables
	Special string `json:"special"` // the function that reads the arguments: special.go

	any deeds // what an argument may do of which nothing is known
}

// option is what an option adds.
type option struct {
	deeds
	value  bool   // an argument belongs to it
	attach bool   // what follows it in the same argument belongs to it
	action string // what its value is, a word of actions
}

// actions are what a value can be: a command line, the method of a request, a
// file to write, an address, a script of sed, a format of curl.
var actions = []string{"shell", "method", "output", "address", "sed", "format"}

// UnmarshalText reads the words of deeds, "value", "attached" and actions.
func (o *option) UnmarshalText(text []byte) error {
	var rest []string
	for word := range strings.FieldsSeq(string(text)) {
		switch {
		case word == "value":
			o.value = true
		case word == "attached":
			o.attach = true
		case slices.Contains(actions, word):
			o.value, o.action = true, word
		default:
			rest = append(rest, word)
		}
	}
	return o.deeds.UnmarshalText([]byte(strings.Join(rest, " ")))
}

// unread is what the option may do where its value is not looked at.
func (o option) unread() deeds {
	if o.action != "" {
		return o.deeds | opaque
	}
	return o.deeds
}

// UnmarshalJSON reads an object, or the words of one that only has Does.
func (p *program) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, &p.Does)
	}
	type plain program
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode((*plain)(p))
}

// mustTable reads files that are part of the program. A test reads them too,
// so that a fault in them does not leave the house.
func mustTable(names ...string) map[string]*program {
	all := map[string]*program{}
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		var some map[string]*program
		if err := json.Unmarshal(raw, &some); err != nil {
			panic(fmt.Errorf("%s: %w", name, err))
		}
		maps.Copy(all, split(some))
	}
	for _, p := range all {
		p.prepare(nil)
	}
	return all
}

// prepare splits the keys and passes options on to commands.
func (p *program) prepare(inherited map[string]option) {
	own := split(p.Options)
	p.Options = maps.Clone(inherited)
	if p.Options == nil {
		p.Options = map[string]option{}
	}
	maps.Copy(p.Options, own)
	for _, o := range p.Options {
		p.any |= o.unread()
	}
	if !p.Inherit {
		inherited = nil
	} else {
		inherited = p.Options
	}
	p.Commands = split(p.Commands)
	done := map[*program]bool{}
	for _, c := range p.Commands {
		if !done[c] {
			done[c] = true
			c.prepare(inherited)
		}
	}
}

// split gives each of the names in a key its own. A name may not stand twice.
func split[V any](m map[string]V) map[string]V {
	if m == nil {
		return nil
	}
	out := make(map[string]V, len(m))
	for key, v := range m {
		for name := range strings.FieldsSeq(key) {
			if _, twice := out[name]; twice {
				panic(fmt.Errorf("%q stands twice", name))
			}
			out[name] = v
		}
	}
	return out
}

// systemFolders hold the programs that names without a folder mean.
var systemFolders = []string{"", "/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/", "/usr/local/sbin/", "/opt/homebrew/bin/"}

// lookup finds the program of a name as it is written. The base is the name
// without its folder; p is nil for a program that is not known.
func lookup(name string) (base string, p *program) {
	cut := strings.LastIndexByte(name, '/') + 1
	base = name[cut:]
	if lower := strings.ToLower(base); strings.HasSuffix(lower, ".exe") {
		base = strings.TrimSuffix(lower, ".exe")
	}
	if !slices.Contains(systemFolders, name[:cut]) {
		return base, nil
	}
	if p = programs[base]; p == nil {
		lower := strings.ToLower(base)
		if p = cmdlets[lower]; p != nil {
			base = lower
		}
	}
	return base, p
}
