# METADATA
# title: Drafting and sending
# description: |
#   A send without the scope becomes a draft where the tool has a twin that saves
#   one. A send with the scope goes out, is asked about or becomes a draft. It
#   grants nothing.
# scope: package
# custom:
#   risk: high
#   default: true
#   settings:
#     external:
#       description: |
#         what becomes of a send by a caller that holds the scope: allow lets it
#         go, ask leaves it to a person, draft makes it a draft and refuses it
#         where the tool has no twin
#       default: allow
#       one_of: [allow, ask, draft]
#   example:
#     call:
#       call: {tool: send_mail, effects: [send], domains: [mail]}
#       tool: {draft_twin: save_draft}
#       caller: {scopes: ["mail:draft"]}
#     says: transform
package callgate.rules.draft_vs_send

import rego.v2

import data.callgate.scopes

transform contains {
	"reason": "a send without the scope becomes a draft",
	"edits": [{"op": "redirect", "tool": scopes.twin}],
} if {
	"send" in input.call.effects
	scopes.twin
	scopes.lacking.send != set()
}

transform contains {
	"reason": "sends become drafts here",
	"edits": [{"op": "redirect", "tool": scopes.twin}],
} if {
	data.settings.rules.draft_vs_send.external == "draft"
	"send" in input.call.effects
	scopes.lacking.send == set()
}

ask contains {"reason": "a person decides about sends", "nearest": "save a draft"} if {
	data.settings.rules.draft_vs_send.external == "ask"
	"send" in input.call.effects
	scopes.lacking.send == set()
}

deny contains {"reason": "sends become drafts here", "nearest": "save a draft"} if {
	not data.settings.rules.draft_vs_send.external in {"allow", "ask"}
	"send" in input.call.effects
	scopes.lacking.send == set()
	not _drafted
}

_drafted if {
	data.settings.rules.draft_vs_send.external == "draft"
	scopes.twin
}
