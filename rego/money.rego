# METADATA
# title: Money
# description: |
#   Whether a payment can be judged, and whether it fits under a limit.
# scope: package
package callgate.money

import rego.v2

# METADATA
# description: |
#   What the payment would move is known: a currency and an amount above zero.
known if {
	input.money.known == true
	is_number(input.money.amount)
	input.money.amount > 0
	is_string(input.money.currency)
	input.money.currency != ""
}

# METADATA
# description: |
#   A sum is at most a limit. A limit that is no number is never kept. Sums are
#   made of 64 bits, so a billionth of a unit is not told apart.
within(sum, limit) if {
	is_number(limit)
	sum - limit < 0.000000001
}

# METADATA
# description: |
#   What was paid in a window before, to anybody ("caller") or to this payee
#   ("payee"), and this payment. It is undefined for a window that is none.
paid(window, whom) := input.money.windows[window][whom].amount + input.money.amount
