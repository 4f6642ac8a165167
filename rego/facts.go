package rego

import "embed"

// Facts is the shipped data that detectors judge by: which effects and domains
// words have, what tools of known servers do (one file per server), and which
// hosts collect data. Each file names its sources.
//
//go:embed facts/*.json facts/catalogue/*.json
var Facts embed.FS
