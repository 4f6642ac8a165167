# METADATA
# title: Reading and writing
# description: |
#   Grants read, write, delete, execute and admin effects where a scope of the
#   caller covers them in every domain of the call, and objects where none does.
#   Switched off, it grants nothing.
# scope: package
# custom:
#   risk: high
#   default: true
package callgate.rules.read_vs_write

import rego.v2

import data.callgate.scopes

deny contains {"reason": sprintf("needs the scope %s", [scope]), "nearest": _nearest[effect]} if {
	some effect in input.call.effects
	effect in {"read", "write", "delete", "execute", "admin"}
	some scope in scopes.lacking[effect]
}

allow contains {"effects": [effect], "reason": "the caller holds the scope"} if {
	some effect in input.call.effects
	effect in {"read", "write", "delete", "execute", "admin"}
	scopes.lacking[effect] == set()
}

# The effects that this rule judges, each with what to do instead.
_nearest := {
	"read": "ask the operator for the scope",
	"write": "read it, or prepare the change as a draft",
	"delete": "read it, and leave the deleting to a person",
	"execute": "read it, and leave the running to a person",
	"admin": "read it, and leave the change to an administrator",
}
