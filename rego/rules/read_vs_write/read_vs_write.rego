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

import data.callgate.scopes

deny contains {"reason": "settings or facts of this rule are missing"} if not _ready

deny contains {"reason": sprintf("needs the scope %s", [scope]), "nearest": nearest} if {
	_applies
	some effect in input.call.effects
	nearest := _nearest[effect]
	some scope in scopes.missing(effect)
}

allow contains {"effects": [effect], "reason": "the caller holds the scope"} if {
	_applies
	some effect in input.call.effects
	_nearest[effect]
	count(scopes.missing(effect)) == 0
}

_applies if {
	data.settings.rules.read_vs_write.enabled
	not input.result
}

_ready if {
	is_boolean(data.settings.rules.read_vs_write.enabled)
	is_array(input.call.effects)
}

# The effects that this rule judges, each with what to do instead.
_nearest := {
	"read": "ask the operator for the scope",
	"write": "read it, or prepare the change as a draft",
	"delete": "read it, and leave the deleting to a person",
	"execute": "read it, and leave the running to a person",
	"admin": "read it, and leave the change to an administrator",
}
