package sidecar

import (
	"net/http"
	"slices"
	"time"
)

// paced is an answer whose client has to read on. Without that, clients that
// stop reading would hold the places of calls for ever.
type paced struct {
	http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
}

// paceBytes is how much has to be read within the limit.
const paceBytes = 64 << 10

// pace gives each part of an answer a time limit of its own.
func pace(w http.ResponseWriter, limit time.Duration) http.ResponseWriter {
	p := &paced{ResponseWriter: w, control: http.NewResponseController(w), limit: limit}
	p.extend()
	return p
}

// extend starts the time for the next part. A transport without deadlines, such
// as a test recorder, has none.
func (p *paced) extend() { _ = p.control.SetWriteDeadline(time.Now().Add(p.limit)) }

// WriteHeader is that of http.ResponseWriter.
func (p *paced) WriteHeader(status int) {
	p.extend()
	p.ResponseWriter.WriteHeader(status)
}

// Write is that of http.ResponseWriter.
func (p *paced) Write(body []byte) (int, error) {
	written := 0
	for part := range slices.Chunk(body, paceBytes) {
		p.extend()
		n, err := p.ResponseWriter.Write(part)
		if written += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

// Unwrap leads an http.ResponseController to the connection.
func (p *paced) Unwrap() http.ResponseWriter { return p.ResponseWriter }
