package policy_test

import (
	"testing"
	"time"

	"callgate/policy"
	"callgate/rego"
)

func load(t testing.TB, o policy.Options) *policy.Engine {
	t.Helper()
	if o.Shipped == nil {
		o.Shipped = rego.Files
	}
	e, err := policy.Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func read() *policy.Input {
	return &policy.Input{
		Version: policy.InputVersion, Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Call:   policy.Call{ID: "1", Surface: "mcp", Stage: "execute", Server: "crm", Tool: "get", Effects: []string{"read"}, Domains: []string{"crm"}, EffectSource: "catalogue"},
		Tool:   policy.Tool{Known: true},
		Caller: policy.Caller{Name: "sales", Auth: "key", Scopes: []string{"crm:read", "mail:draft"}},
	}
}

func TestDecideShipped(t *testing.T) {
	d, err := load(t, policy.Options{}).Decide(t.Context(), read())
	t.Logf("%+v %v", d, err)
}
