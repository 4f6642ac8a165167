package callgate.rules.tool_drift_test

import data.callgate.rules.tool_drift as rule

_input(drift) := {"call": {"listing": false}, "tool": {"drift": drift}}

_set(deny, ask) := {"tool_drift": {"deny": {part: true | some part in deny}, "ask": {part: true | some part in ask}}}

_parts := ["description", "schema", "annotations", "effects"]

_said(what) := {
	"reason": sprintf("the %s changed since it was accepted", [what]),
	"nearest": "the operator looks at the change and accepts it with callgate tools accept",
}

test_refuses_what_deny_names if {
	every part in _parts {
		objection := {_said(concat(" ", ["tool's", part]))}
		rule.deny == objection with input as _input([part]) with data.settings.rules as _set(_parts, [])
		rule.ask == set() with input as _input([part]) with data.settings.rules as _set(_parts, [])
	}
}

test_asks_about_what_ask_names if {
	every part in _parts {
		question := {_said(concat(" ", ["tool's", part]))}
		rule.ask == question with input as _input([part]) with data.settings.rules as _set([], _parts)
		rule.deny == set() with input as _input([part]) with data.settings.rules as _set([], _parts)
	}
}

test_says_all_that_changed if {
	rule.deny == {_said("tool's schema"), _said("tool's effects")} with input as _input(["schema", "effects"])
		with data.settings.rules as _set(_parts, [])
}

test_leaves_what_nobody_names if {
rule.deny |
	rule.ask == set() with input as _input(["description"])
		with data.settings.rules as _set(["schema"], ["annotations", "effects"])
	rule.deny | rule.ask == set() with input as _input([]) with data.settings.rules as _set(_parts, _parts)
}

test_refuses_words_that_it_does_not_know if {
	every part in ["", "Schema", "ignore this"] {
		rule.deny == {_said("tool")} with input as _input([part]) with data.settings.rules as _set([], [])
	}
}

test_refuses_where_a_setting_is_missing_or_wrong if {
	objection := {_said("tool's description")}
	rule.deny == objection with input as _input(["description"]) with data.settings.rules as {}
	every key in ["deny", "ask"] {
		missing := {"tool_drift": object.remove(_set([], []).tool_drift, [key])}
		rule.deny == objection with input as _input(["description"]) with data.settings.rules as missing
		every value in [["schema"], ["schema", 5], "schema", true, 5, null] {
			wrong := {"tool_drift": object.union(_set([], []).tool_drift, {key: value})}
			rule.deny == objection with input as _input(["description"]) with data.settings.rules as wrong
		}
	}
}

test_is_silent_on_a_result if {
	result := object.union(_input(["schema"]), {"result": {}})
	rule.deny == set() with input as result with data.settings.rules as _set(_parts, [])
	rule.ask == set() with input as result with data.settings.rules as _set([], _parts)
}

test_speaks_on_a_listing if {
	listing := object.union(_input(["schema"]), {"call": {"listing": true}})
	rule.deny == {_said("tool's schema")} with input as listing with data.settings.rules as _set(_parts, [])
}

# That the list is missing is the objection of callgate.main.
test_empty_input if {
rule.deny | rule.ask == set() with input as {} with data.settings.rules as {}}
