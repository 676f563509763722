package oauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// MaxBody is how much of a reply is read, in bytes.
const MaxBody = 1 << 20

// ErrReplyTooLong is the error of a reply that was cut at MaxBody.
var ErrReplyTooLong = errors.New("the reply is longer than 1 MiB")

// Request is one form POST to a token-like endpoint, or one call about a registration (see RegisterRequest and its like).
type Request struct {
	Endpoint string // see CheckEndpoint; its query is kept (RFC 6749 §3.2)
	Auth     ClientAuth
	Form     Form
	Proof    Proof // of the key that the tokens are, or are to be, bound to
	// manages, if set, takes the place of Auth and Form.
	manages *managing
	// BeforeSend, if set, is called at most once, at the first Read of the body: the connection is ready, and nothing has
	// gone out yet. An error there means that nothing will. It must not block.
	BeforeSend func() error
}

// Reply is what came back. A reply without status line or with half a body is still a Reply.
type Reply struct {
	// Sent tells whether the transport read the request's body, so that the server may have acted. No other rule decides
	// this: not the kind of error, and not even a status.
	Sent   bool
	Status int           // 0: no status line arrived
	Header http.Header   // nil without a status line
	Body   secret.String // as received, at most MaxBody
	// Err is what went wrong on the way, without secrets; with a Status it means that the body was cut. If BeforeSend
	// refused, it is that error. errors.Is finds ErrRequest, context.Canceled and context.DeadlineExceeded.
	Err error

	// For Judge: what the client proved itself with is not to be shown, and is judged by clocks.
	method    string // of the client authentication; empty: it was another proof
	assertion secret.String
	proved    bool      // so is a DPoP proof
	at        time.Time // by the clock here
}

// Post sends r exactly once, by its method: it never tries again and never follows a redirect. It returns when the whole reply has been
// read, the timeout is over or ctx ends. With Sent false nothing will be sent later either.
func (c *Caller) Post(ctx context.Context, r Request) Reply {
	if err := CheckEndpoint(r.Endpoint, c.allowInsecureHTTP); err != nil {
		return Reply{Err: err}
	}
	if err := r.check(); err != nil {
		return Reply{Err: err}
	}
	certificate, err := r.Auth.certificate()
	if err == nil && certificate != nil && !TakesCertificate(r.Endpoint) {
		err = endpointError("a certificate can be shown to https:// only")
	}
	if err != nil {
		return Reply{Err: err}
	}
	ctx, cancel := withRunningTime(showing(ctx, certificate), c.timeout)
	defer cancel()
	form := r.values()
	request, body, assertion, err := c.request(ctx, r, form)
	if err != nil {
		return Reply{Err: err}
	}

	// Straight to the transport: http.Client would follow redirects, and puts the URL into its errors.
	response, err := c.transport.RoundTrip(request)
	sent, refusal := body.settle()
	reply := Reply{Sent: sent, Err: refusal, method: r.authMethod(), assertion: assertion, proved: !r.Proof.Key.IsEmpty(), at: c.moment().now}
	switch {
	case response == nil && err == nil:
		err = errors.New("the transport returned nothing")
	case response != nil:
		reply.Status, reply.Header = response.StatusCode, response.Header
		reply.Body, err = readBody(response.Body)
	}
	if reply.Err == nil && err != nil {
		reply.Err = safeError(err, sent, request, form)
	}
	if reply.Err == nil && !sent {
		reply.Err = errors.New("an answer came before anything was sent")
	}
	return reply
}

// moment is that of a call which begins now.
func (c *Caller) moment() moment {
	m := moment{within: c.timeout, random: c.random}
	if c.now != nil {
		m.now = c.now()
	}
	return m
}

func (c *Caller) request(ctx context.Context, r Request, form url.Values) (*http.Request, *gatedBody, secret.String, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Endpoint, nil)
	if err != nil { // its text quotes the URL
		return nil, nil, secret.String{}, endpointError("it is not a URL")
	}
	var text string
	var assertion secret.String
	if r.manages != nil {
		text = r.manages.apply(request)
	} else {
		if assertion, err = r.Auth.apply(request.Header, form, r.Endpoint, c.moment()); err != nil {
			return nil, nil, secret.String{}, err
		}
		text = form.Encode()
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if err := r.Proof.attach(request, secret.String{}, c.moment()); err != nil {
		return nil, nil, secret.String{}, err
	}
	body := &gatedBody{before: r.BeforeSend, text: strings.NewReader(text)}
	// GetBody stays nil: with it, the transport could send the body again.
	request.Body, request.ContentLength = body, int64(len(text))
	request.Header.Set("Accept", "application/json")
	// Without this header any coding would do (RFC 9110 §12.5.3).
	request.Header.Set("Accept-Encoding", "identity")
	if c.userAgent != "" {
		request.Header.Set("User-Agent", c.userAgent)
	}
	return request, body, assertion, nil
}

// readBody reads at most MaxBody. What was read before an error is returned with it.
func readBody(body io.ReadCloser) (secret.String, error) {
	if body == nil {
		return secret.String{}, nil
	}
	defer func() { _ = body.Close() }() // all that matters has been read
	text, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	if len(text) > MaxBody {
		text, err = text[:MaxBody], ErrReplyTooLong
	}
	return secret.New(string(text)), err
}
