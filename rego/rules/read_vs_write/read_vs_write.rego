# METADATA
# title: Reading only
# description: |
#   Holds callers, servers and domains to reading and drafting, whatever scopes
#   the caller has, and lets a person decide about changes in other domains. It
#   grants nothing.
# scope: package
# custom:
#   risk: high
#   default: true
#   settings:
#     read_only_callers:
#       description: names of callers that only read and draft; "*" is every caller
#       default: []
#     read_only_servers:
#       description: names of servers on which calls only read and draft; "*" is every server
#       default: []
#     read_only_domains:
#       description: domains in which calls only read and draft; "*" is every domain
#       default: []
#       one_of: [mail, calendar, chat, crm, finance, files, code, web, database, identity, other, "*"]
#     ask_domains:
#       description: domains in which a person decides about each change; "*" is every domain
#       default: []
#       one_of: [mail, calendar, chat, crm, finance, files, code, web, database, identity, other, "*"]
#   example:
#     settings: {read_only_domains: [crm]}
#     call: {call: {effects: [write], domains: [crm]}, caller: {scopes: ["crm:*"]}}
#     says: deny
package callgate.rules.read_vs_write

import rego.v2

import data.callgate.scopes

deny contains {
	"reason": "only reading and drafting is open here",
	"nearest": "read it, or prepare the change as a draft",
} if {
	_limited
	_changes
	not _open
}

ask contains {
	"reason": "a person decides about changes here",
	"nearest": "read it, or prepare the change as a draft",
} if {
	data.settings.rules.read_vs_write.ask_domains != {}
	_changes
	some domain in scopes.domains
	_named(data.settings.rules.read_vs_write.ask_domains, domain)
}

_changes if {
	not input.result
	some effect in input.call.effects
	not effect in {"read", "draft"}
}

# Where no list names anything, and nothing is missing, there is nothing to
# object to.
_limited if not input.caller.name

_limited if not input.call.server

_limited if not data.settings.rules.read_vs_write.read_only_callers == {}

_limited if not data.settings.rules.read_vs_write.read_only_servers == {}

_limited if not data.settings.rules.read_vs_write.read_only_domains == {}

_limited if not data.settings.rules.read_vs_write.ask_domains == {}

_open if {
	is_object(data.settings.rules.read_vs_write.ask_domains)
	_free(data.settings.rules.read_vs_write.read_only_callers, input.caller.name)
	_free(data.settings.rules.read_vs_write.read_only_servers, input.call.server)
	every domain in scopes.domains {
		_free(data.settings.rules.read_vs_write.read_only_domains, domain)
	}
}

_free(list, name) if {
	is_object(list)
	not _named(list, name)
}

_named(list, name) if list[name]

_named(list, _) if list["*"]
