# METADATA
# title: The decision
# description: |
#   Collects what every rule says about one input. The strictest verdict wins.
#   A call is allowed only where a grant covers each of its effects, a result
#   only where a grant speaks for it; what nobody speaks for is denied.
# scope: package
package callgate.main

# METADATA
# entrypoint: true
decision := {
	"verdict": _verdict,
	"opinions": {
		"deny": _objections | _uncovered,
		"ask": _questions,
		"transform": _edits,
		"allow": _grants,
	},
}

default _verdict := "deny"

_verdict := "deny" if {
	count(_objections) > 0
} else := "ask" if {
	count(_questions) > 0
} else := "transform" if {
	count(_edits) > 0
} else := "allow" if {
	count(_uncovered) == 0
}

_objections contains {"rule": name, "said": said} if {
	some name
	some said in data.callgate.rules[name].deny
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

# What is said where nobody objects and nobody grants either.
_uncovered contains {"rule": "main", "said": {"reason": sprintf("no rule allows the effect %s", [effect])}} if {
	_undecided
	not _granted
	some effect in _lacking
}

_uncovered contains {"rule": "main", "said": {"reason": "no rule speaks for it"}} if {
	_undecided
	not _granted
	count(_lacking) == 0
}

_undecided if {
	count(_objections) == 0
	count(_questions) == 0
	count(_edits) == 0
}

_granted if {
	input.result
	count(_grants) > 0
}

_granted if {
	not input.result
	count(input.call.effects) > 0
	every effect in input.call.effects {
		effect in _covered
	}
}

_covered contains effect if {
	some grant in _grants
	some effect in grant.said.effects
}

_lacking contains effect if {
	not input.result
	some effect in input.call.effects
	effect in _effects
	not effect in _covered
}

_effects := {"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown"}
