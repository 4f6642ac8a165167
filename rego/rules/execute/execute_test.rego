package callgate.rules.execute_test

import data.callgate.rules.execute as rule

_call(effects, traits, programs) := {"call": {
	"effects": effects, "traits": traits, "programs": programs,
	"listing": false,
}}

_open := {"programs": {}, "opaque": "allow", "privileged": "allow", "other": "allow"}

_set(settings) := {"execute": object.union(_open, settings)}

_calls := {
	"opaque": _call(["execute"], ["opaque"], ["bash"]),
	"privileged": _call(["execute"], ["privileged"], ["sudo"]),
	"other": _call(["execute"], ["network"], ["curl"]),
}

_words := {
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

_unlisted := {
	"reason": "not every program in it is one that may run",
	"nearest": "run only programs that the operator lists",
}

test_does_as_the_setting_says if {
	every kind, call in _calls {
		rule.deny == {_words[kind]} with input as call with data.settings.rules as _set({kind: "deny"})
		rule.ask == set() with input as call with data.settings.rules as _set({kind: "deny"})
		rule.ask == {_words[kind]} with input as call with data.settings.rules as _set({kind: "ask"})
		rule.deny == set() with input as call with data.settings.rules as _set({kind: "ask"})
		rule.deny | rule.ask == set() with input as call with data.settings.rules as _set({})
	}
}

test_says_all_that_is_so if {
	call := _call(["execute"], ["opaque", "privileged"], ["sudo"])
	rule.deny == {_words.opaque, _words.privileged} with input as call
		with data.settings.rules as _set({"opaque": "deny", "privileged": "deny", "other": "deny"})
}

test_refuses_where_unset if {
	every kind, call in _calls {
		every value in ["yes", true, {"allow": true}, null] {
			rule.deny == {_words[kind]} with input as call with data.settings.rules as _set({kind: value})
		}
		missing := {"execute": object.remove(_open, [kind])}
		rule.deny == {_words[kind]} with input as call with data.settings.rules as missing
		rule.deny == {_words[kind], _unlisted} with input as call with data.settings.rules as {}
	}
}

test_other_rights_count_without_the_effect if {
	call := _call(["read"], ["privileged"], [])
	rule.deny == {_words.privileged} with input as call with data.settings.rules as _set({"privileged": "deny"})
}

test_what_is_not_understood_counts_without_the_effect if {
	call := _call(["write"], ["opaque"], [])
	rule.ask == {_words.opaque} with input as call with data.settings.rules as _set({"opaque": "ask"})
	rule.deny == {_words.opaque} with input as call with data.settings.rules as _set({"opaque": "deny"})
}

test_what_runs_nothing_is_left_alone if {
	all := _set({"programs": {"git": true}, "opaque": "deny", "privileged": "deny", "other": "deny"})
	call := _call(["read", "write", "delete", "send", "admin"], ["bulk", "network"], [])
	rule.deny | rule.ask == set() with input as call with data.settings.rules as all
}

_git := _set({"programs": {"git": true, "make": true}})

test_listed_programs_run if {
	every programs in [["git"], ["git", "make"]] {
		rule.deny == set() with input as _call(["execute"], [], programs) with data.settings.rules as _git
		rule.deny == set() with input as _call(["read"], [], programs) with data.settings.rules as _git
	}
}

test_programs_that_are_not_listed_do_not if {
	every programs in [["curl"], ["git", "curl"], ["Git"], ["/tmp/git"], []] {
		rule.deny == {_unlisted} with input as _call(["execute"], [], programs) with data.settings.rules as _git
	}
	rule.deny == {_unlisted} with input as _call(["read"], [], ["ls"]) with data.settings.rules as _git
	absent := {"call": {"effects": ["execute"], "traits": []}}
	rule.deny == {_unlisted} with input as absent with data.settings.rules as _git
}

test_a_list_of_a_wrong_form_lists_none if {
	every value in [["git"], ["git", 5], "git", true, 5, null] {
		rule.deny == {_unlisted} with input as _call(["execute"], [], ["git"])
			with data.settings.rules as _set({"programs": value})
	}
}

test_a_listing_has_no_programs_to_judge if {
	listing := object.union(_call(["execute"], [], []), {"call": {"listing": true}})
	rule.deny == set() with input as listing with data.settings.rules as _git
	rule.deny == {_words.other} with input as listing with data.settings.rules as _set({"other": "deny"})
}

test_is_silent_on_a_result if {
	every kind, call in _calls {
		result := object.union(call, {"result": {}})
		rule.deny | rule.ask == set() with input as result with data.settings.rules as {}
		rule.ask == set() with input as result with data.settings.rules as _set({kind: "ask"})
	}
}

test_empty_input if {
rule.deny | rule.ask == set() with input as {} with data.settings.rules as {}}
