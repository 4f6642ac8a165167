package config

import (
	"iter"
	"maps"
	"slices"
)

// Texts gives every text that may hold references to secrets, in a fixed order,
// with its place as a Report takes it.
func (c *Config) Texts() iter.Seq2[string, string] {
	return func(yield func(at, text string) bool) {
		for _, name := range slices.Sorted(maps.Keys(c.Policy.Bundles)) {
			if !pairs("policy.bundles."+name+".headers", c.Policy.Bundles[name].Headers, yield) {
				return
			}
		}
		for _, name := range slices.Sorted(maps.Keys(c.Servers)) {
			if !c.Servers[name].texts("servers."+name, yield) {
				return
			}
		}
	}
}

// texts yields the texts of one server until yield is false.
func (s Server) texts(at string, yield func(at, text string) bool) bool {
	if s.URL != "" && !yield(at+".url", s.URL) {
		return false
	}
	for i, arg := range s.Command {
		if i > 0 && !yield(index(at+".command", i), arg) {
			return false
		}
	}
	return pairs(at+".env", s.Env, yield) && pairs(at+".headers", s.Headers, yield)
}

func pairs(at string, m map[string]string, yield func(at, text string) bool) bool {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !yield(at+"."+name, m[name]) {
			return false
		}
	}
	return true
}
