package callgate.rules.secrets_test

import data.callgate.rules.secrets as rule

_found(direction, level) := {"detector": "secrets", "direction": direction, "level": level}

_call(effects, domains, findings) := {
	"call": {"effects": effects, "domains": domains, "listing": false},
	"findings": findings,
}

_result(findings) := object.union(_call(["send"], ["mail"], findings), {"result": {"is_error": false, "bytes": 9}})

_on := {"secrets": {"deny": "high", "redact": "medium"}}

_refused := {{
	"reason": "an argument holds a secret that the call would carry out",
	"nearest": "repeat the call without the secret",
}}

_redacted := {{"reason": "secrets are taken out", "edits": []}}

test_refuses_what_carries_a_secret_out if {
	every effect in ["send", "write", "execute", "pay", "unknown"] {
		call := _call(["read", effect], ["files"], [_found("argument", 3)])
		rule.deny == _refused with input as call with data.settings.rules as _on
	}
	every domain in ["web", "mail", "chat"] {
		call := _call(["read"], ["files", domain], [_found("argument", 4)])
		rule.deny == _refused with input as call with data.settings.rules as _on
	}
}

test_leaves_what_carries_nothing_out if {
	call := _call(["read", "draft", "delete", "admin"], ["crm", "finance", "files", "code", "database", "identity", "other"], [_found("argument", 4)])
	rule.deny == set() with input as call with data.settings.rules as _on
}

test_lets_an_argument_below_the_level_be if {
	call := _call(["send"], ["mail"], [_found("argument", 2), _found("argument", 0)])
	rule.deny == set() with input as call with data.settings.rules as _on
}

test_levels_are_settings if {
	strict := {"secrets": {"deny": "low", "redact": "high"}}
	rule.deny == _refused with input as _call(["send"], [], [_found("argument", 1)]) with data.settings.rules as strict
	rule.deny == set() with input as _call(["send"], [], [_found("argument", 0)]) with data.settings.rules as strict
	rule.transform == _redacted with input as _result([_found("result", 3)]) with data.settings.rules as strict
	rule.transform == set() with input as _result([_found("result", 2)]) with data.settings.rules as strict
}

test_takes_secrets_out_of_results if {
	rule.transform == _redacted with input as _result([_found("result", 2)]) with data.settings.rules as _on
	rule.deny == set() with input as _result([_found("result", 4)]) with data.settings.rules as _on
	rule.transform == set() with input as _result([_found("result", 1), _found("argument", 4), _found("description", 4)])
		with data.settings.rules as _on
}

test_facts_that_are_missing_count if {
	bare := {"detector": "secrets"}
	rule.deny == _refused with input as _call(["send"], [], [bare]) with data.settings.rules as _on
	rule.transform == _redacted with input as _result([bare]) with data.settings.rules as _on
}

test_leaves_others_alone if {
	others := [_found("description", 4), _found("result", 4), {"detector": "exfil", "direction": "argument", "level": 4}]
	rule.deny == set() with input as _call(["send"], [], others) with data.settings.rules as _on
	rule.transform == set() with input as _call(["send"], [], others) with data.settings.rules as _on
}

test_a_listing_has_no_arguments_to_judge if {
	listing := object.union(_call(["send"], [], [_found("argument", 4)]), {"call": {"listing": true}})
	rule.deny == set() with input as listing with data.settings.rules as _on
}

test_holds_where_unset if {
	every settings in [{}, {"secrets": {}}, {"secrets": {"deny": 3, "redact": "severe"}}] {
		rule.deny == _refused with input as _call(["send"], [], [_found("argument", 0)]) with data.settings.rules as settings
		rule.transform == _redacted with input as _result([_found("result", 0)]) with data.settings.rules as settings
	}
}

test_empty_input if {
rule.deny | rule.transform == set() with input as {} with data.settings.rules as _on}
