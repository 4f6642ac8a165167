package config

import "time"

// The tables below are the one place that knows the keys: the decoder reads by
// them, Default fills by them, and Reference prints them.

func (c *Config) keys() []key {
	return []key{
		{name: "listen", kind: "address", def: "127.0.0.1:7070", read: text(&c.Listen, address),
			doc: "Address of the HTTP listener. An address that other machines can reach needs a caller with a key."},
		{name: "state", kind: "path", read: path(&c.State, stateFile),
			doc: "The SQLite record. Default: `callgate.db` in the user's state folder, shared by all of the user's processes."},
		{name: "allowed_hosts", kind: "list of hosts", read: list(&c.AllowedHosts, host),
			doc: "Host headers that are answered beside the listener's own address."},
		{name: "allowed_origins", kind: "list of origins", read: list(&c.AllowedOrigins, origin),
			doc: "Origin headers that are answered beside the listener's own, such as `https://console.example.com`."},
		{name: "policy", kind: "mapping", below: c.Policy.keys(), doc: "Which rules decide."},
		{name: "servers", kind: "mapping", read: servers(&c.Servers), each: "NAME", below: new(Server).keys(),
			doc: "MCP upstreams, each served at `/mcp/NAME`. A name is 1 to 64 of `a-z0-9_-`."},
		{name: "callers", kind: "list", read: callers(&c.Callers), each: "[]", below: new(Caller).keys(),
			doc: "Who may call. Default: one local caller named `local` with the scopes `*:read` and `*:draft`."},
		{name: "limits", kind: "mapping", below: c.Limits.keys(), doc: "What one call, and all of them together, may take."},
		{name: "approvals", kind: "mapping", below: c.Approvals.keys(), doc: "What waits for a person."},
		{name: "record", kind: "mapping", below: c.Record.keys(), doc: "How records are written."},
		{name: "models", later: true},
		{name: "tools", later: true},
	}
}

func (p *Policy) keys() []key {
	return []key{
		{name: "profile", kind: "word", def: "balanced", read: text(&p.Profile, wordOf("profile", Profiles)),
			doc: "`balanced`, `strict`, or `observe`: decide and record as balanced does, and then forward every call."},
		{name: "dirs", kind: "list of paths", read: paths(&p.Dirs, folderThere),
			doc: "Folders of Rego modules beside the shipped rules."},
		{name: "bundles", kind: "mapping", read: bundles(&p.Bundles), each: "NAME", below: new(Bundle).keys(),
			doc: "OPA bundles (tar.gz) of Rego modules and data. A name is 1 to 64 of `a-z0-9_-`."},
		{name: "catalogues", kind: "list of paths", read: paths(&p.Catalogues, fileThere),
			doc: "Files that say what known tools do, beside the shipped ones; `callgate catalogue build` writes such files."},
		{name: "settings", kind: "mapping", read: settings(&p.Settings),
			doc: "Tunes the shipped rules: becomes `data.settings`."},
		{name: "timeout", kind: "duration", def: "1s", read: duration(&p.Timeout, time.Millisecond, 10*time.Second),
			doc: "How long one decision may take; later is a refusal."},
	}
}

func (b *Bundle) keys() []key {
	return []key{
		{name: "file", kind: "path", read: path(&b.File, fileThere),
			doc: "A bundle on this machine. Give either this or `url`."},
		{name: "url", kind: "URL", read: text(&b.URL, upstream),
			doc: "Where the bundle is fetched from; needs `key`."},
		{name: "headers", kind: "mapping of text", read: table(&b.Headers, headerName, headerValue),
			doc: "Sent with every request to `url`. Values may hold references to secrets."},
		{name: "key", kind: "path", read: path(&b.Key, fileThere),
			doc: "Public key in PEM (RSA or ECDSA) that the bundle has to be signed with."},
		{name: "poll", kind: "duration", def: "1m", read: duration(&b.Poll, time.Second, 24*time.Hour),
			doc: "How often `url` is asked for a newer bundle."},
	}
}

func (a *Approvals) keys() []key {
	return []key{
		{name: "expire", kind: "duration", def: "15m", read: duration(&a.Expire, time.Second, 720*time.Hour),
			doc: "How long a question may be answered, and an approval be used."},
		{name: "max_pending", kind: "number", def: "100", read: count(&a.MaxPending, 1, 10000),
			doc: "How many questions of one caller may wait."},
	}
}

