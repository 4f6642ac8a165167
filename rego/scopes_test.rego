package callgate.scopes_test

import data.callgate.scopes

_input(scopes, domains) := {"call": {"effects": ["read"], "domains": domains}, "caller": {"scopes": scopes}}

test_covered_by_each_form if {
	every scope in ["crm:read", "crm:*", "*:read", "*:*"] {
		scopes.lacking == {"read": set()} with input as _input([scope], ["crm"])
	}
}

test_not_covered_by_others if {
	every scope in ["crm:write", "mail:*", "*:write", "crm", "*", "crm:", ":read", "", "crm:read:x", "CRM:READ"] {
		scopes.lacking == {"read": {"crm:read"}} with input as _input([scope], ["crm"])
	}
}

test_every_domain_needs_its_scope if {
	scopes.lacking == {"read": {"mail:read"}} with input as _input(["crm:read"], ["crm", "mail"])
}

test_no_domain_is_other if {
	scopes.domains == ["other"] with input as _input([], [])
	scopes.lacking == {"read": {"other:read"}} with input as _input(["crm:read"], [])
	scopes.lacking == {"read": set()} with input as _input(["other:read"], [])
}

test_domains_absent_is_other if {
	scopes.lacking == {"read": {"other:read"}} with input as {"call": {"effects": ["read"]}}
	scopes.lacking == {"read": {"other:read"}} with input as {"call": {"effects": ["read"]}, "caller": {"scopes": ["crm:read"]}}
}

test_scopes_absent_is_none if {
	scopes.lacking == {"read": {"crm:read"}} with input as {"call": {"effects": ["read"], "domains": ["crm"]}}
}

test_undefined_on_a_result if {
	result := object.union(_input([], ["crm"]), {"result": {"is_error": false, "bytes": 1}})
	not scopes.lacking with input as result
}

test_empty_input if {
	scopes.domains == ["other"] with input as {}
	scopes.lacking == {} with input as {}
}

test_twin if {
	scopes.twin == "save_draft" with input as {"call": {"tool": "send_mail"}, "tool": {"draft_twin": "save_draft"}}
	every tool in [{}, {"draft_twin": ""}, {"draft_twin": "send_mail"}] {
		not scopes.twin with input as {"call": {"tool": "send_mail"}, "tool": tool}
	}
	not scopes.twin with input as {"tool": {"draft_twin": "save_draft"}}
	not scopes.twin with input as {}
}
