# METADATA
# title: Scopes
# description: |
#   What a caller's scopes cover. A scope is "domain:effect"; either side may be
#   "*". An effect is covered only in all domains of the call.
# scope: package
package callgate.scopes

# METADATA
# description: |
#   The scopes that the caller lacks for an effect of this call, a set of
#   "domain:effect". It is empty where the caller may.
missing(effect) := {scope |
	some domain in domains
	not _held(domain, effect)
	scope := concat(":", [domain, effect])
}

# METADATA
# description: |
#   The domains of the call. A call of no domain, or of one that is not a word
#   of the closed set, is of the domain "other".
domains contains domain if {
	some domain in input.call.domains
	domain in _known
}

domains contains "other" if not input.call.domains[0]

domains contains "other" if {
	some domain in input.call.domains
	not domain in _known
}

_held(domain, effect) if {
	some scope in {
		concat(":", [domain, effect]),
		concat(":", [domain, "*"]),
		concat(":", ["*", effect]),
		"*:*",
	}
	scope in input.caller.scopes
}

_known := {
	"mail", "calendar", "chat", "crm", "finance", "files",
	"code", "web", "database", "identity", "other",
}
