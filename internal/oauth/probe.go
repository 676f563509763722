package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// ProbeReply is what a protected resource answered. Only its status counts: the body is not read.
type ProbeReply struct {
	Sent   bool  // the resource may have seen the request
	Status int   // 0: no status line arrived
	Err    error // what went wrong on the way, without secrets

	Nonce      string // for the next proof (RFC 9449 §9); empty: none was given
	WantsNonce bool   // it refuses the request for want of that alone, and says nothing about the token
}

// Rejected tells whether the resource does not take the token (RFC 6750 §3.1), and Accepted whether it does. Any other answer
// says nothing about it: 403 is about what the token may do.
func (r ProbeReply) Rejected() bool { return r.Status == http.StatusUnauthorized && !r.WantsNonce }

// Accepted is the other half of Rejected.
func (r ProbeReply) Accepted() bool { return r.Status >= 200 && r.Status < 300 }

// Probe asks a protected resource whether it takes an access token: one GET with the token in its header (RFC 6750 §2.1,
// RFC 9449 §7.1).
// It follows no redirect, which would take the token elsewhere, and goes where a call to a token endpoint may go.
func (c *Caller) Probe(ctx context.Context, resource string, access Access) ProbeReply {
	ctx, cancel := withRunningTime(ctx, c.timeout)
	defer cancel()
	response, sent, err := c.get(ctx, resource, access, "*/*")
	reply := ProbeReply{Sent: sent, Err: err}
	if response != nil {
		_ = response.Body.Close() // what it holds is nobody's business
		reply.Status = response.StatusCode
		reply.Nonce, reply.WantsNonce = ProofNonce(response.Header), wantsNonce(response.StatusCode, response.Header)
	}
	return reply
}

// tokenInURL stands for the access token in the URL of a look-up.
const tokenInURL = "{access_token}"

// LookUp reads a protected resource: as Probe, but its body matters. Where the URL holds {access_token}, the token goes there
// and into no header. Nothing of it gets into an error.
func (c *Caller) LookUp(ctx context.Context, resource string, access Access) Reply {
	ctx, cancel := withRunningTime(ctx, c.timeout)
	defer cancel()
	header := access
	if strings.Contains(resource, tokenInURL) {
		resource, header = strings.ReplaceAll(resource, tokenInURL, url.QueryEscape(access.Token.Reveal())), Access{}
	}
	response, sent, err := c.get(ctx, resource, header, "application/json", access.Token) //nolint:bodyclose // readBody closes it
	reply := Reply{Sent: sent, Err: err}
	if response != nil {
		reply.Status, reply.Header = response.StatusCode, response.Header
		if reply.Body, err = readBody(response.Body); err != nil {
			reply.Err = errors.New("the answer is not complete")
		}
	}
	return reply
}

// get sends one GET. sent tells whether the resource may have seen it; errors hold neither token nor hidden.
func (c *Caller) get(
	ctx context.Context, resource string, access Access, accept string, hidden ...secret.String,
) (response *http.Response, sent bool, err error) {
	if err := CheckEndpoint(resource, c.allowInsecureHTTP); err != nil {
		return nil, false, err
	}
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, resource, nil)
	if err != nil { // its text quotes the URL
		return nil, false, endpointError("it is not a URL")
	}
	if err := c.Present(request, access); err != nil {
		return nil, false, err
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Accept-Encoding", "identity")
	if c.userAgent != "" {
		request.Header.Set("User-Agent", c.userAgent)
	}
	response, err = c.transport.RoundTrip(request) // see Post
	sent = connected.Load() || response != nil
	switch {
	case response != nil:
		return response, sent, nil
	case err == nil:
		return nil, sent, errors.New("the transport returned nothing")
	}
	secrets := url.Values{"access_token": {access.Token.Reveal()}}
	for _, s := range hidden {
		secrets.Add("access_token", s.Reveal())
	}
	return nil, sent, safeError(err, sent, request, secrets)
}

// Present puts an access token into the header of a request, with a proof of that request if there is a key. Without a token the
// request stays as it is.
func (c *Caller) Present(request *http.Request, access Access) error {
	if access.Token.IsEmpty() {
		return nil
	}
	scheme := "Bearer"
	if !access.Proof.Key.IsEmpty() {
		scheme = TokenTypeDPoP
	}
	request.Header.Set("Authorization", scheme+" "+access.Token.Reveal())
	return access.Proof.attach(request, access.Token, c.moment())
}
