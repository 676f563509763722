package credential

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Poster sends one form to an endpoint, exactly once. *oauth.Caller is the one that ships.
type Poster interface {
	Post(ctx context.Context, r oauth.Request) oauth.Reply
}

// Options are what a Manager works with. Store and Caller are required.
type Options struct {
	Store   store.Store // of plain records; sealing lies below it
	Caller  Poster
	Prober  Prober    // nil: no API is asked (StrategyOnRejection)
	Looker  Looker    // nil: nothing is looked up
	Clock   Clock     // nil: SystemClock
	Random  io.Reader // nil: crypto/rand
	Log     *slog.Logger
	Owner   string     // who this is, for people who read a record's history: a host name
	Timings Timings    // zero: DefaultTimings
	Rescue  Rescue     // nil: a reply that cannot be stored is lost with the process
	Section *Sections  // nil: one of its own
	Presets Presets    // nil: no platform is known
	Servers *Directory // nil: no server is asked for its endpoints

	AllowInsecureHTTP bool // http:// beyond loopback
}

// Manager hands out access tokens and keeps the credentials behind them. Its methods may be called from many
// goroutines, and many Managers in many processes may share a store.
type Manager struct {
	store    store.Store
	caller   Poster
	prober   Prober
	looker   Looker
	clock    Clock
	random   io.Reader
	log      *slog.Logger
	owner    string
	timings  Timings
	rescue   Rescue
	sections *Sections
	insecure bool
	presets  Presets
	servers  *Directory

	flights   flights
	preparing chan struct{} // held while successors are brought home

	mu       sync.Mutex
	observed map[string]observation // whose claim stands on a key, and since when
	forced   map[string]bool        // keys that every_read has rotated in this process
	probes   map[string]probing     // what APIs have said, by credential
	unsaved  map[string]successor   // what reached this process and not the store
	trouble  map[string]error       // rescue files that could not be used, by credential
	ahead    time.Duration          // of this machine's clock: the store's
	timed    bool                   // the store has a clock, and ahead is known
	searched bool                   // rescue files were looked for
	untold   []Notice               // found by operations that could not tell
	looked   map[string]bool        // keys for which this process has looked something up
	nonces   map[proofTaker]string  // for DPoP proofs, by who has given it
	asked    map[string]string      // the access token that was introspected last, by credential: its SHA-256

	spending map[string]*apiBudget                // of the clients that call APIs, by the keys of their budgets
	sources  map[[sha256.Size]byte]*source        // what client tokens come from
	refusals map[[sha256.Size]byte]refusedRequest // what servers have refused of that
}

// New returns a Manager.
func New(o Options) (*Manager, error) {
	if o.Store == nil || o.Caller == nil {
		return nil, errors.New("a manager needs a store and a caller")
	}
	m := &Manager{
		store: o.Store, caller: o.Caller, prober: o.Prober, looker: o.Looker, clock: o.Clock, random: o.Random, log: o.Log, owner: o.Owner,
		timings: o.Timings, rescue: o.Rescue, sections: o.Section, insecure: o.AllowInsecureHTTP, presets: o.Presets,
		servers:  o.Servers,
		observed: map[string]observation{}, forced: map[string]bool{}, probes: map[string]probing{}, unsaved: map[string]successor{},
		preparing: make(chan struct{}, 1), looked: map[string]bool{}, asked: map[string]string{}, nonces: map[proofTaker]string{},
		spending: map[string]*apiBudget{}, sources: map[[sha256.Size]byte]*source{}, refusals: map[[sha256.Size]byte]refusedRequest{},
	}
	if m.clock == nil {
		m.clock = SystemClock()
	}
	if m.random == nil {
		m.random = rand.Reader
	}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if m.timings == (Timings{}) {
		m.timings = DefaultTimings()
	}
	if m.sections == nil {
		m.sections = &Sections{}
	}
	return m, nil
}

// Ask is what somebody wants of a token.
type Ask struct {
	MinValidity   time.Duration // the token must live at least this long
	DefaultMargin time.Duration // used where the credential sets no margin of its own
	Asker         Asker
	// Rejected is the SHA-256 of an access token that an API has just refused; empty: none. If it is still the one in use, it counts as
	// expired for this ask, and for no other.
	Rejected string
	// Brief: the token is wanted for one call after another, each with a token of its own. A margin that is a large part of its lifetime
	// is cut, or each call would refresh.
	Brief bool

	source *source  // of a client token: what it comes from
	past   rotation // this one will not do, however long it lives; zero: any will
}

// Result is a credential whose access token works.
type Result struct {
	Record  Record
	Rotated bool // this call, or the flight it shared, has rotated
	Notices []Notice

	key string // of the record
}

// maxLooks bounds how often one ask looks again because what it got has expired meanwhile.
const maxLooks = 3

// Token returns the credential of that name with an access token that satisfies ask, refreshing it if need be. Its
// error is an *Error, or the context's.
func (m *Manager) Token(ctx context.Context, name string, ask Ask) (Result, error) {
	return m.tokenOf(ctx, PairKey(name), ask)
}

