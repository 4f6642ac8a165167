package callgate.rules.read_vs_write_test

import data.callgate.rules.read_vs_write as rule

_input(effects, scopes) := {"call": {"effects": effects, "domains": ["crm"]}, "caller": {"scopes": scopes}}

_on := {"read_vs_write": {"enabled": true}}

_grant(effect) := {"effects": [effect], "reason": "the caller holds the scope"}

test_grants_each_effect_with_its_scope if {
	every effect in ["read", "write", "delete", "execute", "admin"] {
		call := _input([effect], [concat(":", ["crm", effect])])
		rule.allow == {_grant(effect)} with input as call with data.settings.rules as _on
		rule.deny == set() with input as call with data.settings.rules as _on
	}
}

test_objects_without_the_scope if {
	rule.deny == {{
		"reason": "needs the scope crm:write",
		"nearest": "read it, or prepare the change as a draft",
	}} with input as _input(["read", "write"], ["crm:read"])
		with data.settings.rules as _on
	rule.allow == {_grant("read")} with input as _input(["read", "write"], ["crm:read"])
		with data.settings.rules as _on
}

test_leaves_other_effects_alone if {
	every effect in ["draft", "send", "pay", "unknown"] {
		rule.allow == set() with input as _input([effect], ["*:*"]) with data.settings.rules as _on
		rule.deny == set() with input as _input([effect], []) with data.settings.rules as _on
	}
}

test_is_silent_on_a_result if {
	result := object.union(_input(["read"], ["crm:read"]), {"result": {}})
	rule.allow == set() with input as result with data.settings.rules as _on
	rule.deny == set() with input as result with data.settings.rules as _on
}

test_empty_input if {
	rule.allow == set() with input as {} with data.settings.rules as _on
	rule.deny == set() with input as {} with data.settings.rules as _on
}
