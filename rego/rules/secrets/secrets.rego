# METADATA
# title: Secrets on their way out
# description: |
#   Objects to calls that would carry a secret out: those that send, write,
#   execute or pay, and all in the domains web, mail and chat. Takes secrets out
#   of results. It grants nothing.
# scope: package
# custom:
#   risk: critical
#   default: true
#   settings:
#     deny:
#       description: lowest severity of a secret in an argument at which the call is refused
#       default: high
#       one_of: [info, low, medium, high, critical]
#     redact:
#       description: lowest severity of a secret in a result at which it is taken out
#       default: high
#       one_of: [info, low, medium, high, critical]
#   example:
#     call:
#       call: {effects: [write], domains: [files]}
#       caller: {scopes: ["files:*"]}
#       findings: [{detector: secrets, rule: github_token, severity: high, level: 3, direction: argument}]
#     says: deny
package callgate.rules.secrets

import rego.v2

deny contains {
	"reason": "an argument holds a secret that the call would carry out",
	"nearest": "repeat the call without the secret",
} if {
	some finding in input.findings
	finding.detector == "secrets"
	not finding.level < _levels[data.settings.rules.secrets.deny]
	not input.result
	not input.call.listing == true
	not finding.direction in {"result", "description"}
	_carries
}

transform contains {"reason": "secrets are taken out", "edits": []} if {
	input.result
	some finding in input.findings
	finding.detector == "secrets"
	not finding.level < _levels[data.settings.rules.secrets.redact]
	not finding.direction in {"argument", "description"}
}

_carries if {
	some effect in input.call.effects
	not effect in {"read", "draft", "delete", "admin"}
}

_carries if {
	some domain in input.call.domains
	domain in {"web", "mail", "chat"}
}

_levels := {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
