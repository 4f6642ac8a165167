package callgate.rules.egress_test

import data.callgate.rules.egress as rule

_to(within) := {"call": {"listing": false}, "targets": [{
	"role": "host", "pointer": "/url", "value": "x",
	"within": within,
}]}

_set(settings) := {"egress": object.union({"allowed": {}, "banned": {}, "private": false}, settings)}

_example := ["api.example.com", "example.com", "com"]

_address := ["93.184.215.14", "93.184.215.0/24", "93.184.0.0/16", "0.0.0.0/0"]

_inside := ["10.1.2.3", "10.1.2.0/24", "10.0.0.0/8", "0.0.0.0/0"]

_said := {
	"metadata": {{
		"reason": "it reaches a service that tells a machine about itself",
		"nearest": "reach public hosts only",
	}},
	"private": {{
		"reason": "it reaches a private or special address",
		"nearest": "reach public hosts only",
	}},
	"banned": {{
		"reason": "it reaches a host that is banned",
		"nearest": "ask the operator which hosts are open",
	}},
	"other": {{
		"reason": "it reaches a host that is not among the allowed ones",
		"nearest": "ask the operator which hosts are open",
	}},
}

test_public_hosts_are_open if {
	every within in [_example, _address, ["2606:2800:21f::1", "2606:2800::/32", "::/0"], ["com.example.org", "example.org", "org"]] {
		rule.deny == set() with input as _to(within) with data.settings.rules as _set({})
	}
}

test_metadata_is_never_open if {
	every within in [
		["169.254.169.254", "169.254.0.0/16", "0.0.0.0/0"], ["fe80::1", "fe80::/10", "::/0"], ["100.100.100.200", "100.64.0.0/10"],
		["metadata.google.internal", "google.internal", "internal"], ["x.metadata.goog", "metadata.goog", "goog"],
		["fd00:ec2::254", "fd00:ec2::/32", "fc00::/7", "::/0"], ["metadata"],
	] {
		rule.deny == _said.metadata with input as _to(within) with data.settings.rules as _set({})
		open := _set({"private": true, "allowed": {name: true | some name in within}})
		rule.deny == _said.metadata with input as _to(within) with data.settings.rules as open
	}
}

_insides := [
	_inside, ["127.0.0.1", "127.0.0.0/8"], ["192.168.1.1", "192.168.0.0/16"], ["172.31.0.1", "172.16.0.0/12"],
	["100.64.0.1", "100.64.0.0/10"], ["0.0.0.0", "0.0.0.0/8"], ["255.255.255.255", "240.0.0.0/4"], ["224.0.0.1", "224.0.0.0/4"],
	["::1", "::/96", "::/0"], ["fd12::1", "fc00::/7", "::/0"], ["64:ff9b::a00:1", "64:ff9b::/96"], ["2002:a00:1::", "2002::/16"],
	["localhost"], ["db.localhost", "localhost"], ["printer.local", "local"], ["vault.corp.internal", "corp.internal", "internal"],
	["intranet"], ["db"],
]

test_private_and_special_addresses_are_closed_until_opened if {
	every within in _insides {
		rule.deny == _said.private with input as _to(within) with data.settings.rules as _set({})
		rule.deny == set() with input as _to(within) with data.settings.rules as _set({"private": true})
	}
}

# To be allowed does not open what is private.
test_private_stays_closed_where_it_is_allowed if {
	rule.deny == _said.private with input as _to(_inside) with data.settings.rules as _set({"allowed": {"10.0.0.0/8": true}})
}

test_banned_hosts_and_all_below if {
	every banned in ["api.example.com", "example.com", "com"] {
		rule.deny == _said.banned with input as _to(_example) with data.settings.rules as _set({"banned": {banned: true}})
	}
	every banned in ["93.184.215.14", "93.184.0.0/16", "0.0.0.0/0"] {
		rule.deny == _said.banned with input as _to(_address) with data.settings.rules as _set({"banned": {banned: true}})
	}
}

test_others_than_the_banned_are_open if {
	banned := {"www.example.com": true, "ample.com": true, "org": true, "93.185.0.0/16": true}
	every within in [_example, _address] {
		rule.deny == set() with input as _to(within) with data.settings.rules as _set({"banned": banned})
	}
}

test_only_the_allowed_are_open if {
	allowed := _set({"allowed": {"example.com": true, "93.184.0.0/16": true}})
	every within in [_example, _address, ["example.com", "com"]] {
		rule.deny == set() with input as _to(within) with data.settings.rules as allowed
	}
	every within in [["example.org", "org"], ["notexample.com", "com"], ["93.185.0.1", "93.185.0.0/16", "0.0.0.0/0"]] {
		rule.deny == _said.other with input as _to(within) with data.settings.rules as allowed
	}
}

test_a_ban_wins if {
	both := _set({"allowed": {"example.com": true}, "banned": {"api.example.com": true}})
	rule.deny == _said.banned with input as _to(_example) with data.settings.rules as both
}

test_every_host_is_judged if {
	two := {"targets": array.concat(_to(_example).targets, _to(_inside).targets)}
	rule.deny == _said.private with input as two with data.settings.rules as _set({})
}

test_a_host_that_cannot_be_told_is_refused if {
	every target in [{"role": "host", "within": []}, {"role": "host"}, {"role": "host", "within": "com"}] {
		rule.deny == _said.private with input as {"targets": [target]} with data.settings.rules as _set({})
		rule.deny == _said.other with input as {"targets": [target]} with data.settings.rules as _set({"private": true})
	}
}

test_a_target_of_no_known_role_counts if {
	every target in [{"within": ["10.1.2.3", "10.0.0.0/8"]}, {"role": "", "within": ["10.1.2.3", "10.0.0.0/8"]}] {
		rule.deny == _said.private with input as {"targets": [target]} with data.settings.rules as _set({})
	}
}

test_leaves_other_targets_alone if {
	every role in ["recipient", "payee", "path"] {
		call := {"targets": [{"role": role, "within": _inside}]}
		rule.deny == set() with input as call with data.settings.rules as _set({})
	}
}

test_refuses_where_a_setting_is_missing_or_wrong if {
	rule.deny == _said.other with input as _to(_example) with data.settings.rules as {}
	every key in ["allowed", "banned"] {
		missing := {"egress": object.remove(_set({}).egress, [key])}
		rule.deny == _said.other with input as _to(_example) with data.settings.rules as missing
		every value in [["example.com"], ["example.com", 5], "example.com", true, 5, null] {
			rule.deny == _said.other with input as _to(_example) with data.settings.rules as _set({key: value})
		}
	}
	every value in ["true", 1, {}, null] {
		rule.deny == _said.private with input as _to(_inside) with data.settings.rules as _set({"private": value})
	}
}

test_is_silent_on_a_result_and_a_listing if {
	result := object.union(_to(_inside), {"result": {}})
	rule.deny == set() with input as result with data.settings.rules as _set({})
	listing := object.union(_to(_inside), {"call": {"listing": true}})
	rule.deny == set() with input as listing with data.settings.rules as _set({})
}

test_empty_input if {
	rule.deny == set() with input as {} with data.settings.rules as _set({})
}
