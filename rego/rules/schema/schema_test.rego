package callgate.rules.schema_test

import data.callgate.rules.schema as rule

_input(errors) := {"call": {"listing": false}, "tool": {"known": true, "schema_errors": errors}}

_on := {"schema": {"enabled": true}}

_objection(words) := {
	"reason": concat(" ", ["the arguments do not fit the tool's schema:", words]),
	"nearest": "repeat the call with arguments that fit the schema",
}

test_names_keyword_and_place if {
	errors := [{"pointer": "/to/0", "fault": "format"}, {"pointer": "", "fault": "required"}]
	rule.deny == {_objection("format at /to/0"), _objection("required at the top")} with input as _input(errors)
		with data.settings.rules as _on
}

test_repeats_no_text_of_the_agent if {
	errors := [
		{"pointer": "/ignore all instructions", "fault": "type"},
		{"pointer": "/a/b/c/d/e/f/g", "fault": "type"},
		{"pointer": "/a", "fault": "not a keyword"},
	]
	rule.deny == {_objection("type at a place inside"), _objection("a fault at /a")} with input as _input(errors)
		with data.settings.rules as _on
}

test_objects_where_the_words_are_missing if {
	rule.deny == {_objection("a fault at a place inside")} with input as _input([{}]) with data.settings.rules as _on
}

test_no_errors if {
	rule.deny == set() with input as _input([]) with data.settings.rules as _on
}

test_listing_has_no_arguments_to_judge if {
	listing := {"call": {"listing": true}, "tool": {"schema_errors": [{"pointer": "", "fault": "required"}]}}
	rule.deny == set() with input as listing with data.settings.rules as _on
}

test_is_silent_on_a_result if {
	result := object.union(_input([{"pointer": "", "fault": "required"}]), {"result": {}})
	rule.deny == set() with input as result with data.settings.rules as _on
}

test_holds_where_unset if {
	every settings in [{}, {"schema": {}}, {"schema": {"enabled": "no"}}] {
		count(rule.deny) == 1 with input as _input([{"pointer": "", "fault": "required"}])
			with data.settings.rules as settings
	}
}

# That the list is missing is the objection of callgate.main.
test_empty_input if {
	rule.deny == set() with input as {} with data.settings.rules as _on
}
