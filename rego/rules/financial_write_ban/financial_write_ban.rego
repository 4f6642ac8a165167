# METADATA
# title: No payments
# description: |
#   Objects to every payment and to every change in the domain finance, whatever
#   scopes the caller holds. Reading and drafting stay possible. The operator can
#   except payments: those of named callers to named payees in one currency, each
#   up to an amount and all of a window up to a total. Every part has to be set,
#   the payment has to be known and to match all of them. An exception lifts the
#   ban and grants nothing.
# scope: package
# custom:
#   risk: critical
#   default: true
#   settings:
#     exception_callers:
#       description: names of the callers that may pay; with none there is no exception
#       default: []
#     exception_payees:
#       description: who may be paid, in the normal form of money.payee; with none there is no exception
#       default: []
#     exception_currency:
#       description: ISO 4217 code of the currency; with none there is no exception
#       default: ""
#     exception_max_amount:
#       description: the most that one payment may be; with 0 there is no exception
#       default: 0
#     exception_window:
#       description: span of time that exception_max_total is for; with none there is no exception
#       default: none
#       one_of: [none, hour, day, week, month]
#     exception_max_total:
#       description: the most that the caller may pay to anybody in the window, this payment with it
#       default: 0
#   example:
#     call: {call: {effects: [pay], domains: [finance]}, caller: {scopes: ["*:*"]}}
#     says: deny
package callgate.rules.financial_write_ban

import rego.v2

import data.callgate.money

deny contains _objection if {
	"pay" in input.call.effects
	not input.result
	not _excepted
}

deny contains _objection if {
	"finance" in input.call.domains
	not input.result
	some effect in input.call.effects
	not effect in {"read", "draft", "pay"}
}

_objection := {
	"reason": "agents do not move money or change financial records",
	"nearest": "read it, or prepare a draft for a person to carry out",
}

_excepted if {
	_exception
	input.call.listing == true
}

_excepted if {
	_exception
	money.known
	input.money.currency == data.settings.rules.financial_write_ban.exception_currency
	data.settings.rules.financial_write_ban.exception_payees[input.money.payee] == true
	every target in input.targets {
		_same_payee(target)
	}
	money.within(input.money.amount, data.settings.rules.financial_write_ban.exception_max_amount)
	money.within(
		money.paid(data.settings.rules.financial_write_ban.exception_window, "caller"),
		data.settings.rules.financial_write_ban.exception_max_total,
	)
}

# There is an exception for the caller, and it is whole.
_exception if {
	data.settings.rules.financial_write_ban.exception_callers[input.caller.name] == true
	data.settings.rules.financial_write_ban.exception_payees != {}
	data.settings.rules.financial_write_ban.exception_currency != ""
	_positive(data.settings.rules.financial_write_ban.exception_max_amount)
	data.settings.rules.financial_write_ban.exception_window in {"hour", "day", "week", "month"}
	_positive(data.settings.rules.financial_write_ban.exception_max_total)
}

_positive(number) if {
	is_number(number)
	number > 0
}

_same_payee(target) if target.role in {"recipient", "host", "path"}

_same_payee(target) if input.money.payee in target.within
