# METADATA
# title: Tools nobody has judged
# description: |
#   Objects to a call of which it is not known what it does: no effect, the
#   effect "unknown", or a word that is none of the closed set.
# scope: package
# custom:
#   risk: high
#   default: true
package callgate.rules.unknown_effect

deny contains {"reason": "settings or facts of this rule are missing"} if not _ready

deny contains {
	"reason": "it is not known what this tool does",
	"nearest": "the operator names the tool's effects and domains in the configuration",
} if {
	data.settings.rules.unknown_effect.enabled
	not input.result
	not _known
}

_known if {
	count(input.call.effects) > 0
	every effect in input.call.effects {
		effect in {"read", "draft", "write", "delete", "send", "execute", "pay", "admin"}
	}
	every domain in input.call.domains {
		domain in _domains
	}
}

_domains := {
	"mail", "calendar", "chat", "crm", "finance", "files",
	"code", "web", "database", "identity", "other",
}

_ready if is_boolean(data.settings.rules.unknown_effect.enabled)
