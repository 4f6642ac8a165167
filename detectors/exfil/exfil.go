// Package exfil finds addresses in texts that carry data out or reach inside:
// URLs however they are written, read as browsers read them, and bare hosts
// that are known to collect.
//
// It opens no connection and resolves no name, so a harmless name that points
// to an inside address is not found here. What a query carries is judged by
// its shape alone.
package exfil

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"callgate/detectors"
	"callgate/detectors/text"
)

// Detector is the family. It is read only and safe for concurrent use.
type Detector struct {
	hosts  map[string]string // host, or host and path prefix, to its kind
	paths  map[string]bool   // hosts of which only paths are known
	parser whatwg.Parser
}

// kinds is the closed set of what a known host is for, with how bad it is in
// an argument.
var kinds = map[string]detectors.Severity{
	"callback": detectors.High, "tunnel": detectors.High, "drop": detectors.High, "paste": detectors.High,
	"share": detectors.Medium, "webhook": detectors.Medium, "redirector": detectors.High, "shortener": detectors.Medium, "dynamic": detectors.Medium,
	"platform": detectors.Low, "rebind": detectors.High, "loopback": detectors.High, "metadata": detectors.High,
}

// New reads the known hosts, in the form of rego/facts/hosts.json. It refuses
// unknown kinds and members.
func New(hosts []byte) (*Detector, error) {
	var file struct {
		Sources map[string]string   `json:"sources"`
		Hosts   map[string][]string `json:"hosts"`
	}
	dec := json.NewDecoder(bytes.NewReader(hosts))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("hosts: %w", err)
	}
	d := &Detector{hosts: map[string]string{}, paths: map[string]bool{}, parser: whatwg.NewParser()}
	for kind, list := range file.Hosts {
		if _, ok := kinds[kind]; !ok {
			return nil, fmt.Errorf("hosts: %q is no kind", kind)
		}
		for _, host := range list {
			d.hosts[host] = kind
			if domain, _, ok := strings.Cut(host, "/"); ok {
				d.paths[domain] = true
			}
		}
	}
	return d, nil
}

// known gives what a host is for: the longest entry that it equals or is a
// subdomain of, or an entry whose path prefix it has. Empty means not known.
func (d *Detector) known(host, path string) string {
	for domain := host; domain != ""; {
		if kind := d.hosts[domain]; kind != "" {
			return kind
		}
		if len(path) > 1 && d.paths[domain] {
			if kind := d.byPath(domain, path); kind != "" {
				return kind
			}
		}
		_, rest, ok := strings.Cut(domain, ".")
		if !ok {
			break
		}
		domain = rest
	}
	return ""
}

// byPath looks for an entry of the host and the first parts of the path, the
// last of them only as far as it is a word: tokens follow without a slash.
func (d *Detector) byPath(host, path string) string {
	end, slashes := 1, 0
	for ; end < len(path) && slashes < 3; end++ {
		if path[end] == '/' {
			slashes++
			if kind := d.hosts[host+path[:end]]; kind != "" {
				return kind
			}
		}
	}
	if strings.HasPrefix(path, "/bot") && d.hosts[host+"/bot"] != "" {
		return d.hosts[host+"/bot"]
	}
	return d.hosts[host+path]
}

// Detect implements detectors.Detector.
func (d *Detector) Detect(raw string, at *detectors.Setting) []detectors.Finding {
	form := text.Prepare(raw)
	return d.Read(&form, at)
}

// Read implements text.Reader. It looks at the text as it came and, where that
// differs, at its plain form.
func (d *Detector) Read(form *text.Form, at *detectors.Setting) []detectors.Finding {
	s := scan{d: d, at: at, text: form.Raw}
	s.run()
	if form.Changed() {
		plain := scan{d: d, at: at, text: form.Text, known: s.found}
		plain.run()
		for _, f := range plain.found {
			f.Start, f.End = form.Span(f.Start, f.End)
			s.found = append(s.found, f)
		}
	}
	detectors.Sort(s.found)
	return s.found
}
