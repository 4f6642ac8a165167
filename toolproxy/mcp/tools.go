package mcp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// Bounds on what is kept of one server's tools. A tool beyond them stays
// unknown.
const (
	maxTools      = 4096
	maxDefinition = 256 << 10 // bytes
	maxTable      = 16 << 20  // bytes of all definitions
)

// known is one tool and what was derived from its definition.
type known struct {
	tool    *toolproxy.Tool
	headers *mcpgo.Tool // set where the schema binds arguments to headers
}

// listing is the tools of a server at one time. It is immutable.
type listing struct {
	named map[string]*known
	tools []*toolproxy.Tool
}

// table holds what is known of a server's tools. Its zero value knows none.
type table struct {
	current atomic.Pointer[listing]

	mu       sync.Mutex
	version  uint64        // counts the times that the server said its tools changed
	complete time.Time     // when a whole listing was last seen
	lookup   chan struct{} // closed when the lookup that is under way ends
}

// all is the tools of the server, for a firewall that wants to know what else
// the agent could call. Nobody may change the slice.
func (t *table) all() []*toolproxy.Tool {
	if l := t.current.Load(); l != nil {
		return l.tools
	}
	return nil
}

func (t *table) find(name string) *known {
	if l := t.current.Load(); l != nil {
		return l.named[name]
	}
	return nil
}

// clear forgets every tool.
func (t *table) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version++
	t.complete = time.Time{}
	t.current.Store(nil)
}

// page says which part of a listing a reply is, and of which version.
type page struct {
	version uint64
	first   bool
	keep    bool // false: read the definitions, but do not keep them
}

// unlisted is for definitions that are read but not kept.
var unlisted page

// open starts a page of a listing.
func (t *table) open(first bool) page {
	t.mu.Lock()
	defer t.mu.Unlock()
	return page{version: t.version, first: first, keep: true}
}

