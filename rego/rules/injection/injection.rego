# METADATA
# title: Injected instructions
# description: |
#   Objects to calls whose arguments carry injected instructions or hidden text,
#   withholds results that do, and takes the suspect passages out of results
#   that might.
# scope: package
# custom:
#   risk: critical
#   default: true
#   settings:
#     deny:
#       description: lowest severity of a finding in an argument at which the call is refused
#       default: high
#       one_of: [info, low, medium, high, critical]
#     withhold:
#       description: lowest severity of a finding in a result at which the result is withheld
#       default: high
#       one_of: [info, low, medium, high, critical]
#     redact:
#       description: lowest severity of a finding in a result at which its passage is taken out
#       default: high
#       one_of: [info, low, medium, high, critical]
#   example:
#     call: {findings: [{detector: injection, rule: override, severity: high, level: 3, direction: argument}]}
#     says: deny
package callgate.rules.injection

import rego.v2

deny contains {
	"reason": "an argument carries instructions or hidden text that steer an agent",
	"nearest": "repeat the call with plain text of your own",
} if {
	some finding in input.findings
	finding.detector in {"injection", "text"}
	not finding.level < _levels[data.settings.rules.injection.deny]
	not input.result
	not input.call.listing == true
	not finding.direction in {"result", "description"}
}

deny contains {
	"reason": "the result carries instructions or hidden text that steer an agent",
	"nearest": "go on without this result, or ask a person to look at it",
} if {
	input.result
	some finding in input.findings
	finding.detector in {"injection", "text"}
	not finding.level < _levels[data.settings.rules.injection.withhold]
	not finding.direction in {"argument", "description"}
}

transform contains {"reason": "passages that may steer an agent are taken out", "edits": []} if {
	input.result
	some finding in input.findings
	finding.detector in {"injection", "text"}
	not finding.level < _levels[data.settings.rules.injection.redact]
	not finding.direction in {"argument", "description"}
}

_levels := {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
