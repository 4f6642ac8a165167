package callgate.rules.exfil_url_test

import data.callgate.rules.exfil_url as rule

_call(findings) := {"call": {"listing": false}, "findings": findings}

_result(findings) := {"call": {"listing": false}, "findings": findings, "result": {"is_error": false, "bytes": 9}}

_found(direction, level) := {"detector": "exfil", "direction": direction, "level": level}

_on := {"exfil_url": {"deny": "high", "redact": "medium"}}

_refused := {{
	"reason": "an argument holds an address that could carry data away",
	"nearest": "repeat the call with a plain address that carries no data",
}}

_redacted := {{"reason": "addresses that could carry data away are taken out", "edits": []}}

test_refuses_an_argument_at_the_level if {
	every level in [3, 4] {
		rule.deny == _refused with input as _call([_found("argument", level)]) with data.settings.rules as _on
	}
}

test_lets_an_argument_below_the_level_be if {
	rule.deny == set() with input as _call([_found("argument", 2)]) with data.settings.rules as _on
}

test_redacts_a_result_at_the_level if {
	rule.transform == _redacted with input as _result([_found("result", 2)]) with data.settings.rules as _on
	rule.deny == set() with input as _result([_found("result", 4)]) with data.settings.rules as _on
	rule.transform == set() with input as _result([_found("result", 1), _found("argument", 4)])
		with data.settings.rules as _on
}

test_facts_that_are_missing_count if {
	rule.deny == _refused with input as _call([{"detector": "exfil"}]) with data.settings.rules as _on
	rule.transform == _redacted with input as _result([{"detector": "exfil"}]) with data.settings.rules as _on
}

test_leaves_others_alone if {
	call := _call([_found("description", 4), {"detector": "injection", "direction": "argument", "level": 4}])
	rule.deny == set() with input as call with data.settings.rules as _on
}

test_listing_has_no_arguments_to_judge if {
	listing := {"call": {"listing": true}, "findings": [_found("argument", 4)]}
	rule.deny == set() with input as listing with data.settings.rules as _on
}

test_holds_where_unset if {
	every settings in [{}, {"exfil_url": {"deny": 3, "redact": "severe"}}] {
		rule.deny == _refused with input as _call([_found("argument", 0)]) with data.settings.rules as settings
		rule.transform == _redacted with input as _result([_found("result", 0)]) with data.settings.rules as settings
	}
}

test_empty_input if {
rule.deny | rule.transform == set() with input as {} with data.settings.rules as _on}
