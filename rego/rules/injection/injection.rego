# METADATA
# title: Injected instructions
# description: |
#   Objects to calls whose arguments carry injected instructions or hidden text,
#   withholds results that do, and takes the suspect passages out of results
#   that might. It is also the rule that passes results. Switched off, it
#   passes them unread.
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
#       default: medium
#       one_of: [info, low, medium, high, critical]
package callgate.rules.injection

deny contains {"reason": "settings or facts of this rule are missing"} if not _ready

deny contains {
	"reason": "an argument carries instructions or hidden text that steer an agent",
	"nearest": "repeat the call with plain text of your own",
} if {
	_on
	not input.result
	not input.call.listing == true
	some finding in input.findings
	_suspect(finding)
	not finding.direction in {"result", "description"}
	not _below(finding, "deny")
}

deny contains {
	"reason": "the result carries instructions or hidden text that steer an agent",
	"nearest": "go on without this result, or ask a person to look at it",
} if {
	_on
	input.result
	some finding in input.findings
	_suspect(finding)
	not finding.direction in {"argument", "description"}
	not _below(finding, "withhold")
}

transform contains {"reason": "passages that may steer an agent are taken out", "edits": []} if {
	_on
	input.result
	some finding in input.findings
	_suspect(finding)
	not finding.direction in {"argument", "description"}
	not _below(finding, "redact")
}

allow contains {"effects": [], "reason": "results pass once they are screened"} if {
	_ready
	input.result
}

_suspect(finding) if finding.detector in {"injection", "text"}

# A finding whose level is not a number is never below.
_below(finding, setting) if {
	is_number(finding.level)
	finding.level < _levels[data.settings.rules.injection[setting]]
}

_on if data.settings.rules.injection.enabled

_ready if {
	is_boolean(data.settings.rules.injection.enabled)
	every setting in ["deny", "withhold", "redact"] {
		_levels[data.settings.rules.injection[setting]]
	}
	is_array(input.findings)
}

_levels := {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
