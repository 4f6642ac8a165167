package config

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// check looks at what no key shows alone.
func (d *decoder) check(c *Config) {
	d.checkCallers(c)
	if !Loopback(c.Listen) && !c.Keyed() {
		d.report("listen", CodeConflict, "listen on "+quote(c.Listen)+" lets other machines in, and no caller has a key",
			"add a caller with `callgate key new`, or listen on 127.0.0.1")
	}
	if len(c.Callers) == 0 {
		c.Callers = []Caller{localCaller()}
	}
}

// Loopback reports whether only this machine can reach an address. It may say
// no for one that is loopback under another name, never yes for one that is
// not.
func Loopback(listen string) bool {
	h, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(h)
	return h == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

func (d *decoder) checkCallers(c *Config) {
	names, ids, local := map[string]bool{}, map[string]bool{}, false
	for i, caller := range c.Callers {
		at := index("callers", i)
		if caller.Name != "" && names[caller.Name] {
			d.report(at+".name", CodeDuplicate, "another caller is named "+quote(caller.Name), "")
		}
		names[caller.Name] = true
		if id := keyID(caller.Key); id != "" {
			if ids[id] {
				d.report(at+".key", CodeDuplicate, "another caller has this key", "make one key for each caller with `callgate key new`")
			}
			ids[id] = true
		}
		if caller.Local && local {
			d.report(at+".local", CodeConflict, "another caller is local", "keep one: it is whoever has no key")
		}
		local = local || caller.Local
	}
}

// keyID is the part of a hash by which a key is found.
func keyID(hash string) string {
	_, rest, _ := strings.Cut(hash, ":")
	id, _, _ := strings.Cut(rest, ":")
	return id
}

// checkCaller looks at one caller whose keys are sound by themselves.
func (d *decoder) checkCaller(n *yaml.Node, at string, c Caller) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, CodeMissing, "", "%s has no name", at)
		return
	}
	switch {
	case c.Name == "":
		d.fault(n, CodeMissing, "", "%s has no name", at)
	case c.Key == "" && !c.Local:
		d.fault(n, CodeMissing, "make a key with `callgate key new`, or write local: true", "%s has no key", at)
	case c.Key != "" && c.Local:
		d.fault(n, CodeConflict, "leave one of them out", "%s has a key and is local", at)
	}
}

// checkServer looks at one server whose keys are sound by themselves.
func (d *decoder) checkServer(k *yaml.Node, at string, s Server) {
	switch {
	case s.URL == "" && len(s.Command) == 0:
		d.fault(k, CodeMissing, "give the endpoint as url, or the program as command", "%s has neither url nor command", at)
	case s.URL != "" && len(s.Command) > 0:
		d.fault(k, CodeConflict, "leave one of them out", "%s has both url and command", at)
	case len(s.Command) > 0 && s.Command[0] == "":
		d.report(at+".command[0]", CodeText, title(at)+".command names no program", "")
	case s.URL != "" && (len(s.Env) > 0 || s.Dir != ""):
		d.fault(k, CodeConflict, "take them out", "%s has a url: env and dir are for a command", at)
	case len(s.Command) > 0 && len(s.Headers) > 0:
		d.fault(k, CodeConflict, "take them out, or pass what they hold in env", "%s has a command: headers are for a url", at)
	}
	d.checkHeaders(at, s.Headers)
}

// checkHeaders finds names that differ only in case, which are one to HTTP.
func (d *decoder) checkHeaders(at string, headers map[string]string) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if folded := strings.ToLower(name); seen[folded] {
			d.report(at+".headers."+name, CodeDuplicate, "header "+quote(name)+" is there in another case", "keep one of the two")
		} else {
			seen[folded] = true
		}
	}
}

// checkBundle looks at one bundle whose keys are sound by themselves.
func (d *decoder) checkBundle(k *yaml.Node, at string, b Bundle) {
	switch {
	case b.File == "" && b.URL == "":
		d.fault(k, CodeMissing, "give the path as file, or the address as url", "%s has neither file nor url", at)
	case b.File != "" && b.URL != "":
		d.fault(k, CodeConflict, "leave one of them out", "%s has both file and url", at)
	case b.URL != "" && b.Key == "":
		d.fault(k, CodeMissing, "give the public key that the bundle is signed with", "%s is fetched and has no key", at)
	case b.File != "" && len(b.Headers) > 0:
		d.fault(k, CodeConflict, "take them out", "%s has a file: headers are for a url", at)
	}
	d.checkHeaders(at, b.Headers)
}
