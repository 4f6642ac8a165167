# METADATA
# title: The decision
# description: |
#   Collects what every rule says about one input. The strictest verdict wins.
#   A call is allowed only where a grant covers each of its effects; what nobody
#   speaks for is denied. A result passes unless a rule objects. Where a person
#   approved the call, what rules ask is answered.
# scope: package
package callgate.main

import rego.v2

# METADATA
# entrypoint: true
decision := {"verdict": _verdict, "opinions": _opinions} if {
	_verdict
} else := {
	"verdict": "deny",
	"opinions": (_opinions | {{"verdict": "deny", "rule": "main", "said": {"reason": _reason, "nearest": _nearest}}}),
}

# Which rules have something to say for a verdict is known when they are loaded,
# so that none is asked in vain.
_opinions contains {"verdict": verdict, "rule": name, "said": said} if {
	some verdict, names in data.speakers
	some name in names
	some said in data.callgate.rules[name][verdict]
}

# Rules look for findings and faults; where the lists are absent they would
# find none. Without settings no rule was tuned.
_opinions contains {"verdict": "deny", "rule": "main", "said": {"reason": "facts about the call are missing"}} if {
	not _complete
}

# The engine says so where it has seen to it.
_complete if data.complete == true

_complete if {
	data.settings.rules
	input.findings
	input.targets
	input.tool.schema_errors
	input.tool.drift
	input.call.effects
	input.call.domains
	input.call.traits
	input.call.programs
}

# The call was judged before; its result was screened.
_opinions contains {
	"verdict": "allow", "rule": "main",
	"said": {"reason": "results pass once they are screened", "effects": []},
} if {
	input.result
}

_verdict := "allow" if {
	_spoken == {"allow"}
	_granted
} else := "deny" if {
	"deny" in _spoken
} else := "ask" if {
	"ask" in _spoken
} else := "transform" if {
	"transform" in _spoken
}

_spoken := {opinion.verdict |
	some opinion in _opinions
	not _answered(opinion.verdict)
}

_answered("ask") if input.call.approved == true

_granted if input.result

_granted if {
	not input.result
	input.call.effects != []
	every effect in input.call.effects {
		some opinion in _opinions
		effect in opinion.said.effects
	}
}

_nearest := "ask the operator for a scope or a rule that allows it"

default _reason := "no rule speaks for it"

_reason := sprintf("no rule allows %s", [concat(", ", sort(_bare))]) if {
	not input.result
	_bare != set()
}

# The effects that no grant covers; other words are not repeated.
_bare := {effect |
	some effect in input.call.effects
	effect in {"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown"}
	not {
		some opinion in _opinions
		effect in opinion.said.effects
	}
}
