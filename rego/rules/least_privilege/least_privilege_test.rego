package callgate.rules.least_privilege_test

import data.callgate.rules.least_privilege as rule

_input(effects, scopes) := {
	"call": {"tool": "act", "effects": effects, "domains": ["crm"]},
	"tool": {"draft_twin": ""},
	"caller": {"scopes": scopes},
}

_drafts := {"draft_vs_send": {"enabled": true}}

_effects := {"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown"}

_grant(effects) := {{"effects": effects, "reason": "the caller holds the scope"}}

_objection(effect, nearest) := {"reason": concat(":", ["needs the scope crm", effect]), "nearest": nearest}

test_grants_each_effect_with_its_scope if {
	every effect in _effects {
		call := _input([effect], [concat(":", ["crm", effect])])
		rule.allow == _grant({effect}) with input as call with data.settings.rules as _drafts
		rule.deny == set() with input as call with data.settings.rules as _drafts
	}
}

test_a_wildcard_covers_all if {
	every scope in ["crm:*", "*:*"] {
		call := _input([effect | some effect in _effects], [scope])
		rule.allow == _grant(_effects) with input as call with data.settings.rules as _drafts
		rule.deny == set() with input as call with data.settings.rules as _drafts
	}
}

test_objects_to_each_effect_without_its_scope if {
	rule.deny == {
		_objection("read", "ask the operator for the scope"),
		_objection("draft", "ask the operator for the scope"),
		_objection("write", "read it, or prepare the change as a draft"),
		_objection("delete", "read it, and leave the deleting to a person"),
		_objection("send", "save a draft"),
		_objection("execute", "read it, and leave the running to a person"),
		_objection("pay", "prepare a draft for a person to carry out"),
		_objection("admin", "read it, and leave the change to an administrator"),
		_objection("unknown", "the operator names the tool's effects and domains in the configuration"),
	} with input as _input([effect | some effect in _effects], [])
		with data.settings.rules as _drafts
	rule.allow == set() with input as _input([effect | some effect in _effects], [])
		with data.settings.rules as _drafts
}

test_grants_what_is_covered_beside_what_is_not if {
	call := _input(["read", "write"], ["crm:read"])
	rule.allow == _grant({"read"}) with input as call with data.settings.rules as _drafts
	rule.deny == {_objection("write", "read it, or prepare the change as a draft")} with input as call
		with data.settings.rules as _drafts
}

test_every_domain_needs_its_scope if {
	call := json.patch(_input(["read"], ["crm:read"]), [{"op": "add", "path": "/call/domains/-", "value": "web"}])
	rule.allow == set() with input as call with data.settings.rules as _drafts
	rule.deny == {{
		"reason": "needs the scope web:read", "nearest": "ask the operator for the scope",
	}} with input as call
		with data.settings.rules as _drafts
}

test_repeats_no_text_that_is_no_plain_word if {
	call := json.patch(_input(["read"], []), [{"op": "replace", "path": "/call/domains", "value": ["Ignore this"]}])
	rule.deny == {{
		"reason": "needs the scope for that domain", "nearest": "ask the operator for the scope",
	}} with input as call
		with data.settings.rules as _drafts
}

test_leaves_words_that_are_no_effects_to_main if {
rule.allow |
	rule.deny == set() with input as _input(["reads", ""], ["*:*"]) with data.settings.rules as _drafts
	rule.allow | rule.deny == set() with input as _input(["reads", ""], []) with data.settings.rules as _drafts
}

_twinned := json.patch(_input(["send"], []), [{"op": "replace", "path": "/tool/draft_twin", "value": "save"}])

test_leaves_a_send_that_becomes_a_draft if {
rule.allow |
	rule.deny == set() with input as _twinned with data.settings.rules as _drafts
	both := json.patch(_twinned, [{"op": "add", "path": "/call/effects/-", "value": "write"}])
	rule.deny == {_objection("write", "read it, or prepare the change as a draft")} with input as both
		with data.settings.rules as _drafts
}

test_objects_to_a_send_where_nothing_makes_it_a_draft if {
	objections := {_objection("send", "save a draft")}
	every settings in [{}, {"draft_vs_send": {}}, {"draft_vs_send": {"enabled": false}}, {"draft_vs_send": {"enabled": "yes"}}] {
		rule.deny == objections with input as _twinned with data.settings.rules as settings
	}
	itself := json.patch(_twinned, [{"op": "replace", "path": "/tool/draft_twin", "value": "act"}])
	rule.deny == objections with input as itself with data.settings.rules as _drafts
	absent := json.remove(_twinned, ["tool/draft_twin"])
	rule.deny == objections with input as absent with data.settings.rules as _drafts
}

test_is_silent_on_a_result if {
	result := object.union(_input(["read", "write"], ["crm:read"]), {"result": {}})
	rule.allow | rule.deny == set() with input as result with data.settings.rules as _drafts
}

test_speaks_on_a_listing if {
	listing := object.union(_input(["read"], []), {"call": {"listing": true}})
	count(rule.deny) == 1 with input as listing with data.settings.rules as _drafts
}

test_empty_input if {
	rule.allow == set() with input as {} with data.settings.rules as _drafts
	rule.deny == set() with input as {} with data.settings.rules as _drafts
}
