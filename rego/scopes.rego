# METADATA
# title: Scopes
# description: |
#   What a caller's scopes cover. A scope is "domain:effect"; either side may be
#   "*". An effect is covered only in all domains of the call.
# scope: package
package callgate.scopes

import rego.v2

# METADATA
# description: The domains of the call; a call of none is of the domain "other".
domains := input.call.domains if {
	input.call.domains != []
} else := ["other"]

# METADATA
# description: |
#   For each effect of the call the scopes that the caller would need and lacks,
#   a set of "domain:effect". It is empty where the caller may. Where a result is
#   judged it is undefined: whether the call may be made is decided by then.
lacking := {effect: scopes |
	some effect in input.call.effects
	scopes := {scope |
		some domain in domains
		scope := concat(":", [domain, effect])
		not scope in input.caller.scopes
		not concat(":", [domain, "*"]) in input.caller.scopes
		not concat(":", ["*", effect]) in input.caller.scopes
		not "*:*" in input.caller.scopes
	}
} if {
	not input.result
}

# METADATA
# description: |
#   The tool that saves a draft in place of the one that is called. It is
#   undefined where there is none.
twin := input.tool.draft_twin if {
	input.tool.draft_twin != ""
	input.tool.draft_twin != input.call.tool
}
