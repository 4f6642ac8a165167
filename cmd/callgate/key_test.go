package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"callgate/sidecar/config"
	"callgate/sidecar/identity"
)

// TestKeyNewEntryKnowsItsKey goes the way of an operator: the entry is pasted
// into a configuration, and a client presents the key.
func TestKeyNewEntryKnowsItsKey(t *testing.T) {
	for _, flags := range [][]string{nil, {"--json"}} {
		var out, talk bytes.Buffer
		args := append([]string{"key", "new", "--name", "sales-agent", "--scope", "crm:read,mail:draft", "--scope", "*:*"}, flags...)
		if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &talk}); code != exitDone {
			t.Fatalf("exit code %d: %s", code, talk.String())
		}
		key, text, _ := strings.Cut(out.String(), "\n")
		if flags != nil {
			var made struct {
				Name, Key string
				Entry     json.RawMessage
			}
			if err := json.Unmarshal(out.Bytes(), &made); err != nil || made.Name != "sales-agent" {
				t.Fatalf("%s: %v", out.String(), err)
			}
			key, text = made.Key, "callers: ["+string(made.Entry)+"]"
		}
		c, err := config.Parse("callgate.yaml", []byte(text))
		if err != nil {
			t.Fatalf("the entry is not a configuration: %v", err)
		}
		want := []config.Caller{{Name: "sales-agent", Key: c.Callers[0].Key, Scopes: []string{"crm:read", "mail:draft", "*:*"}}}
		if !reflect.DeepEqual(c.Callers, want) {
			t.Errorf("got %+v, want %+v", c.Callers, want)
		}
		d, err := identity.New([]identity.Caller{{Name: c.Callers[0].Name, Key: c.Callers[0].Key, Scopes: c.Callers[0].Scopes}})
		if err != nil {
			t.Fatal(err)
		}
		who, err := d.Authenticate(http.Header{"Authorization": {"Bearer " + key}}, false)
		if err != nil || who.Name != "sales-agent" {
			t.Errorf("the key is of %+v, %v", who, err)
		}
		if strings.Contains(talk.String(), key) || strings.Contains(text, key) {
			t.Error("the key is repeated")
		}
	}
}

// TestClosedSetsAgree keeps alike what two rooms must each know by themselves.
func TestClosedSetsAgree(t *testing.T) {
	if !reflect.DeepEqual(config.Effects, identity.Effects) || !reflect.DeepEqual(config.Domains, identity.Domains) {
		t.Error("config and identity know different effects or domains")
	}
}
