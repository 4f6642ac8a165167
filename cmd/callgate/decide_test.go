package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

// TestNextLine: a line without an end takes no more memory than one that is
// just too long, and the lines behind it are read as they are.
func TestNextLine(t *testing.T) {
	long := io.LimitReader(endless{}, 8<<20)
	lines := bufio.NewReader(io.MultiReader(strings.NewReader("one\n"), long, strings.NewReader("\ntwo")))
	for _, want := range []struct {
		size int
		err  error
	}{{4, nil}, {1001, nil}, {3, io.EOF}} {
		line, err := nextLine(lines, 1000)
		if len(line) != want.size || cap(line) > 8<<10 || err != want.err {
			t.Errorf("%d bytes in %d, %v, want %+v", len(line), cap(line), err, want)
		}
	}
}

type endless struct{}

// Read gives the letter x.
func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
