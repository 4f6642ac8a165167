package mcp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"

	"github.com/tidwall/gjson"

	"callgate/toolproxy"
)

// Bounds on lines that are over the cap: what is kept of one to find out which
// request it answers, and after how many caps the stream is given up.
const (
	keptHead  = 256
	keptTail  = 256
	longLines = 64
)

var (
	errLongLine    = errors.New("a line over the cap")
	errEndlessLine = errors.New("a line without an end")
)

// lineReader splits a stream into lines and never holds more than one line of
// at most max bytes.
type lineReader struct {
	r   *bufio.Reader
	max int
}

func newLineReader(r io.Reader, limit int) *lineReader {
	if limit <= 0 {
		limit = toolproxy.DefaultMaxBytes
	}
	return &lineReader{bufio.NewReaderSize(r, 64<<10), limit}
}

// next returns one line without its end, in memory of its own. With errLongLine
// it returns the beginning and the end of a line that it dropped, and the next
// call goes on behind it. Any other error is final; a last line that has no end
// comes before it.
func (l *lineReader) next() ([]byte, error) {
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		if len(line)+len(part) > l.max+len("\r\n") {
			return l.skip(append(line, part...), err)
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && len(line) == 0:
			return nil, err
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(line) > l.max {
			return ends(line), errLongLine
		}
		return line, nil
	}
}

// skip drops the rest of a line that begins with start.
func (l *lineReader) skip(start []byte, err error) ([]byte, error) {
	kept, total := ends(start), len(start)
	for errors.Is(err, bufio.ErrBufferFull) {
		var part []byte
		part, err = l.r.ReadSlice('\n')
		if total += len(part); total/longLines > l.max {
			return nil, errEndlessLine
		}
		kept = ends(append(kept, part...))
	}
	return bytes.TrimRight(kept, "\r\n"), errLongLine
}

// ends keeps the first and the last bytes of a line, in memory of its own.
func ends(line []byte) []byte {
	if len(line) <= keptHead+keptTail {
		return bytes.Clone(line)
	}
	kept := make([]byte, 0, keptHead+keptTail)
	return append(append(kept, line[:keptHead]...), line[len(line)-keptTail:]...)
}

// oneLine is raw as one line with its end, for a peer that reads lines. A line
// end in raw stands between two tokens of JSON, since the gate lets none into a
// string, so a space means the same. Left in place it would let one message be
// read as several, of which only the whole was judged.
func oneLine(raw []byte) []byte {
	line := make([]byte, len(raw)+1)
	for i, b := range raw {
		if b == '\n' || b == '\r' {
			b = ' '
		}
		line[i] = b
	}
	line[len(raw)] = '\n'
	return line
}

// The id of a message whose middle is lost, where it is the first member but
// for the version, or the last.
var (
	headID = regexp.MustCompile(`^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?[0-9]+)\s*,`)
	tailID = regexp.MustCompile(`[,{]\s*"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?[0-9]+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$`)
)

// lostID guesses the id of a line that cannot be read, so that the request that
// it answers need not wait for ever; empty when there is none to see.
func lostID(line []byte, err error) string {
	if !errors.Is(err, errLongLine) {
		id := gjson.GetBytes(line, "id")
		if id.Type != gjson.String && id.Type != gjson.Number {
			return ""
		}
		return id.Raw
	}
	for _, pattern := range []*regexp.Regexp{headID, tailID} {
		if found := pattern.FindSubmatch(line); found != nil {
			return string(found[1])
		}
	}
	return ""
}
