# METADATA
# title: No payments
# description: |
#   Objects to every payment and to every change in the domain finance, whatever
#   scopes the caller holds. Reading and drafting stay possible.
# scope: package
# custom:
#   risk: critical
#   default: true
package callgate.rules.financial_write_ban

import rego.v2

deny contains _objection if {
	"pay" in input.call.effects
	_applies
}

deny contains _objection if {
	"finance" in input.call.domains
	some effect in input.call.effects
	not effect in {"read", "draft"}
	_applies
}

_applies if {
	not input.result
}

_objection := {
	"reason": "agents do not move money or change financial records",
	"nearest": "read it, or prepare a draft for a person to carry out",
}
