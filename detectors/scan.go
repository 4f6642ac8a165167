package detectors

import (
	"encoding/json"
	"fmt"
	"runtime"
	"sort"
	"unicode/utf8"
)

// Limits of a Scanner whose fields are zero.
const (
	DefaultMaxLeaves   = 20_000
	DefaultMaxBytes    = 4 << 20
	DefaultMaxFindings = 256
)

// Scanner runs detectors over a whole document. What a limit left out is
// itself a finding of family "limits", so that nothing is passed over in
// silence. A Scanner is read only and safe for concurrent use.
type Scanner struct {
	Detectors   []Detector
	MaxLeaves   int // strings of one document; 0 means DefaultMaxLeaves
	MaxBytes    int // bytes of text of one document; 0 means DefaultMaxBytes
	MaxFindings int // 0 means DefaultMaxFindings; the mildest are left out first
}

// ScanJSON runs the detectors over each string and each member name of raw, a
// JSON value that has passed the gate. Findings are ordered by place. An error
// names the detector that failed; the findings are then incomplete.
func (s *Scanner) ScanJSON(raw json.RawMessage, at Setting) ([]Finding, error) {
	p := s.pass(at)
	base := at.Pointer
	w := walker{pointer: []byte(base), visit: p.leaf, tooDeep: func(pointer string) {
		p.limit("max_depth", pointer)
	}}
	w.walk(raw)
	return p.result()
}

// ScanText runs the detectors over one text. Otherwise it is like ScanJSON.
func (s *Scanner) ScanText(text string, at Setting) ([]Finding, error) {
	p := s.pass(at)
	p.leaf(leaf{text: text, pointer: at.Pointer})
	return p.result()
}

func (s *Scanner) pass(at Setting) *pass {
	return &pass{
		detectors: s.Detectors,
		at:        at,
		leaves:    limitOr(s.MaxLeaves, DefaultMaxLeaves),
		bytes:     limitOr(s.MaxBytes, DefaultMaxBytes),
		keep:      limitOr(s.MaxFindings, DefaultMaxFindings),
	}
}

func limitOr(set, standard int) int {
	if set > 0 {
		return set
	}
	return standard
}

// pass is one scan under way.
type pass struct {
	detectors []Detector
	at        Setting
	leaves    int // still to be scanned
	bytes     int // still to be scanned
	keep      int
	found     []Finding
	limits    []Finding
	err       error
}

// leaf scans one string and reports whether to go on.
func (p *pass) leaf(l leaf) bool {
	if p.leaves == 0 {
		p.limit("max_leaves", l.pointer)
		return false
	}
	p.leaves--
	text := clip(l.text, p.bytes)
	p.bytes -= len(text)
	p.at.Pointer = l.pointer
	for _, d := range p.detectors {
		found, err := detect(d, text, &p.at)
		if err != nil {
			p.err = err
			return false
		}
		for _, f := range found {
			f.Pointer, f.Key = l.pointer, l.key
			p.add(f)
		}
	}
	if len(text) < len(l.text) {
		p.limit("max_bytes", l.pointer)
		return false
	}
	return true
}

// clip cuts text to at most n bytes without cutting a character.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// detect turns a panic into an error that names the detector. The panic's own
// value is repeated only where the runtime made it, since any other may hold
// the text.
func detect(d Detector, text string, at *Setting) (found []Finding, err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case *Failure:
			err = cause
		case runtime.Error:
			err = fmt.Errorf("detector %T: %w", d, cause)
		default:
			err = fmt.Errorf("detector %T: panic", d)
		}
	}()
	return d.Detect(text, at), nil
}

// Failure is what a detector that runs others panics with, so that the one
// that failed is named.
type Failure struct{ Detector string }

// Error names the detector.
func (f *Failure) Error() string { return "detector " + f.Detector + ": panic" }

// limit notes, once for each rule, where something was left out first.
func (p *pass) limit(rule, pointer string) {
	for _, l := range p.limits {
		if l.Rule == rule {
			return
		}
	}
	p.limits = append(p.limits, Finding{Detector: "limits", Rule: rule, Severity: Medium, Pointer: pointer,
		Detail: "not everything was scanned"})
}

// add keeps a finding. Over the cap the mildest gives way, so that a flood of
// mild findings hides nothing.
func (p *pass) add(f Finding) {
	if len(p.found) < p.keep {
		p.found = append(p.found, f)
		return
	}
	p.limit("max_findings", f.Pointer)
	mildest := 0
	for i, other := range p.found {
		if other.Severity <= p.found[mildest].Severity {
			mildest = i
		}
	}
	if p.found[mildest].Severity < f.Severity {
		p.found = append(append(p.found[:mildest:mildest], p.found[mildest+1:]...), f)
	}
}

func (p *pass) result() ([]Finding, error) {
	return append(p.found, p.limits...), p.err
}

// Sort orders the findings of one text by place, then rule, so that the order
// never depends on how they were found.
func Sort(found []Finding) {
	sort.SliceStable(found, func(i, j int) bool {
		a, b := &found[i], &found[j]
		switch {
		case a.Start != b.Start:
			return a.Start < b.Start
		case a.End != b.End:
			return a.End < b.End
		}
		return a.Rule < b.Rule
	})
}
