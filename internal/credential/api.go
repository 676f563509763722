package credential

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

const (
	briefPart = 4                // of the lifetime of an access token: the longest margin of a brief ask
	lookAfter = time.Minute      // what is at hand is compared with the store again, so that what others did shows
	spareTime = 2 * time.Second  // left to a token that is handed out while its successor is on its way
	firstRest = time.Second      // after the first failure; doubled with each further one
	mostRest  = 30 * time.Second // …up to this
	longRest  = time.Minute      // after an answer that asking again only repeats
	idleRest  = 30 * time.Second // after a refresh that did not help against a refusal of the API; doubled with each further one
	mostIdle  = time.Hour
)

// API is the use of one credential's access token for call after call of an API, for as long as the calls take. It keeps the token
// at hand for as long as Decide would serve it anyway, so that a call costs no look into the store. Everything else it asks the
// Manager. Its methods may be called from many goroutines.
type API struct {
	m   *Manager
	ask Ask
	get func(context.Context, Ask) (Result, error)

	mu      sync.Mutex
	now     Bearer        // at hand; the zero value: nothing is
	key     string        // of its record
	read    time.Duration // when, by the monotonic clock
	asking  chan struct{} // somebody asks the Manager until it is closed; nil: nobody does
	failed  error         // what the last question came to
	rest    time.Duration // nobody asks again before this
	fails   int           // in a row
	idle    int           // refreshes, in a row, after which the API refused again
	idled   string        // the token that the last of them brought
	idleEnd time.Duration // a refusal of the API causes no refresh before this

	notices []Notice // what a person has to be told of the time since Open
}

// Bearer is an access token for one call of an API.
type Bearer struct {
	ID     string // its SHA-256
	Record Record

	budgeted bool // its client has an error budget
}

// API returns the use of the token pair of that name.
func (m *Manager) API(name string, ask Ask) *API {
	return m.api(ask, func(ctx context.Context, ask Ask) (Result, error) { return m.Token(ctx, name, ask) })
}

// ClientAPI returns the use of a token that the client of s gets for itself.
func (m *Manager) ClientAPI(s Setup, ask Ask) *API {
	return m.api(ask, func(ctx context.Context, ask Ask) (Result, error) { return m.ClientToken(ctx, s, ask) })
}

func (m *Manager) api(ask Ask, get func(context.Context, Ask) (Result, error)) *API {
	return &API{m: m, ask: ask, get: get}
}

// Open gets the first token. What it returns is told to a person.
func (a *API) Open(ctx context.Context) (Result, error) {
	result, err := a.get(ctx, a.ask)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.learn(ctx, "", result, err)
	a.notices = nil // the caller has them
	return result, err
}

// Settle returns when nobody asks the Manager for this use any more: a request to the server that is under way is not left alone. Who
// asked must have given up by then, or wait for an answer himself.
func (a *API) Settle() {
	for {
		a.mu.Lock()
		asking := a.asking
		a.mu.Unlock()
		if asking == nil {
			return
		}
		<-asking
	}
}

// Told returns what a person has to be told of the time since Open: notices, and the error by which calls got no token to the
// end.
func (a *API) Told() ([]Notice, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	notices := slices.Clone(a.notices) // learn goes on with its own
	if a.lives() {
		return notices, nil
	}
	return notices, a.failed
}

// Token returns an access token for the next call. rejected is the ID of one that the API has just refused; empty: none. If the
// same one comes back without an error, there is no better one for now.
func (a *API) Token(ctx context.Context, rejected string) (Bearer, error) {
	for {
		a.mu.Lock()
		known, settled, err := a.atHand(rejected)
		asking := a.asking
		if !settled && asking == nil {
			a.asking = make(chan struct{})
		}
		a.mu.Unlock()
		switch {
		case settled:
			return known, err
		case asking == nil:
			return a.fetch(ctx, rejected)
		}
		select {
		case <-asking:
		case <-ctx.Done():
			return Bearer{}, ctx.Err()
		}
	}
}

// fetch asks the Manager, for all who wait for asking to be closed.
func (a *API) fetch(ctx context.Context, rejected string) (Bearer, error) {
	ask := a.ask
	ask.Rejected = rejected
	result, err := a.get(ctx, ask)

	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.asking)
	a.asking = nil
	a.learn(ctx, rejected, result, err)
	switch {
	case err == nil && rejected == a.now.ID: // it was refused, the refresh failed, and no clock condemns it
		return a.now, a.failed
	case err != nil && rejected != "":
		return a.now, err
	case err != nil && a.lives():
		return a.now, nil
	case err != nil:
		return Bearer{}, err
	}
	return a.now, nil
}

