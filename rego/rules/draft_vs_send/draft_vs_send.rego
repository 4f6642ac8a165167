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

import rego.v2

import data.callgate.scopes

deny contains {
	"reason": sprintf("needs the scope %s", [scope]),
	"nearest": "ask the operator for the scope",
} if {
	some scope in scopes.lacking.draft
}

deny contains {"reason": sprintf("needs the scope %s", [scope]), "nearest": "save a draft"} if {
	some scope in scopes.lacking.send
	not _twin
}

transform contains {
	"reason": "a send without the scope becomes a draft",
	"edits": [{"op": "redirect", "tool": input.tool.draft_twin}],
} if {
	scopes.lacking.send != set()
	_twin
}

allow contains {"effects": [effect], "reason": "the caller holds the scope"} if {
	some effect in input.call.effects
	effect in {"draft", "send"}
	scopes.lacking[effect] == set()
}

_twin if {
	input.tool.draft_twin != ""
	input.tool.draft_twin != input.call.tool
}
