package callgate.rules.injection_test

import data.callgate.rules.injection as rule

_call(findings) := {"call": {"listing": false}, "findings": findings}

_result(findings) := {"call": {"listing": false}, "findings": findings, "result": {"is_error": false, "bytes": 9}}

_found(detector, direction, level) := {"detector": detector, "direction": direction, "level": level}

_on := {"injection": {"deny": "high", "withhold": "high", "redact": "medium"}}

_refused := {{
	"reason": "an argument carries instructions or hidden text that steer an agent",
	"nearest": "repeat the call with plain text of your own",
}}

_withheld := {{
	"reason": "the result carries instructions or hidden text that steer an agent",
	"nearest": "go on without this result, or ask a person to look at it",
}}

_redacted := {{"reason": "passages that may steer an agent are taken out", "edits": []}}

test_refuses_an_argument_at_the_level if {
	every detector in ["injection", "text"] {
		every level in [3, 4] {
			call := _call([_found(detector, "argument", level)])
			rule.deny == _refused with input as call with data.settings.rules as _on
		}
	}
}

test_lets_an_argument_below_the_level_be if {
	call := _call([_found("injection", "argument", 2), _found("text", "argument", 0)])
	rule.deny | rule.transform == set() with input as call with data.settings.rules as _on
}

test_levels_are_settings if {
	strict := {"injection": {"deny": "low", "withhold": "medium", "redact": "info"}}
	rule.deny == _refused with input as _call([_found("text", "argument", 1)]) with data.settings.rules as strict
	rule.deny == set() with input as _call([_found("text", "argument", 0)]) with data.settings.rules as strict
	rule.deny == _withheld with input as _result([_found("text", "result", 2)]) with data.settings.rules as strict
	rule.transform == _redacted with input as _result([_found("text", "result", 0)]) with data.settings.rules as strict
}

test_withholds_a_result_at_the_level if {
	rule.deny == _withheld with input as _result([_found("injection", "result", 3)]) with data.settings.rules as _on
}

test_redacts_a_result_below_that if {
	result := _result([_found("injection", "result", 2), _found("text", "result", 1)])
	rule.deny == set() with input as result with data.settings.rules as _on
	rule.transform == _redacted with input as result with data.settings.rules as _on
}

test_leaves_what_is_below_the_level_and_other_directions if {
	result := _result([_found("injection", "result", 1), _found("injection", "argument", 4)])
	rule.deny | rule.transform == set() with input as result with data.settings.rules as _on
}

test_a_direction_that_is_missing_counts if {
	rule.deny == _refused with input as _call([{"detector": "text", "level": 4}]) with data.settings.rules as _on
	rule.deny == _withheld with input as _result([{"detector": "text", "level": 4}]) with data.settings.rules as _on
}

test_a_level_that_is_missing_counts if {
	call := _call([{"detector": "text", "direction": "argument"}])
	rule.deny == _refused with input as call with data.settings.rules as _on
}

test_leaves_others_alone if {
	call := _call([_found("exfil", "argument", 4), _found("injection", "description", 4)])
	rule.deny == set() with input as call with data.settings.rules as _on
}

test_listing_has_no_arguments_to_judge if {
	listing := {"call": {"listing": true}, "findings": [_found("injection", "argument", 4)]}
	rule.deny == set() with input as listing with data.settings.rules as _on
}

test_holds_where_unset if {
	every settings in [{}, {"injection": {"deny": 3, "withhold": "severe"}}] {
		rule.deny == _refused with input as _call([_found("text", "argument", 0)]) with data.settings.rules as settings
		rule.deny == _withheld with input as _result([_found("text", "result", 0)]) with data.settings.rules as settings
		rule.transform == _redacted with input as _result([_found("text", "result", 0)]) with data.settings.rules as settings
	}
}

test_empty_input if {
rule.deny | rule.transform == set() with input as {} with data.settings.rules as _on}
