# METADATA
# title: Scopes
# description: |
#   What a caller's scopes cover. A scope is "domain:effect"; either side may be
#   "*". An effect is covered only in all domains of the call.
# scope: package
package callgate.scopes

import rego.v2

# METADATA
# description: The effects of the call as a set.
effects := {effect | some effect in input.call.effects}

# METADATA
# description: |
#   The domains of the call as a set. A call of no domain is of the domain
#   "other".
default domains := {"other"}

domains := {domain | some domain in input.call.domains} if count(input.call.domains) > 0

# METADATA
# description: |
#   For each effect of the call the scopes that the caller would need and lacks,
#   a set of "domain:effect". It is empty where the caller may. Where a result is
#   judged it is undefined: whether the call may be made is decided by then.
lacking := {effect: scopes |
	some effect in effects
	scopes := {scope |
		some domain in domains
		scope := concat(":", [domain, effect])
		{scope, concat(":", [domain, "*"]), concat(":", ["*", effect]), "*:*"} & _held == set()
	}
} if {
	not input.result
}

_held := {scope | some scope in input.caller.scopes}
