package callgate.rules.destructive_test

import data.callgate.rules.destructive as rule

_call(effects, traits, annotations) := {
	"call": {"effects": effects, "traits": traits, "listing": false},
	"tool": {"annotations": annotations},
}

# One call of each kind.
_calls := {
	"bulk": _call(["write"], ["bulk"], {}),
	"delete": _call(["delete"], [], {}),
	"hinted": _call(["write"], [], {"destructiveHint": true}),
}

_words := {
	"bulk": {"reason": "it deletes or changes without a bound", "nearest": "name exactly what to delete or change"},
	"delete": {"reason": "it deletes", "nearest": "read it, and leave the deleting to a person"},
	"hinted": {
		"reason": "its server calls this tool destructive",
		"nearest": "read it, and leave the change to a person",
	},
}

# Only one kind is stopped, and in this way.
_only(kind, word) := {"destructive": object.union({"bulk": "allow", "delete": "allow", "hinted": "allow"}, {kind: word})}

test_does_as_the_setting_says if {
	every kind, call in _calls {
		rule.deny == {_words[kind]} with input as call with data.settings.rules as _only(kind, "deny")
		rule.ask == set() with input as call with data.settings.rules as _only(kind, "deny")
		rule.ask == {_words[kind]} with input as call with data.settings.rules as _only(kind, "ask")
		rule.deny == set() with input as call with data.settings.rules as _only(kind, "ask")
		rule.deny | rule.ask == set() with input as call with data.settings.rules as _only(kind, "allow")
	}
}

test_leaves_the_other_kinds_alone if {
	every kind, call in _calls {
		every other in ["bulk", "delete", "hinted"] {
			_alone(kind, call, other)
		}
	}
}

_alone(kind, _, kind)

_alone(kind, call, other) if {
	kind != other
	rule.deny == set() with input as call with data.settings.rules as _only(other, "deny")
}

test_says_all_that_is_so if {
	call := _call(["delete"], ["bulk"], {"destructiveHint": true})
	rule.deny == {_words.bulk, _words.delete, _words.hinted} with input as call with data.settings.rules as {}
}

test_refuses_where_unset if {
	every kind, call in _calls {
		every settings in [{}, {"destructive": {}}, _only(kind, "yes"), _only(kind, true), _only(kind, {"allow": true})] {
			rule.deny == {_words[kind]} with input as call with data.settings.rules as settings
		}
	}
}

test_a_hint_counts_only_for_changes if {
	every effects in [["read"], ["draft"], ["read", "draft"], []] {
		call := _call(effects, [], {"destructiveHint": true})
		rule.deny | rule.ask == set() with input as call with data.settings.rules as {}
	}
}

test_only_a_true_hint_counts if {
	every hint in [false, "true", 1, null, {}] {
		call := _call(["write"], [], {"destructiveHint": hint})
		rule.deny | rule.ask == set() with input as call with data.settings.rules as {}
	}
}

test_leaves_other_calls_alone if {
	call := _call(["read", "write", "send", "execute", "admin"], ["opaque", "privileged", "network"], {})
	rule.deny | rule.ask == set() with input as call with data.settings.rules as {}
}

test_is_silent_on_a_result if {
	every kind, call in _calls {
		result := object.union(call, {"result": {}})
		rule.deny == set() with input as result with data.settings.rules as _only(kind, "deny")
		rule.ask == set() with input as result with data.settings.rules as _only(kind, "ask")
	}
}

test_speaks_on_a_listing if {
	listing := object.union(_calls.delete, {"call": {"listing": true}})
	rule.deny == {_words.delete} with input as listing with data.settings.rules as _only("delete", "deny")
}

test_empty_input if {
rule.deny | rule.ask == set() with input as {} with data.settings.rules as {}}
