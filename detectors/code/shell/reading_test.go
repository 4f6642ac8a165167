package shell

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"callgate/detectors/code"
)

// TestLines reads texts of several lines.
func TestLines(t *testing.T) {
	for _, c := range []struct{ text, words, programs string }{
		{"cat > f <<'EOF'\nrm x\nEOF\n", "execute read write", "cat"},
		{"cat > f <<EOF\n$(rm x)\nEOF\n", "delete execute read write", "cat rm"},
		{"bash <<'EOF'\nrm x\nEOF\n", "delete execute", "bash rm"},
		{"bash <<EOF\nrm x\nEOF\n", "delete execute", "bash rm"},
		{"bash -s <<EOF\nls\nEOF\n", "execute read", "bash ls"},
		{"bash <<EOF\nrm $x\nEOF\n", "execute opaque", "bash"},
		{"bash <<EOF\nr\\m x\nEOF\n", "execute opaque", "bash"},
		{"sudo sh <<'EOF'\nrm x\nEOF\n", "admin delete execute privileged", "rm sh sudo"},
		{"python3 <<'EOF'\nprint(1)\nEOF\n", "execute opaque", "python3"},
		{"ssh host.example.com <<'EOF'\nrm x\nEOF\n", "execute network opaque read send", "ssh"},
		{"# rm x\nls # rm x\n", "execute read", "ls"},
		{"ls \\\n  -la\n", "execute read", "ls"},
		{"rm \\\n  -rf x\n", "bulk delete execute", "rm"},
		{"ls\r\nrm x\r\n", "delete execute read", "ls rm"},
		{"ls\rrm x", "delete execute opaque read", "ls rm"},
		{"ls\x00; rm x", "delete execute opaque read", "ls rm"},
		{"ls \xff", "execute opaque read", "ls"},
		{"func\\\ntion f { rm x; }", "delete execute", "rm"},
		{"", "execute", ""},
		{" \n\t", "execute", ""},
		{"set -e\ncd /src\ngo build ./...\ngo test ./... | tee log\n", "execute read write", "cd go set tee"},
		{"sed -i '\na\\\ns_\nw f\n# _x_' g", "execute opaque read write", "sed"},
	} {
		r := Read(c.text)
		if got := strings.Join(said(r), " "); got != c.words || strings.Join(r.Programs, " ") != c.programs {
			t.Errorf("%q is %q of %q, want %q of %q", c.text, got, r.Programs, c.words, c.programs)
		}
	}
}

func TestURLs(t *testing.T) {
	for command, want := range map[string]string{
		"curl https://example.com/a?b=c":                             "https://example.com/a?b=c",
		"curl -s example.com -o x":                                   "example.com",
		"curl --url https://example.com -d @f https://b.example.com": "https://b.example.com https://example.com",
		"curl -x http://proxy.example.com https://example.com":       "http://proxy.example.com https://example.com",
		"wget -q https://example.com/x 'https://b.example.com'":      "https://b.example.com https://example.com/x",
		"git clone https://git.example.com/a.git dir":                "https://git.example.com/a.git",
		"git clone git@git.example.com:a/b.git":                      "git@git.example.com",
		"git push https://git.example.com/a.git main":                "https://git.example.com/a.git",
		"git remote add o https://git.example.com/a.git":             "https://git.example.com/a.git",
		"pip install --index-url https://pip.example.com x":          "https://pip.example.com",
		"pip install git+https://git.example.com/a.git":              "git+https://git.example.com/a.git",
		"ssh -p 22 user@host.example.com ls":                         "user@host.example.com",
		"scp f host.example.com:/x":                                  "host.example.com",
		"scp user@host.example.com:x .":                              "user@host.example.com",
		"scp scp://host.example.com:22/x .":                          "scp://host.example.com:22/x",
		"scp [::1]:/x .":                                             "[::1]:/x",
		"rsync host.example.com::x /y":                               "host.example.com",
		"rsync rsync://host.example.com/x ./a:b":                     "./a:b rsync://host.example.com/x",
		"nc host.example.com 80":                                     "host.example.com",
		"sh -c 'curl https://example.com'":                           "https://example.com",
		"sudo curl https://example.com":                              "https://example.com",
		"echo https://example.com":                                   "",
		"curl $URL":                                                  "",
		"curl -H 'X: https://example.com' https://b.example.com":     "https://b.example.com",
	} {
		if got := strings.Join(Read(command).URLs, " "); got != want {
			t.Errorf("%s reaches %q, want %q", command, got, want)
		}
	}
}

