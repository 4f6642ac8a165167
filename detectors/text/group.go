package text

import (
	"fmt"

	"callgate/detectors"
)

// Reader is a family that reads the plain form of a text. Spans of its
// findings are in the raw text. Implementations are pure and safe for
// concurrent use.
type Reader interface {
	Read(form *Form, at *detectors.Setting) []detectors.Finding
}

// Group is a detector that prepares a text once, reports what was hidden in
// it, and hands the form to its readers in order. The zero value reports the
// hiding only.
type Group struct{ readers []Reader }

// NewGroup makes a Group of readers.
func NewGroup(readers ...Reader) *Group { return &Group{readers: readers} }

// Detect implements detectors.Detector. A reader's panic goes on as a
// *detectors.Failure that names the reader.
func (g *Group) Detect(text string, at *detectors.Setting) []detectors.Finding {
	form := Prepare(text)
	found := form.Findings()
	for _, r := range g.readers {
		found = append(found, read(r, &form, at)...)
	}
	return found
}

func read(r Reader, form *Form, at *detectors.Setting) []detectors.Finding {
	done := false
	defer func() {
		if !done {
			panic(&detectors.Failure{Detector: fmt.Sprintf("%T", r)})
		}
	}()
	found := r.Read(form, at)
	done = true
	return found
}

// Findings reports where the text hides something, in order.
func (f *Form) Findings() []detectors.Finding {
	if len(f.marks) == 0 {
		return nil
	}
	found := make([]detectors.Finding, len(f.marks))
	for i, m := range f.marks {
		found[i] = detectors.Finding{Detector: "text", Rule: m.rule, Severity: severities[m.rule],
			Start: m.start, End: m.end, Detail: details[m.rule]}
	}
	detectors.Sort(found)
	return found
}
