package callgate.rules.read_vs_write_test

import data.callgate.rules.read_vs_write as rule

_input(effects, domains) := {
	"call": {"server": "crm-eu", "effects": effects, "domains": domains},
	"caller": {"name": "sales", "scopes": ["*:*"]},
}

_none := {"read_only_callers": {}, "read_only_servers": {}, "read_only_domains": {}, "ask_domains": {}}

_with(list, names) := {"read_vs_write": object.union(_none, {list: {name: true | some name in names}})}

_objection := {{
	"reason": "only reading and drafting is open here",
	"nearest": "read it, or prepare the change as a draft",
}}

_question := {{
	"reason": "a person decides about changes here",
	"nearest": "read it, or prepare the change as a draft",
}}

_changes := ["write", "delete", "send", "execute", "pay", "admin", "unknown", "others"]

test_silent_where_the_lists_are_empty if {
	every effect in _changes {
		rule.deny | rule.ask == set() with input as _input([effect], ["crm"])
			with data.settings.rules as {"read_vs_write": _none}
	}
}

test_holds_what_is_named_to_reading if {
	every effect in _changes {
		every pair in [
			["read_only_callers", "sales"], ["read_only_servers", "crm-eu"], ["read_only_domains", "crm"],
			["read_only_callers", "*"], ["read_only_servers", "*"], ["read_only_domains", "*"],
		] {
			rule.deny == _objection with input as _input(["read", effect], ["web", "crm"])
				with data.settings.rules as _with(pair[0], [pair[1], "another"])
		}
	}
}

test_leaves_others_alone if {
	every list in ["read_only_callers", "read_only_servers", "read_only_domains", "ask_domains"] {
		rule.deny | rule.ask == set() with input as _input(["write"], ["crm"])
			with data.settings.rules as _with(list, ["another", "CRM", "sale", "crm-"])
	}
}

test_reading_and_drafting_stay_possible if {
rule.deny |
	rule.ask == set() with input as _input(["read", "draft"], ["crm"])
		with data.settings.rules as _with("read_only_domains", ["*"])
	rule.deny | rule.ask == set() with input as _input(["read", "draft"], ["crm"])
		with data.settings.rules as _with("ask_domains", ["*"])
}

test_asks_about_changes if {
	every name in ["crm", "*"] {
		rule.ask == _question with input as _input(["write"], ["web", "crm"])
			with data.settings.rules as _with("ask_domains", [name])
		rule.deny == set() with input as _input(["write"], ["web", "crm"])
			with data.settings.rules as _with("ask_domains", [name])
	}
}

test_a_call_of_no_domain_is_of_other if {
	rule.deny == _objection with input as _input(["write"], [])
		with data.settings.rules as _with("read_only_domains", ["other"])
	rule.ask == _question with input as _input(["write"], [])
		with data.settings.rules as _with("ask_domains", ["other"])
}

test_refuses_where_a_setting_is_missing_or_wrong if {
	every list in ["read_only_callers", "read_only_servers", "read_only_domains", "ask_domains"] {
		missing := {"read_vs_write": object.remove(_none, [list])}
		rule.deny == _objection with input as _input(["write"], ["crm"]) with data.settings.rules as missing
		every value in ["crm", ["crm"], [5], true, 5, null] {
			wrong := {"read_vs_write": object.union(_none, {list: value})}
			rule.deny == _objection with input as _input(["write"], ["crm"]) with data.settings.rules as wrong
		}
	}
	rule.deny == _objection with input as _input(["write"], ["crm"]) with data.settings.rules as {}
}

test_refuses_where_a_name_is_missing if {
	every path in ["caller/name", "call/server"] {
		call := json.remove(_input(["write"], ["crm"]), [path])
		rule.deny == _objection with input as call with data.settings.rules as {"read_vs_write": _none}
	}
}

test_is_silent_on_a_result if {
	result := object.union(_input(["write"], ["crm"]), {"result": {}})
	every list in ["read_only_domains", "ask_domains"] {
		rule.deny | rule.ask == set() with input as result with data.settings.rules as _with(list, ["crm"])
	}
}

test_speaks_on_a_listing if {
	listing := object.union(_input(["write"], ["crm"]), {"call": {"listing": true}})
	rule.deny == _objection with input as listing with data.settings.rules as _with("read_only_domains", ["crm"])
}

test_empty_input if {
rule.deny | rule.ask == set() with input as {} with data.settings.rules as _with("read_only_domains", ["*"])}
