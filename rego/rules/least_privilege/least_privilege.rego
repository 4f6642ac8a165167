# METADATA
# title: Scopes of the caller
# description: |
#   Grants each effect that a scope of the caller covers in every domain of the
#   call, and objects to the others. A scope is "domain:effect"; either side may
#   be "*". A send that can become a draft is left to draft_vs_send while that
#   rule is on. Switched off, it grants nothing.
# scope: package
# custom:
#   risk: high
#   default: true
#   example:
#     call: {call: {effects: [write], domains: [crm]}, caller: {scopes: ["crm:read"]}}
#     says: deny
package callgate.rules.least_privilege

import rego.v2

import data.callgate.scopes

deny contains {"reason": sprintf("needs the scope %s", [_word(scope)]), "nearest": _nearest[effect]} if {
	some effect, missing in scopes.lacking
	some scope in missing
	not _drafted(effect)
}

allow contains {"effects": _covered, "reason": "the caller holds the scope"} if _covered != set()

_covered := {effect |
	some effect, missing in scopes.lacking
	missing == set()
	_nearest[effect]
}

_drafted("send") if {
	data.settings.rules.draft_vs_send.enabled == true
	scopes.twin
}

# A domain may be somebody's own word; only plain ones are repeated.
_word(scope) := scope if {
	regex.match(`^[a-z]{1,16}:[a-z]{1,16}$`, scope)
} else := "for that domain"

# The closed set of effects, each with what to do without the scope.
_nearest := {
	"read": "ask the operator for the scope",
	"draft": "ask the operator for the scope",
	"write": "read it, or prepare the change as a draft",
	"delete": "read it, and leave the deleting to a person",
	"send": "save a draft",
	"execute": "read it, and leave the running to a person",
	"pay": "prepare a draft for a person to carry out",
	"admin": "read it, and leave the change to an administrator",
	"unknown": "the operator names the tool's effects and domains in the configuration",
}
