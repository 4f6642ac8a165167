# METADATA
# title: Destruction
# description: |
#   Judges calls that destroy: programs without a bound (a DELETE without WHERE,
#   rm -r), the effect delete, and changes by tools whose server calls them
#   destructive. It grants nothing.
# scope: package
# custom:
#   risk: high
#   default: true
#   settings:
#     bulk:
#       description: what becomes of a program that deletes or changes without a bound
#       default: ask
#       one_of: [deny, ask, allow]
#     delete:
#       description: what becomes of a call that deletes
#       default: allow
#       one_of: [deny, ask, allow]
#     hinted:
#       description: what becomes of a change by a tool that its server marks with destructiveHint
#       default: allow
#       one_of: [deny, ask, allow]
#   example:
#     call:
#       call: {effects: [delete], domains: [database], traits: [bulk]}
#       caller: {scopes: ["database:*"]}
#     says: ask
package callgate.rules.destructive

import rego.v2

deny contains _said[kind] if {
	some kind in _kinds
	not data.settings.rules.destructive[kind] in {"ask", "allow"}
}

ask contains _said[kind] if {
	some kind in _kinds
	data.settings.rules.destructive[kind] == "ask"
}

_kinds contains "bulk" if {
	"bulk" in input.call.traits
	not input.result
}

_kinds contains "delete" if {
	"delete" in input.call.effects
	not input.result
}

_kinds contains "hinted" if {
	input.tool.annotations.destructiveHint == true
	some effect in input.call.effects
	not effect in {"read", "draft"}
	not input.result
}

_said := {
	"bulk": {
		"reason": "it deletes or changes without a bound",
		"nearest": "name exactly what to delete or change",
	},
	"delete": {
		"reason": "it deletes",
		"nearest": "read it, and leave the deleting to a person",
	},
	"hinted": {
		"reason": "its server calls this tool destructive",
		"nearest": "read it, and leave the change to a person",
	},
}
