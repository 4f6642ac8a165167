# METADATA
# title: Tools nobody has judged
# description: |
#   Objects to a call of which it is not known what it does: no effect, the
#   effect "unknown", or a word that is none of the closed set.
# scope: package
# custom:
#   risk: high
#   default: true
#   example:
#     call: {call: {effects: [unknown]}, caller: {scopes: ["*:*"]}}
#     says: deny
package callgate.rules.unknown_effect

import rego.v2

deny contains _objection if {
	input.call.effects == []
	_applies
}

deny contains _objection if {
	some effect in input.call.effects
	not effect in {"read", "draft", "write", "delete", "send", "execute", "pay", "admin"}
	_applies
}

deny contains _objection if {
	some domain in input.call.domains
	not domain in {
		"mail", "calendar", "chat", "crm", "finance", "files",
		"code", "web", "database", "identity", "other",
	}
	_applies
}

_applies if {
	not input.result
}

_objection := {
	"reason": "it is not known what this tool does",
	"nearest": "the operator names the tool's effects and domains in the configuration",
}
