// Package config reads callgate.yaml.
//
// It guarantees that a file is read wholly or refused: every fault of the file
// is in one report, each with its line and column, and a file without faults
// gives a Config in which every field holds its documented default or a value
// that was checked. Reading changes nothing outside the process.
//
// It does not resolve references to secrets, open the record, start a server or
// read a policy; what only another room can check is left to a Check.
package config

import (
	"time"
)

// Config is one configuration. The zero value is not usable; Default, Load and
// Parse give complete ones. A Config is not changed once it is returned.
type Config struct {
	// File is the path that was read; empty for the built-in defaults.
	File string

	// Listen is the address of the HTTP listener, "host:port" with a port of 0
	// to 65535. Default 127.0.0.1:7070. An address that other machines can
	// reach needs at least one caller with a key.
	Listen string

	// State is the path of the SQLite record. Empty, the default, means the
	// file in the user's state folder, which this package does not resolve.
	State string

	// AllowedHosts are the Host headers that the listener answers to beside
	// its own address, such as "callgate.example.com". Default none.
	AllowedHosts []string

	// AllowedOrigins are the Origin headers that the listener answers to beside
	// its own, such as "https://console.example.com". Default none.
	AllowedOrigins []string

	// Policy says which rules decide.
	Policy Policy

	// Servers are the MCP upstreams by name. Default none.
	Servers map[string]Server

	// Callers are who may call, in the order of the file. Default: one local
	// caller of the name "local" that may read and draft.
	Callers []Caller

	// Limits bound what one call, and all of them together, may take.
	Limits Limits

	// Approvals bound what waits for a person.
	Approvals Approvals

	// Record bounds the writing of records.
	Record Record
}

// Policy says which rules decide and how long they may take.
type Policy struct {
	// Profile is "balanced" (the default), "strict" or "observe". Observe
	// decides and records as balanced does, and then forwards every call.
	Profile string

	// Dirs are folders of Rego modules beside the shipped rules; each must
	// exist. Default none.
	Dirs []string

	// Bundles are rules and data that come as OPA bundles, by name. Default none.
	Bundles map[string]Bundle

	// Catalogues are files that say what known tools do, beside the shipped
	// ones; each must exist. Default none.
	Catalogues []string

	// Settings tune the shipped rules: it becomes data.settings, merged over
	// the shipped data. Keys are the rules' own and are checked by the policy.
	// Values are nil, bool, int, float64, string, []any or map[string]any.
	// Default none.
	Settings map[string]any

	// Timeout is how long one decision may take, 1ms to 10s. Default 1s.
	Timeout time.Duration
}

// Bundle is one OPA bundle, a tar.gz: exactly one of File and URL is set.
type Bundle struct {
	// File is the path of a bundle on this machine; it must exist.
	File string

	// URL is where the bundle is fetched from, http or https. It needs Key.
	URL string

	// Headers are sent with every request to URL. Values may hold references
	// to secrets. Default none.
	Headers map[string]string

	// Key is the path of the public key, in PEM, that the bundle has to be
	// signed with. Default none, for a File alone.
	Key string

	// Poll is how often URL is asked for a newer bundle, 1s to 24h. Default 1m.
	Poll time.Duration
}

// Approvals bound what waits for a person.
type Approvals struct {
	// Expire is how long a question may be answered, and an approval be used,
	// 1s to 720h. Default 15m.
	Expire time.Duration

	// MaxPending is how many questions of one caller may wait, 1 to 10000; a
	// call beyond them is refused without a question. Default 100.
	MaxPending int
}

