package reach

import (
	"slices"
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	for _, c := range []struct {
		text   string
		kind   Kind
		within string // the first few
	}{
		{"https://Shop.Example.com/a?b", Host, "shop.example.com example.com com"},
		{" https://example.com./ ", Host, "example.com com"},
		{"http:example.com", Host, "example.com com"},
		{"HTTPS:/\\example.com/x", Host, "example.com com"},
		{`http://evil.test\@good.test/`, Host, "evil.test test"},
		{"http://good.test@evil.test/", Host, "evil.test test"},
		{"//example.com/x", Host, "example.com com"},
		{`/\example.com/x`, Host, "example.com com"},
		{"example.com", Host, "example.com com"},
		{"example.com:8080/x", Host, "example.com com"},
		{"localhost:3000", Host, "localhost"},
		{"postgres://user:word@DB.example.com:5432/x", Host, "db.example.com example.com com"},
		{"git@code.example.com:org/repo.git", Host, "code.example.com example.com com"},
		{"ssh://git@example.com/x", Host, "example.com com"},
		{"https://bücher.example/", Host, "xn--bcher-kva.example example"},
		{"http://2130706433/", Host, "127.0.0.1 127.0.0.1/32 127.0.0.0/31"},
		{"http://0x7f.1/", Host, "127.0.0.1 127.0.0.1/32"},
		{"http://0177.0.0.1/", Host, "127.0.0.1 127.0.0.1/32"},
		{"http://[::ffff:10.0.0.1]/", Host, "10.0.0.1 10.0.0.1/32"},
		{"http://[2001:db8::1]/", Host, "2001:db8::1 2001:db8::1/128 2001:db8::/127"},
		{"ftp+x://0x7f000001/", Host, "127.0.0.1"},
		{"::1", Host, "::1 ::1/128 ::/127"},
		{"fe80::1%eth0", Host, "fe80::1 fe80::1/128"},
		{"10.1.2.3", Host, "10.1.2.3 10.1.2.3/32"},
		{"file:///etc/passwd", Path, "/etc/passwd /etc /"},
		{"mailto:a@example.com?subject=x", Mailbox, "a@example.com example.com com"},
		{"/next", Nothing, ""}, {"?page=2", Nothing, ""}, {"./x", Nothing, ""}, {"", Nothing, ""}, {"data:text/plain,x", Nothing, ""},
		{"https://", Unreadable, ""}, {"https://a b.example/", Unreadable, ""}, {"https://{host}/x", Unreadable, ""},
		{"http://256.1.1.1/", Unreadable, ""}, {"http://[::1/", Unreadable, ""}, {"urn:isbn:1", Unreadable, ""},
		{"https://exa\nmple.com/", Unreadable, ""}, {"https://a.test,https://b.test", Unreadable, ""}, {"search for this", Unreadable, ""},
		{"https://example.com/" + strings.Repeat("a", Longest), Unreadable, ""},
		{"mailto:a@example.com,b@example.com", Unreadable, ""},
	} {
		p := URL(c.text)
		want := strings.Fields(c.within)
		if p.Kind != c.kind || len(p.Within) < len(want) || !slices.Equal(p.Within[:len(want)], want) || len(want) == 0 && len(p.Within) > 0 {
			t.Errorf("%.60q is %v in %.5v, want %v in %s", c.text, p.Kind, p.Within, c.kind, c.within)
		}
		if strings.Contains(p.Written, "word") || strings.Contains(p.Written, "?") {
			t.Errorf("%q keeps %q", c.text, p.Written)
		}
	}
}

func TestNetworks(t *testing.T) {
	for text, want := range map[string]struct {
		count int
		has   []string
	}{
		"10.1.2.3":           {34, []string{"10.1.2.2/31", "10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0"}},
		"2001:db8::1":        {130, []string{"2001:db8::/32", "::/0"}},
		"64:ff9b::a9fe:a9fe": {130 + 34, []string{"64:ff9b::/96", "169.254.169.254", "169.254.0.0/16"}},
		"2002:a00:1::":       {130 + 34, []string{"10.0.0.0/8"}},
		"::a00:1":            {130 + 34, []string{"10.0.0.0/8"}},
		"::1":                {130, []string{"::1/128"}},
	} {
		within := URL(text).Within
		if len(within) != want.count {
			t.Errorf("%s is within %d", text, len(within))
		}
		for _, network := range want.has {
			if !slices.Contains(within, network) {
				t.Errorf("%s is not within %s", text, network)
			}
		}
	}
}

