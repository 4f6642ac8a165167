package callgate.rules.draft_vs_send_test

import data.callgate.rules.draft_vs_send as rule

_input(effects, scopes, twin) := {
	"call": {"tool": "send_mail", "effects": effects, "domains": ["mail"]},
	"tool": {"draft_twin": twin},
	"caller": {"scopes": scopes},
}

_on := {"draft_vs_send": {"enabled": true}}

_grant(effect) := {"effects": [effect], "reason": "the caller holds the scope"}

test_grants_with_the_scope if {
	every effect in ["draft", "send"] {
		call := _input([effect], [concat(":", ["mail", effect])], "save_draft")
		rule.allow == {_grant(effect)} with input as call with data.settings.rules as _on
		rule.deny | rule.transform == set() with input as call with data.settings.rules as _on
	}
}

test_draft_needs_its_scope if {
	call := _input(["draft"], ["mail:read", "mail:send"], "")
	rule.allow | rule.transform == set() with input as call with data.settings.rules as _on
	rule.deny == {{
		"reason": "needs the scope mail:draft",
		"nearest": "ask the operator for the scope",
	}} with input as call
		with data.settings.rules as _on
}

test_send_becomes_a_draft if {
	call := _input(["send"], ["mail:draft"], "save_draft")
	rule.allow | rule.deny == set() with input as call with data.settings.rules as _on
	rule.transform == {{
		"reason": "a send without the scope becomes a draft",
		"edits": [{"op": "redirect", "tool": "save_draft"}],
	}} with input as call
		with data.settings.rules as _on
}

test_send_is_refused_without_a_twin if {
	every twin in ["", "send_mail"] {
		call := _input(["send"], ["mail:draft"], twin)
		rule.allow | rule.transform == set() with input as call with data.settings.rules as _on
		rule.deny == {{
			"reason": "needs the scope mail:send",
			"nearest": "save a draft",
		}} with input as call
			with data.settings.rules as _on
	}
}

test_send_is_refused_where_the_twin_is_absent if {
	call := json.remove(_input(["send"], ["mail:draft"], ""), ["tool/draft_twin"])
	count(rule.deny) == 1 with input as call with data.settings.rules as _on
}

test_leaves_other_effects_alone if {
	call := _input(["read", "write", "delete", "execute", "pay", "admin", "unknown"], [], "")
	rule.allow | rule.deny == set() with input as call with data.settings.rules as _on
}

test_is_silent_on_a_result if {
	result := object.union(_input(["send"], [], ""), {"result": {}})
	rule.allow | rule.deny == set() with input as result with data.settings.rules as _on
}

test_empty_input if {
rule.allow |
	rule.deny == set() with input as {} with data.settings.rules as _on
	rule.transform == set() with input as {} with data.settings.rules as _on
}
