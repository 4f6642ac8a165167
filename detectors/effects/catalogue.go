package effects

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The roles of arguments that a catalogue can name. The first row are those
// that say whom or what a call reaches and what it pays; the second are whole
// programs, which say by themselves what the call does.
var (
	reaching  = []string{"recipients", "payee", "amount", "currency", "urls", "hosts", "paths"}
	deciding  = []string{"sql", "command", "argv", "code", "method", "graphql", "mode"}
	roleNames = slices.Concat(reaching, deciding)
)

// The closed sets of words.
var (
	allEffects = []string{Read, Draft, Write, Delete, Send, Execute, Pay, Admin, Unknown}
	allDomains = []string{"mail", "calendar", "chat", "crm", finance, "files", "code", "web", "database", "identity", Other}
	allResults = []string{"untrusted", "private"} // what a tool's results can be
)

// Catalogue is what is known of the tools of one server: one file.
type Catalogue struct {
	Server  string           `json:"server"`            // whose tools: "npm:@scope/name", "name:gmail"
	Version string           `json:"version,omitempty"` // of the server whose tools were looked at
	Start   *Start           `json:"start,omitempty"`   // how to start it, where it is more than its name
	Tools   map[string]Entry `json:"tools"`
}

// Start is what a server needs to list its tools. "{dir}" stands for an empty
// folder.
type Start struct {
	Args []string          `json:"args,omitempty"`
	Env  map[string]string `json:"env,omitempty"`
}

// Entry is one tool. Effects are those of each of its calls; they may be empty
// where an argument decides, or carries the call that does.
type Entry struct {
	Schema    string              `json:"schema,omitempty"` // SchemaHash of its input schema; without it the entry never stands alone
	Effects   []string            `json:"effects"`
	Domains   []string            `json:"domains"`
	Roles     map[string][]string `json:"roles,omitempty"`      // role to arguments: a top-level name, or a pointer in which * is each element
	Minor     bool                `json:"minor,omitzero"`       // amounts are in minor units, such as cents
	DraftTwin string              `json:"draft_twin,omitempty"` // tool of the same server that takes the same arguments and saves a draft
	Results   []string            `json:"results,omitempty"`    // untrusted, private
	Carries   *Carries            `json:"carries,omitempty"`
}

// Carries says where the arguments hold other calls: Tool and Arguments name
// members of what Calls points to, or of all the arguments; or Code names the
// argument whose program calls tools.
type Carries struct {
	Calls     string `json:"calls,omitempty"`
	Server    string `json:"server,omitempty"`
	Tool      string `json:"tool,omitempty"`
	Arguments string `json:"arguments,omitempty"`
	Code      string `json:"code,omitempty"`
}

// SchemaHash is what an entry pins: the hex SHA-256 of a tool's inputSchema in
// canonical form (RFC 8785). It is "" for what is no JSON value.
func SchemaHash(inputSchema []byte) string {
	canonical := jsontext.Value(bytes.Clone(inputSchema))
	if len(canonical) == 0 || canonical.Canonicalize() != nil {
		return ""
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// ReadCatalogue reads one file, whose name only the faults use. The error is
// Faults and lists all of them.
func ReadCatalogue(name string, raw []byte) (*Catalogue, error) {
	var c Catalogue
	if err := json.Unmarshal(raw, &c, json.RejectUnknownMembers(true)); err != nil {
		return nil, Faults{unreadable(name, raw, err)}
	}
	found := faultList{file: name, raw: raw}
	if c.Server == "" {
		found.add("/server", "no_server", "the server has no name", "write whose tools these are")
	}
	if len(c.Tools) == 0 {
		found.add("/tools", "no_tools", "the server has no tools", "list its tools")
	}
	for tool, e := range c.Tools {
		e.check(&found, jsontext.Pointer("/tools").AppendToken(tool))
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	return &c, nil
}

// Format writes a catalogue as a file: members in order, one tool a line.
func (c *Catalogue) Format() ([]byte, error) {
	head := *c
	head.Tools = nil
	raw, err := json.Marshal(head, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(bytes.TrimSuffix(raw, []byte("{}}")))
	b.WriteString("{")
	names := make([]string, 0, len(c.Tools))
	for name := range c.Tools {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		tool, err := json.Marshal(map[string]Entry{name: c.Tools[name]}, json.Deterministic(true))
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n  ")
		b.Write(tool[1 : len(tool)-1])
	}
	b.WriteString("\n}}\n")
	return b.Bytes(), nil
}

var hexHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (e *Entry) check(found *faultList, at jsontext.Pointer) {
	if e.Schema != "" && !hexHash.MatchString(e.Schema) {
		found.add(at+"/schema", "bad_hash", "it is no hex SHA-256", "let the build command write it")
	}
	if len(e.Effects) == 0 && !e.decided() {
		found.add(at, "no_effects", "the tool has no effects and no argument that decides them", "list its effects, or give it a role among "+strings.Join(deciding, ", "))
	}
	if len(e.Domains) == 0 {
		found.add(at, "no_domains", "the tool has no domains", `list them; "other" where none fits`)
	}
	found.among(at+"/effects", "unknown_effect", e.Effects, allEffects)
	found.among(at+"/domains", "unknown_domain", e.Domains, allDomains)
	found.among(at+"/results", "unknown_result", e.Results, allResults)
	for role, arguments := range e.Roles {
		place := (at + "/roles").AppendToken(role)
		found.among(place, "unknown_role", []string{role}, roleNames)
		if len(arguments) == 0 {
			found.add(place, "empty_role", "the role names no argument", "name one, or take the role out")
		}
		for _, argument := range arguments {
			found.argument(place, argument)
		}
	}
	if e.Carries != nil {
		e.Carries.check(found, at+"/carries")
	}
}

// decided reports that arguments alone can say what a call does.
func (e *Entry) decided() bool {
	return e.Carries != nil || slices.ContainsFunc(deciding, func(role string) bool { return e.Roles[role] != nil })
}

// runs reports an argument that is run, whatever it says.
func (e *Entry) runs() bool {
	return e.Roles["command"] != nil || e.Roles["argv"] != nil || e.Roles["code"] != nil || e.Carries != nil && e.Carries.Code != ""
}

func (c *Carries) check(found *faultList, at jsontext.Pointer) {
	if (c.Code == "") == (c.Tool == "") || c.Code != "" && (c.Calls != "" || c.Arguments != "" || c.Server != "") {
		found.add(at, "bad_carries", "it needs either code, or tool with arguments", `write {"tool": "name", "arguments": "args"} or {"code": "code"}`)
	}
	for _, argument := range []string{c.Calls, c.Server, c.Tool, c.Arguments, c.Code} {
		if argument != "" {
			found.argument(at, argument)
		}
	}
}

// path splits the name of an argument, or a pointer to arguments, into its
// tokens.
func path(argument string) ([]string, error) {
	if !strings.HasPrefix(argument, "/") {
		if argument == "" {
			return nil, errors.New("it is empty")
		}
		return []string{argument}, nil
	}
	var tokens []string
	for token := range jsontext.Pointer(argument).Tokens() {
		tokens = append(tokens, token)
	}
	if !jsontext.Pointer(argument).IsValid() || len(tokens) > maxDepth {
		return nil, errors.New("it is no JSON pointer")
	}
	return tokens, nil
}
