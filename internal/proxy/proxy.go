// Package proxy gives programs of this machine an API that always carries a fresh access token: a reverse proxy on loopback, for one
// run.
//
// Start makes it. It knows nothing of refresh tokens: whoever starts it hands over a Source, which gives access tokens and decides
// when another one is to be had. The package adds to net/http/httputil what an access token needs: who may use it, where it may go,
// what is repeated after a refusal, and how long is waited where the API asks for it. It is no gateway: it listens on loopback only,
// has one upstream, and does not read bodies.
package proxy

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Token is an access token as a Source gives it.
type Token struct {
	ID string // tells it from others; no secret
	// Attach puts it into the header of a request that is about to be sent.
	Attach func(*http.Request) error
	// Enter asks whether a request with it may be sent now. leave is called when the answer is there: sent says whether the API may have
	// seen the request; status is 0 where no answer came.
	Enter func(ctx context.Context) (leave func(sent bool, status int), err error)
}

// Source gives access tokens. Its methods are called from many goroutines.
type Source interface {
	// Token returns one that works as far as is known. rejected is the ID of one that the API has just refused; empty: none. The
	// same one again means that no better one is to be had for now.
	Token(ctx context.Context, rejected string) (Token, error)
	// Heard takes in the head of an answer. again says that the request was refused, and would not be if it was attached anew.
	Heard(r *http.Response) (again bool)
	// Helped notes whether the API took a token that it got after it had refused another one.
	Helped(t Token, helped bool)
}

// Clock is the proxy's only source of time.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// Options are what a proxy works with. All but Log are required.
type Options struct {
	Upstream  *url.URL // of ParseUpstream
	Source    Source
	Transport http.RoundTripper // must not follow redirects
	Clock     Clock
	Random    io.Reader
	Log       *slog.Logger
	MaxReplay int64         // bodies are repeated up to this, in bytes
	MaxWait   time.Duration // one request waits as long as this in all, where the API asks for it
	// Explain puts an error of Source into words.
	Explain func(error) Answer
}

const (
	readHeader = 10 * time.Second
	idle       = 2 * time.Minute
	grace      = 5 * time.Second // for what is under way when the proxy is closed
	copyBuffer = 32 << 10
)

// Proxy is one that runs. Close ends it.
type Proxy struct {
	o       Options
	bearer  secret.String
	sum     [sha256.Size]byte // of bearer
	host    string            // where it listens
	server  *http.Server
	reverse *httputil.ReverseProxy
	buffers *buffers
	limits  limits
	end     context.CancelFunc // of all that is under way
	over    chan struct{}      // closed when nothing is accepted any more
}

