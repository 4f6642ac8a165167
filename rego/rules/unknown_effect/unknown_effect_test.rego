package callgate.rules.unknown_effect_test

import data.callgate.rules.unknown_effect as rule

_input(effects, domains) := {"call": {"effects": effects, "domains": domains}, "caller": {"scopes": ["*:*"]}}

_on := {"unknown_effect": {"enabled": true}}

_objection := {{
	"reason": "it is not known what this tool does",
	"nearest": "the operator names the tool's effects and domains in the configuration",
}}

test_objects if {
	every effects in [[], ["unknown"], ["read", "unknown"], ["reads"], [""], [1]] {
		rule.deny == _objection with input as _input(effects, ["crm"]) with data.settings.rules as _on
	}
}

test_objects_to_words_that_are_no_domains if {
	rule.deny == _objection with input as _input(["read"], ["crm", "money"]) with data.settings.rules as _on
}

test_leaves_known_effects_alone if {
	effects := ["read", "draft", "write", "delete", "send", "execute", "pay", "admin"]
	domains := ["mail", "calendar", "chat", "crm", "finance", "files", "code", "web", "database", "identity", "other"]
	rule.deny == set() with input as _input(effects, domains) with data.settings.rules as _on
	rule.deny == set() with input as _input(["read"], []) with data.settings.rules as _on
}

test_is_silent_on_a_result if {
	result := object.union(_input([], []), {"result": {}})
	rule.deny == set() with input as result with data.settings.rules as _on
}

test_holds_where_unset if {
	every settings in [{}, {"unknown_effect": {}}, {"unknown_effect": {"enabled": "no"}}] {
		rule.deny == _objection with input as _input([], []) with data.settings.rules as settings
	}
}

# That the lists are missing is the objection of callgate.main.
test_empty_input if {
	rule.deny == set() with input as {} with data.settings.rules as _on
}
