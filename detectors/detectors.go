// Package detectors turns text into findings. A detector is pure: the same
// text in the same setting gives the same findings, without a clock, a network
// or state. Findings say where something is and how bad, never what it was:
// the matched text is kept only as a keyed fingerprint.
//
// Each family of detectors is a package below this one.
package detectors

// Severity orders findings. The zero value is Info.
type Severity int

// Severities from a fact worth knowing to an attack that is certain.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"info", "low", "medium", "high", "critical"}

// String gives the name that policy and records use.
func (s Severity) String() string { return severityNames[s] }

// Direction says which way a text travels.
type Direction string

// The closed set of directions.
const (
	Argument    Direction = "argument"    // agent to tool
	ResultText  Direction = "result"      // tool to agent
	Description Direction = "description" // a tool's own words about itself
)

// AtHand is a tool that an agent could use when it reads a text.
type AtHand struct {
	Name    string
	Effects []string
}

// Setting is where a text stands.
type Setting struct {
	Direction Direction
	Server    string
	Tool      string
	Pointer   string // RFC 6901 JSON pointer of the leaf; empty for the whole document
	MediaType string // as declared; empty when unknown
	Tools     []AtHand
}

// Finding is one thing that one detector saw.
type Finding struct {
	Detector    string // family: "injection", "exfil", "secrets", "text"; "limits" for what was not scanned
	Rule        string // the family's rule, stable, snake_case
	Severity    Severity
	Pointer     string // JSON pointer of the leaf that holds it
	Key         bool   // the span is in the member's name, not in its value
	Start, End  int    // byte span in the leaf's text as it came, End exclusive
	Fingerprint string // keyed digest of the matched text, hex; empty where there is none
	Detail      string // fixed words or a host name, never the matched text
}

// Detector finds one family of things. Implementations are pure and safe for
// concurrent use.
type Detector interface {
	Detect(text string, at *Setting) []Finding
}