// Start listens on a port of 127.0.0.1 that the system chooses, and serves in the background until Close.
func Start(o Options) (*Proxy, error) {
	var raw [32]byte
	if _, err := io.ReadFull(o.Random, raw[:]); err != nil {
		return nil, fmt.Errorf("reading randomness: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening on 127.0.0.1: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, end := context.WithCancel(context.Background())
	p := &Proxy{
		o: o, bearer: secret.New(base64.RawURLEncoding.EncodeToString(raw[:])), host: listener.Addr().String(),
		buffers: &buffers{}, end: end, over: make(chan struct{}),
	}
	p.sum = sha256.Sum256([]byte(p.bearer.Reveal()))
	silent := log.New(io.Discard, "", 0) // what net/http writes there may quote headers
	p.reverse = &httputil.ReverseProxy{
		Rewrite: p.rewrite, Transport: p, FlushInterval: -1, ErrorLog: silent, BufferPool: p.buffers,
		ModifyResponse: p.modify, ErrorHandler: p.fail,
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	p.server = &http.Server{
		Handler: p, Protocols: &protocols, ErrorLog: silent, ReadHeaderTimeout: readHeader, IdleTimeout: idle,
		DisableGeneralOptionsHandler: true, // or "OPTIONS *" is answered without the bearer
		BaseContext:                  func(net.Listener) context.Context { return ctx },
	}
	go func() {
		defer close(p.over)
		if err := p.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.o.Log.Error("the API proxy ended by itself", "error", err)
		}
	}()
	return p, nil
}

// URL is where the upstream is to be found through the proxy. It has no path: what is asked for below it is asked for below the
// upstream.
func (p *Proxy) URL() string { return "http://" + p.host }

// Bearer is what a request has to bring to be answered.
func (p *Proxy) Bearer() secret.String { return p.bearer }

// Close stops listening, lets what is under way end for a short time or until ctx ends, cuts the rest off, and returns when nothing
// runs any more. It may be called again.
func (p *Proxy) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := p.server.Shutdown(ctx); err != nil {
		p.o.Log.Info("requests through the API proxy were cut off", "error", err)
	}
	p.end()
	_ = p.server.Close() // there is nobody left to tell
	<-p.over
	if t, ok := p.o.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a := p.refuse(r); a != nil {
		a.write(w, p.o.Clock.Now())
		return
	}
	// By itself the server throws the rest of the body away when an answer begins, also what is being read here at that moment. HTTP/2
	// has no use for it, and says so.
	_ = http.NewResponseController(w).EnableFullDuplex()
	p.reverse.ServeHTTP(w, r)
}

// refuse says why a request is not for the upstream; nil: it is.
func (p *Proxy) refuse(r *http.Request) *Answer {
	switch {
	case r.Method == http.MethodConnect:
		return refused(http.StatusMethodNotAllowed, "CONNECT asks for a tunnel",
			"This is the reverse proxy of one API, not a proxy for all of them: send it plain requests.")
	case r.Method == http.MethodTrace: // RFC 9110 §9.3.8: what comes back is what was sent, the access token with it
		return refused(http.StatusMethodNotAllowed, "TRACE asks for the request itself",
			"Its answer would show the access token: look at what the program sends instead.")
	case r.URL.IsAbs() || r.URL.Host != "" || !strings.HasPrefix(r.URL.Path, "/"):
		return refused(http.StatusBadRequest, "The request names a whole URL, as is done to a forward proxy",
			"Send requests to the url of oauth_api_proxy, and do not set it as HTTP_PROXY.")
	case !p.isHost(r.Host):
		return refused(http.StatusMisdirectedRequest, "The Host header names another host",
			"Send requests to the url of oauth_api_proxy as it is: it answers under 127.0.0.1 only.")
	case fromBrowser(r.Header):
		return refused(http.StatusForbidden, "The request comes from a browser (Origin or Sec-Fetch-…)",
			"The proxy is for the programs of a run, and answers no page.")
	case !p.isBearer(r.Header.Values("Authorization")):
		a := refused(http.StatusUnauthorized, "The request does not bring the bearer of this proxy",
			"Send the bearer of oauth_api_proxy as \"Authorization: Bearer …\", or as the password of Basic authentication. "+
				"The proxy puts the access token in its place.")
		a.challenge = true
		return a
	case climbs(r.URL):
		return refused(http.StatusBadRequest, "The path has a segment \"..\"",
			"Ask for the path itself: the proxy lets nobody out of the upstream's path.")
	}
	return nil
}

// isHost keeps pages out that have had their own name resolved to this machine (DNS rebinding).
func (p *Proxy) isHost(host string) bool {
	_, port, _ := net.SplitHostPort(p.host)
	return host == p.host || strings.EqualFold(host, "localhost:"+port)
}

// fromBrowser goes by headers that a page cannot leave out. Sec-Fetch-Mode alone is sent by Node.js, too.
func fromBrowser(h http.Header) bool {
	for _, name := range []string{"Origin", "Sec-Fetch-Site", "Sec-Fetch-Dest", "Sec-Fetch-User"} {
		if len(h.Values(name)) > 0 {
			return true
		}
	}
	return false
}

func (p *Proxy) isBearer(values []string) bool {
	if len(values) != 1 {
		return false
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	text = strings.TrimLeft(text, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
	case strings.EqualFold(scheme, "Basic"): // for programs that know nothing else; the user name is free
		raw, err := base64.StdEncoding.DecodeString(text)
		_, password, ok := strings.Cut(string(raw), ":")
		if err != nil || !ok {
			return false
		}
		text = password
	default:
		return false
	}
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], p.sum[:]) == 1
}

// rewrite turns a request for the proxy into one for the upstream. httputil has taken out hop-by-hop headers and those about the
// way (RFC 7239) by now; none is added.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL, r.Out.Host = below(p.o.Upstream, r.In.URL), ""
	r.Out.Trailer = r.In.Trailer // which is filled when the body has been read
	r.Out.Header.Del("Authorization")
	r.Out.Header.Del("DPoP")
	if asksForH2C(r.Out.Header) { // of this proxy, which declines: past it nobody would put a token into requests
		r.Out.Header.Del("Upgrade")
		r.Out.Header.Del("Connection")
		r.Out.Header.Del("HTTP2-Settings")
	}
}

// asksForH2C tells whether a request tries HTTP/2 on its connection (RFC 7540 §3.2, which RFC 9113 took back).
func asksForH2C(h http.Header) bool {
	for protocol := range strings.SplitSeq(h.Get("Upgrade"), ",") {
		if strings.EqualFold(strings.TrimSpace(protocol), "h2c") {
			return true
		}
	}
	return false
}

// modify fits the head of an answer to the place where it is read.
func (p *Proxy) modify(r *http.Response) error {
	for _, name := range []string{"Alt-Svc", "Strict-Transport-Security", "DPoP-Nonce"} { // they are about the upstream's own address
		r.Header.Del(name)
	}
	p.relocate(r)
	return nil
}

// fail answers a request that got no answer from the upstream.
func (p *Proxy) fail(w http.ResponseWriter, r *http.Request, err error) {
	a := p.explain(r, err)
	p.o.Log.Info("the API proxy answers by itself", "method", r.Method, "status", a.Status, "title", a.Title)
	a.write(w, p.o.Clock.Now())
}

// buffers lends the buffers that bodies are copied with.
type buffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, copyBuffer)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
