package callgate.rules.recipients_test

import data.callgate.rules.recipients as rule

_call(effects, targets) := {"call": {"effects": effects, "domains": ["mail"], "listing": false}, "targets": targets}

_who(within) := {"role": "recipient", "pointer": "/to", "value": "x", "within": within}

_bob := _who(["bob@sales.example.com", "sales.example.com", "example.com", "com"])

_eve := _who(["eve@example.org", "example.org", "org"])

_set(settings) := {"recipients": object.union(
	{"allowed": {}, "banned": {}, "others": "deny", "without_list": "allow"},
	settings,
)}

_nearest := "save a draft, or write to recipients that the operator allows"

_refused := {{"reason": "it would reach somebody it may not", "nearest": _nearest}}

_question := {{"reason": "a person decides whether it may reach them", "nearest": _nearest}}

test_nobody_is_barred_without_lists if {
	call := _call(["send"], [_bob, _eve])
	rule.deny | rule.ask == set() with input as call with data.settings.rules as _set({})
	none := _call(["send"], [])
	rule.deny | rule.ask == set() with input as none with data.settings.rules as _set({})
}

test_without_a_list_it_does_as_the_setting_says if {
	call := _call(["send"], [_bob])
	rule.ask == _question with input as call with data.settings.rules as _set({"without_list": "ask"})
	rule.deny == set() with input as call with data.settings.rules as _set({"without_list": "ask"})
	rule.deny == _refused with input as call with data.settings.rules as _set({"without_list": "deny"})
	rule.ask == set() with input as call with data.settings.rules as _set({"without_list": "deny"})
}

test_the_allowed_and_all_below if {
	every name in ["bob@sales.example.com", "sales.example.com", "example.com"] {
		rule.deny | rule.ask == set() with input as _call(["send"], [_bob])
			with data.settings.rules as _set({"allowed": {name: true}})
	}
}

test_others_than_the_allowed if {
	allowed := {"example.com": true, "bob@example.org": true}
	every call in [_call(["send"], [_eve]), _call(["send"], [_bob, _eve]), _call(["write"], [_eve])] {
		rule.deny == _refused with input as call with data.settings.rules as _set({"allowed": allowed})
		rule.ask == _question with input as call with data.settings.rules as _set({"allowed": allowed, "others": "ask"})
		rule.deny == set() with input as call with data.settings.rules as _set({"allowed": allowed, "others": "ask"})
		rule.deny | rule.ask == set() with input as call
			with data.settings.rules as _set({"allowed": allowed, "others": "allow"})
	}
}

test_the_banned if {
	every name in ["eve@example.org", "example.org", "org"] {
		banned := _set({"banned": {name: true}, "allowed": {"eve@example.org": true}, "others": "allow"})
		rule.deny == _refused with input as _call(["send"], [_bob, _eve]) with data.settings.rules as banned
	}
	rule.deny == set() with input as _call(["send"], [_bob])
		with data.settings.rules as _set({"banned": {"example.org": true, "alice@sales.example.com": true}})
}

test_a_send_to_nobody_known_is_one_to_others if {
	allowed := {"allowed": {"example.com": true}}
	call := _call(["send"], [{"role": "host", "within": ["example.com", "com"]}])
	rule.deny == _refused with input as call with data.settings.rules as _set(allowed)
	rule.ask == _question with input as call with data.settings.rules as _set(object.union(allowed, {"others": "ask"}))
	rule.deny == set() with input as _call(["write"], []) with data.settings.rules as _set(allowed)
}

test_a_recipient_that_cannot_be_told if {
	every target in [{"role": "recipient"}, _who([]), _who([5])] {
		call := _call(["send"], [target])
		rule.deny == set() with input as call with data.settings.rules as _set({})
		rule.deny == _refused with input as call with data.settings.rules as _set({"allowed": {"example.com": true}})
		rule.deny == _refused with input as call with data.settings.rules as _set({"banned": {"example.com": true}})
	}
}

test_reading_and_drafting_stay_possible if {
	call := _call(["read", "draft"], [_eve])
	rule.deny | rule.ask == set() with input as call with data.settings.rules as _set({"banned": {"org": true}})
}

test_leaves_other_targets_alone if {
	every role in ["payee", "host", "path"] {
		call := _call(["write"], [object.union(_eve, {"role": role})])
		rule.deny | rule.ask == set() with input as call with data.settings.rules as _set({"banned": {"org": true}})
	}
}

test_refuses_where_a_setting_is_missing_or_wrong if {
	call := _call(["send"], [_bob])
	rule.deny == _refused with input as call with data.settings.rules as {}
	rule.deny == _refused with input as _call(["send"], []) with data.settings.rules as {}
	every value in [["example.com"], ["example.com", 5], "example.com", true, 5, null] {
		every key in ["allowed", "banned"] {
			rule.deny == _refused with input as call with data.settings.rules as _set({key: value})
		}
		rule.deny == _refused with input as call with data.settings.rules as _set({"without_list": value})
		rule.deny == _refused with input as call
			with data.settings.rules as _set({"allowed": {"example.org": true}, "others": value})
	}
	no_others := {"recipients": {"allowed": {"example.org": true}, "banned": {}, "without_list": "allow"}}
	rule.deny == _refused with input as call with data.settings.rules as no_others
	no_without := {"recipients": {"allowed": {}, "banned": {}, "others": "allow"}}
	rule.deny == _refused with input as call with data.settings.rules as no_without
}

test_is_silent_on_a_result_and_a_listing if {
	every more in [{"result": {}}, {"call": {"listing": true}}] {
		call := object.union(_call(["send"], [_eve]), more)
		rule.deny | rule.ask == set() with input as call with data.settings.rules as _set({"banned": {"org": true}})
		rule.deny | rule.ask == set() with input as call with data.settings.rules as {}
	}
}

test_empty_input if {
rule.deny | rule.ask == set() with input as {} with data.settings.rules as {}}

_sender(scopes, twin) := {
	"call": {"effects": ["send"], "domains": ["mail"], "tool": "send_mail", "listing": false},
	"tool": {"draft_twin": twin}, "caller": {"scopes": scopes}, "targets": [_eve],
}

_drafts(enabled, external) := object.union(
	_set({"allowed": {"example.com": true}}),
	{"draft_vs_send": {"enabled": enabled, "external": external}},
)

test_what_becomes_a_draft_reaches_nobody if {
	rule.deny == set() with input as _sender(["mail:draft"], "save_draft")
		with data.settings.rules as _drafts(true, "allow")
	rule.deny == set() with input as _sender(["mail:*"], "save_draft")
		with data.settings.rules as _drafts(true, "draft")
}

test_what_does_not_become_a_draft_reaches_them if {
	rule.deny == _refused with input as _sender(["mail:draft"], "")
		with data.settings.rules as _drafts(true, "allow")
	rule.deny == _refused with input as _sender(["mail:draft"], "save_draft")
		with data.settings.rules as _drafts(false, "allow")
	rule.deny == _refused with input as _sender(["mail:*"], "save_draft")
		with data.settings.rules as _drafts(true, "allow")
	writes := object.union(_sender(["mail:draft"], "save_draft"), {"call": {
		"effects": ["send", "write"], "domains": ["mail"], "tool": "send_mail", "listing": false,
	}})
	rule.deny == _refused with input as writes with data.settings.rules as _drafts(true, "allow")
}
