package callgate.rules.financial_write_ban_test

import data.callgate.rules.financial_write_ban as rule

_input(effects, domains) := {
	"call": {"effects": effects, "domains": domains, "listing": false},
	"caller": {"name": "payer", "scopes": ["*:*"]},
	"targets": [],
}

_none := {"financial_write_ban": {
	"exception_callers": {}, "exception_payees": {}, "exception_currency": "",
	"exception_max_amount": 0, "exception_window": "none", "exception_max_total": 0,
}}

_objection := {{
	"reason": "agents do not move money or change financial records",
	"nearest": "read it, or prepare a draft for a person to carry out",
}}

test_objects_to_payments_in_any_domain if {
	every domains in [["finance"], ["web"], ["mail", "other"], []] {
		rule.deny == _objection with input as _input(["pay"], domains) with data.settings.rules as _none
		rule.deny == _objection with input as _input(["read", "pay"], domains) with data.settings.rules as _none
	}
}

test_objects_to_changes_in_finance if {
	every effect in ["write", "delete", "send", "execute", "admin", "unknown"] {
		rule.deny == _objection with input as _input([effect], ["finance"]) with data.settings.rules as _none
		rule.deny == _objection with input as _input(["read", effect], ["crm", "finance"]) with data.settings.rules as _none
	}
}

test_leaves_reading_and_drafting_alone if {
	every effects in [["read"], ["draft"], ["read", "draft"]] {
		rule.deny == set() with input as _input(effects, ["finance"]) with data.settings.rules as _none
	}
}

test_leaves_changes_elsewhere_alone if {
	every effect in ["write", "delete", "send", "execute", "admin"] {
		rule.deny == set() with input as _input([effect], ["crm"]) with data.settings.rules as _none
	}
}

_excepted := {
	"exception_callers": {"payer": true}, "exception_payees": {"acme": true, "initech": true},
	"exception_currency": "EUR", "exception_max_amount": 100, "exception_window": "day", "exception_max_total": 250.5,
}

_on := {"financial_write_ban": _excepted}

_sum(amount) := {"caller": {"amount": amount, "calls": 2}, "payee": {"amount": 0, "calls": 0}}

_payment := object.union(_input(["pay"], ["finance"]), {
	"money": {
		"known": true, "amount": 100, "currency": "EUR", "payee": "acme", "first": false,
		"windows": {"hour": _sum(0), "day": _sum(150.5), "week": _sum(9000), "month": _sum(9000)},
	},
	"targets": [{"role": "payee", "within": ["acme"]}, {"role": "path", "within": ["/x"]}],
})

_changed(path, value) := json.patch(_payment, [{"op": "replace", "path": path, "value": value}])

test_an_exception_lifts_the_ban_at_its_edges if {
	rule.deny == set() with input as _payment with data.settings.rules as _on
	rule.deny == set() with input as _changed("/call/effects", ["read", "draft", "pay"]) with data.settings.rules as _on
	rule.deny == set() with input as _changed("/targets", []) with data.settings.rules as _on
}

test_an_exception_reaches_no_step_further if {
	every change in [
		["/money/amount", 100.01], ["/money/windows/day", _sum(150.51)], ["/money/currency", "USD"], ["/money/payee", "hooli"],
		["/money/payee", ""], ["/caller/name", "other"], ["/money/known", false], ["/money/amount", 0], ["/money/amount", -5],
		["/money/amount", "5"], ["/money/amount", null], ["/money/windows/day", {}],
		["/targets", [{"role": "payee", "within": ["initech"]}]], ["/targets", [{"role": "payee", "within": []}]], ["/targets", [{}]],
	] {
		rule.deny == _objection with input as _changed(change[0], change[1]) with data.settings.rules as _on
	}
	every path in ["money", "money/windows", "money/windows/day", "money/amount", "money/payee", "caller/name", "targets"] {
		rule.deny == _objection with input as json.remove(_payment, [path]) with data.settings.rules as _on
	}
}

test_an_exception_is_for_paying_only if {
	every effect in ["write", "delete", "send", "execute", "admin"] {
		rule.deny == _objection with input as _changed("/call/effects", ["pay", effect]) with data.settings.rules as _on
	}
}

test_each_window_has_its_sum if {
	every window in ["hour", "day"] {
		settings := {"financial_write_ban": object.union(_excepted, {"exception_window": window})}
		rule.deny == set() with input as _payment with data.settings.rules as settings
	}
	every window in ["week", "month"] {
		settings := {"financial_write_ban": object.union(_excepted, {"exception_window": window})}
		rule.deny == _objection with input as _payment with data.settings.rules as settings
	}
}

test_a_half_filled_exception_is_none if {
	every key, value in _none.financial_write_ban {
		unset := {"financial_write_ban": object.union(object.remove(_excepted, [key]), {key: value})}
		_banned(unset)
		_banned({"financial_write_ban": object.remove(_excepted, [key])})
	}
}

test_an_exception_of_wrong_types_is_none if {
	every key, _ in _excepted {
		every value in [true, null, "EUR and more", ["acme", 5], [], -1] {
			_banned({"financial_write_ban": object.union(object.remove(_excepted, [key]), {key: value})})
		}
	}
}

_banned(settings) if {
	rule.deny == _objection with input as _payment with data.settings.rules as settings
}

# A tool that the caller might be let use is listed.
test_a_listing_shows_what_an_exception_may_lift if {
	listing := object.union(_input(["pay"], ["finance"]), {"call": {"listing": true}})
	rule.deny == set() with input as listing with data.settings.rules as _on
	rule.deny == _objection with input as listing with data.settings.rules as _none
	other := object.union(listing, {"caller": {"name": "other"}})
	rule.deny == _objection with input as other with data.settings.rules as _on
	every key, value in _none.financial_write_ban {
		unset := {"financial_write_ban": object.union(object.remove(_excepted, [key]), {key: value})}
		rule.deny == _objection with input as listing with data.settings.rules as unset
	}
}

test_is_silent_on_a_result if {
	every effect in ["pay", "write"] {
		result := object.union(_input([effect], ["finance"]), {"result": {}})
		rule.deny == set() with input as result with data.settings.rules as _none
	}
}

test_holds_where_unset if {
	every settings in [{}, {"financial_write_ban": {}}, {"financial_write_ban": {"exception_callers": 1}}] {
		rule.deny == _objection with input as _input(["pay"], ["finance"]) with data.settings.rules as settings
	}
}

# That the effects are missing is the objection of callgate.main.
test_empty_input if {
	rule.deny == set() with input as {} with data.settings.rules as _none
}
