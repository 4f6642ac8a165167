// Package injection finds texts that try to steer whoever processes them: an
// agent that reads a mail, a page or a tool's description as data and is told
// there to do something else.
//
// It reads the plain form of package text, word by word, and matches short
// patterns of word classes in English, German, Spanish and French, the control
// tokens of chat templates, and hiding in markup. Single signals say little;
// what stands together in one passage is added up. It knows no meaning: it
// misses orders in other words and other languages, and a text about attacks
// may look like one.
package injection

import (
	"callgate/detectors"
	"callgate/detectors/text"
)

// Detector is the family. The zero value is ready and safe for concurrent use.
type Detector struct{}

// New makes the detector.
func New() Detector { return Detector{} }

// Detect implements detectors.Detector.
func (d Detector) Detect(raw string, at *detectors.Setting) []detectors.Finding {
	form := text.Prepare(raw)
	return d.Read(&form, at)
}

// Read implements text.Reader. It reports one finding for each suspect
// passage, named after its strongest signal. Time is linear in the text.
func (Detector) Read(form *text.Form, at *detectors.Setting) []detectors.Finding {
	r := reader{text: form.Text, at: at}
	r.read()
	if len(r.signals) == 0 {
		return nil
	}
	return r.judge(form)
}

// signal is one rule that matched, in bytes of the plain form.
type signal struct {
	name       string
	weight     int
	start, end int
}

// mostSignals bounds the work and the memory for one text.
const mostSignals = 4096

func (r *reader) signal(name string, weight, start, end int) {
	if len(r.signals) < mostSignals {
		r.signals = append(r.signals, signal{name, weight, start, end})
	}
}