// Server is one MCP upstream: exactly one of URL and Command is set.
type Server struct {
	// URL is the Streamable HTTP endpoint, http or https, without user
	// information and without fragment. It may hold references to secrets
	// behind the host.
	URL string

	// Headers are sent with every request to URL. Values may hold references
	// to secrets. Default none.
	Headers map[string]string

	// Command is the program and its arguments, run over stdio. Arguments may
	// hold references to secrets.
	Command []string

	// Env is added to the environment of Command. Values may hold references
	// to secrets. Default none.
	Env map[string]string

	// Dir is the working folder of Command; it must exist. Default: the folder
	// in which Callgate runs.
	Dir string

	// Tools says what tools do, by tool name; "*" is for every tool that has
	// no entry. Default none.
	Tools map[string]Tool

	// Timeout is how long one call of this server may take, 1ms to 24h. The
	// default, 0, means Limits.CallTimeout.
	Timeout time.Duration
}

// Tool is what the operator says of a tool. It outranks every other source.
type Tool struct {
	// Effects is what a call does, words of Effects. Default: judged.
	Effects []string

	// Domains is what a call does it to, words of Domains. Default: judged.
	Domains []string

	// DraftTwin names a tool of the same server that takes the same arguments
	// and only drafts. Default none.
	DraftTwin string
}

// Caller is a service account: exactly one of Key and Local is set.
type Caller struct {
	// Name is what records and policy call it; unique.
	Name string

	// Key is the keyed hash that "callgate key new" prints, never the key.
	Key string

	// Local marks the caller that needs no key: the parent process on stdio
	// and a client on the loopback address. At most one caller is local.
	Local bool

	// Scopes are "domain:effect", either side may be "*". Default none, which
	// permits nothing.
	Scopes []string

	// Roles are words for policy. Default none.
	Roles []string
}

// Limits bound what calls may take. Sizes are bytes.
type Limits struct {
	// MaxRequest is the largest request, 1KiB to 64MiB. Default 4MiB.
	MaxRequest int64
	// MaxReply is the largest answer of an upstream, 1KiB to 256MiB. Default 16MiB.
	MaxReply int64
	// MaxDepth is how deep JSON may nest, 8 to 1000. Default 64.
	MaxDepth int
	// CallTimeout is how long an upstream may take, 1ms to 24h. Default 2m.
	CallTimeout time.Duration
	// HeaderTimeout is how long a request's header may take, 1ms to 10m. Default 10s.
	HeaderTimeout time.Duration
	// BodyTimeout is how long a request's body may take, 1ms to 1h. Default 30s.
	BodyTimeout time.Duration
	// ShutdownTimeout is how long calls in flight may take to finish when the
	// process is told to stop, 1ms to 1h. Default 30s.
	ShutdownTimeout time.Duration
	// MaxCalls is how many calls may be in flight, 1 to 100000. Default 1024.
	MaxCalls int
	// MaxChildren is how many stdio servers may run, 1 to 10000. Default 64.
	MaxChildren int
	// IdleChild is how long a stdio server without calls is kept, 1s to 24h.
	// Default 10m.
	IdleChild time.Duration
}

// Record bounds the writing of records.
type Record struct {
	// WriteTimeout is how long a record may take to be durable before its call
	// is refused, 1ms to 1m. Default 5s.
	WriteTimeout time.Duration
}

// Effects is the closed set of what a call can do.
var Effects = []string{"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown"}

// Domains is the closed set of what a call can do it to.
var Domains = []string{"mail", "calendar", "chat", "crm", "finance", "files", "code", "web", "database", "identity", "other"}

// Profiles is the closed set of policy profiles.
var Profiles = []string{"balanced", "observe", "strict"}

// Default gives the configuration of an empty file.
func Default() *Config {
	c := &Config{}
	fill(c.keys())
	c.Callers = []Caller{localCaller()}
	return c
}

// localCaller is who calls when nobody is configured.
func localCaller() Caller {
	return Caller{Name: "local", Local: true, Scopes: []string{"*:read", "*:draft"}}
}

// Keyed reports whether any caller has a key.
func (c *Config) Keyed() bool {
	for _, caller := range c.Callers {
		if caller.Key != "" {
			return true
		}
	}
	return false
}
