package callgate.rules.financial_write_ban_test

import data.callgate.rules.financial_write_ban as rule

_input(effects, domains) := {
	"call": {"effects": effects, "domains": domains},
	"caller": {"scopes": ["*:*"]},
}

_on := {"financial_write_ban": {"enabled": true}}

_objection := {{
	"reason": "agents do not move money or change financial records",
	"nearest": "read it, or prepare a draft for a person to carry out",
}}

test_objects_to_payments_in_any_domain if {
	every domains in [["finance"], ["web"], ["mail", "other"], []] {
		rule.deny == _objection with input as _input(["pay"], domains) with data.settings.rules as _on
		rule.deny == _objection with input as _input(["read", "pay"], domains) with data.settings.rules as _on
	}
}

test_objects_to_changes_in_finance if {
	every effect in ["write", "delete", "send", "execute", "admin", "unknown"] {
		rule.deny == _objection with input as _input([effect], ["finance"]) with data.settings.rules as _on
		rule.deny == _objection with input as _input(["read", effect], ["crm", "finance"]) with data.settings.rules as _on
	}
}

test_leaves_reading_and_drafting_alone if {
	every effects in [["read"], ["draft"], ["read", "draft"]] {
		rule.deny == set() with input as _input(effects, ["finance"]) with data.settings.rules as _on
	}
}

test_leaves_changes_elsewhere_alone if {
	every effect in ["write", "delete", "send", "execute", "admin"] {
		rule.deny == set() with input as _input([effect], ["crm"]) with data.settings.rules as _on
	}
}

test_is_silent_on_a_result if {
	result := object.union(_input(["pay"], ["finance"]), {"result": {}})
	rule.deny == set() with input as result with data.settings.rules as _on
}

test_holds_where_unset if {
	every settings in [{}, {"financial_write_ban": {}}, {"financial_write_ban": {"enabled": "no"}}] {
		rule.deny == _objection with input as _input(["pay"], ["finance"]) with data.settings.rules as settings
	}
}

# That the effects are missing is the objection of callgate.main.
test_empty_input if {
	rule.deny == set() with input as {} with data.settings.rules as _on
}
