package sidecar

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"callgate/policy"
	"callgate/policy/archive"
)

// Where news of the policy come from, beside the names of bundles. Neither is
// a name that a bundle may have.
const (
	fromPolicy = "policy:files"
	fromWatch  = "policy:watch"
)

// failure is a reload that left the policy as it was. It holds no text of the
// policy: probes may read it.
type failure struct {
	From string    `json:"from"` // "policy:files", "policy:watch" or the name of a bundle
	Code string    `json:"code"`
	Time time.Time `json:"time"`
}

// inUse is a bundle that calls are judged by.
type inUse struct {
	Name   string `json:"name"`
	Serial int64  `json:"serial"`
}

// news is what became of the reloads. It is safe for concurrent use.
type news struct {
	now func() time.Time

	mu       sync.Mutex
	since    time.Time // of the last load without faults
	bundles  []inUse
	failures map[string]failure // until what failed has worked again
}

func newNews(now func() time.Time) *news {
	return &news{now: now, failures: map[string]failure{}}
}

func (n *news) failed(from string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failures[from] = failure{from, codeOf(err), n.now().UTC()}
}

func (n *news) mended(from string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.failures, from)
}

func (n *news) loaded(all []*archive.Bundle) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.since, n.bundles = n.now().UTC(), nil
	for _, b := range all {
		n.bundles = append(n.bundles, inUse{b.Name, b.Serial})
	}
	slices.SortFunc(n.bundles, func(a, b inUse) int { return cmp.Compare(a.Name, b.Name) })
}

// read gives a copy of the news.
func (n *news) read() (since time.Time, bundles []inUse, failures []failure) {
	n.mu.Lock()
	defer n.mu.Unlock()
	failures = slices.SortedFunc(maps.Values(n.failures), func(a, b failure) int { return cmp.Compare(a.From, b.From) })
	return n.since, slices.Clone(n.bundles), failures
}

// codeOf is the stable code of what is wrong with a policy or a bundle, of the
// first fault where there are several.
func codeOf(err error) string {
	if fault, ok := errors.AsType[*archive.Fault](err); ok {
		return string(fault.Code)
	}
	if faults, ok := errors.AsType[policy.Faults](err); ok && len(faults) > 0 {
		return faults[0].Code
	}
	return "internal"
}
