package proxy

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// name is this proxy in Proxy-Status (RFC 9209).
const name = "terraform-provider-oauth"

// Answer is what the proxy says by itself, as a problem of RFC 9457. It holds no secret.
type Answer struct {
	Status int
	Title  string
	Detail string    // what was tried; whether the credential still works; what to do
	Again  time.Time // when it is worth trying again; zero: not by waiting

	kind      string // the error of RFC 9209 §2.3
	challenge bool
}

// refused is the answer to a request that was sent nowhere.
func refused(status int, why, instead string) *Answer {
	return &Answer{
		Status: status, Title: "Request Refused by oauth_api_proxy", kind: "http_request_denied",
		Detail: why + ". Nothing was sent to the API, and the credential still works. " + instead,
	}
}

func (a Answer) write(w http.ResponseWriter, now time.Time) {
	h := w.Header()
	clear(h)
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	kind := a.kind
	if kind == "" {
		kind = "proxy_internal_response"
	}
	h.Set("Proxy-Status", name+"; error="+kind)
	if a.challenge {
		h.Set("WWW-Authenticate", `Bearer realm="oauth_api_proxy", Basic realm="oauth_api_proxy"`)
	}
	if d := a.Again.Sub(now); !a.Again.IsZero() && d > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
	}
	w.WriteHeader(a.Status)
	text := json.NewEncoder(w)
	text.SetEscapeHTML(false) // programs print it as it is
	_ = text.Encode(struct {  // who does not read it any more has gone
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", a.Title, a.Status, a.Detail})
}

// remark adds to an answer of the upstream what the proxy did not do (RFC 9209 §2.1.7). The text is the proxy's own.
func remark(r *http.Response, text string) {
	r.Header.Add("Proxy-Status", fmt.Sprintf("%s; received-status=%d; details=%q", name, r.StatusCode, text))
}

// sourceError is one that Source has returned.
type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }

// upstreamError is one of the way to the upstream.
type upstreamError struct {
	error
	sent bool // the upstream may have seen the request
}

func (e upstreamError) Unwrap() error { return e.error }

// explain puts an error into an answer.
func (p *Proxy) explain(r *http.Request, err error) Answer {
	var ofSource sourceError
	upstream := p.o.Upstream.Host
	switch {
	case r.Context().Err() != nil:
		return Answer{
			Status: http.StatusServiceUnavailable, Title: "Unable to Reach the API", kind: "connection_terminated",
			Detail: "The request was given up, or the run that this proxy belongs to is ending. The credential still works. Run again.",
		}
	case errors.As(err, &ofSource):
		return p.o.Explain(ofSource.error)
	}
	a := Answer{Status: http.StatusBadGateway, Title: "Unable to Reach the API", kind: "connection_terminated"}
	if isTimeout(err) {
		a.Status, a.kind = http.StatusGatewayTimeout, "connection_timeout"
	}
	var onTheWay upstreamError
	what := "The request was sent to %s, or was about to be, and no answer came: %s. The API may have acted on it."
	known := errors.As(err, &onTheWay)
	if known && !onTheWay.sent {
		what = "The request was to be sent to %s, and no connection came about: %s. Nothing was sent to the API."
		if a.kind == "connection_terminated" {
			a.kind = "destination_unavailable"
		}
	}
	a.Detail = fmt.Sprintf(what, upstream, safe(err, known && !onTheWay.sent)) +
		" The credential still works. Check the network, upstream and HTTPS_PROXY, then run again."
	return a
}

func isTimeout(err error) bool {
	timeout := net.Error(nil)
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// safe is an error's text, if it is known to quote neither request nor answer. Before there is a connection it has nothing to quote.
func safe(err error, unconnected bool) string {
	if e := (*net.OpError)(nil); errors.As(err, &e) {
		return e.Error()
	}
	if e := (*net.DNSError)(nil); errors.As(err, &e) {
		return e.Error()
	}
	if e := (*tls.CertificateVerificationError)(nil); errors.As(err, &e) {
		return strings.TrimPrefix(e.Error(), "tls: ")
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection was closed"
	}
	if unconnected {
		return err.Error()
	}
	return "the answer is not readable as HTTP, or the connection failed"
}
