package callgate.rules.draft_vs_send_test

import data.callgate.rules.draft_vs_send as rule

_input(scopes, twin) := {
	"call": {"tool": "send_mail", "effects": ["send"], "domains": ["mail"]},
	"tool": {"draft_twin": twin},
	"caller": {"scopes": scopes},
}

_external(word) := {"draft_vs_send": {"external": word}}

_redirect(reason) := {{"reason": reason, "edits": [{"op": "redirect", "tool": "save_draft"}]}}

_words := ["allow", "ask", "draft"]

test_a_send_without_the_scope_becomes_a_draft if {
	call := _input(["mail:draft"], "save_draft")
	every word in _words {
		rule.transform == _redirect("a send without the scope becomes a draft") with input as call
			with data.settings.rules as _external(word)
		rule.deny | rule.ask == set() with input as call with data.settings.rules as _external(word)
	}
}

# That the scope is missing is the objection of least_privilege.
test_leaves_a_send_without_scope_and_twin_alone if {
	every call in [_input([], ""), _input([], "send_mail"), json.remove(_input([], ""), ["tool/draft_twin"])] {
		every word in _words {
			rule.deny | rule.ask == set() with input as call with data.settings.rules as _external(word)
			rule.transform == set() with input as call with data.settings.rules as _external(word)
		}
	}
}

test_a_send_with_the_scope_goes_out if {
	every twin in ["", "save_draft"] {
		call := _input(["mail:send"], twin)
		rule.deny | rule.ask == set() with input as call with data.settings.rules as _external("allow")
		rule.transform == set() with input as call with data.settings.rules as _external("allow")
	}
}

test_a_send_with_the_scope_is_asked_about if {
	every twin in ["", "save_draft"] {
		call := _input(["mail:send"], twin)
		rule.ask == {{"reason": "a person decides about sends", "nearest": "save a draft"}} with input as call
			with data.settings.rules as _external("ask")
		rule.deny == set() with input as call with data.settings.rules as _external("ask")
		rule.transform == set() with input as call with data.settings.rules as _external("ask")
	}
}

_refused := {{"reason": "sends become drafts here", "nearest": "save a draft"}}

test_a_send_with_the_scope_becomes_a_draft if {
	call := _input(["mail:send"], "save_draft")
	rule.transform == _redirect("sends become drafts here") with input as call
		with data.settings.rules as _external("draft")
	rule.deny | rule.ask == set() with input as call with data.settings.rules as _external("draft")
}

test_a_send_that_cannot_become_a_draft_is_refused if {
	every twin in ["", "send_mail"] {
		call := _input(["mail:send"], twin)
		rule.deny == _refused with input as call with data.settings.rules as _external("draft")
		rule.transform | rule.ask == set() with input as call with data.settings.rules as _external("draft")
	}
}

test_refuses_where_unset if {
	every settings in [{}, _external("yes"), _external(true), _external({"allow": true})] {
		rule.deny == _refused with input as _input(["mail:send"], "save_draft") with data.settings.rules as settings
	}
}

test_leaves_other_effects_alone if {
	effects := ["read", "draft", "write", "delete", "execute", "pay", "admin", "unknown"]
	every scopes in [[], ["*:*"]] {
		call := json.patch(_input(scopes, "save_draft"), [{"op": "replace", "path": "/call/effects", "value": effects}])
		rule.deny | rule.ask == set() with input as call with data.settings.rules as {}
		rule.transform == set() with input as call with data.settings.rules as {}
	}
}

test_is_silent_on_a_result if {
	every scopes in [[], ["*:*"]] {
		result := object.union(_input(scopes, "save_draft"), {"result": {}})
		rule.deny | rule.ask == set() with input as result with data.settings.rules as _external("draft")
		rule.transform == set() with input as result with data.settings.rules as _external("draft")
	}
}

test_empty_input if {
rule.deny |
	rule.ask == set() with input as {} with data.settings.rules as {}
	rule.transform == set() with input as {} with data.settings.rules as {}
}
