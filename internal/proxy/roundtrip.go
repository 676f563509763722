package proxy

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// drained is how much of an answer that is not handed on is read, so that its connection can be used again.
const drained = 64 << 10

// call is one request on its way to the upstream.
type call struct {
	p    *Proxy
	r    *http.Request
	body *recording

	waited    time.Duration // for the API's limits
	pause     time.Duration // before the request is sent again
	refreshed bool          // the API has refused a token, and another one was asked for
	reattach  bool          // the request was attached anew
}

// RoundTrip implements http.RoundTripper for the reverse proxy: it authorizes, and repeats what may be repeated.
func (p *Proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	c := &call{p: p, r: r, body: record(r, p.o.MaxReplay, p.buffers)}
	for {
		if err := p.limits.pass(r.Context(), p.o.Clock, p.o.MaxWait, &c.waited); err != nil {
			return nil, err
		}
		token, err := p.o.Source.Token(r.Context(), "") // anew: a wait may have outlived the last one
		if err != nil {
			return nil, sourceError{err}
		}
		response, err := c.send(token)
		if err != nil {
			return nil, err
		}
		again, err := c.judge(token, response)
		if !again && err == nil {
			return response, nil
		}
		// Beside what follows: a body may never end. It ends with the request at the latest.
		go drop(response.Body)
		if err == nil && c.pause > 0 {
			err = p.o.Clock.Sleep(r.Context(), c.pause)
			c.pause = 0
		}
		if err != nil {
			return nil, err
		}
	}
}

// drop reads an answer's body to its end, so that its connection can be used again, unless it is a long one.
func drop(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, drained)
	_ = body.Close()
}

// send makes one attempt.
func (c *call) send(token Token) (*http.Response, error) {
	leave, err := token.Enter(c.r.Context())
	if err != nil {
		return nil, sourceError{err}
	}
	var connected atomic.Bool
	ctx := httptrace.WithClientTrace(c.r.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	r := c.r.Clone(ctx)
	c.body.attach(r)
	if err := token.Attach(r); err != nil {
		leave(false, 0)
		return nil, sourceError{err}
	}
	response, err := c.p.o.Transport.RoundTrip(r)
	if err != nil {
		sent := connected.Load()
		leave(sent, 0)
		return nil, upstreamError{err, sent}
	}
	leave(true, response.StatusCode)
	return response, nil
}

// judge says whether the request is to be sent again, and after which pause.
func (c *call) judge(token Token, response *http.Response) (again bool, err error) {
	p := c.p
	reattach := p.o.Source.Heard(response)
	switch {
	case reattach && !c.reattach:
		c.reattach = true
		return c.repeat(response, "the API wants another nonce in the proof"), nil
	case reattach: // which is no word about the token
		remark(response, "the API wants another nonce in the proof, again; the request was not repeated")
		return false, nil
	case response.StatusCode == http.StatusUnauthorized && c.refreshed:
		p.o.Source.Helped(token, false)
		return false, nil
	case response.StatusCode == http.StatusUnauthorized:
		c.refreshed = true
		return c.renewed(token, response)
	case c.refreshed:
		p.o.Source.Helped(token, true)
	}
	return c.limited(response), nil
}

// renewed asks for another token after a refusal. Where there is none, the caller gets the refusal.
func (c *call) renewed(token Token, response *http.Response) (again bool, err error) {
	better, err := c.p.o.Source.Token(c.r.Context(), token.ID)
	switch {
	case c.r.Context().Err() != nil:
		return false, c.r.Context().Err()
	case err != nil:
		why := c.p.o.Explain(err)
		c.p.o.Log.Warn("the API has refused an access token, and there is no other one", "detail", why.Detail)
		remark(response, "the access token was refused, and there is no other one: "+why.Title)
		return false, nil
	case better.ID == token.ID:
		return false, nil
	}
	return c.repeat(response, "the access token was refused, and there is another one now"), nil
}

// repeat tells whether the request can be sent again, which it then is; if not, it says so in the answer.
func (c *call) repeat(response *http.Response, why string) bool {
	if c.body.release() {
		return true
	}
	remark(response, why+"; the request was not repeated, since its body is longer than max_replay_bytes")
	return false
}

// limited obeys the limits of the API.
func (c *call) limited(response *http.Response) (again bool) {
	now := c.p.o.Clock.Now()
	at, refused := until(response, now)
	if at.IsZero() {
		return false
	}
	if at.Sub(now) <= c.p.o.MaxWait { // a limit that nobody waits for must not hide one that all wait for
		c.p.limits.note(at)
	}
	if !refused || response.StatusCode == http.StatusServiceUnavailable && !idempotent(c.r.Method) {
		return false
	}
	d := max(at.Sub(now), time.Second) // a server that says "at once" time and again must not be asked without a pause
	if c.waited+d > c.p.o.MaxWait {
		remark(response, "the API asks to wait longer than max_wait allows; the request was not repeated")
		return false
	}
	if !c.repeat(response, "the API asked to wait") {
		return false
	}
	c.waited, c.pause = c.waited+d, d
	return true
}

// idempotent tells whether sending a request twice is as good as once (RFC 9110 §9.2.2).
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}
