package oauth

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
)

var errSettled = errors.New("the call has ended without reading its body")

// gatedBody is a request's body that knows whether it was read, and can be kept from being read. The transport reads it
// from a goroutine of its own, which may come late: after the call has returned.
type gatedBody struct {
	before func() error // may be nil
	text   *strings.Reader

	mu      sync.Mutex
	opened  bool  // Read was let through
	refused error // what before said
	settled error // set: Read is refused
}

// Read implements io.Reader.
func (b *gatedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.settled == nil && !b.opened && b.before != nil {
		b.refused = b.before()
		b.settled = b.refused
	}
	if b.settled != nil {
		return 0, b.settled
	}
	b.opened = true
	return b.text.Read(p)
}

// Close implements io.Closer. It ends nothing: whether the body was read is what settle says.
func (b *gatedBody) Close() error { return nil }

// settle ends the time in which the body may be opened. It tells whether it was, and the error of before, if any.
func (b *gatedBody) settle() (opened bool, refused error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.opened && b.settled == nil {
		b.settled = errSettled
	}
	return b.opened, b.refused
}

// wholeTransport sends a request in one piece, header and body, or not at all. By itself net/http sends the header and
// then asks for the body: an early answer could overtake the body, and a refused one would leave half a request.
type wholeTransport struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
//
// net/http keeps the header in its write buffer only if the body is a reader of a type that it knows. So it is given an
// empty one, which is filled at the last moment: in the hook between the writing of the header and that of the body. If
// the body refuses, or the hook never comes, the reader stays empty; then the body is shorter than its ContentLength,
// which is an error, and the buffer is thrown away.
func (t wholeTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t = t.shows(r)
	body := r.Body
	if body == nil { // there is nothing that could be apart from the header
		return t.send(r)
	}
	defer func() { _ = body.Close() }()
	if r.ContentLength == 0 {
		return t.sendBare(r, body)
	}
	memory := strings.NewReader("")
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{WroteHeaders: func() {
		if text, err := io.ReadAll(body); err == nil {
			memory.Reset(string(text))
		}
	}})
	whole := r.WithContext(ctx)
	whole.Body = io.NopCloser(memory)
	return t.send(whole)
}

// sendBare sends a request that has no content, if gate lets itself be read. There is no body whose refusal would stop
// net/http, so the connection is closed under it while the header still waits in the write buffer.
func (t wholeTransport) sendBare(r *http.Request, gate io.Reader) (*http.Response, error) {
	var conn net.Conn
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) { conn = got.Conn },
		WroteHeaders: func() {
			if _, err := io.ReadAll(gate); err != nil {
				_ = conn.Close()
			}
		},
	})
	bare := r.WithContext(ctx)
	bare.Body = nil
	return t.send(bare)
}

func (t wholeTransport) send(r *http.Request) (*http.Response, error) {
	response, err := t.Transport.RoundTrip(r)
	if err != nil {
		// net/http goes on connecting for a call that has ended, for as long as the server lets it hang. This ends that.
		t.CloseIdleConnections()
	}
	return response, err
}
