# METADATA
# title: The decision
# description: |
#   Collects what every rule says about one input. The strictest verdict wins.
#   A call is allowed only where a grant covers each of its effects, a result
#   only where a grant speaks for it; what nobody speaks for is denied.
# scope: package
package callgate.main

import rego.v2

import data.callgate.scopes

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
	count(_objections) > 0
} else := "ask" if {
	count(_questions) > 0
} else := "transform" if {
	count(_edits) > 0
} else := "allow" if {
	_granted
}

_objections contains {"rule": name, "said": said} if {
	some name
	some said in data.callgate.rules[name].deny
}

_objections contains {"rule": "main", "said": {"reason": "facts about the call are missing"}} if not _complete

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

# Rules look for findings and faults; where the lists are absent they would
# find none.
_complete if {
	is_array(input.findings)
	is_array(input.tool.schema_errors)
	is_array(input.call.effects)
	is_array(input.call.domains)
}

_granted if {
	input.result
	count(_grants) > 0
}

_granted if {
	not input.result
	count(scopes.effects) > 0
	count(_bare) == 0
}

# The effects that no grant covers.
_bare := scopes.effects - {effect |
	some grant in _grants
	some effect in grant.said.effects
}

# What main itself says where nobody objects and nobody grants either.
default _own := set()

_own := {{"rule": "main", "said": {"reason": _reason}}} if {
	_verdict == "deny"
	count(_objections) == 0
}

default _reason := "no rule speaks for it"

_reason := sprintf("no rule allows %s", [concat(", ", sort(_bare & _words))]) if {
	not input.result
	count(_bare & _words) > 0
}

_words := {"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown"}
