package toolproxy

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Gate holds the limits that bytes must keep before anything reads them.
// Readers of JSON differ: some take the first of two equal keys, some the
// last, some ignore case. Bytes that pass the gate mean the same to all of
// them. A Gate is a value and safe for concurrent use.
type Gate struct {
	// MaxBytes is the largest message, in bytes; 0 means DefaultMaxBytes.
	MaxBytes int
	// MaxDepth is how deep arrays and objects may nest; 0 means DefaultMaxDepth.
	MaxDepth int
	// FoldDepth is how many levels of objects must not hold two keys that
	// differ only in case; 0 means all of them. Answers of a server are data
	// in which such keys are honest, so only their envelope is checked.
	FoldDepth int
}

// Limits of a Gate whose fields are zero.
const (
	DefaultMaxBytes = 4 << 20
	DefaultMaxDepth = 64
)

// EnvelopeDepth is the FoldDepth for a server's answers: the message, its
// result, and the objects directly in that.
const EnvelopeDepth = 3

const stageGate = "gate"

// Check reports why raw may not pass, as a *Refusal of stage "gate", or nil.
// It runs in time linear in the size of raw and, for a message that passes,
// allocates only for escaped keys and for objects of more than a few keys.
func (g Gate) Check(raw []byte) error {
	if limit := g.maxBytes(); len(raw) > limit {
		return Refuse(CodeTooLarge, stageGate, fmt.Errorf("message of %d bytes is over the cap of %d", len(raw), limit))
	}
	if !jsontext.Value(raw).IsValid() {
		return explain(raw)
	}
	s := scan{raw: raw, maxDepth: g.maxDepth(), foldDepth: g.FoldDepth}
	if err := s.value(); err != nil {
		return err
	}
	return nil
}

func (g Gate) maxBytes() int {
	if g.MaxBytes > 0 {
		return g.MaxBytes
	}
	return DefaultMaxBytes
}

func (g Gate) maxDepth() int {
	if g.MaxDepth > 0 {
		return g.MaxDepth
	}
	return DefaultMaxDepth
}

// explain finds the cause for bytes that jsontext does not accept. It is the
// slow path: it reads the value again, token by token.
func explain(raw []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	err := dec.SkipValue()
	if err == nil {
		_, err = dec.ReadToken()
		if err == nil {
			err = errors.New("more than one JSON value")
		}
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return Refuse(CodeDuplicateKey, stageGate, place(err))
	case !utf8.Valid(raw) || strings.Contains(err.Error(), "UTF-8") || strings.Contains(err.Error(), "surrogate"):
		return Refuse(CodeInvalidUTF8, stageGate, place(err))
	case strings.Contains(err.Error(), "depth"):
		return Refuse(CodeTooDeep, stageGate, place(err))
	}
	return Refuse(CodeInvalidJSON, stageGate, place(err))
}

// place keeps where a fault is and drops what stood there, which may be a
// secret.
func place(err error) error {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return fmt.Errorf("at byte %d", syntactic.ByteOffset)
	}
	return err
}

// scan walks bytes that are known to be valid JSON.
type scan struct {
	raw       []byte
	at        int
	depth     int
	maxDepth  int
	foldDepth int
}

func (s *scan) value() error {
	s.space()
	if s.at >= len(s.raw) {
		return nil
	}
	switch s.raw[s.at] {
	case '{':
		return s.object()
	case '[':
		return s.array()
	case '"':
		s.text()
	default:
		for s.at < len(s.raw) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(s.raw[s.at])) {
			s.at++
		}
	}
	return nil
}

func (s *scan) array() error {
	if err := s.enter(); err != nil {
		return err
	}
	for !s.closes(']') {
		if err := s.value(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) object() error {
	if err := s.enter(); err != nil {
		return err
	}
	var seen keys
	checked := s.foldDepth == 0 || s.depth <= s.foldDepth
	for !s.closes('}') {
		start := s.at
		key := s.text()
		if checked && !seen.add(key) {
			return Refuse(CodeDuplicateKey, stageGate, fmt.Errorf("at byte %d: two keys differ only in case", start))
		}
		if err := s.value(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) enter() error {
	s.at++
	s.depth++
	if s.depth > s.maxDepth {
		return Refuse(CodeTooDeep, stageGate, fmt.Errorf("at byte %d: nested deeper than %d", s.at, s.maxDepth))
	}
	return nil
}

// closes skips separators and reports whether the container ends here.
func (s *scan) closes(end byte) bool {
	s.space()
	if s.raw[s.at] != end {
		return false
	}
	s.at++
	s.depth--
	return true
}

// space skips white space and the separators, whose places are known to be
// right.
func (s *scan) space() {
	for s.at < len(s.raw) {
		switch s.raw[s.at] {
		case ' ', '\t', '\r', '\n', ',', ':':
			s.at++
		default:
			return
		}
	}
}

// text skips a string and returns what is between its quotes, as written.
func (s *scan) text() []byte {
	start := s.at + 1
	for s.at = start; s.raw[s.at] != '"'; s.at++ {
		if s.raw[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.raw[start : s.at-1]
}

// fewKeys is how many keys are compared pairwise before a map pays.
const fewKeys = 16

// keys is the set of an object's keys, compared as the most forgiving reader
// would.
type keys struct {
	few    [fewKeys][]byte
	count  int
	folded map[string]struct{}
}

// add reports whether no equal key was there before.
func (k *keys) add(raw []byte) bool {
	key := raw
	if bytes.IndexByte(raw, '\\') >= 0 {
		plain, err := jsontext.AppendUnquote(nil, append(append([]byte{'"'}, raw...), '"'))
		if err != nil {
			return false
		}
		key = plain
	}
	if k.folded == nil && k.count < fewKeys {
		for _, other := range k.few[:k.count] {
			if bytes.EqualFold(key, other) {
				return false
			}
		}
		k.few[k.count] = key
		k.count++
		return true
	}
	if k.folded == nil {
		k.folded = make(map[string]struct{}, 4*fewKeys)
		for _, other := range k.few[:k.count] {
			k.folded[fold(other)] = struct{}{}
		}
	}
	folded := fold(key)
	_, seen := k.folded[folded]
	k.folded[folded] = struct{}{}
	return !seen
}

// fold maps a key to the smallest of its simple case folds, so that two keys
// are equal under bytes.EqualFold exactly when their folds are the same.
func fold(key []byte) string {
	return string(bytes.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, key))
}