// TestArgs reads programs that are started without a shell: nothing in their
// arguments is a sign.
func TestArgs(t *testing.T) {
	for _, c := range []struct {
		argv  []string
		words string
	}{
		{[]string{"ls", "-la"}, "execute read"},
		{[]string{"ls", "; rm -rf /"}, "execute read"},
		{[]string{"echo", "$(rm x)", ">", "f"}, "execute"},
		{[]string{"rm", "*"}, "delete execute"},
		{[]string{"rm", "-rf", "a b"}, "bulk delete execute"},
		{[]string{"sh", "-c", "rm x; ls"}, "delete execute read"},
		{[]string{"/usr/bin/env", "rm", "x"}, "delete execute"},
		{[]string{"ls -la"}, "execute opaque"},
		{[]string{""}, "execute opaque"},
		{[]string{"[", "-f", "x", "]"}, "execute"},
		{nil, "execute opaque"},
	} {
		if got := strings.Join(said(ReadArgs(c.argv)), " "); got != c.words {
			t.Errorf("%q is %q, want %q", c.argv, got, c.words)
		}
	}
}

// TestWords checks that what is said holds no text of the command but names of
// programs.
func TestWords(t *testing.T) {
	secret := "hunter2"
	r := Read("frobnicate " + secret + "; '" + secret + " x' y; rm " + secret + "; PASS=" + secret + " ls; curl -u " + secret + " https://example.com")
	if text := fmt.Sprint(r); strings.Contains(text, secret) || r.Evidence != "shell: curl ls rm" {
		t.Errorf("told %s", text)
	}
	if r := Read("ls; cat; rm; cp; mv; wc; nl; od; du; df"); r.Evidence != "shell: cat cp df du ls mv nl od and others" {
		t.Errorf("told %q", r.Evidence)
	}
	if r := Read("./x"); r.Evidence != "shell: no known program" {
		t.Errorf("told %q", r.Evidence)
	}
}

// TestLimits reads texts at each limit and one step beyond.
func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("( ", n) + "ls" + strings.Repeat(" )", n) }
	texts := func(n int) string {
		text := "ls"
		for range n - 1 {
			quoted, err := syntax.Quote(text, syntax.LangBash)
			if err != nil {
				t.Fatal(err)
			}
			text = "sh -c " + quoted
		}
		return text
	}
	for _, c := range []struct {
		name       string
		at, beyond string
	}{
		{"length", "ls " + strings.Repeat("x", maxLength-3), "ls " + strings.Repeat("x", maxLength-2)},
		{"brackets", "ls '" + strings.Repeat("(", maxBrackets) + "'", "ls '" + strings.Repeat("(", maxBrackets+1) + "'"},
		{"nesting", nested(maxNesting), nested(maxNesting + 1)},
		{"texts", texts(maxTexts), texts(maxTexts + 1)},
		{"commands", strings.Repeat("nohup ", maxCommands-1) + "ls", strings.Repeat("nohup ", maxCommands) + "ls"},
	} {
		if r := Read(c.at); len(r.Traits) > 0 || !slices.Contains(r.Effects, "read") {
			t.Errorf("%s: at the limit %v %v", c.name, r.Effects, r.Traits)
		}
		if r := Read(c.beyond); !slices.Contains(r.Traits, code.Opaque) {
			t.Errorf("%s: beyond the limit %v %v", c.name, r.Effects, r.Traits)
		}
	}
	argv := []string{"ls", strings.Repeat("x", maxLength-2)}
	if r := ReadArgs(argv); len(r.Traits) > 0 {
		t.Errorf("arguments at the limit: %v", r.Traits)
	}
	if r := ReadArgs(append(argv, "x")); !slices.Contains(r.Traits, code.Opaque) {
		t.Errorf("arguments beyond the limit: %v", r.Traits)
	}
}

