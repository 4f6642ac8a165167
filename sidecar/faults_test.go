package sidecar

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	_ "modernc.org/sqlite" // the driver with which a test locks the record

	"callgate/sidecar/audit"
	"callgate/sidecar/config"
)

// TestLockedRecord: while somebody else holds the record nothing is forwarded
// and readyz says so; afterwards the same sidecar serves again by itself.
func TestLockedRecord(t *testing.T) {
	forwarded := make(chan struct{}, 16)
	r := run(t, func(c *config.Config) {
		c.Record.WriteTimeout = 200 * time.Millisecond
		c.Servers = map[string]config.Server{"notes": {URL: office(t, func(w http.ResponseWriter, r *http.Request, message gjson.Result) {
			forwarded <- struct{}{}
			says("hello")(w, r, message)
		})}}
	})
	if _, answer := post(t, r.url+"/mcp/notes", getNote); gjson.Get(answer, "result.content.0.text").Str != "hello" {
		t.Fatalf("before: %s", answer)
	}
	release := lock(t, r.State())
	_, answer := post(t, r.url+"/mcp/notes", getNote)
	told := gjson.Get(answer, `result._meta.callgate/decision`)
	if told.Get("code").Str != "record_unavailable" || told.Get("record").Str != "" || len(forwarded) != 1 {
		t.Errorf("locked: %s; forwarded %d times", answer, len(forwarded))
	}
	if status, _ := get(t, r.url+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("locked: readyz says %d", status)
	}
	release()
	if _, answer := post(t, r.url+"/mcp/notes", getNote); gjson.Get(answer, "result.content.0.text").Str != "hello" {
		t.Errorf("after: %s", answer)
	}
	if status, _ := get(t, r.url+"/readyz"); status != http.StatusOK {
		t.Errorf("after: readyz says %d", status)
	}
}

// lock takes the writer's lock of a record, as another process could.
func lock(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, request)
}

// endless is a body without an end.
type endless struct{ started bool }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	if !e.started {
		e.started = true
		p[0] = '"'
	}
	return len(p), nil
}

// TestEndlessBody: a body without an end is refused at the cap, recorded, and
// read no further than a bound.
func TestEndlessBody(t *testing.T) {
	r := run(t, func(c *config.Config) {
		c.Servers = map[string]config.Server{"notes": {URL: office(t, says("hello"))}}
	})
	for _, path := range []string{"/mcp/notes", "/v1/decide"} {
		body := &endless{}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		// The client may see the answer or the end of the connection first.
		if response, err := http.DefaultClient.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if response.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: status %d", path, response.StatusCode)
			}
		}
		if record := r.last(t); record.Code != "too_large" || record.End.Outcome != audit.Refused {
			t.Errorf("%s: recorded %s, %s", path, record.Code, record.End.Outcome)
		}
	}
	if _, answer := post(t, r.url+"/mcp/notes", getNote); gjson.Get(answer, "result.content.0.text").Str != "hello" {
		t.Errorf("afterwards: %s", answer)
	}
}

// TestClientGoesAway: a client that disconnects in the middle of a call ends the
// call at the server too, and the record says that it was cancelled.
func TestClientGoesAway(t *testing.T) {
	reached, ended := make(chan struct{}), make(chan struct{})
	r := run(t, func(c *config.Config) {
		c.Servers = map[string]config.Server{"notes": {URL: office(t, func(_ http.ResponseWriter, r *http.Request, _ gjson.Result) {
			close(reached)
			<-r.Context().Done()
			close(ended)
		})}}
	})
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/mcp/notes", strings.NewReader(getNote))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			t.Error("answered a client that is gone")
		}
	}()
	<-reached
	leave()
	<-gone
	<-ended
	for record, err := range r.Firewall.Record.Follow(t.Context(), audit.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if record.End.Outcome == audit.Cancelled && record.Decision == "allow" && record.End.Code == "cancelled" {
			return
		}
		if record.End.Outcome != audit.Pending {
			t.Fatalf("ended as %s (%s)", record.End.Outcome, record.End.Code)
		}
	}
}
