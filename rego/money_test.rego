package callgate.money_test

import data.callgate.money

_money := {
	"known": true, "amount": 12.5, "currency": "EUR", "payee": "acme",
	"windows": {"day": {"caller": {"amount": 80.07, "calls": 3}, "payee": {"amount": 20, "calls": 1}}},
}

_with(path, value) := {"money": json.patch(_money, [{"op": "replace", "path": path, "value": value}])}

test_known if {
	money.known with input as {"money": _money}
}

test_not_known_where_a_part_is_missing_or_wrong if {
	not money.known with input as {}
	every path in ["/known", "/amount", "/currency"] {
		not money.known with input as {"money": json.patch(_money, [{"op": "remove", "path": path}])}
		every value in [null, false, "", "12.5", [], {}, 0, -1] {
			_unknown(path, value)
		}
	}
}

# A text is a currency like another.
_unknown(path, value) if [path, value] == ["/currency", "12.5"]

_unknown(path, value) if {
	not money.known with input as _with(path, value)
}

test_within_at_the_edge if {
	money.within(0, 0)
	money.within(99.99, 100)
	money.within(100, 100)
	not money.within(100.01, 100)
	not money.within(100.00000001, 100)
}

# 1.07 + 0.07 is more than 1.14 in 64 bits.
test_within_bears_rounding if {
	money.within(1.07 + 0.07, 1.14)
	not money.within(1.07 + 0.08, 1.14)
	money.within(128.02 + 0.07, 128.09)
	not money.within(128.02 + 0.07, 128.08)
}

test_a_limit_that_is_no_number_is_not_kept if {
	every limit in [null, true, "many", [], {}] {
		not money.within(1, limit)
	}
}

test_paid_counts_this_payment if {
	money.paid("day", "caller") == 92.57 with input as {"money": _money}
	money.paid("day", "payee") == 32.5 with input as {"money": _money}
}

test_paid_is_undefined_without_facts if {
	not money.paid("hour", "caller") with input as {"money": _money}
	not money.paid("day", "others") with input as {"money": _money}
	not money.paid("day", "caller") with input as {"money": json.remove(_money, ["amount"])}
	not money.paid("day", "caller") with input as {}
}