func TestMailboxes(t *testing.T) {
	for _, c := range []struct{ text, want string }{ // places by "|", "-" for one that cannot be read
		{"A.User@Mail.Example.COM", "a.user@mail.example.com mail.example.com example.com com"},
		{"A <a@example.com>", "a@example.com example.com com"},
		{`"User, A" <a@example.com>`, "a@example.com example.com com"},
		{"a@example.com, B <b@example.org>; c@example.test", "a@example.com example.com com|b@example.org example.org org|c@example.test example.test test"},
		{"Team: a@example.com, b@example.com;", "a@example.com example.com com|b@example.com example.com com"},
		{"a@bücher.example", "a@xn--bcher-kva.example xn--bcher-kva.example example"},
		{"#General", "#general"}, {"@Bob", "@bob"}, {"+41 44 000 00 00", "+41 44 000 00 00"}, {"C0123, C0456", "c0123|c0456"},
		{"a@example.com, #general", "a@example.com example.com com|#general"},
		{"a@good.test <b@evil.test>", "-"}, {`"a@good.test" <b@evil.test>`, "-"}, {"a@good.test(x@evil.test)", "-"},
		{"a@evil.test@good.test", "-"}, {"user%evil.test@good.test", "-"}, {"evil.test!user@good.test", "-"},
		{"a@[10.0.0.1]", "-"}, {"a@exa mple.com", "-"}, {"a@", "-"}, {"a@example.com\nBcc: b@evil.test", "-"}, {"a@example..com", "-"},
		{`["a@example.com"]`, "-"}, {strings.Repeat("a", Longest+1), "-"},
		{"eve\uff20evil.test", "eve@evil.test evil.test test"}, {"eve\ufe6bevil.test", "eve@evil.test evil.test test"},
		{"a\uff0cb\uff20evil.test", "a|b@evil.test evil.test test"}, {"eve%40evil.test", "-"}, {"eve%2540evil.test", "-"}, {"50% off", "50% off"},
		{"", ""}, {" , ", ""},
	} {
		var got []string
		for _, p := range Mailboxes(c.text) {
			if p.Kind == Unreadable {
				got = append(got, "-")
			} else {
				got = append(got, strings.Join(p.Within, " "))
			}
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%.60q is %q, want %q", c.text, strings.Join(got, "|"), c.want)
		}
	}
}

func TestFile(t *testing.T) {
	for text, want := range map[string]string{ // "" for one that cannot be read
		"/data/a/b.txt": "/data/a/b.txt /data/a /data /", "/data//a/./b/": "/data/a/b /data/a /data /", "/": "/", ".": ".",
		"/data/../etc/passwd": "/etc/passwd /etc /", "a/b": "a/b a .", "a": "a .", "../x": "../x ..", "a/../../x": "../x ..", "..": "..",
		"~/.ssh/id": "~/.ssh/id ~/.ssh ~", "~": "~", `C:\Users\x`: "c:/Users/x c:/Users c:/", "c:/x": "c:/x c:/", "C:/": "c:/", "a/b:/c": "a/b:/c a/b: a .",
		`a\b`: "a/b a .", "/a%20b/c": "/a%20b/c /a%20b /", "/100%/x": "/100%/x /100% /", "file:///etc/x": "/etc/x /etc /", "file:///C:/x%20y": "c:/x y c:/",
		"": "", "/a\x00b": "", `/data/a\..\..\etc`: "", `\\machine\share`: "", "//machine/share": "", "/data/%2e%2e/etc": "", "/data/..%2fetc": "",
		"/a%252fb": "", "/a/%5c..": "", "$HOME/x": "", "/tmp/`x`": "", "~root/x": "", "C:x": "", "file://machine/x": "", "file:x": "",
		strings.Repeat("/a", deepest) + "/b": "",
		"/" + strings.Repeat("a", Longest):   "",
		"/data/\u202etxt":                    "/data/\u202etxt /data /",
	} {
		if got := strings.Join(File(text).Within, " "); got != want {
			t.Errorf("%.60q is %q, want %q", text, got, want)
		}
	}
	if p := File(strings.Repeat("/a", deepest)); len(p.Within) != deepest+1 {
		t.Errorf("the deepest path is within %d", len(p.Within))
	}
}

// FuzzReach reads any text as each kind. What is read is within what it names,
// and naming it in its normal form gives the same.
func FuzzReach(f *testing.F) {
	for _, text := range []string{"https://user@[::ffff:1.2.3.4]:80/x", "a@b.test, C <c@d.test>", `C:\a\..\b`, "git@h.test:x", "file:///a%2fb", "http://0x7f.1", "\xff", "//", "mailto:@", "a@xn--a", "~//x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range append(Mailboxes(text), URL(text), File(text)) {
			if (p.Kind == Unreadable || p.Kind == Nothing) != (len(p.Within) == 0) || len(p.Within) > max(2*(128+34), deepest+2) {
				t.Fatalf("%q: %+v", text, p)
			}
			if slices.Contains(p.Within, "") {
				t.Fatalf("%q is within nothing named: %q", text, p.Within)
			}
		}
		if p := URL(text); p.Kind == Host {
			if again := URL(p.Within[0]); !slices.Equal(again.Within, p.Within) {
				t.Fatalf("%q is within %q, and then %q", text, p.Within, again.Within)
			}
		}
		if p := File(text); p.Kind == Path {
			if again := File(p.Within[0]); !slices.Equal(again.Within, p.Within) {
				t.Fatalf("%q is within %q, and then %q", text, p.Within, again.Within)
			}
		}
	})
}

func BenchmarkURL(b *testing.B) {
	for b.Loop() {
		if p := URL("https://www.example.com/some/path?with=a&query=b"); len(p.Within) != 3 {
			b.Fatal(p)
		}
	}
}
