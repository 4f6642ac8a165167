# METADATA
# title: Tools that changed
# description: |
#   Judges calls of a tool whose definition is another than the one that was
#   accepted, by what changed: its description, its schema, its annotations or
#   its effects. Unless a setting names it, a changed description alone stops
#   nothing. It grants nothing.
# scope: package
# custom:
#   risk: high
#   default: true
#   settings:
#     deny:
#       description: the changes at which calls are refused; of description, schema, annotations and effects
#       default: []
#       one_of: [description, schema, annotations, effects]
#     ask:
#       description: the changes at which a person decides; of description, schema, annotations and effects
#       default: [schema, annotations, effects]
#       one_of: [description, schema, annotations, effects]
#   example:
#     call: {tool: {drift: [schema]}}
#     says: ask
package callgate.rules.tool_drift

import rego.v2

deny contains {"reason": _reason(part), "nearest": _nearest} if {
	some part in input.tool.drift
	not input.result
	not _bearable(part)
}

ask contains {"reason": _reason(part), "nearest": _nearest} if {
	some part in input.tool.drift
	not input.result
	data.settings.rules.tool_drift.ask[part]
}

_bearable(part) if {
	part in _parts
	is_object(data.settings.rules.tool_drift.ask)
	is_object(data.settings.rules.tool_drift.deny)
	not data.settings.rules.tool_drift.deny[part]
}

_reason(part) := sprintf("the tool's %s changed since it was accepted", [part]) if {
	part in _parts
} else := "the tool changed since it was accepted"

_parts := {"description", "schema", "annotations", "effects"}

_nearest := "the operator looks at the change and accepts it with callgate tools accept"
