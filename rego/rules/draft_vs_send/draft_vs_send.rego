# METADATA
# title: Drafting and sending
# description: |
#   Grants drafts and sends where a scope of the caller covers them in every
#   domain of the call. A send without the scope becomes a draft where the tool
#   has a twin that saves one, and is refused elsewhere. Switched off, it grants
#   nothing.
# scope: package
# custom:
#   risk: high
#   default: true
package callgate.rules.draft_vs_send

import data.callgate.scopes

deny contains {"reason": "settings or facts of this rule are missing"} if not _ready

deny contains {
	"reason": sprintf("needs the scope %s", [scope]),
	"nearest": "ask the operator for the scope",
} if {
	_applies
	"draft" in input.call.effects
	some scope in scopes.missing("draft")
}

deny contains {"reason": sprintf("needs the scope %s", [scope]), "nearest": "save a draft"} if {
	_applies
	"send" in input.call.effects
	not _twin
	some scope in scopes.missing("send")
}

transform contains {
	"reason": "a send without the scope becomes a draft",
	"edits": [{"op": "redirect", "tool": input.tool.draft_twin}],
} if {
	_applies
	"send" in input.call.effects
	_twin
	count(scopes.missing("send")) > 0
}

allow contains {"effects": [effect], "reason": "the caller holds the scope"} if {
	_applies
	some effect in {"draft", "send"}
	effect in input.call.effects
	count(scopes.missing(effect)) == 0
}

_twin if {
	is_string(input.tool.draft_twin)
	not input.tool.draft_twin in {"", input.call.tool}
}

_applies if {
	data.settings.rules.draft_vs_send.enabled
	not input.result
}

_ready if {
	is_boolean(data.settings.rules.draft_vs_send.enabled)
	is_array(input.call.effects)
	is_string(input.tool.draft_twin)
}
