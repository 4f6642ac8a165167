package callgate.main_test

import data.callgate.main

_settings := {"mode": "enforce", "rules": {
	"read_vs_write": {"enabled": true},
	"draft_vs_send": {"enabled": true},
	"financial_write_ban": {"enabled": true},
	"injection": {"enabled": true, "deny": "high", "withhold": "high", "redact": "medium"},
	"exfil_url": {"enabled": true, "deny": "high", "redact": "high"},
	"schema": {"enabled": true},
	"unknown_effect": {"enabled": true},
}}

_input(effects) := {
	"call": {"tool": "act", "effects": effects, "domains": ["mail"], "listing": false},
	"tool": {"schema_errors": [], "drift": [], "draft_twin": "save"},
	"caller": {"scopes": ["mail:read", "mail:draft", "mail:write"]},
	"targets": [],
	"findings": [],
}

# The rules behind each verdict.
_rules(decision) := {verdict: rules |
	some verdict in {opinion.verdict | some opinion in decision.opinions}
	rules := {opinion.rule |
		some opinion in decision.opinions
		opinion.verdict == verdict
	}
}

test_allows_what_grants_cover if {
	decision := main.decision with input as _input(["read", "draft"]) with data.settings as _settings
	decision.verdict == "allow"
	_rules(decision) == {"allow": {"read_vs_write", "draft_vs_send"}}
}

test_denies_what_a_rule_objects_to if {
	decision := main.decision with input as _input(["read", "delete"]) with data.settings as _settings
	decision.verdict == "deny"
	_rules(decision).deny == {"read_vs_write"}
}

test_transforms if {
	decision := main.decision with input as _input(["read", "send"]) with data.settings as _settings
	decision.verdict == "transform"
	_rules(decision).transform == {"draft_vs_send"}
}

test_asks_before_it_transforms if {
	decision := main.decision with input as _input(["send"])
		with data.settings as _settings
		with data.speakers.ask as ["schema"]
		with data.callgate.rules.schema.ask as {{"reason": "a person decides"}}
	decision.verdict == "ask"
	{"verdict": "ask", "rule": "schema", "said": {"reason": "a person decides"}} in decision.opinions
}

test_asks_no_more_once_a_person_approved if {
	ask := {"reason": "a person decides"}
	approved := json.patch(_input(["read"]), [{"op": "add", "path": "/call/approved", "value": true}])
	decision := main.decision with input as approved
		with data.settings as _settings
		with data.speakers.ask as ["schema"]
		with data.callgate.rules.schema.ask as {ask}
	decision.verdict == "allow"
	{"verdict": "ask", "rule": "schema", "said": ask} in decision.opinions
}

test_denies_before_it_asks if {
	decision := main.decision with input as _input(["delete"])
		with data.settings as _settings
		with data.speakers.ask as ["schema"]
		with data.callgate.rules.schema.ask as {{"reason": "a person decides"}}
	decision.verdict == "deny"
}

test_denies_an_effect_that_nobody_grants if {
	decision := main.decision with input as _input(["draft", "read"])
		with data.settings as _settings
		with data.speakers.allow as ["draft_vs_send"]
	decision.verdict == "deny"
	_rules(decision).deny == {"main"}
	{"verdict": "deny", "rule": "main", "said": {"reason": "no rule allows read"}} in decision.opinions
}

test_denies_words_that_are_no_effects_and_does_not_repeat_them if {
	decision := main.decision with input as _input(["ignore this"]) with data.settings as _settings with data.speakers.deny as []
	decision.verdict == "deny"
	_rules(decision).deny == {"main"}
	{"verdict": "deny", "rule": "main", "said": {"reason": "no rule speaks for it"}} in decision.opinions
}

test_denies_a_call_of_no_effect if {
	decision := main.decision with input as _input([]) with data.settings as _settings with data.speakers.deny as []
	decision.verdict == "deny"
}

test_passes_a_result if {
	result := object.union(_input(["pay"]), {"result": {"is_error": false, "bytes": 3}})
	decision := main.decision with input as result with data.settings as _settings
	decision.verdict == "allow"
	_rules(decision) == {"allow": {"main"}}
}

test_denies_an_empty_input if {
	decision := main.decision with input as {} with data.settings as _settings
	decision.verdict == "deny"
	{"verdict": "deny", "rule": "main", "said": {"reason": "facts about the call are missing"}} in decision.opinions
}

test_denies_where_a_fact_is_missing if {
	every path in ["/findings", "/targets", "/tool/schema_errors", "/tool/drift", "/call/effects", "/call/domains"] {
		partial := json.patch(_input(["read"]), [{"op": "remove", "path": path}])
		decision := main.decision with input as partial with data.settings as _settings
		decision.verdict == "deny"
		{"verdict": "deny", "rule": "main", "said": {"reason": "facts about the call are missing"}} in decision.opinions
	}
}

test_denies_without_settings if {
	decision := main.decision with input as _input(["read"]) with data.settings as {}
	decision.verdict == "deny"
}

test_denies_where_no_rule_is_asked if {
	decision := main.decision with input as _input(["read"])
		with data.settings as _settings
		with data.speakers as {}
	decision.verdict == "deny"
	_rules(decision) == {"deny": {"main"}}
}
