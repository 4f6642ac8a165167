package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"callgate/policy"
)

// TestFoldersRefused: nothing that an operator may take for rules is passed over.
func TestFoldersRefused(t *testing.T) {
	const own = "package callgate.rules.own\n\ndeny contains {\"reason\": \"x\"} if input.call.tool == \"x\"\n"
	cases := []struct {
		name, code, file, fix string
		files                 map[string]string
		links                 map[string]string // from a name to what it leads to
	}{
		{"a link to a folder", "linked_folder", "more", "policy.dirs", map[string]string{"own.rego": own}, map[string]string{"more": "OUTSIDE"}},
		{"a link to a folder, named as a file", "linked_folder", "more.rego", "policy.dirs", map[string]string{"own.rego": own}, map[string]string{"more.rego": "OUTSIDE"}},
		{"a link to itself", "linked_folder", "deep/up", "policy.dirs", map[string]string{"own.rego": own, "deep/x.txt": ""}, map[string]string{"deep/up": ".."}},
		{"a link to nothing", "unreadable", "gone", "", map[string]string{"own.rego": own}, map[string]string{"gone": "nowhere"}},
		{"capitals", "file_name", "a.REGO", "a.rego", map[string]string{"own.rego": own, "a.REGO": own}, nil},
		{"some capitals", "file_name", "deep/b.Rego", "b.rego", map[string]string{"own.rego": own, "deep/b.Rego": own}, nil},
		{"empty", "no_rules_in_folder", ".", "policy.dirs", map[string]string{}, nil},
		{"no rules left", "no_rules_in_folder", ".", "policy.dirs", map[string]string{"README.md": "x", ".old/own.rego": own}, nil},
		{"data alone", "no_rules_in_folder", ".", "policy.dirs", map[string]string{"data.json": "{}"}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir, outside := folder(t, c.files), folder(t, map[string]string{"ban.rego": own})
			for from, to := range c.links {
				link(t, strings.Replace(to, "OUTSIDE", outside, 1), filepath.Join(dir, from))
			}
			list := faults(t, policy.Options{Dirs: []string{dir}})
			if len(list) != 1 || list[0].Code != c.code || list[0].File != filepath.Join(dir, c.file) || !strings.Contains(list[0].Fix, c.fix) {
				t.Errorf("got %v, want %s of %s", list, c.code, c.file)
			}
		})
	}
}

// TestFoldersOfVolumes: a configured folder may be a link, and so may its files,
// as in a volume that shows its newest version by a hidden link.
func TestFoldersOfVolumes(t *testing.T) {
	dir := folder(t, map[string]string{"..2026/own.rego": "package callgate.rules.own\n\ndeny contains {\"reason\": \"x\"} if input.call.tool\n"})
	link(t, "..2026", filepath.Join(dir, "..data"))
	link(t, filepath.Join("..data", "own.rego"), filepath.Join(dir, "own.rego"))
	also := filepath.Join(t.TempDir(), "also")
	link(t, dir, also)
	for _, d := range []string{dir, also} {
		got, err := load(t, policy.Options{Dirs: []string{d}}).Decide(t.Context(), read())
		if err != nil || got.Verdict != policy.Deny || got.Rules()[0] != "own" {
			t.Errorf("%s: %v, %v", d, got, err)
		}
	}
}

func link(t *testing.T, to, from string) {
	t.Helper()
	if err := os.Symlink(to, from); err != nil {
		t.Fatal(err)
	}
}
