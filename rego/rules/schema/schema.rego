# METADATA
# title: Arguments as the tool declares them
# description: |
#   Objects to a call whose arguments do not fit the tool's own schema. A tool
#   without a known schema has no errors here.
# scope: package
# custom:
#   risk: medium
#   default: true
#   example:
#     call: {tool: {schema_errors: [{pointer: /id, fault: type}]}}
#     says: deny
package callgate.rules.schema

import rego.v2

deny contains {
	"reason": sprintf("the arguments do not fit the tool's schema: %s at %s", [fault, place]),
	"nearest": "repeat the call with arguments that fit the schema",
} if {
	some error in input.tool.schema_errors
	not input.result
	not input.call.listing == true
	fault := _fault(error)
	place := _place(error)
}

_fault(error) := error.fault if {
	regex.match(`^[A-Za-z$]{1,32}$`, error.fault)
} else := "a fault"

# A key of the arguments is the agent's text; only plain short ones are repeated.
_place(error) := "the top" if {
	error.pointer == ""
} else := error.pointer if {
	regex.match(`^(/[A-Za-z0-9_-]{1,32}){1,6}$`, error.pointer)
} else := "a place inside"
