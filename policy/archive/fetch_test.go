package archive

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// from is an origin at a server of the test.
func from(t *testing.T, serve http.HandlerFunc) *Origin {
	t.Helper()
	s := httptest.NewServer(serve)
	t.Cleanup(s.Close)
	o := NewOrigin(s.URL+"/bundle.tar.gz?token=hidden", func() (http.Header, error) {
		return http.Header{"Authorization": {"Bearer hidden"}}, nil
	})
	t.Cleanup(o.Close)
	return o
}

// TestFetch: a bundle is fetched once, and asked for by its ETag then.
func TestFetch(t *testing.T) {
	raw := made(t, Label{Serial: 1}, nil)
	o := from(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hidden" {
			t.Errorf("headers %v", r.Header)
		}
		w.Header().Set("ETag", `"one"`)
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(raw)
	})
	got, tag, err := o.Fetch(t.Context(), "")
	if err != nil || !bytes.Equal(got, raw) || tag != `"one"` {
		t.Fatalf("got %d bytes, %q, %v", len(got), tag, err)
	}
	got, tag, err = o.Fetch(t.Context(), tag)
	if err != nil || got != nil || tag != `"one"` {
		t.Fatalf("got %d bytes, %q, %v", len(got), tag, err)
	}
	if got, _, err = o.Fetch(t.Context(), `"other"`); err != nil || got == nil {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
}

// endless is a body of a size that nobody could hold. It counts what was read.
type endless struct{ sent, size int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.sent >= e.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.size-e.sent))
	e.sent += int64(n)
	return n, nil
}

// TestFetchFails: whatever a server does, there is an answer in time, with a
// code and without what is secret.
func TestFetchFails(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") }))
	defer elsewhere.Close()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	until := func(r *http.Request) { <-r.Context().Done() }
	cases := []struct {
		name  string
		serve http.HandlerFunc
		code  Code
	}{
		{"not found", status(404), BadStatus},
		{"broken", status(500), BadStatus},
		{"nothing new, of nothing", status(304), BadStatus},
		{"no content", status(204), BadStatus},
		{"another host", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, BadRedirect},
		{"around in circles", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, BadRedirect},
		{"no header in time", func(_ http.ResponseWriter, r *http.Request) { until(r) }, TimedOut},
		{"no body in time", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			until(r)
		}, TimedOut},
		{"a byte too many", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, &endless{size: MaxBytes + 1}) }, TooLarge},
		{"200 MB, as said", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "200000000")
			_, _ = io.Copy(w, &endless{size: 200e6})
		}, TooLarge},
		{"no end", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, &endless{size: 1 << 60}) }, TooLarge},
		{"a cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "x")
		}, Truncated},
		{"no answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Unreachable},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := from(t, c.serve)
			if c.code == TimedOut {
				o.Timeout = 100 * time.Millisecond
			}
			raw, _, err := o.Fetch(t.Context(), "")
			if raw != nil || codeOf(err) != c.code || err == nil {
				t.Fatalf("got %d bytes, %v, want %s", len(raw), err, c.code)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
	down := httptest.NewServer(nil)
	down.Close()
	if _, _, err := NewOrigin(down.URL, nil).Fetch(t.Context(), ""); codeOf(err) != Unreachable || err == nil {
		t.Errorf("a server that is down: %v", err)
	}
	o := from(t, status(200))
	o.Headers = func() (http.Header, error) { return nil, context.Canceled }
	if _, _, err := o.Fetch(t.Context(), ""); codeOf(err) != Unreachable || err == nil {
		t.Errorf("no headers: %v", err)
	}
}

// TestFetchAtTheLimit takes what is as large as may be.
func TestFetchAtTheLimit(t *testing.T) {
	o := from(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, &endless{size: MaxBytes}) })
	if raw, _, err := o.Fetch(t.Context(), ""); err != nil || len(raw) != MaxBytes {
		t.Errorf("got %d bytes, %v", len(raw), err)
	}
}

// TestLargeBundlesAreNotHeld: 200 MB, whether fetched or in a file, cost no
// more memory than a bundle at the limit.
func TestLargeBundlesAreNotHeld(t *testing.T) {
	body := &endless{size: 200e6}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := slurp(body)
	runtime.ReadMemStats(&after)
	if codeOf(err) != TooLarge || body.sent > 2*MaxBytes {
		t.Errorf("read %d bytes, %v", body.sent, err)
	}
	if cost := after.TotalAlloc - before.TotalAlloc; cost > 8*MaxBytes {
		t.Errorf("allocated %d MiB", cost>>20)
	}
}
