package rego

import "embed"

// Facts is the shipped data that detectors judge by: which effects and domains
// words and known tools have, and which hosts collect data. Each file names
// its sources.
//
//go:embed facts/*.json
var Facts embed.FS
