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
package callgate.rules.exfil_url

deny contains {"reason": "settings or facts of this rule are missing"} if not _ready

deny contains {
	"reason": "an argument holds an address that could carry data away",
	"nearest": "repeat the call with a plain address that carries no data",
} if {
	_on
	not input.result
	not input.call.listing == true
	some finding in input.findings
	finding.detector == "exfil"
	not finding.direction in {"result", "description"}
	not _below(finding, "deny")
}

transform contains {"reason": "addresses that could carry data away are taken out", "edits": []} if {
	_on
	input.result
	some finding in input.findings
	finding.detector == "exfil"
	not finding.direction in {"argument", "description"}
	not _below(finding, "redact")
}

# A finding whose level is not a number is never below.
_below(finding, setting) if {
	is_number(finding.level)
	finding.level < _levels[data.settings.rules.exfil_url[setting]]
}

_on if data.settings.rules.exfil_url.enabled

_ready if {
	is_boolean(data.settings.rules.exfil_url.enabled)
	every setting in ["deny", "redact"] {
		_levels[data.settings.rules.exfil_url[setting]]
	}
	is_array(input.findings)
}

_levels := {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
