package callgate.rules.quiet_hours_test

import data.callgate.rules.quiet_hours as rule

# 5 January 2026 is a Monday.
_at(now) := {"now": now, "call": {"effects": ["read", "write"], "listing": false}}

_changes := {effect: true | some effect in ["write", "delete", "send", "execute", "pay", "admin", "unknown"]}

_all := {day: true | some day in ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]}

_night := {"days": _all, "from": "22:00", "to": "06:00", "zone": "UTC", "effects": _changes}

_set(settings) := {"quiet_hours": object.union(object.remove(_night, object.keys(settings)), settings)}

_said(nearest) := {{"reason": "changes rest at this hour", "nearest": nearest}}

_rests := _said("repeat the call after 06:00 (UTC)")

_unsettled := _said("ask the operator when changes are open")

test_over_midnight if {
	every now in ["2026-01-05T22:00:00Z", "2026-01-05T23:59:59Z", "2026-01-06T00:00:00Z", "2026-01-06T05:59:59.999Z"] {
		rule.deny == _rests with input as _at(now) with data.settings.rules as _set({})
	}
	every now in ["2026-01-05T21:59:59Z", "2026-01-06T06:00:00Z", "2026-01-06T12:00:00Z"] {
		rule.deny == set() with input as _at(now) with data.settings.rules as _set({})
	}
}

test_within_a_day if {
	noon := _set({"from": "12:00", "to": "13:30"})
	every now in ["2026-01-05T12:00:00Z", "2026-01-05T13:29:59Z"] {
		rule.deny == _said("repeat the call after 13:30 (UTC)") with input as _at(now) with data.settings.rules as noon
	}
	every now in ["2026-01-05T11:59:59Z", "2026-01-05T13:30:00Z", "2026-01-05T00:00:00Z"] {
		rule.deny == set() with input as _at(now) with data.settings.rules as noon
	}
}

test_the_day_is_the_one_on_which_they_begin if {
	monday := _set({"days": {"monday": true}})
	every now in ["2026-01-05T22:00:00Z", "2026-01-06T05:59:00Z"] {
		rule.deny == _rests with input as _at(now) with data.settings.rules as monday
	}
	every now in ["2026-01-05T05:59:00Z", "2026-01-06T22:00:00Z"] {
		rule.deny == set() with input as _at(now) with data.settings.rules as monday
	}
	noon := _set({"days": {"monday": true}, "from": "12:00", "to": "13:00"})
	rule.deny == set() with input as _at("2026-01-06T12:30:00Z") with data.settings.rules as noon
}

test_every_day_has_its_name if {
	every day, now in {
		"monday": "2026-01-05T22:30:00Z", "tuesday": "2026-01-06T22:30:00Z", "wednesday": "2026-01-07T22:30:00Z",
		"thursday": "2026-01-08T22:30:00Z", "friday": "2026-01-09T22:30:00Z", "saturday": "2026-01-10T22:30:00Z",
		"sunday": "2026-01-11T22:30:00Z",
	} {
		rule.deny == _rests with input as _at(now) with data.settings.rules as _set({"days": {day: true}})
		rule.deny == set() with input as _at(now) with data.settings.rules as _set({"days": object.remove(_all, [day])})
	}
}

test_hours_that_end_as_they_begin_last_a_day if {
	weekend := _set({"days": {"saturday": true, "sunday": true}, "from": "00:00", "to": "00:00"})
	every now in ["2026-01-10T00:00:00Z", "2026-01-11T23:59:59Z"] {
		rule.deny == _said("repeat the call after 00:00 (UTC)") with input as _at(now) with data.settings.rules as weekend
	}
	every now in ["2026-01-09T23:59:59Z", "2026-01-12T00:00:00Z"] {
		rule.deny == set() with input as _at(now) with data.settings.rules as weekend
	}
}

test_hours_are_those_of_the_zone if {
	berlin := _set({"zone": "Europe/Berlin"})
	rule.deny == _said("repeat the call after 06:00 (Europe/Berlin)") with input as _at("2026-01-05T21:00:00Z")
		with data.settings.rules as berlin
	rule.deny == set() with input as _at("2026-01-05T20:59:59Z") with data.settings.rules as berlin
	rule.deny == set() with input as _at("2026-01-05T05:00:00Z") with data.settings.rules as berlin
}

test_without_days_there_are_none if {
	rule.deny == set() with input as _at("2026-01-05T23:00:00Z") with data.settings.rules as _set({"days": {}})
}

test_only_the_named_effects_rest if {
	pay := _set({"effects": {"pay": true}})
	rule.deny == set() with input as _at("2026-01-05T23:00:00Z") with data.settings.rules as pay
	call := json.patch(_at("2026-01-05T23:00:00Z"), [{"op": "add", "path": "/call/effects/-", "value": "pay"}])
	rule.deny == _rests with input as call with data.settings.rules as pay
	quiet := json.patch(call, [{"op": "replace", "path": "/call/effects", "value": ["read", "draft"]}])
	rule.deny == set() with input as quiet with data.settings.rules as _set({})
	rule.deny == _rests with input as quiet with data.settings.rules as _set({"effects": {"draft": true}})
}

test_refuses_changes_where_the_settings_do_not_say_when if {
	noon := "2026-01-05T12:00:00Z"
	every key, _ in _night {
		missing := {"quiet_hours": object.remove(_night, [key])}
		rule.deny == _unsettled with input as _at(noon) with data.settings.rules as missing
		every value in [5, true, null, ["monday", 5]] {
			rule.deny == _unsettled with input as _at(noon) with data.settings.rules as _set({key: value})
		}
	}
	every settings in [
		{"days": {"monday": true, "Friday": true}}, {"days": {"mon": true}}, {"effects": {"writes": true}},
		{"from": "7:00"}, {"from": "24:00"}, {"to": "12:60"}, {"to": "noon"}, {"to": ""},
	] {
		rule.deny == _unsettled with input as _at(noon) with data.settings.rules as _set(settings)
	}
	rule.deny == _unsettled with input as _at(noon) with data.settings.rules as {}
	reading := {"now": noon, "call": {"effects": ["read", "draft"]}}
	rule.deny == set() with input as reading with data.settings.rules as {}
}

test_refuses_where_the_time_is_missing if {
	rule.deny == _rests with input as json.remove(_at(""), ["now"]) with data.settings.rules as _set({})
}

test_is_silent_on_a_result_and_a_listing if {
	every more in [{"result": {}}, {"call": {"listing": true}}] {
		call := object.union(_at("2026-01-05T23:00:00Z"), more)
		rule.deny == set() with input as call with data.settings.rules as _set({})
		rule.deny == set() with input as call with data.settings.rules as {}
	}
}

test_empty_input if {
	rule.deny == set() with input as {} with data.settings.rules as {}
}
