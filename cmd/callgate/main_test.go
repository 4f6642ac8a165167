package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the callgate of the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"callgate": main, "toolserver": serveTools})
}

// TestScripts runs the whole program: exit codes, what is on stdout, what is on
// stderr. The command code asserts an exact exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"code": code},
	})
}
