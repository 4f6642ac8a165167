package injection

import (
	"sort"
	"strings"

	"callgate/detectors"
	"callgate/detectors/text"
)

// Sums from which a passage has a severity, and how far apart two signals of
// one passage may be.
const (
	highSum   = 8
	mediumSum = 4
	lowSum    = 2
	reach     = 300 // bytes between neighbours
	passage   = 1200
)

// judge puts the signals that stand together into passages and grades them.
func (r *reader) judge(form *text.Form) []detectors.Finding {
	comments := r.takeComments()
	sort.SliceStable(r.signals, func(i, j int) bool { return r.signals[i].start < r.signals[j].start })
	var found []detectors.Finding
	for from := 0; from < len(r.signals); {
		to, end := from+1, r.signals[from].end
		for to < len(r.signals) && r.signals[to].start-end < reach && r.signals[to].end-r.signals[from].start < passage {
			end = max(end, r.signals[to].end)
			to++
		}
		if f, ok := r.grade(r.signals[from:to], comments, form); ok {
			found = append(found, f)
		}
		from = to
	}
	return found
}

func (r *reader) takeComments() []signal {
	var comments, rest []signal
	for _, s := range r.signals {
		if s.name == "comment" {
			comments = append(comments, s)
		} else {
			rest = append(rest, s)
		}
	}
	r.signals = rest
	return comments
}

// grade adds up a passage: each name counts once, with its heaviest signal.
func (r *reader) grade(signals, comments []signal, form *text.Form) (detectors.Finding, bool) {
	start, end := signals[0].start, signals[0].end
	weights, sum, top := map[string]int{}, 0, ""
	names := make([]string, 0, len(signals))
	about := r.aboutAttacks(start, signals[len(signals)-1].end)
	for _, s := range signals {
		end = max(end, s.end)
		w := s.weight
		if about && r.quoted(s) {
			w /= 2
		}
		if _, seen := weights[s.name]; !seen {
			names = append(names, s.name)
		}
		sum += max(0, w-weights[s.name])
		weights[s.name] = max(weights[s.name], w)
		if top == "" || weights[s.name] > weights[top] {
			top = s.name
		}
	}
	if hidden(start, comments) && sum > lowSum {
		sum += mediumSum
		names = append(names, "comment")
	}
	severity, ok := severityOf(sum)
	if !ok {
		return detectors.Finding{}, false
	}
	rawStart, rawEnd := form.Span(start, end)
	return detectors.Finding{Detector: "injection", Rule: top, Severity: severity, Start: rawStart, End: rawEnd,
		Detail: strings.Join(names, " ")}, true
}

func severityOf(sum int) (detectors.Severity, bool) {
	switch {
	case sum >= highSum:
		return detectors.High, true
	case sum >= mediumSum:
		return detectors.Medium, true
	case sum >= lowSum:
		return detectors.Low, true
	}
	return detectors.Info, false
}

func hidden(at int, comments []signal) bool {
	for _, c := range comments {
		if at >= c.start && at < c.end {
			return true
		}
	}
	return false
}

// aboutAttacks reports whether the passage's surroundings use the words of
// those who write about attacks.
func (r *reader) aboutAttacks(start, end int) bool {
	const around = 200
	near := r.text[max(0, start-around):min(len(r.text), end+around)]
	for i := 0; i < len(near); {
		if wordBytes[near[i]] == 0 {
			i++
			continue
		}
		j, h := i, uint32(hashStart)
		for ; j < len(near) && wordBytes[near[j]] != 0; j++ {
			h = (h ^ uint32(wordBytes[near[j]])) * hashPrime
		}
		if lookup(near[i:j], h)&talk != 0 {
			return true
		}
		i = j
	}
	return false
}

// quoted reports whether a signal stands between quotation marks on its line.
func (r *reader) quoted(s signal) bool {
	const far = 80
	before := r.text[max(0, s.start-far):s.start]
	after := r.text[s.end:min(len(r.text), s.end+far)]
	for _, quote := range []string{`"`, "'", "`", "*"} {
		open := strings.LastIndex(before, quote)
		if open < 0 || strings.Contains(before[open:], "\n") {
			continue
		}
		if end := strings.Index(after, quote); end >= 0 && !strings.Contains(after[:end], "\n") {
			return true
		}
	}
	return false
}
