package sidecar

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"callgate/policy"
	"callgate/toolproxy"
)

// Outcomes of a reload.
const (
	swapped   = "swapped"
	unchanged = "unchanged"
	failed    = "failed"
)

// meter counts what the firewall does. All labels are of closed sets.
type meter struct {
	reloads   *prometheus.CounterVec
	decisions *prometheus.CounterVec
	refusals  *prometheus.CounterVec
}

func newMeter() *meter {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "callgate", Name: name, Help: help}, labels)
	}
	m := &meter{
		reloads:   counter("policy_reloads_total", "Reloads of the policy by what became of them.", "outcome"),
		decisions: counter("decisions_total", "Recorded decisions of policy.", "surface", "decision"),
		refusals:  counter("refusals_total", "Calls that were answered with a refusal.", "code"),
	}
	for _, outcome := range []string{swapped, unchanged, failed} {
		m.reloads.WithLabelValues(outcome)
	}
	return m
}

// decided counts a decision that is recorded.
func (m *meter) decided(surface string, verdict policy.Verdict) {
	m.decisions.WithLabelValues(surface, verdict.String()).Inc()
}

// answered counts an answer to a call where it is a refusal.
func (m *meter) answered(err error) {
	if refusal, ok := toolproxy.AsRefusal(err); ok {
		m.refusals.WithLabelValues(string(refusal.Code)).Inc()
	}
}

// gauges tell of the policy as it is at the moment of asking.
type gauges struct {
	firewall *Firewall
	news     *news
	profile  string
}

var (
	policyInfo = prometheus.NewDesc("callgate_policy_info", "The policy that decides.", []string{"revision", "profile"}, nil)
	bundleInfo = prometheus.NewDesc("callgate_bundle_info", "Bundles in use by their serial.", []string{"name", "serial"}, nil)
	lastReload = prometheus.NewDesc("callgate_policy_last_reload_timestamp_seconds", "When the policy was last loaded without faults.", nil, nil)
)

// Describe is of prometheus.Collector.
func (g gauges) Describe(to chan<- *prometheus.Desc) {
	to <- policyInfo
	to <- bundleInfo
	to <- lastReload
}

// Collect is of prometheus.Collector.
func (g gauges) Collect(to chan<- prometheus.Metric) {
	const is = prometheus.GaugeValue
	since, bundles, _ := g.news.read()
	to <- prometheus.MustNewConstMetric(policyInfo, is, 1, g.firewall.Revision(), g.profile)
	to <- prometheus.MustNewConstMetric(lastReload, is, float64(since.UnixMilli())/1000)
	for _, b := range bundles {
		to <- prometheus.MustNewConstMetric(bundleInfo, is, 1, b.Name, strconv.FormatInt(b.Serial, 10))
	}
}

// metrics serves /metrics. It is for callers only, but for requests that were
// made on this machine to a listener that no other can reach.
func (s *Sidecar) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	m := s.Firewall.meter
	registry.MustRegister(m.reloads, m.decisions, m.refusals, gauges{s.Firewall, s.sources.news, s.config.Policy.Profile})
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError})
	admitted := s.admit(handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.loopback && fromLoopback(r) {
			handler.ServeHTTP(w, r)
			return
		}
		admitted.ServeHTTP(w, r)
	})
}
