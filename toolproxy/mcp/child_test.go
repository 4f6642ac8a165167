package mcp

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLineReader(t *testing.T) {
	long := strings.Repeat("a", 70_000)
	cases := []struct {
		name, text string
		max        int
		want       []string
		err        error
	}{
		{"lines", "a\nbb\r\n\nc", 10, []string{"a", "bb", "", "c"}, io.EOF},
		{"at the cap", "12345\n12345\r\n12345", 5, []string{"12345", "12345", "12345"}, io.EOF},
		{"over the cap", "123456\n1\n1234567\n2\n12345678\n3", 5, []string{"!123456", "1", "!1234567", "2", "!12345678", "3"}, io.EOF},
		{"larger than the buffer", long + long + "\nx\n", 140_000, []string{long + long, "x"}, io.EOF},
		{"over, larger than the buffer", "head" + long + long + long + "tail\nx\n", 140_000,
			[]string{"!head" + strings.Repeat("a", keptHead+keptTail-len("headtail\n")) + "tail", "x"}, io.EOF},
		{"endless", strings.Repeat(long, 10), 1000, nil, errEndlessLine},
		{"over at the end", "1234567", 5, []string{"!1234567"}, io.EOF},
	}
	for _, c := range cases {
		for name, reader := range map[string]io.Reader{
			"": strings.NewReader(c.text), ", in halves": iotest.HalfReader(strings.NewReader(c.text)),
		} {
			t.Run(c.name+name, func(t *testing.T) {
				lines := newLineReader(reader, c.max)
				for _, want := range c.want {
					line, err := lines.next()
					if errors.Is(err, errLongLine) {
						line, err = append([]byte{'!'}, line...), nil
					}
					if err != nil || string(line) != want {
						t.Fatalf("got %.50q, %v, want %.50q", line, err, want)
					}
				}
				if line, err := lines.next(); !errors.Is(err, c.err) {
					t.Errorf("at the end: %.50q, %v", line, err)
				}
			})
		}
	}
}

func TestLostID(t *testing.T) {
	cases := []struct {
		line string
		long bool
		want string
	}{
		{`{"jsonrpc":"2.0","id":5,"result":{},"result":1}`, false, `5`},
		{`{"id":null}`, false, ``},
		{`{"id":{"id":1}}`, false, ``},
		{`not json`, false, ``},
		{`{"jsonrpc": "2.0", "id": "a\"b", "result":{"text":"aaa`, true, `"a\"b"`},
		{`{"id":7,"jsonrpc":"2.0","result":{"text":"aaa`, true, `7`},
		{`{"result":{"id":1,"text":"aaaa"},"jsonrpc":"2.0","id":-8}`, true, `-8`},
		{`{"result":{"text":"aaaa"},"id":9,"jsonrpc":"2.0"} `, true, `9`},
		{`{"result":{"text":"aaaa","id":1}}`, true, ``},
		{`{"jsonrpc":"2.0","result":{"id":1,"text":"aaaa`, true, ``},
	}
	for _, c := range cases {
		err := errLongLine
		if !c.long {
			err = errors.New("not a message")
		}
		if got := lostID([]byte(c.line), err); got != c.want {
			t.Errorf("%s: got %s, want %s", c.line, got, c.want)
		}
	}
}

// FuzzLineReader checks the reader against the plain way to split lines.
func FuzzLineReader(f *testing.F) {
	f.Add("a\nb\r\n\n", 3)
	f.Add(strings.Repeat("x", 100)+"\ny", 4)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 1 || limit > 100 || len(text) > 64*limit {
			return
		}
		lines := newLineReader(strings.NewReader(text), limit)
		plain := strings.Split(text, "\n")
		if plain[len(plain)-1] == "" {
			plain = plain[:len(plain)-1]
		}
		for _, want := range plain {
			want = strings.TrimSuffix(want, "\r")
			line, err := lines.next()
			if over := len(want) > limit; over != errors.Is(err, errLongLine) || !over && (err != nil || string(line) != want) {
				t.Fatalf("got %q, %v, want %q", line, err, want)
			}
		}
		if _, err := lines.next(); err != io.EOF {
			t.Fatalf("more lines than there are: %v", err)
		}
	})
}
