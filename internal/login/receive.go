package login

import (
	"context"
	"crypto/subtle"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

type listener = net.Listener

// Bounds of what a browser may send, and of how long the page stays.
const (
	maxHeader   = 32 << 10
	readTimeout = 10 * time.Second
	lingering   = 5 * time.Second         // for a browser that has been sent to the page and has not fetched it
	settling    = 1500 * time.Millisecond // for a second tab, or a reload
	closing     = 2 * time.Second
)

// receiver serves the redirect URI. The first answer with the state that was asked for is taken, and no second one: whatever comes
// with that state later, as by a reload, is shown the same outcome. Anything else changes nothing.
type receiver struct {
	target  target
	state   secret.String
	name    string
	take    func(oauth.Callback) (Outcome, error)
	ignored func(why string) // an answer came that is of no use

	server  *http.Server
	serving sync.WaitGroup

	mu     sync.Mutex
	taken  bool          // an answer was taken, or none is any more
	owed   int           // browsers that were sent to the page and have not fetched it
	seen   chan struct{} // gets a value when the page was shown to all of them
	warned int

	done    chan struct{} // closed when outcome and err are there
	outcome Outcome
	err     error
}

func newReceiver(t target, state, name string) *receiver {
	return &receiver{target: t, state: secret.New(state), name: name, done: make(chan struct{}), seen: make(chan struct{}, 1)}
}

func (x *receiver) serve(listeners []listener) {
	x.server = &http.Server{
		Handler: x, MaxHeaderBytes: maxHeader, ReadTimeout: readTimeout, IdleTimeout: readTimeout,
		ErrorLog: log.New(io.Discard, "", 0), // it would quote what browsers send
	}
	for _, l := range listeners {
		x.serving.Go(func() { _ = x.server.Serve(l) }) // it ends with close
	}
}

// close ends the server. A browser that holds a connection open is not waited for.
func (x *receiver) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if x.server.Shutdown(ctx) != nil {
		_ = x.server.Close() // what is left are connections that nobody uses
	}
	x.serving.Wait()
}

// refuse takes no answer from now on. It returns true if one was taken already.
func (x *receiver) refuse() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	was := x.taken
	x.taken = true
	return was
}

// linger gives browsers time to fetch the page with the outcome: shortly where the run was asked to end.
func (x *receiver) linger(ctx context.Context, clock credential.Clock) {
	patience, parent := lingering, ctx
	if ctx.Err() != nil {
		patience, parent = settling, context.WithoutCancel(ctx)
	}
	bound, cancel := context.WithCancel(parent)
	defer cancel()
	slept := make(chan struct{})
	go func() {
		defer close(slept)
		_ = clock.Sleep(bound, patience) // whatever ends it
	}()
	select {
	case <-x.seen:
		cancel()
		<-slept
		_ = clock.Sleep(ctx, settling) // likewise
	case <-slept:
	}
}

// ServeHTTP answers a browser.
func (x *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !x.meant(r.Host): // a name that somebody has made to point here (DNS rebinding)
		x.plain(w, http.StatusMisdirectedRequest)
	case r.URL.EscapedPath() != x.target.path:
		x.plain(w, http.StatusNotFound)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		x.plain(w, http.StatusMethodNotAllowed)
	case r.ContentLength != 0:
		x.plain(w, http.StatusBadRequest)
	default:
		x.answer(w, r)
	}
}

// meant tells whether a request was addressed to the redirect URI's own host.
func (x *receiver) meant(host string) bool {
	host = strings.ToLower(host)
	return host == x.target.address() || x.target.port == "80" && host == strings.TrimSuffix(x.target.address(), ":80")
}

func (x *receiver) answer(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if !query.Has("code") && !query.Has("error") {
		x.status(w)
		return
	}
	cb, err := oauth.ParseCallback(secret.New("http://" + r.Host + r.URL.RequestURI()))
	cb = x.withoutState(cb)
	switch {
	case err != nil:
		x.warn("An answer came that is none: " + plainWords(err) + ".")
		show(w, http.StatusBadRequest, unusablePage(x.name))
		return
	case cb.State == "" && cb.Error != "": // some servers refuse without it; so does anybody who knows the port
		x.warn("The answer " + cb.Error + " came, which does not say what request it belongs to.")
		show(w, http.StatusBadRequest, statelessPage(x.name, cb))
		return
	case subtle.ConstantTimeCompare([]byte(cb.State), []byte(x.state.Reveal())) != 1:
		x.warn("An answer came that belongs to another request.")
		show(w, http.StatusBadRequest, foreignPage(x.name))
		return
	}
	x.once(cb)
	select {
	case <-x.done:
	case <-r.Context().Done():
		return
	}
	x.owe(1)
	// The address with code and state leaves the browser: a redirect is no entry of its history, and needs no script.
	head(w)
	w.Header().Set("Location", "http://"+r.Host+x.target.path) // a path may begin with two slashes, which alone would name a host
	w.WriteHeader(http.StatusSeeOther)
}

// withoutState takes the state out of the words of an error, which pages and warnings show.
func (x *receiver) withoutState(cb oauth.Callback) oauth.Callback {
	for _, words := range []*string{&cb.Error, &cb.ErrorDescription, &cb.ErrorURI} {
		*words = strings.ReplaceAll(*words, x.state.Reveal(), secret.Redacted)
	}
	return cb
}

// once takes an answer unless one was taken. Whoever brought it may close the browser: it goes on.
func (x *receiver) once(cb oauth.Callback) {
	if x.refuse() {
		return
	}
	x.serving.Go(func() {
		defer close(x.done)
		x.outcome, x.err = x.take(cb)
	})
}

// status shows how things stand.
func (x *receiver) status(w http.ResponseWriter) {
	select {
	case <-x.done:
		show(w, http.StatusOK, outcomePage(x.name, x.outcome, x.err))
		x.owe(-1)
	default:
		show(w, http.StatusOK, waitingPage(x.name))
	}
}

// owe counts the pages that browsers have still to fetch.
func (x *receiver) owe(n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.owed += n; n < 0 && x.owed <= 0 {
		x.owed = 0
		select {
		case x.seen <- struct{}{}:
		default:
		}
	}
}

// maxWarnings bounds how often a run tells of answers that are not its own.
const maxWarnings = 3

func (x *receiver) warn(why string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.warned++; x.warned <= maxWarnings && x.ignored != nil {
		x.ignored(why)
	}
}

func (x *receiver) plain(w http.ResponseWriter, status int) {
	head(w)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, http.StatusText(status)+"\n") // a browser that has gone needs no page
}
