package mcp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func blocks(r io.Reader) (list []event, err error) {
	stream := newEvents(r, 1<<10)
	for {
		ev, err := stream.next()
		if err != nil {
			return list, err
		}
		list = append(list, ev)
	}
}

func TestEvents(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"plain", "event: message\nid: 7\ndata: {}\n\n", `message 7 {} raw`},
		{"no space", "data:{}\n\n", ` - {} raw`},
		{"CRLF", "data: a\r\n\r\n", ` - a raw`},
		{"lone CR", "data: a\rid: 1\r\r", ` 1 a "id: 1\ndata: a\n\n"`},
		{"mixed", "data: a\r\n\r", ` - a "data: a\n\n"`},
		{"mark", "\uFEFFdata: a\n\n", ` - a "data: a\n\n"`},
		{"data lines", "data: {\"a\":\ndata: 1}\n\n", " - {\"a\":\n1} \"data: {\\\"a\\\": 1}\\n\\n\""},
		{"field twice", "id: 1\nid: 2\ndata: a\n\n", ` 2 a "id: 2\ndata: a\n\n"`},
		{"unknown field", " data: evil\ndata: a\n\n", ` - a "data: a\n\n"`},
		{"NUL in id", "id: a\x00b\ndata: a\n\n", ` - a "data: a\n\n"`},
		{"no value", "data\nid\n\n", `   raw`},
		{"retry and id only", "id: 3\nretry: 500\n\n", ` 3 - raw`},
		{"comment", ": still here\ndata: a\n\n", ` - - ": still here\n"; - a "data: a\n\n"`},
		{"comment inside", "data: a\n: x\n\n", ` - a raw`},
		{"blank lines", "\n\ndata: a\n\n", ` - - "\n"; - - "\n"; - a "data: a\n\n"`},
		{"cut off", "data: a\n\ndata: b\n", ` - a "data: a\n\n"`},
		{"nothing", "", ``},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				list, err := blocks(r)
				if err != io.EOF {
					t.Fatal(err)
				}
				if got := describe(list, c.in); got != c.want && !strings.Contains(c.in, "\r") {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			}
			list, _ := blocks(strings.NewReader(c.in))
			if got := describe(list, c.in); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func describe(list []event, in string) string {
	var parts []string
	for _, ev := range list {
		id, data, raw := "-", "-", fmt.Sprintf("%q", ev.raw)
		if ev.hasID {
			id = ev.id
		}
		if ev.hasData {
			data = string(ev.data)
		}
		if string(ev.raw) == in {
			raw = "raw"
		}
		parts = append(parts, ev.name+" "+id+" "+data+" "+raw)
	}
	return strings.Join(parts, ";")
}

func TestEventTooLarge(t *testing.T) {
	for _, in := range []string{"data: " + strings.Repeat("a", 2000), strings.Repeat("data: a\n", 300)} {
		if _, err := blocks(strings.NewReader(in)); !errors.Is(err, errEventTooLarge) {
			t.Errorf("%.20q: %v", in, err)
		}
	}
}

// FuzzEvents checks that what is relayed reads as what was read, by our reader
// and by one that only knows LF.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: message\nid: 7\ndata: {}\n\n"))
	f.Add([]byte("\uFEFFdata: a\rdata: b\r\r\n: c\n\ndata: d"))
	f.Add([]byte("retry: 5\r\nid\r\n\r\n:\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		list, _ := blocks(bytes.NewReader(in))
		var out []byte
		for _, ev := range list {
			out = append(out, ev.raw...)
		}
		again, err := blocks(bytes.NewReader(out))
		if err != io.EOF {
			t.Fatalf("relayed stream: %v", err)
		}
		if len(again) != len(list) {
			t.Fatalf("%d blocks became %d", len(list), len(again))
		}
		for i, ev := range list {
			data := strings.Join(naive(ev.raw), "\n")
			if want := flat(ev.data); flat(again[i].data) != want || flat([]byte(data)) != want {
				t.Fatalf("data %q, again %q, naive %q", ev.data, again[i].data, data)
			}
			if again[i].name != ev.name || again[i].id != ev.id {
				t.Fatalf("event %q %q became %q %q", ev.name, ev.id, again[i].name, again[i].id)
			}
		}
	})
}

// naive reads data fields as a careless reader would.
func naive(raw []byte) (data []string) {
	for _, line := range strings.Split(string(raw), "\n") {
		if value, ok := strings.CutPrefix(strings.TrimRight(line, "\r"), "data:"); ok {
			data = append(data, strings.TrimPrefix(value, " "))
		}
	}
	return data
}

func flat(data []byte) string {
	return strings.TrimSpace(strings.ReplaceAll(string(data), "\n", " "))
}

func BenchmarkEvents(b *testing.B) {
	block := []byte("event: message\nid: 7\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"" + strings.Repeat("x", 1000) + "\"}\n\n")
	b.SetBytes(int64(len(block)))
	b.ReportAllocs()
	for b.Loop() {
		ev, err := newEvents(bytes.NewReader(block), 1<<20).next()
		if err != nil || !bytes.Equal(ev.raw, block) {
			b.Fatal(err)
		}
	}
}