func (s *Server) keys() []key {
	return []key{
		{name: "url", kind: "URL", read: text(&s.URL, upstream),
			doc: "Streamable HTTP endpoint. Give either this or `command`."},
		{name: "headers", kind: "mapping of text", read: table(&s.Headers, headerName, headerValue),
			doc: "Sent with every request to `url`. Values may hold `${secret:env:NAME}` and `${secret:file:PATH}`."},
		{name: "command", kind: "list of text", read: list(&s.Command, argument),
			doc: "Program and arguments, run over stdio. Arguments may hold references to secrets."},
		{name: "env", kind: "mapping of text", read: table(&s.Env, envName, argument),
			doc: "Added to the environment of `command`, which is Callgate's own but for the variables that references name. Values may hold references to secrets."},
		{name: "dir", kind: "path", read: path(&s.Dir, folderThere),
			doc: "Working folder of `command`. Default: where Callgate runs."},
		{name: "tools", kind: "mapping", read: tools(&s.Tools), each: "TOOL", below: new(Tool).keys(),
			doc: "What tools do, by tool name; `\"*\"` is for every tool without an entry."},
		{name: "timeout", kind: "duration", read: duration(&s.Timeout, time.Millisecond, 24*time.Hour),
			doc: "How long it may be silent during a call. Default: `limits.call_timeout`."},
	}
}

func (t *Tool) keys() []key {
	return []key{
		{name: "effects", kind: "list of words", read: list(&t.Effects, wordOf("effect", Effects)),
			doc: "What a call does: " + words(Effects) + ". Default: judged from the definition."},
		{name: "domains", kind: "list of words", read: list(&t.Domains, wordOf("domain", Domains)),
			doc: "What a call does it to: " + words(Domains) + ". Default: judged from the definition."},
		{name: "draft_twin", kind: "text", read: text(&t.DraftTwin, toolName),
			doc: "Tool of the same server that takes the same arguments and only drafts."},
	}
}

func (c *Caller) keys() []key {
	return []key{
		{name: "name", kind: "name", read: text(&c.Name, name), doc: "What records and policy call it; unique."},
		{name: "key", kind: "keyed hash", read: text(&c.Key, keyHash),
			doc: "The hash that `callgate key new` prints. Give either this or `local: true`."},
		{name: "local", kind: "true or false", read: truth(&c.Local),
			doc: "The caller without a key: the parent process on stdio, and clients on the loopback address that no other proxy stands before. At most one."},
		{name: "scopes", kind: "list of scopes", read: list(&c.Scopes, scope),
			doc: "`domain:effect`, either side may be `*`. None permits nothing."},
		{name: "roles", kind: "list of names", read: list(&c.Roles, name), doc: "Words for policy."},
		{name: "limits", later: true},
	}
}

func (l *Limits) keys() []key {
	return []key{
		{name: "max_request", kind: "size", def: "4MiB", read: size(&l.MaxRequest, kib, 64*mib),
			doc: "Largest request."},
		{name: "max_reply", kind: "size", def: "16MiB", read: size(&l.MaxReply, kib, 256*mib),
			doc: "Largest answer of an upstream."},
		{name: "max_depth", kind: "number", def: "64", read: count(&l.MaxDepth, 8, 1000),
			doc: "How deep JSON may nest."},
		{name: "call_timeout", kind: "duration", def: "2m", read: duration(&l.CallTimeout, time.Millisecond, 24*time.Hour),
			doc: "How long an upstream may be silent. `wrap` leaves this to its client."},
		{name: "header_timeout", kind: "duration", def: "10s", read: duration(&l.HeaderTimeout, time.Millisecond, 10*time.Minute),
			doc: "How long the header of a request may take."},
		{name: "body_timeout", kind: "duration", def: "30s", read: duration(&l.BodyTimeout, time.Millisecond, time.Hour),
			doc: "How long the body of a request may take, and how long a client may leave an answer unread."},
		{name: "shutdown_timeout", kind: "duration", def: "30s", read: duration(&l.ShutdownTimeout, time.Millisecond, time.Hour),
			doc: "How long calls in flight may take to finish at shutdown."},
		{name: "max_calls", kind: "number", def: "1024", read: count(&l.MaxCalls, 1, 100000),
			doc: "How many calls may be in flight, and how many streams be listened to."},
		{name: "max_children", kind: "number", def: "64", read: count(&l.MaxChildren, 1, 10000),
			doc: "How many stdio servers may run."},
		{name: "idle_child", kind: "duration", def: "10m", read: duration(&l.IdleChild, time.Second, 24*time.Hour),
			doc: "How long a stdio server without calls is kept."},
	}
}

func (r *Record) keys() []key {
	return []key{
		{name: "write_timeout", kind: "duration", def: "5s", read: duration(&r.WriteTimeout, time.Millisecond, time.Minute),
			doc: "How long a record may take to be durable before its call is refused."},
	}
}
