# METADATA
# title: Quiet hours
# description: |
#   Objects to changes at certain hours of certain days. Hours that end before
#   they begin end on the next day; those that end as they begin last a day. It
#   grants nothing. While it is on, no decision is remembered, since it reads the
#   time.
# scope: package
# custom:
#   risk: medium
#   default: false
#   settings:
#     days:
#       description: the days on which quiet hours begin
#       default: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]
#       one_of: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]
#     from:
#       description: when they begin, HH:MM
#       default: "22:00"
#     to:
#       description: when they end, HH:MM
#       default: "06:00"
#     zone:
#       description: the time zone, a name of the IANA database
#       default: UTC
#     effects:
#       description: the effects that rest
#       default: [write, delete, send, execute, pay, admin, unknown]
#       one_of: [read, draft, write, delete, send, execute, pay, admin, unknown]
#   example:
#     settings: {enabled: true}
#     call: {now: "2026-01-05T23:00:00Z", call: {effects: [write], domains: [crm]}, caller: {scopes: ["crm:*"]}}
#     says: deny
package callgate.rules.quiet_hours

import rego.v2

deny contains {"reason": "changes rest at this hour", "nearest": _nearest} if {
	not input.result
	not input.call.listing == true
	_concerned
	not _awake
}

_concerned if {
	some effect in input.call.effects
	data.settings.rules.quiet_hours.effects[effect]
}

_concerned if {
	not _told
	some effect in input.call.effects
	not effect in {"read", "draft"}
}

_awake if {
	_told
	moment := _moment
	not _rests(moment)
}

# The day and the time of day, as people at the place would say it.
_moment := {"day": lower(time.weekday([ns, zone])), "time": sprintf("%02d:%02d", [hour, minute])} if {
	zone := data.settings.rules.quiet_hours.zone
	ns := time.parse_rfc3339_ns(input.now)
	[hour, minute, _] := time.clock([ns, zone])
}

_rests(moment) if {
	_from < _to
	data.settings.rules.quiet_hours.days[moment.day]
	moment.time >= _from
	moment.time < _to
}

_rests(moment) if {
	_from >= _to
	data.settings.rules.quiet_hours.days[moment.day]
	moment.time >= _from
}

_rests(moment) if {
	_from >= _to
	data.settings.rules.quiet_hours.days[_day_before[moment.day]]
	moment.time < _to
}

# The settings say when to rest.
_told if {
	is_object(data.settings.rules.quiet_hours.days)
	every day, _ in data.settings.rules.quiet_hours.days {
		_day_before[day]
	}
	is_object(data.settings.rules.quiet_hours.effects)
	every effect, _ in data.settings.rules.quiet_hours.effects {
		effect in {"read", "draft", "write", "delete", "send", "execute", "pay", "admin", "unknown"}
	}
	_from
	_to
	is_string(data.settings.rules.quiet_hours.zone)
}

_from := _time_of_day(data.settings.rules.quiet_hours.from)

_to := _time_of_day(data.settings.rules.quiet_hours.to)

_time_of_day(text) := text if {
	is_string(text)
	regex.match(`^([01][0-9]|2[0-3]):[0-5][0-9]$`, text)
}

_nearest := sprintf("repeat the call after %s (%s)", [_to, data.settings.rules.quiet_hours.zone]) if {
	_told
} else := "ask the operator when changes are open"

_day_before := {
	"monday": "sunday", "tuesday": "monday", "wednesday": "tuesday", "thursday": "wednesday",
	"friday": "thursday", "saturday": "friday", "sunday": "saturday",
}
