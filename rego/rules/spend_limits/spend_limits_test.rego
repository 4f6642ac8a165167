package callgate.rules.spend_limits_test

import data.callgate.rules.spend_limits as rule

_sums(caller, payee) := {"caller": {"amount": caller, "calls": 4}, "payee": {"amount": payee, "calls": 2}}

_payment := {
	"call": {"effects": ["pay"], "domains": ["finance"], "listing": false},
	"money": {
		"known": true, "amount": 30, "currency": "EUR", "payee": "acme", "first": false,
		"windows": {"hour": _sums(0, 0), "day": _sums(70.07, 20), "week": _sums(300, 50), "month": _sums(900, 70)},
	},
}

_changed(path, value) := json.patch(_payment, [{"op": "replace", "path": path, "value": value}])

_without(path) := json.remove(_payment, [path])

_free := {"max_payment": {}, "max_amount": {}, "max_calls": {}, "max_payee_amount": {}, "first_payee": "allow"}

_set(settings) := {"spend_limits": object.union(_free, settings)}

_unknown := {{
	"reason": "what would be paid is not known",
	"nearest": "name the amount and the currency, or prepare a draft for a person to carry out",
}}

_over := {{
	"reason": "the payment is over a limit",
	"nearest": "pay less or later, or prepare a draft for a person to carry out",
}}

_first := {{
	"reason": "this payee was never paid before",
	"nearest": "prepare a draft for a person to carry out",
}}

test_without_limits_what_is_known_may_be_paid if {
rule.deny |
	rule.ask == set() with input as _payment with data.settings.rules as _set({})
	rule.deny | rule.ask == set() with input as _changed("/money/amount", 1000000000) with data.settings.rules as _set({})
}

test_what_is_not_known_is_refused if {
	every change in [
		["/money/known", false], ["/money/known", "yes"], ["/money/amount", 0], ["/money/amount", -30], ["/money/amount", "30"],
		["/money/currency", ""],
	] {
		rule.deny == _unknown with input as _changed(change[0], change[1]) with data.settings.rules as _set({})
	}
	every path in ["money", "money/known", "money/amount", "money/currency"] {
		rule.deny | rule.ask == _unknown with input as object.union(_without(path), {"money": {"first": false, "payee": "acme"}})
			with data.settings.rules as _set({})
	}
}

# Each limit at its edge, and one step below it.
test_limits_hold_with_this_payment_in_them if {
	every limit in [
		[{"max_payment": {"EUR": 30}}, {"max_payment": {"EUR": 29.99}}],
		[{"max_amount": {"day": {"EUR": 100.07}}}, {"max_amount": {"day": {"EUR": 100.06}}}],
		[{"max_amount": {"hour": {"EUR": 30}}}, {"max_amount": {"hour": {"EUR": 29.99}}}],
		[{"max_amount": {"week": {"EUR": 330}}}, {"max_amount": {"week": {"EUR": 329.99}}}],
		[{"max_amount": {"month": {"EUR": 930}}}, {"max_amount": {"month": {"EUR": 929.99}}}],
		[{"max_payee_amount": {"week": {"EUR": 80}}}, {"max_payee_amount": {"week": {"EUR": 79.99}}}],
		[{"max_calls": {"day": 5}}, {"max_calls": {"day": 4}}],
	] {
		rule.deny | rule.ask == set() with input as _payment with data.settings.rules as _set(limit[0])
		rule.deny == _over with input as _payment with data.settings.rules as _set(limit[1])
	}
}

test_one_limit_that_is_passed_is_enough if {
	limits := {"max_amount": {"hour": {"EUR": 1000}, "day": {"EUR": 100}, "month": {"EUR": 5000}}}
	rule.deny == _over with input as _payment with data.settings.rules as _set(limits)
}

test_a_currency_without_a_limit_is_refused_where_others_have_one if {
	every limit in [{"max_payment": {"USD": 1000}}, {"max_amount": {"day": {"USD": 1000}}}, {"max_payee_amount": {"day": {"USD": 1000}}}] {
		rule.deny == _over with input as _payment with data.settings.rules as _set(limit)
	}
}

