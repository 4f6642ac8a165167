package sidecar

import (
	"net/http"
	"strings"
	"testing"
)

// TestMetricsOfThisMachine: on a loopback listener a request that another
// proxy hands on was made elsewhere, and takes a caller.
func TestMetricsOfThisMachine(t *testing.T) {
	r := run(t, nil)
	if status, body := r.fetch(t, "/metrics"); status != http.StatusOK || !strings.Contains(body, "callgate_policy_info") {
		t.Errorf("from this machine: %d %s", status, body)
	}
	if status, body := r.fetch(t, "/metrics", "X-Forwarded-For", "192.0.2.1"); status != http.StatusUnauthorized || strings.Contains(body, "callgate_") {
		t.Errorf("from elsewhere: %d %s", status, body)
	}
}
