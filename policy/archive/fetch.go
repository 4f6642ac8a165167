package archive

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"time"
)

// FetchTimeout is how long a request for a bundle may take where an Origin
// says nothing, its body included.
const FetchTimeout = 30 * time.Second

// MaxRedirects is how often a server may lead a request elsewhere on itself.
const MaxRedirects = 5

// Origin is where a bundle is fetched from. It is safe for concurrent use.
type Origin struct {
	URL     string
	Headers func() (http.Header, error) // sent with each request; nil for none
	Timeout time.Duration               // of one request; 0 means FetchTimeout
	client  *http.Client
}

// NewOrigin makes an origin with connections of its own. Close ends them.
func NewOrigin(address string, headers func() (http.Header, error)) *Origin {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // what is signed is the packed file
	return &Origin{URL: address, Headers: headers, client: &http.Client{Transport: transport, CheckRedirect: sameHost}}
}

// Close ends connections that are kept for later requests.
func (o *Origin) Close() { o.client.CloseIdleConnections() }

var errElsewhere = errors.New("redirected")

// sameHost keeps credentials, and the choice of who may be asked, where they
// were configured.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if len(before) > MaxRedirects || next.URL.Scheme != first.Scheme || next.URL.Host != first.Host || next.URL.User != nil {
		return errElsewhere
	}
	return nil
}

// Fetch asks for the bundle and gives it packed, with its ETag. It gives no
// bytes where the server says that the bundle of the given ETag, which may be
// empty, is the one it still has. No more than MaxBytes is held. The error is
// a *Fault.
func (o *Origin) Fetch(ctx context.Context, etag string) (raw []byte, tag string, err error) {
	timeout := o.Timeout
	if timeout == 0 {
		timeout = FetchTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := o.request(ctx, etag)
	if err != nil {
		return nil, "", err
	}
	response, err := o.client.Do(request)
	if err != nil {
		return nil, "", networkFault(err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && etag != "":
		return nil, etag, nil
	case response.StatusCode != http.StatusOK:
		return nil, "", fault(BadStatus, nil, "the server answers with status %d", response.StatusCode)
	case response.ContentLength > MaxBytes:
		return nil, "", tooLarge()
	}
	raw, err = io.ReadAll(io.LimitReader(response.Body, MaxBytes+1))
	if err != nil {
		return nil, "", networkFault(err)
	}
	if len(raw) > MaxBytes {
		return nil, "", tooLarge()
	}
	return raw, response.Header.Get("ETag"), nil
}

func (o *Origin) request(ctx context.Context, etag string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL, nil)
	if err != nil {
		return nil, fault(Unreachable, nil, "the address is malformed")
	}
	if o.Headers != nil {
		header, err := o.Headers()
		if err != nil {
			return nil, fault(Unreachable, err, "the headers of the request cannot be made")
		}
		maps.Copy(request.Header, header)
	}
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	return request, nil
}

// networkFault names what went wrong on the way. An address may hold a secret
// in its query, so the error's own text is left out where it repeats one.
func networkFault(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	var timeout net.Error
	switch {
	case errors.Is(err, errElsewhere):
		return fault(BadRedirect, nil, "the server leads to another host, or on and on")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fault(TimedOut, nil, "the server takes too long")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault(Truncated, nil, "the connection ends in the middle of the bundle")
	}
	return fault(Unreachable, err, "the server cannot be reached")
}