test_a_window_that_is_none_is_refused if {
	every limit in [
		{"max_amount": {"year": {"EUR": 1000}}}, {"max_calls": {"Day": 100}},
		{"max_payee_amount": {"daily": {"EUR": 1000}}},
	] {
		rule.deny == _over with input as _payment with data.settings.rules as _set(limit)
	}
}

test_sums_that_are_missing_are_refused_where_there_is_a_limit if {
	every path in ["money/windows", "money/windows/day", "money/windows/day/caller", "money/windows/day/caller/amount"] {
		rule.deny == _over with input as _without(path) with data.settings.rules as _set({"max_amount": {"day": {"EUR": 1000}}})
	}
	rule.deny == _over with input as _without("money/windows/day/caller/calls")
		with data.settings.rules as _set({"max_calls": {"day": 100}})
}

test_a_limit_by_payee_needs_the_payee if {
	limit := {"max_payee_amount": {"day": {"EUR": 1000}}}
	rule.deny == set() with input as _payment with data.settings.rules as _set(limit)
	rule.deny == _over with input as _changed("/money/payee", "") with data.settings.rules as _set(limit)
	rule.deny == _over with input as _without("money/payee") with data.settings.rules as _set(limit)
}

test_the_first_payment_to_a_payee if {
	every call in [
		_changed("/money/first", true), _changed("/money/first", "no"), _without("money/first"),
		_changed("/money/payee", ""), _without("money/payee"),
	] {
		rule.deny | rule.ask == set() with input as call with data.settings.rules as _set({})
		rule.ask == _first with input as call with data.settings.rules as _set({"first_payee": "ask"})
		rule.deny == set() with input as call with data.settings.rules as _set({"first_payee": "ask"})
		rule.deny == _first with input as call with data.settings.rules as _set({"first_payee": "deny"})
		rule.ask == set() with input as call with data.settings.rules as _set({"first_payee": "deny"})
	}
}

test_a_payee_paid_before_is_not_asked_about if {
	every word in ["deny", "ask"] {
		rule.deny | rule.ask == set() with input as _payment with data.settings.rules as _set({"first_payee": word})
	}
}

test_refuses_where_a_setting_is_missing_or_wrong if {
	rule.deny == _over with input as _payment with data.settings.rules as {}
	every key in ["max_payment", "max_amount", "max_calls", "max_payee_amount"] {
		missing := {"spend_limits": object.remove(_free, [key])}
		rule.deny == _over with input as _payment with data.settings.rules as missing
		every value in [1000, "many", true, null, [1000], {"day": "many"}, {"EUR": "many", "day": {"EUR": "many"}}, {"EUR": {}, "day": {"EUR": {}}}] {
			rule.deny == _over with input as _payment with data.settings.rules as _set({key: value})
		}
	}
	every value in ["yes", true, {"allow": true}, null] {
		rule.deny == _first with input as _changed("/money/first", true)
			with data.settings.rules as _set({"first_payee": value})
	}
	no_word := {"spend_limits": object.remove(_free, ["first_payee"])}
	rule.deny == _first with input as _changed("/money/first", true) with data.settings.rules as no_word
}

test_leaves_other_effects_alone if {
	every effect in ["read", "draft", "write", "delete", "send", "execute", "admin", "unknown"] {
		call := {"call": {"effects": [effect], "domains": ["finance"]}}
		rule.deny | rule.ask == set() with input as call with data.settings.rules as {}
	}
}

test_is_silent_on_a_result_and_a_listing if {
	every more in [{"result": {}}, {"call": {"listing": true}}] {
		call := object.union(_changed("/money/first", true), more)
		rule.deny | rule.ask == set() with input as call with data.settings.rules as {}
		rule.ask == set() with input as call with data.settings.rules as _set({"first_payee": "ask"})
	}
}

test_empty_input if {
rule.deny | rule.ask == set() with input as {} with data.settings.rules as {}}
