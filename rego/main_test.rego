package callgate.main_test

import data.callgate.main

_settings := {"mode": "enforce", "rules": {"draft_vs_send": {"enabled": true, "external": "allow"}}}

_speakers := {
	"deny": ["draft_vs_send", "least_privilege", "schema"],
	"ask": ["draft_vs_send"],
	"transform": ["draft_vs_send"],
	"allow": ["least_privilege"],
}

_input(effects) := {
	"call": {
		"tool": "act", "effects": effects, "domains": ["mail"], "traits": [], "programs": [],
		"listing": false, "approved": false,
	},
	"tool": {"schema_errors": [], "drift": [], "draft_twin": "save"},
	"caller": {"scopes": ["mail:read", "mail:draft", "mail:write"]},
	"targets": [],
	"findings": [],
}

_decide(call) := decision if {
	decision := main.decision with input as call
		with data.settings as _settings
		with data.speakers as _speakers
}

_decide_with(call, speakers) := decision if {
	decision := main.decision with input as call
		with data.settings as _settings
		with data.speakers as object.union(_speakers, speakers)
}

# The rules behind each verdict.
_rules(decision) := {verdict: rules |
	some verdict in {opinion.verdict | some opinion in decision.opinions}
	rules := {opinion.rule |
		some opinion in decision.opinions
		opinion.verdict == verdict
	}
}

_ungranted(reason) := {"verdict": "deny", "rule": "main", "said": {
	"reason": reason,
	"nearest": "ask the operator for a scope or a rule that allows it",
}}

_incomplete := {"verdict": "deny", "rule": "main", "said": {"reason": "facts about the call are missing"}}

test_allows_what_grants_cover if {
	decision := _decide(_input(["read", "draft"]))
	decision.verdict == "allow"
	_rules(decision) == {"allow": {"least_privilege"}}
}

test_denies_what_a_rule_objects_to if {
	decision := _decide(_input(["read", "delete"]))
	decision.verdict == "deny"
	_rules(decision) == {"deny": {"least_privilege"}, "allow": {"least_privilege"}}
}

test_transforms if {
	decision := _decide(_input(["read", "send"]))
	decision.verdict == "transform"
	_rules(decision) == {"transform": {"draft_vs_send"}, "allow": {"least_privilege"}}
}

_question := {"reason": "a person decides"}

_asking(call) := decision if {
	decision := main.decision with input as call
		with data.settings as _settings
		with data.speakers as object.union(_speakers, {"ask": ["schema"]})
		with data.callgate.rules.schema.ask as {_question}
}

test_asks_before_it_transforms if {
	decision := _asking(_input(["send"]))
	decision.verdict == "ask"
	{"verdict": "ask", "rule": "schema", "said": _question} in decision.opinions
}

test_asks_no_more_once_a_person_approved if {
	approved := json.patch(_input(["read"]), [{"op": "replace", "path": "/call/approved", "value": true}])
	decision := _asking(approved)
	decision.verdict == "allow"
	{"verdict": "ask", "rule": "schema", "said": _question} in decision.opinions
}

test_an_approval_is_no_grant if {
	approved := json.patch(_input(["delete"]), [{"op": "replace", "path": "/call/approved", "value": true}])
	_asking(approved).verdict == "deny"
	ungranted := json.patch(_input(["read"]), [{"op": "replace", "path": "/call/approved", "value": true}])
	_decide_with(ungranted, {"allow": []}).verdict == "deny"
}

test_only_a_true_approval_counts if {
	every value in ["true", 1, {}, false] {
		call := json.patch(_input(["read"]), [{"op": "replace", "path": "/call/approved", "value": value}])
		_asking(call).verdict == "ask"
	}
}

test_denies_before_it_asks if {
	_asking(_input(["delete"])).verdict == "deny"
}

test_denies_an_effect_that_nobody_grants if {
	decision := _decide_with(_input(["draft", "read"]), {"allow": []})
	decision.verdict == "deny"
	decision.opinions == {_ungranted("no rule allows draft, read")}
}

test_denies_words_that_are_no_effects_and_does_not_repeat_them if {
	decision := _decide(_input(["ignore this"]))
	decision.verdict == "deny"
	decision.opinions == {_ungranted("no rule speaks for it")}
}

test_denies_a_call_of_no_effect if {
	decision := _decide(_input([]))
	decision.verdict == "deny"
	decision.opinions == {_ungranted("no rule speaks for it")}
}

test_passes_a_result if {
	decision := _decide(object.union(_input(["pay"]), {"result": {"is_error": false, "bytes": 3}}))
	decision.verdict == "allow"
	_rules(decision) == {"allow": {"main"}}
}

test_denies_an_empty_input if {
	decision := _decide({})
	decision.verdict == "deny"
	_incomplete in decision.opinions
}

test_denies_where_a_fact_is_missing if {
	every path in [
		"/findings", "/targets", "/tool/schema_errors", "/tool/drift",
		"/call/effects", "/call/domains", "/call/traits", "/call/programs",
	] {
		decision := _decide(json.patch(_input(["read"]), [{"op": "remove", "path": path}]))
		decision.verdict == "deny"
		_incomplete in decision.opinions
	}
}

test_takes_the_word_of_the_engine if {
	decision := main.decision with input as {"call": {"effects": ["read"], "domains": ["mail"]}, "caller": {"scopes": ["*:*"]}}
		with data.settings as _settings
		with data.complete as true
	not _incomplete in decision.opinions
}

test_denies_without_settings if {
	decision := main.decision with input as _input(["read"])
		with data.settings as {}
		with data.speakers as _speakers
	decision.verdict == "deny"
	_incomplete in decision.opinions
}

test_denies_where_no_rule_is_asked if {
	decision := main.decision with input as _input(["read"])
		with data.settings as _settings
		with data.speakers as {}
	decision.verdict == "deny"
	_rules(decision) == {"deny": {"main"}}
}