// tokenOf is Token for the record of key.
func (m *Manager) tokenOf(ctx context.Context, key string, ask Ask) (Result, error) {
	notices := m.prepare(ctx)
	for looks := 1; ; {
		snap, err := m.load(ctx, key)
		if err != nil {
			res := Result{Notices: notices}
			if s, ok := m.unsavedOf(key); ok { // the store is gone, and what it lacks is here
				return m.orServe(ctx, key, ask, err, m.ought(s), res)
			}
			return res, err
		}
		snap.record = m.ofSubject(ctx, ask.source.over(snap.record))
		res, landed, err := m.decide(ctx, key, ask, snap)
		if landed && err == nil && !m.works(key, res.Record) && looks < maxLooks {
			looks++ // this process stood still with the token in hand, and it has expired since
			continue
		}
		if landed {
			res.key, res.Notices = key, slices.Concat(notices, res.Notices)
			return res, err
		}
	}
}

// decide acts on a record as read. landed is false where that has to be looked at again.
func (m *Manager) decide(ctx context.Context, key string, ask Ask, snap snapshot) (res Result, landed bool, err error) {
	d := Decide(snap.record, m.policy(key, snap.record, ask), m.Now())
	if d.Action == ActionRotate || d.Action == ActionWait || d.Action == ActionProbe {
		return m.flights.do(ctx, key, ask, func() (Result, error) { return m.advance(ctx, key, ask, snap.record) })
	}
	res, err = m.conclude(ctx, key, snap.record, d)
	return res, !errors.Is(err, errClaimLost), err
}

// Peek returns the credential as it is stored, or as it ought to be where this process has a successor that no store has
// taken yet. It changes nothing.
func (m *Manager) Peek(ctx context.Context, name string) (Record, error) {
	snap, err := m.load(ctx, PairKey(name))
	if err == nil {
		return snap.record, nil
	}
	if s, ok := m.unsavedOf(PairKey(name)); ok {
		return m.ought(s), nil
	}
	return Record{}, err
}

// policy joins what the record, the provider and the asker say.
func (m *Manager) policy(key string, r Record, ask Ask) Policy {
	p := Policy{
		Margin:   ask.DefaultMargin,
		Strategy: r.Refresh.Strategy,
		Earliest: cmp.Or(r.Refresh.Earliest, r.Client.Preset().Earliest),
		Token:    r.Client.EffectivePolicy(),
		Asker:    ask.Asker,
		Observer: m.observer(),
	}
	if r.Refresh.BeforeExpiry > 0 {
		p.Margin = r.Refresh.BeforeExpiry
	}
	p.Margin = max(p.Margin, ask.MinValidity)
	if p.Strategy == StrategyOnRejection {
		p.Margin, p.Probed = ask.MinValidity, m.probingOf(key, r.Tokens.Access).said
	}
	life := r.Tokens.Expiry().Sub(r.Tokens.IssuedAt)
	if r.Shared && p.Margin >= life {
		p.Margin = life / 2 // no token would ever do, and each asker would get another
	}
	if ask.Brief {
		p.Margin = min(p.Margin, r.Tokens.briefly())
	}
	if ask.Rejected != "" && ask.Rejected == r.Tokens.Access.SHA256() {
		p.Probed = ProbedRejected
	}
	if p.Strategy == "" {
		p.Strategy = StrategyBeforeExpiry
	}
	p.Renew = ask.passes(r)
	if p.Strategy == StrategyEveryRead {
		m.mu.Lock()
		p.Force = !m.forced[key]
		m.mu.Unlock()
	}
	return p
}

// Due tells whether an apply would refresh the credential now.
func (m *Manager) Due(name string, r Record, ask Ask) bool {
	ask.Asker = AskerApply
	d := Decide(r, m.policy(PairKey(name), r, ask), m.Now())
	return d.Action == ActionRotate || d.Action == ActionWait
}

// conclude turns a decision that needs no network into a result or an error. errClaimLost means: look again.
func (m *Manager) conclude(ctx context.Context, key string, r Record, d Decision) (Result, error) {
	switch d.Action {
	case ActionFresh:
		res := Result{Record: r}
		if d.Reason != ReasonNone {
			res.Notices = []Notice{{Code: NoticePutOff, Reason: d.Reason, Until: d.Until}}
		}
		res.Notices = append(res.Notices, m.probeNotice(key, r)...)
		return res, nil
	case ActionAuthorize:
		if d.Reason == ReasonRejected {
			var err error
			if r, err = m.believeRejection(ctx, key, r); err != nil {
				return Result{}, err
			}
		}
		return Result{}, &Error{Kind: KindAuthorize, Reason: d.Reason, Record: r}
	default:
		kind := KindLater
		switch d.Reason {
		case ReasonNever, ReasonAtApply:
			kind = KindStrategy
		case ReasonUnknownWaiting, ReasonUnknownFinal, ReasonRejected:
			kind = KindUnknown
		case ReasonRefused:
			kind = KindRefused
		case ReasonMoving:
			return Result{}, m.unfinished(r)
		case ReasonMoved:
			return Result{}, MovedAway(r)
		}
		return Result{}, &Error{Kind: kind, Reason: d.Reason, Record: r, Until: d.Until}
	}
}

func (m *Manager) jitter(most time.Duration) time.Duration {
	var b [1]byte
	if _, err := io.ReadFull(m.random, b[:]); err != nil {
		return 0
	}
	return most * time.Duration(b[0]) / 256
}

// newID returns 128 random bits in hex.
func (m *Manager) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(m.random, b[:]); err != nil {
		return "", fmt.Errorf("reading randomness: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// event makes a line of history.
func (m *Manager) event(attempt string, generation int64, verdict string) Event {
	return Event{At: m.Now().Round(0).UTC(), Host: m.owner, Attempt: attempt, Generation: generation, Verdict: verdict}
}

// detach returns a context that outlives the RPC's, for one step of a critical section.
func (m *Manager) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), m.timings.StoreTimeout)
}
