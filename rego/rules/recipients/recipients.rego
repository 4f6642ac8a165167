# METADATA
# title: Whom calls reach
# description: |
#   Objects to calls that would reach recipients they may not: in mail, chat,
#   invitations and sharing, whatever the domain. Reading and drafting stay
#   possible, and a send that draft_vs_send turns into a draft reaches nobody.
#   Where some are allowed, a send of which it is not known whom it reaches is
#   one to others. It grants nothing.
# scope: package
# custom:
#   risk: high
#   default: true
#   settings:
#     allowed:
#       description: addresses and domains that calls may reach, in lower case; a domain is all below it too
#       default: []
#       form: mailbox
#     banned:
#       description: addresses and domains that no call reaches; a ban wins
#       default: []
#       form: mailbox
#     others:
#       description: where allowed names any, what becomes of a call to somebody else
#       default: deny
#       one_of: [deny, ask, allow]
#     without_list:
#       description: where allowed names none, what becomes of a call to anybody who is not banned
#       default: allow
#       one_of: [deny, ask, allow]
#   example:
#     settings: {allowed: [example.com]}
#     call:
#       call: {effects: [send], domains: [mail]}
#       caller: {scopes: ["mail:*"]}
#       targets: [{role: recipient, pointer: /to, value: eve@example.org, within: [eve@example.org, example.org, org]}]
#     says: deny
package callgate.rules.recipients

import rego.v2

import data.callgate.scopes

deny contains {
	"reason": "it would reach somebody it may not",
	"nearest": "save a draft, or write to recipients that the operator allows",
} if {
	_limited
	some mode in _modes
	not mode in {"ask", "allow"}
}

ask contains {
	"reason": "a person decides whether it may reach them",
	"nearest": "save a draft, or write to recipients that the operator allows",
} if {
	_limited
	"ask" in _modes
}

# Where no list names anybody, and none is needed, there is nothing to object to.
_limited if not data.settings.rules.recipients.allowed == {}

_limited if not data.settings.rules.recipients.banned == {}

_limited if not data.settings.rules.recipients.without_list == "allow"

_modes contains mode if {
	some target in input.targets
	target.role == "recipient"
	_reaches
	mode := _mode(target)
}

_modes contains _mode({"within": [""]}) if {
	not data.settings.rules.recipients.allowed == {}
	"send" in input.call.effects
	not "recipient" in {target.role | some target in input.targets}
	_reaches
}

_reaches if {
	not input.result
	not input.call.listing == true
	some effect in input.call.effects
	not effect in {"read", "draft"}
	not _drafted(effect)
}

# What becomes a draft reaches nobody; draft_vs_send sees to that.
_drafted("send") if {
	data.settings.rules.draft_vs_send.enabled == true
	scopes.twin
	_kept
}

_kept if scopes.lacking.send != set()

_kept if data.settings.rules.draft_vs_send.external == "draft"

default _mode(_) := "deny"

_mode(target) := "deny" if {
	some name in target.within
	data.settings.rules.recipients.banned[name]
} else := "deny" if {
	not is_object(data.settings.rules.recipients.banned)
} else := "deny" if {
	not is_string(target.within[0])
	data.settings.rules.recipients.banned != {}
} else := "allow" if {
	some name in target.within
	data.settings.rules.recipients.allowed[name] == true
} else := data.settings.rules.recipients.without_list if {
	data.settings.rules.recipients.allowed == {}
} else := data.settings.rules.recipients.others if {
	not data.settings.rules.recipients.allowed == {}
}
