// Package login has a person authorize a token pair while the program waits: in a browser whose answer comes back to this machine
// (RFC 8252 §7.3), by an address that the person pastes, or by a device code (RFC 8628).
//
// It offers, waits and shows a page. Everything that is used once goes through the engine: states, codes, device codes, claims and
// the rescue of replies. It knows nothing of Terraform and of command lines; both drive it. Browser, listener, clock and input are
// handed in.
package login

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Bounds of how long a person is waited for.
const (
	MinWait     = 10 * time.Second
	MaxWait     = time.Hour
	DefaultWait = 5 * time.Minute
)

// The names of the two grants, as records have them.
const (
	sourceCode   = "authorization_code"
	sourceDevice = "device_code"
)

// Options are what an authorization works with. Manager and Clock are required.
type Options struct {
	Manager *credential.Manager
	Clock   credential.Clock
	Say     func(text string)                                                        // tells the person one thing; nil: nobody listens
	Open    func(ctx context.Context, url string) error                              // opens a browser; nil: the person does
	Paste   func(ctx context.Context) (secret.String, error)                         // asks for an address that the person has ended up at; nil: nobody can be asked
	Listen  func(ctx context.Context, network, address string) (net.Listener, error) // nil: the system's
}

// Request is what a person is to authorize.
type Request struct {
	Name  string
	Setup *credential.Setup // of a pair that need not exist yet; nil: it has to
	// Code and Device say what to ask for, by one of the two ways. Neither: whatever the record offers.
	Code   *credential.Authorization
	Device *credential.DeviceRequest
	Wait   time.Duration // 0: DefaultWait
}

// Outcome is an authorization that has led to tokens.
type Outcome struct {
	Record  credential.Record
	Notices []credential.Notice
	Others  bool // another run has collected them
}

// Granted are the scopes that the server has granted, fit to be shown.
func (o Outcome) Granted() string { return graphic(strings.Join(o.Record.Tokens.Scopes, " ")) }

// attempt is one call of Authorize.
type attempt struct {
	Options
	Request

	mu sync.Mutex // around Say
}

// Authorize offers the authorization, waits for the person, and puts the tokens into the store. Its error is an *Error where nobody has
// authorized, else one of the engine. When ctx ends, what was offered stays good for another call.
func Authorize(ctx context.Context, o Options, r Request) (Outcome, error) {
	if r.Wait == 0 {
		r.Wait = DefaultWait
	}
	if o.Listen == nil {
		o.Listen = (&net.ListenConfig{}).Listen
	}
	a := &attempt{Options: o, Request: r}
	record, err := a.record(ctx)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case record.IsMoved():
		return Outcome{}, credential.MovedAway(record)
	case record.IsTombstone():
		return Outcome{}, &credential.Error{Kind: credential.KindNotFound, Record: record}
	case record.Mints():
		return Outcome{}, a.fail(ReasonNoPerson)
	case r.Code != nil:
		return a.byCode(ctx, record, *r.Code)
	case r.Device != nil:
		return a.byDevice(ctx, record, *r.Device)
	}
	return a.asOffered(ctx, record)
}

// record is what the store holds of the pair, made where it has to be.
func (a *attempt) record(ctx context.Context) (credential.Record, error) {
	if a.Setup == nil {
		return a.Manager.Peek(ctx, a.Name)
	}
	if uri := a.redirectURI(); uri != "" && a.Paste == nil { // before anything is written
		if _, ok := parseTarget(uri); !ok {
			return credential.Record{}, a.noLoopback(uri)
		}
	}
	s := *a.Setup
	s.Source = sourceDevice
	if a.Code != nil {
		s.Source, s.Resource = sourceCode, a.Code.Resource
	} else if a.Device != nil {
		s.Resource = a.Device.Resource
	}
	return a.Manager.Reserve(ctx, a.Name, s)
}

func (a *attempt) redirectURI() string {
	if a.Code == nil {
		return ""
	}
	return a.Code.RedirectURI
}

// asOffered goes on with what an apply, or an earlier run, has offered.
func (a *attempt) asOffered(ctx context.Context, r credential.Record) (Outcome, error) {
	now := a.Manager.Now()
	if r.Device.Waits(now) {
		return a.collect(ctx, r)
	}
	if p, ok := r.NewestPending(); ok && p.Usable(now) && r.Source != sourceDevice {
		return a.byPending(ctx, r, p)
	}
	return Outcome{}, a.fail(ReasonNothingOffered)
}

func (a *attempt) say(format string, values ...any) {
	if a.Say == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Say(graphic(fmt.Sprintf(format, values...)))
}

// graphic leaves out what could move the cursor of a terminal: some of what is said comes from servers.
func graphic(text string) string {
	return strings.Map(func(r rune) rune {
		if r != ' ' && (!unicode.IsGraphic(r) || unicode.IsSpace(r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// open has a browser open an address, if there is one. The address was told before.
func (a *attempt) open(ctx context.Context, url string) {
	if a.Open == nil {
		return
	}
	if err := a.Open(ctx, url); err != nil {
		a.say("No browser could be opened here (%v): open the address yourself.", err)
		return
	}
	a.say("A browser was asked to open it.")
}

// timeUp is the cause of a context that has ended because the person did not come.
type timeUp struct{}

func (timeUp) Error() string { return "the time to wait is over" }

// bounded returns a context that ends with ctx, or when the time to wait is over. stop must be called, and waits for what it has started.
func (a *attempt) bounded(ctx context.Context) (bound context.Context, stop func()) {
	bound, cancel := context.WithCancelCause(ctx)
	asleep := make(chan struct{})
	go func() {
		defer close(asleep)
		if a.Clock.Sleep(bound, a.Wait) == nil {
			cancel(timeUp{})
		}
	}()
	return bound, func() {
		cancel(context.Canceled)
		<-asleep
	}
}
