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

deny contains {"reason": "settings or facts of this rule are missing"} if not _ready

deny contains {
	"reason": "agents do not move money or change financial records",
	"nearest": "read it, or prepare a draft for a person to carry out",
} if {
	data.settings.rules.financial_write_ban.enabled
	not input.result
	not _harmless
}

_harmless if {
	every effect in input.call.effects {
		effect in {"read", "draft"}
	}
}

_harmless if {
	every effect in input.call.effects {
		effect != "pay"
	}
	every domain in input.call.domains {
		domain != "finance"
	}
}

_ready if is_boolean(data.settings.rules.financial_write_ban.enabled)
