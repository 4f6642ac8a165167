# METADATA
# title: Limits of spending
# description: |
#   Holds payments to limits: each one, and with it all of a caller, or all of a
#   caller to one payee, in the last hour, day, week or month (30 days). Of a
#   payment the currency and an amount above zero have to be known. Without a
#   limit there is none; where there is one for some currencies, a payment in
#   another is refused. It grants nothing.
# scope: package
# custom:
#   risk: critical
#   default: true
#   settings:
#     max_payment:
#       description: "the most that one payment may be, by currency: {EUR: 100}"
#       default: {}
#     max_amount:
#       description: "the most that a caller may pay, by window and currency: {day: {EUR: 500}}"
#       default: {}
#     max_calls:
#       description: "how often a caller may pay, by window: {hour: 5}"
#       default: {}
#     max_payee_amount:
#       description: "the most that a caller may pay to one payee, by window and currency: {week: {EUR: 200}}"
#       default: {}
#     first_payee:
#       description: what becomes of the first payment to a payee, or of one to an unknown payee
#       default: ask
#       one_of: [deny, ask, allow]
#   example:
#     call: {call: {effects: [pay], domains: [finance]}, caller: {scopes: ["*:*"]}}
#     says: deny
package callgate.rules.spend_limits

import rego.v2

import data.callgate.money

deny contains {
	"reason": "what would be paid is not known",
	"nearest": "name the amount and the currency, or prepare a draft for a person to carry out",
} if {
	_pays
	not money.known
}

deny contains {
	"reason": "the payment is over a limit",
	"nearest": "pay less or later, or prepare a draft for a person to carry out",
} if {
	_pays
	money.known
	not _within_limits
}

deny contains _first_payment if {
	_pays
	not data.settings.rules.spend_limits.first_payee in {"ask", "allow"}
	not _paid_before
}

ask contains _first_payment if {
	_pays
	data.settings.rules.spend_limits.first_payee == "ask"
	not _paid_before
}

_first_payment := {
	"reason": "this payee was never paid before",
	"nearest": "prepare a draft for a person to carry out",
}

_pays if {
	"pay" in input.call.effects
	not input.result
	not input.call.listing == true
}

_paid_before if {
	input.money.payee != ""
	input.money.first == false
}

_within_limits if {
	_payment_fits
	every window, limits in data.settings.rules.spend_limits.max_amount {
		money.within(money.paid(window, "caller"), limits[input.money.currency])
	}
	every window, limits in data.settings.rules.spend_limits.max_payee_amount {
		input.money.payee != ""
		money.within(money.paid(window, "payee"), limits[input.money.currency])
	}
	every window, limit in data.settings.rules.spend_limits.max_calls {
		money.within(input.money.windows[window].caller.calls + 1, limit)
	}
}

_payment_fits if data.settings.rules.spend_limits.max_payment == {}

_payment_fits if {
	limit := data.settings.rules.spend_limits.max_payment[input.money.currency]
	money.within(input.money.amount, limit)
}