// wellFormed checks what holds of every reading.
func wellFormed(t *testing.T, command string, r code.Reading) {
	t.Helper()
	for name, list := range map[string][]string{"effects": r.Effects, "traits": r.Traits, "programs": r.Programs, "urls": r.URLs} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("%q: %s %v", command, name, list)
		}
	}
	if !slices.Contains(r.Effects, "execute") {
		t.Errorf("%q is %v", command, r.Effects)
	}
}

// missing gives the words of a that b does not have.
func missing(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// parses tells whether a text stands for itself: what follows it in a new line
// is not part of it.
func parses(text string) bool {
	_, err := parse(text)
	return err == nil && plainText(text) && !strings.HasSuffix(text, `\`)
}

func FuzzRead(f *testing.F) {
	all := rows(f)
	for i, row := range all {
		f.Add(row.command, all[(i*7+3)%len(all)].command)
	}
	f.Add("()0", "()ls") // functions without a name
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > maxLength/4 {
			return
		}
		one := Read(a)
		wellFormed(t, a, one)
		if again := Read(a); fmt.Sprint(one) != fmt.Sprint(again) {
			t.Fatalf("%q is read as %v and as %v", a, one, again)
		}
		if r := Read("sudo " + a); len(missing(one.Effects, r.Effects)) > 0 && !slices.Contains(r.Traits, code.Opaque) {
			t.Errorf("%q is %v, with sudo %v", a, one.Effects, r.Effects)
		}
		if !parses(a) || !parses(b) {
			return
		}
		both, other := Read(a+"\n"+b), Read(b)
		if lost := missing(slices.Concat(one.Effects, other.Effects), both.Effects); len(lost) > 0 {
			t.Errorf("%q and %q together are not %v", a, b, lost)
		}
		if parses("( " + a + "\n)") {
			if lost := missing(said(one), said(Read("( "+a+"\n)"))); len(lost) > 0 {
				t.Errorf("%q in a subshell is not %v", a, lost)
			}
		}
	})
}

func FuzzReadArgs(f *testing.F) {
	for _, row := range rows(f) {
		f.Add(strings.ReplaceAll(row.command, " ", "\x00"))
	}
	f.Fuzz(func(t *testing.T, joined string) {
		argv := strings.Split(joined, "\x00")
		r := ReadArgs(argv)
		wellFormed(t, joined, r)
		under := ReadArgs(append([]string{"nohup"}, argv...))
		if lost := missing(said(r), said(under)); len(lost) > 0 && !strings.HasPrefix(argv[0], "-") {
			t.Errorf("%q under another program is not %v", argv, lost)
		}
	})
}

// FuzzWords compares what is taken for the text of a word with what the
// library's expansion makes of it.
func FuzzWords(f *testing.F) {
	for _, row := range rows(f) {
		f.Add(row.command)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "~") || len(text) > maxLength {
			return
		}
		file, err := parse(text)
		if err != nil || !plainText(text) {
			return
		}
		none := &expand.Config{Env: expand.ListEnviron()}
		syntax.Walk(file, func(n syntax.Node) bool {
			call, ok := n.(*syntax.CallExpr)
			if !ok {
				return true
			}
			for _, word := range call.Args {
				if a := argOf(word); a.literal && !a.pattern {
					fields, err := expand.Fields(none, word)
					if err != nil || len(fields) != 1 || fields[0] != a.text {
						t.Errorf("in %q a word is taken for %q, and is %q (%v)", text, a.text, fields, err)
					}
				}
			}
			return true
		})
	})
}

// BenchmarkRead reads a short command line and a script of two kilobytes.
func BenchmarkRead(b *testing.B) {
	script := strings.Repeat("for f in src/*.go; do grep -n 'needle' \"$f\" | sort | head -5; done\nif [ -f out ]; then rm -f out; fi\n", 20)
	for _, c := range []struct{ name, text, words string }{
		{"60B", "cd /src/app && git status --short && grep -rn 'needle' ./pkg", "execute read"},
		{"2KB", script, "delete execute read"},
		{"2KBOfOneWord", "echo '" + strings.Repeat("all work and no play ", 100) + "'", "execute"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if r := Read(c.text); strings.Join(said(r), " ") != c.words {
					b.Fatal(r)
				}
			}
		})
	}
}
