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
	input.findings
	input.tool.schema_errors
	input.call.effects
	input.call.domains
}

_granted if {
	input.result
	_grants != set()
}

_granted if {
	not input.result
	scopes.effects != set()
	_bare == set()
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
	_objections == set()
}

default _reason := "no rule speaks for it"

_reason := sprintf("no rule allows %s", [concat(", ", sort(_bare & _words))]) if {
	not input.result
	count(_bare & _words) > 0
}

_words := {"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown"}
