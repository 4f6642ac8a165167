package mcp

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"
)

// Bounds on looking up the definition of a tool.
const (
	lookupPages = 32
	lookupTime  = 10 * time.Second
	// lookupRest is how long a listing that lacked a tool is believed, so that
	// calls of a tool that does not exist do not each cost a listing.
	lookupRest = time.Second
)

var lookups atomic.Uint64

// define returns what is known of a tool. Where nothing is, it lists the
// server's tools first; callers of one server share a listing. Nil means that
// the tool stays unknown.
func (s *Server) define(ctx context.Context, m Message, name string, ask Ask) *known {
	const patience = 2 // lookups of others that may fail before this call goes without
	for range patience {
		if k := s.tools.find(name); k != nil {
			return k
		}
		wait, lead := s.tools.join()
		if lead {
			defer s.tools.leave()
			s.lookUp(ctx, m, ask)
			break
		}
		if wait == nil {
			break // listed just now, maybe since the look above
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil
		}
	}
	return s.tools.find(name)
}

// join starts a lookup, or gives the channel that is closed when the one under
// way ends. It gives neither when the tools were listed just now.
func (t *table) join() (wait <-chan struct{}, lead bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.lookup != nil:
		return t.lookup, false
	case time.Since(t.complete) < lookupRest:
		return nil, false
	}
	t.lookup = make(chan struct{})
	return t.lookup, true
}

func (t *table) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.lookup)
	t.lookup = nil
}

// lookUp lists the server's tools page by page, in the era of m.
func (s *Server) lookUp(ctx context.Context, m Message, ask Ask) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	cursor := ""
	for number := range lookupPages {
		p := s.tools.open(number == 0)
		data, err := ask(ctx, listRequest(m, cursor))
		if err != nil {
			return
		}
		reply, err := read(data)
		if err != nil || !reply.Result.Get("tools").IsArray() {
			return
		}
		s.tools.learn(s.Name, reply, p)
		next := reply.Result.Get("nextCursor")
		if next.Type != gjson.String || next.Raw == cursor {
			return
		}
		cursor = next.Raw
	}
}

// listRequest is a tools/list of our own, with an id that no client uses.
func listRequest(m Message, cursor string) []byte {
	id := "callgate-lookup-" + strconv.FormatUint(lookups.Add(1), 10) + "-" + rand.Text()
	params := map[string]json.RawMessage{}
	if version := m.Params.Get(metaVersion); version.Exists() {
		meta := map[string]json.RawMessage{"io.modelcontextprotocol/protocolVersion": json.RawMessage(version.Raw)}
		if capabilities := m.Params.Get(metaCapabilities); capabilities.Exists() {
			meta["io.modelcontextprotocol/clientCapabilities"] = json.RawMessage(capabilities.Raw)
		}
		params["_meta"], _ = json.Marshal(meta)
	}
	if cursor != "" {
		params["cursor"] = json.RawMessage(cursor)
	}
	request, _ := json.Marshal(struct {
		Version string                     `json:"jsonrpc"`
		ID      string                     `json:"id"`
		Method  string                     `json:"method"`
		Params  map[string]json.RawMessage `json:"params"`
	}{"2.0", id, methodList, params})
	return request
}
