# METADATA
# title: Tools nobody has judged
# description: |
#   Objects to a call of which it is not known what it does: no effect, the
#   effect "unknown", or a word that is none of the closed set.
# scope: package
# custom:
#   risk: high
#   default: true
package callgate.rules.unknown_effect

import rego.v2

import data.callgate.scopes

deny contains {
	"reason": "it is not known what this tool does",
	"nearest": "the operator names the tool's effects and domains in the configuration",
} if {
	not _known
	not input.result
	not data.settings.rules.unknown_effect.enabled == false
}

_known if {
	scopes.effects != set()
	scopes.effects - _effects == set()
	scopes.domains - _domains == set()
}

_effects := {"read", "draft", "write", "delete", "send", "execute", "pay", "admin"}

_domains := {
	"mail", "calendar", "chat", "crm", "finance", "files",
	"code", "web", "database", "identity", "other",
}
