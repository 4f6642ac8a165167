// Package rego holds the shipped policy: the decision, the rules with their
// tests, the profiles and the schema of the input. It only carries the files;
// package policy loads, checks and evaluates them.
package rego

import "embed"

// Files is the shipped policy. main.rego, scopes.rego and money.rego are the
// packages callgate.main, callgate.scopes and callgate.money; a folder of
// rules/ is the package callgate.rules.<folder>.
//
//go:embed main.rego main_test.rego scopes.rego scopes_test.rego money.rego money_test.rego rules profiles schemas
var Files embed.FS
