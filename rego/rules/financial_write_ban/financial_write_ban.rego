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

import data.callgate.scopes

deny contains {
	"reason": "agents do not move money or change financial records",
	"nearest": "read it, or prepare a draft for a person to carry out",
} if {
	not _harmless
	not input.result
	not data.settings.rules.financial_write_ban.enabled == false
}

_harmless if scopes.effects - {"read", "draft"} == set()

_harmless if {
	not "pay" in scopes.effects
	not "finance" in scopes.domains
}