// learn reads the definitions in the reply to a listing. It returns them by
// the place that they have in the reply; nil stands for what has no name. What
// was asked before the server last changed its tools is read, but not kept.
func (t *table) learn(server string, reply Message, p page) []*known {
	before := t.current.Load()
	var found []*known
	reply.Result.Get("tools").ForEach(func(_, raw gjson.Result) bool {
		found = append(found, define(server, raw, before))
		return true
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	if !p.keep || p.version != t.version {
		return found
	}
	last := !reply.Result.Get("nextCursor").Exists()
	next := merge(t.current.Load(), found, p.first && last)
	t.current.Store(next)
	if last {
		t.complete = time.Now()
	}
	return found
}

// merge adds found to what was known, or replaces it where found is the whole
// listing. A name that a listing uses for two definitions means nothing and
// stays unknown.
func merge(before *listing, found []*known, whole bool) *listing {
	next := &listing{named: make(map[string]*known, len(found))}
	if before != nil && !whole {
		for name, k := range before.named {
			next.named[name] = k
		}
	}
	size := 0
	for _, k := range next.named {
		size += len(k.tool.Raw)
	}
	fresh := make(map[string]string, len(found))
	for _, k := range found {
		if k == nil || len(next.named) >= maxTools || len(k.tool.Raw) > maxDefinition || size+len(k.tool.Raw) > maxTable {
			continue
		}
		size += len(k.tool.Raw)
		if hash, twice := fresh[k.tool.Name]; twice && hash != k.tool.Hash {
			delete(next.named, k.tool.Name)
			fresh[k.tool.Name] = ""
			continue
		}
		fresh[k.tool.Name] = k.tool.Hash
		next.named[k.tool.Name] = k
	}
	for _, k := range next.named {
		next.tools = append(next.tools, k.tool)
	}
	slices.SortFunc(next.tools, func(a, b *toolproxy.Tool) int { return strings.Compare(a.Name, b.Name) })
	return next
}

// define reads one definition, or takes over the one that is known when the
// bytes are the same, so that what others derived from it stays valid.
func define(server string, raw gjson.Result, before *listing) *known {
	name := raw.Get("name")
	if !raw.IsObject() || name.Type != gjson.String || name.Str == "" {
		return nil
	}
	if before != nil {
		if k := before.named[name.Str]; k != nil && string(k.tool.Raw) == raw.Raw {
			return k
		}
	}
	tool := &toolproxy.Tool{
		Server:      server,
		Name:        name.Str,
		Description: raw.Get("description").String(),
		InputSchema: member(raw, "inputSchema"),
		Annotations: member(raw, "annotations"),
		Raw:         json.RawMessage(raw.Raw),
		Hash:        digest(raw.Raw),
	}
	k := &known{tool: tool}
	bound := &mcpgo.Tool{RawInputSchema: tool.InputSchema}
	if len(tool.InputSchema) > 0 && len(mcpgo.ExtractParamHeaderBindings(bound)) > 0 {
		k.headers = bound
	}
	return k
}

func member(raw gjson.Result, name string) json.RawMessage {
	if value := raw.Get(name); value.Exists() {
		return json.RawMessage(value.Raw)
	}
	return nil
}

// digest is the SHA-256 of a definition in canonical form (RFC 8785), or of
// its bytes where it has none.
func digest(raw string) string {
	canonical := jsontext.Value(raw)
	if err := canonical.Canonicalize(); err != nil {
		canonical = jsontext.Value(raw)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// Heard takes note of a message that the upstream sent of its own accord.
// Transports call it for each one before they relay it.
func (s *Server) Heard(m Message) {
	if m.Kind == KindNotification && m.Method == "notifications/tools/list_changed" {
		s.tools.clear()
	}
}

// list answers tools/list with the tools that the caller could ever call.
func (s *Server) list(ctx context.Context, client Client, m Message, ask Ask) []byte {
	p := s.tools.open(!m.Params.Get("cursor").Exists())
	data, err := ask(ctx, m.Raw)
	if err != nil {
		return refuse(m, asRefusal(err))
	}
	reply, err := read(data)
	if err != nil {
		return refuse(m, asRefusal(err))
	}
	if !reply.Result.Get("tools").IsArray() {
		return data
	}
	return s.filter(ctx, client, reply, s.tools.learn(s.Name, reply, p), m.Modern())
}

// filter removes the tools from a listing that the caller could never call,
// and those without a name. A filtered listing is private to its caller.
func (s *Server) filter(ctx context.Context, client Client, reply Message, found []*known, modern bool) []byte {
	visible := make([]bool, len(found))
	hidden := false
	for i, k := range found {
		visible[i] = k != nil && (s.Visible == nil || s.Visible(ctx, client.Caller, k.tool))
		hidden = hidden || !visible[i]
	}
	public := modern && reply.Result.Get("cacheScope").String() == "public"
	if !hidden && !public {
		return reply.Raw
	}
	body := []byte{'{'}
	scoped := false
	reply.Result.ForEach(func(key, value gjson.Result) bool {
		raw := []byte(value.Raw)
		switch key.String() {
		case "tools":
			raw = keepTools(value, visible)
		case "cacheScope":
			raw, scoped = []byte(`"private"`), true
		}
		body = appendMember(body, key.Raw, raw)
		return true
	})
	if modern && !scoped {
		body = appendMember(body, `"cacheScope"`, []byte(`"private"`))
	}
	return encode(reply, &reply, &toolproxy.Result{Body: append(body, '}'), Edited: true})
}

func appendMember(object []byte, key string, value []byte) []byte {
	if len(object) > 1 {
		object = append(object, ',')
	}
	object = append(object, key...)
	object = append(object, ':')
	return append(object, value...)
}

// keepTools rebuilds an array from those elements that are visible.
func keepTools(tools gjson.Result, visible []bool) []byte {
	kept := []byte{'['}
	i := 0
	tools.ForEach(func(_, raw gjson.Result) bool {
		if visible[i] {
			if len(kept) > 1 {
				kept = append(kept, ',')
			}
			kept = append(kept, raw.Raw...)
		}
		i++
		return true
	})
	return append(kept, ']')
}
