# METADATA
# title: Running programs
# description: |
#   Judges calls that run programs: by the names of the programs, by whether it
#   is understood what they would do, and by whether they take other rights. A
#   statement for a database that is not understood may do more than write, so it
#   counts as well. It grants nothing.
# scope: package
# custom:
#   risk: high
#   default: true
#   settings:
#     programs:
#       description: |
#         names of the programs that may run, without their folders; where it
#         names any, all others are refused and so is a call that runs what has
#         no name
#       default: []
#     opaque:
#       description: what becomes of a program that is not wholly understood
#       default: ask
#       one_of: [deny, ask, allow]
#     privileged:
#       description: what becomes of a program that takes other rights, as sudo does
#       default: deny
#       one_of: [deny, ask, allow]
#     other:
#       description: what becomes of all others that execute
#       default: allow
#       one_of: [deny, ask, allow]
#   example:
#     call:
#       call: {effects: [execute], domains: [code], traits: [privileged], programs: [sudo]}
#       caller: {scopes: ["code:*"]}
#     says: deny
package callgate.rules.execute

import rego.v2

deny contains {
	"reason": "not every program in it is one that may run",
	"nearest": "run only programs that the operator lists",
} if {
	_runs
	not input.call.listing == true
	not _listed
}

deny contains _said[kind] if {
	some kind in _kinds
	not data.settings.rules.execute[kind] in {"ask", "allow"}
}

ask contains _said[kind] if {
	some kind in _kinds
	data.settings.rules.execute[kind] == "ask"
}

_listed if data.settings.rules.execute.programs == {}

_listed if {
	input.call.programs[0]
	every program in input.call.programs {
		data.settings.rules.execute.programs[program] == true
	}
}

_runs if {
	"execute" in input.call.effects
	not input.result
}

_runs if {
	input.call.programs[0]
	not input.result
}

_kinds contains "opaque" if {
	"opaque" in input.call.traits
	not input.result
}

_kinds contains "privileged" if {
	"privileged" in input.call.traits
	not input.result
}

_kinds contains "other" if {
	"execute" in input.call.effects
	not input.result
	not "opaque" in input.call.traits
	not "privileged" in input.call.traits
}

_said := {
	"opaque": {
		"reason": "it is not understood what this program would do",
		"nearest": "write it plainly: one command, without indirection",
	},
	"privileged": {
		"reason": "it takes other rights than its own",
		"nearest": "run it without taking other rights",
	},
	"other": {
		"reason": "it runs a program",
		"nearest": "read it, and leave the running to a person",
	},
}
