# METADATA
# title: The decision
# description: |
#   Collects what every rule says about one input. The strictest verdict wins.
#   A call is allowed only where a grant covers each of its effects, a result
#   only where a grant speaks for it; what nobody speaks for is denied.
# scope: package
package callgate.main

import rego.v2

# METADATA
# entrypoint: true
decision := {
	"verdict": _verdict,
	"opinions": {
		"deny": (_objections | _own),
		"ask": _questions,
		"transform": _edits,
		"allow": _grants,
	},
}

default _verdict := "deny"

_verdict := "deny" if {
	_objections != set()
} else := "ask" if {
	_questions != set()
} else := "transform" if {
	_edits != set()
} else := "allow" if {
	_granted
}

_objections contains {"rule": name, "said": said} if {
	some name
	some said in data.callgate.rules[name].deny
}

# Rules look for findings and faults; where the lists are absent they would
# find none.
_objections contains {"rule": "main", "said": {"reason": "facts about the call are missing"}} if {
	not {
		input.findings
		input.tool.schema_errors
		input.call.effects
		input.call.domains
	}
}

_questions contains {"rule": name, "said": said} if {
	some name
	some said in data.callgate.rules[name].ask
}

_edits contains {"rule": name, "said": said} if {
	some name
	some said in data.callgate.rules[name].transform
}

_grants contains {"rule": name, "said": said} if {
	some name
	some said in data.callgate.rules[name].allow
}

_granted if {
	input.result
	_grants != set()
}

_granted if {
	not input.result
	input.call.effects != []
	every effect in input.call.effects {
		some grant in _grants
		effect in grant.said.effects
	}
}

# What main itself says where nobody objects and nobody grants either.
_own := {{"rule": "main", "said": {"reason": _reason}}} if {
	_verdict == "deny"
	_objections == set()
} else := set()

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
		some grant in _grants
		effect in grant.said.effects
	}
}
