package mcp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// event is one block of an event stream: an event, or a comment or blank line
// that stands between events.
type event struct {
	raw     []byte // what is relayed: the bytes as they came, or their plain form
	name    string // the field "event"
	id      string
	hasID   bool
	retry   string
	data    []byte // the data, its lines joined; empty where there is none
	hasData bool
}

var errEventTooLarge = errors.New("an event is over the size cap")

// events reads an event stream as the WHATWG HTML standard defines it: lines
// end with CR, LF or both, a byte order mark may lead, data lines add up, and
// a block that the end of the stream cuts off is dropped. Blocks that another
// reader could split otherwise (a lone CR, NUL, a field twice, an unknown one)
// are given in a plain form that all readers split alike.
type events struct {
	in      *bufio.Reader
	max     int
	started bool
	afterCR bool // an LF that comes next ends the line that a CR ended
}

func newEvents(r io.Reader, max int) *events {
	return &events{in: bufio.NewReaderSize(r, 8<<10), max: max}
}

// next returns the next block. The error is io.EOF at the end of the stream.
// The bytes of a block are its own.
func (s *events) next() (event, error) {
	if !s.started {
		s.started = true
		s.skipMark()
	}
	var ev event
	var raw []byte
	plain := true
	var seen fields
	for {
		line, end, err := s.line(&raw)
		if err != nil {
			return event{}, err
		}
		text := raw[line:end]
		plain = plain && len(raw) > end && raw[len(raw)-1] == '\n' && bytes.IndexByte(text, 0) < 0
		alone := line == 0
		switch {
		case len(text) == 0:
			ev.raw = raw
			if !plain {
				ev.raw = ev.with(ev.data)
			}
			return ev, nil
		case text[0] == ':' && alone:
			if !plain {
				raw = append(bytes.ReplaceAll(text, []byte{0}, nil), '\n')
			}
			return event{raw: raw}, nil
		default:
			plain = ev.field(text, &seen) && plain
		}
	}
}

// fields are those that a block has had so far.
type fields struct{ data, event, id, retry bool }

// field reads one line of a block. It reports whether every reader takes it
// for the same: a known field that is the first of its name, or a comment.
func (ev *event) field(line []byte, seen *fields) (plain bool) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	var before *bool
	switch string(name) {
	case "":
		return true
	case "data":
		before = &seen.data
		if *before {
			ev.data = append(ev.data, '\n')
		}
		ev.data, ev.hasData = append(ev.data, value...), true
	case "event":
		before = &seen.event
		ev.name = string(value)
	case "id":
		before = &seen.id
		if bytes.IndexByte(value, 0) < 0 {
			ev.id, ev.hasID = string(value), true
		}
	case "retry":
		before = &seen.retry
		ev.retry = string(value)
	default:
		return false
	}
	first := !*before
	*before = true
	return first
}

// line reads one line to the end of raw. It returns where in raw the line's
// text begins and ends; its terminator follows.
func (s *events) line(raw *[]byte) (start, end int, err error) {
	start = len(*raw)
	for {
		if _, err := s.in.Peek(1); err != nil {
			return 0, 0, err
		}
		chunk, _ := s.in.Peek(s.in.Buffered())
		if s.afterCR {
			s.afterCR = false
			if chunk[0] == '\n' {
				_, _ = s.in.Discard(1)
				continue
			}
		}
		at := bytes.IndexAny(chunk, "\r\n")
		take := at
		if at < 0 {
			take = len(chunk)
		}
		if len(*raw)+take > s.max {
			return 0, 0, errEventTooLarge
		}
		*raw = append(*raw, chunk[:take]...)
		if at < 0 {
			_, _ = s.in.Discard(take)
			continue
		}
		end = len(*raw)
		size := 1
		if chunk[at] == '\r' {
			if at+1 < len(chunk) && chunk[at+1] == '\n' {
				size = 2
			} else {
				s.afterCR = true
			}
		}
		*raw = append(*raw, chunk[at:at+size]...)
		_, _ = s.in.Discard(at + size)
		return start, end, nil
	}
}

// skipMark skips a byte order mark.
func (s *events) skipMark() {
	if first, err := s.in.Peek(1); err != nil || first[0] != 0xEF {
		return
	}
	if mark, err := s.in.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = s.in.Discard(3)
	}
}

// with encodes ev with other data, which is JSON or empty: a line break in it
// can only be white space.
func (ev *event) with(data []byte) []byte {
	out := make([]byte, 0, len(data)+len(ev.name)+len(ev.id)+64)
	put := func(name, value string) {
		out = append(append(append(out, name...), ": "...), value...)
		out = append(out, '\n')
	}
	if ev.name != "" {
		put("event", ev.name)
	}
	if ev.hasID {
		put("id", ev.id)
	}
	if ev.retry != "" {
		put("retry", ev.retry)
	}
	if ev.hasData || len(data) > 0 {
		out = append(out, "data: "...)
		for _, b := range bytes.TrimSpace(data) {
			if b == '\n' || b == '\r' {
				b = ' '
			}
			out = append(out, b)
		}
		out = append(out, '\n')
	}
	return append(out, '\n')
}