// atHand is what can be said without asking the Manager. settled is false where somebody has to ask, or does already.
func (a *API) atHand(rejected string) (known Bearer, settled bool, err error) {
	at := a.m.clock.Monotonic()
	refused := rejected != "" && rejected == a.now.ID
	switch {
	case refused:
		return a.now, at < a.idleEnd || at < a.rest, nil
	case a.now.ID != "" && at-a.read < lookAfter && a.wanted() == ActionFresh:
		return a.now, true, nil
	case (a.asking != nil || at < a.rest) && a.lives():
		return a.now, true, nil
	case a.asking == nil && a.failed != nil && at < a.rest:
		return Bearer{}, true, a.failed
	}
	return Bearer{}, false, nil
}

// wanted is what the Manager would do with the token at hand.
func (a *API) wanted() Action {
	return Decide(a.now.Record, a.m.policy(a.key, a.now.Record, a.ask), a.m.Now()).Action
}

// lives tells whether the token at hand can be used for a call, as far as is known.
func (a *API) lives() bool {
	if a.now.ID == "" {
		return false
	}
	r := a.now.Record
	spare := min(spareTime, r.Tokens.briefly()/2)
	return a.m.policy(a.key, r, a.ask).works(r.Tokens, a.m.Now(), spare)
}

// briefly is the longest margin of a brief ask.
func (t Tokens) briefly() time.Duration { return max(t.Expiry().Sub(t.IssuedAt)/briefPart, 0) }

// learn takes in what the Manager said.
func (a *API) learn(ctx context.Context, rejected string, result Result, err error) {
	at := a.m.clock.Monotonic()
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return // it says nothing about the credential
	}
	a.notices = append(slices.DeleteFunc(a.notices, Notice.passes), result.Notices...)
	if err != nil {
		a.failed, a.fails = err, a.fails+1
		a.rest = at + restAfter(AsError(err), a.fails, a.m.Now())
		if k := AsError(err).Kind; rejected == "" && (k == KindAuthorize || k == KindNotFound || k == KindRefused) {
			a.now = Bearer{}
		}
		return
	}
	a.failed, a.fails, a.rest = nil, 0, 0
	r := result.Record
	a.now, a.key, a.read = Bearer{ID: r.Tokens.Access.SHA256(), Record: r}, result.key, at
	a.now.budgeted = r.Client.completed().Policy.ErrorBudget != (ErrorBudget{})
	for _, n := range result.Notices {
		if n.Code == NoticeFailed { // the token is served although its refresh failed: not each call may try again
			a.fails++
			a.failed, a.rest = n.Err, at+restAfter(AsError(n.Err), a.fails, a.m.Now())
		}
	}
	if rejected != "" && rejected == a.now.ID && a.rest == 0 {
		a.rest = at + firstRest
	}
}

// passes tells whether a notice is about what the next ask may put right.
func (n Notice) passes() bool {
	switch n.Code {
	case NoticePutOff, NoticeFailed, NoticeNotStored, NoticeUnprobed, NoticeNotLookedUp:
		return true
	}
	return false
}

// restAfter is how long nobody asks again after a failure.
func restAfter(e *Error, fails int, now time.Time) time.Duration {
	switch {
	case e.Kind == KindBadClient, e.Kind == KindConfiguration, e.Kind == KindRefused:
		return longRest
	case e.Kind == KindLater && e.Until.After(now):
		return min(e.Until.Sub(now), longRest)
	}
	return min(firstRest<<min(fails-1, 10), mostRest)
}

// Helped notes what the API said to a call that was repeated with another token after a refusal. A refresh that does not help
// against a refusal, since that is about something else, is not repeated for each call.
func (a *API) Helped(id string, helped bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case helped && a.idled != id:
		a.idle, a.idleEnd = 0, 0
	case !helped && a.idled != id:
		a.idle, a.idled = a.idle+1, id
		a.idleEnd = a.m.clock.Monotonic() + min(idleRest<<min(a.idle-1, 10), mostIdle)
	}
}

// Access is the token as it is presented at an address.
func (a *API) Access(b Bearer, address string) oauth.Access {
	return a.m.access(b.Record.Tokens, address)
}

// Heard takes in what an answer from an address says about proofs (RFC 9449 §8.2, §9). It tells whether the call was refused for
// want of a nonce, and of nothing else.
func (a *API) Heard(address string, status int, header http.Header) (wantsNonce bool) {
	a.m.noteNonce(apiAt(address), oauth.ProofNonce(header))
	return oauth.Reply{Sent: true, Status: status, Header: header}.APIWantsNonce()
}

// Certificate is what the client shows in TLS handshakes (RFC 8705); nil: nothing.
func (a *API) Certificate(ctx context.Context, r Record) *tls.Certificate {
	return oauth.ShownCertificate(a.m.showing(ctx, r.Client))
}
