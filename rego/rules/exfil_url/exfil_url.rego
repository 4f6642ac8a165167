# METADATA
# title: Addresses that carry data away
# description: |
#   Objects to calls whose arguments hold an address that could carry data to a
#   stranger, and takes such addresses out of results.
# scope: package
# custom:
#   risk: critical
#   default: true
#   settings:
#     deny:
#       description: lowest severity of a finding in an argument at which the call is refused
#       default: high
#       one_of: [info, low, medium, high, critical]
#     redact:
#       description: lowest severity of a finding in a result at which its passage is taken out
#       default: high
#       one_of: [info, low, medium, high, critical]
#   example:
#     call: {findings: [{detector: exfil, rule: callback, severity: high, level: 3, direction: argument}]}
#     says: deny
package callgate.rules.exfil_url

import rego.v2

deny contains {
	"reason": "an argument holds an address that could carry data away",
	"nearest": "repeat the call with a plain address that carries no data",
} if {
	some finding in input.findings
	finding.detector == "exfil"
	not finding.level < _levels[data.settings.rules.exfil_url.deny]
	not input.result
	not input.call.listing == true
	not finding.direction in {"result", "description"}
}

transform contains {"reason": "addresses that could carry data away are taken out", "edits": []} if {
	input.result
	some finding in input.findings
	finding.detector == "exfil"
	not finding.level < _levels[data.settings.rules.exfil_url.redact]
	not finding.direction in {"argument", "description"}
}

_levels := {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
