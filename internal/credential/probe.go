package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// errOtherNonce says that a server is not content with the nonce that it has just given.
var errOtherNonce = errors.New("it wants another nonce in the DPoP proof than the one that it has just given (RFC 9449 §9)")

// Prober asks an API, once, whether it takes an access token. *oauth.Caller is the one that ships.
type Prober interface {
	Probe(ctx context.Context, resource string, access oauth.Access) oauth.ProbeReply
}

// Probed is what the API has said of an access token to this process.
type Probed string

// The answers.
const (
	ProbedNot           Probed = ""               // it was not asked
	ProbedGood          Probed = "good"           // it takes the token, or the token has just come from the server
	ProbedSilent        Probed = "silent"         // it was asked in vain, or could not be: nothing is known
	ProbedRejected      Probed = "rejected"       // it does not take the token
	ProbedFreshRejected Probed = "fresh_rejected" // … which a refresh had just brought because of such an answer
)

// probing is what is remembered of a credential's probe. A token is asked about once in a process.
type probing struct {
	token  string // its SHA-256: the answer is about no other
	said   Probed
	fresh  bool  // a refresh in this process has brought it, after a rejection
	why    error // with ProbedSilent
	reason Reason
	until  time.Time
}

var errNoProber = errors.New("this process cannot call an API")

// probeCode stands for the server's words in the list of an error budget.
const probeCode = "(probe of the API)"

// works tells whether the access token can be used margin after now, as far as is known. Under StrategyOnRejection a
// lifetime is not assumed: the API says when it is over, unless the server has said so before.
func (p Policy) works(t Tokens, now time.Time, margin time.Duration) bool {
	switch {
	case p.Probed == ProbedRejected || p.Probed == ProbedFreshRejected:
		return false
	case p.Strategy != StrategyOnRejection:
		return t.Alive(now, margin)
	}
	return t.ExpiresAt.IsZero() && !t.Access.IsEmpty() || t.Alive(now, margin)
}

// works tells whether the access token of r can be used now, as far as this process knows.
func (m *Manager) works(key string, r Record) bool {
	return m.policy(key, r, Ask{}).works(r.Tokens, m.Now(), 0)
}

// probingOf is what this process knows of an access token from the API.
func (m *Manager) probingOf(key string, token secret.String) probing {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.probes[key]; p.token == token.SHA256() {
		return p
	}
	return probing{token: token.SHA256()}
}

func (m *Manager) noteProbing(key string, p probing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.probes[key] = p
}

// noteFresh notes that a refresh has just brought an access token. It is as good as probed, unless the API was the reason.
func (m *Manager) noteFresh(key string, old, token secret.String, rejected bool) {
	p := probing{token: token.SHA256(), said: ProbedGood}
	if q := m.probingOf(key, old); rejected || q.said == ProbedRejected || q.fresh && q.said == ProbedNot { // the latter brought no access token
		p.said, p.fresh = ProbedNot, true
	}
	m.noteProbing(key, p)
}

// probe asks the API about the access token of r, and remembers what it said. errBusy means: wait, and ask again.
func (m *Manager) probe(ctx context.Context, key string, r Record) error {
	p := m.probingOf(key, r.Tokens.Access)
	reply, err := m.askAPI(ctx, key, r)
	if err == nil && reply.WantsNonce { // of it alone: the proof lacked what it has given now
		reply, err = m.askAPI(ctx, key, r)
	}
	switch {
	case errors.Is(err, errBusy):
		return err
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		e := AsError(err)
		p.said, p.why, p.reason, p.until = ProbedSilent, err, e.Reason, e.Until
		m.noteProbing(key, p)
		return nil
	}
	if reply.Status == 0 && ctx.Err() != nil {
		return ctx.Err()
	}
	m.log.Info("probed", "key", key, "generation", r.Generation, "status", reply.Status)
	p.hear(reply)
	m.noteProbing(key, p)
	return nil
}

// askAPI makes the call, which is booked in the error budget of the client: some platforms count the refusals of their API there
// too.
func (m *Manager) askAPI(ctx context.Context, key string, r Record) (oauth.ProbeReply, error) {
	client, err := m.accountable(ctx, r.Client)
	var b booking
	if err == nil {
		b, err = m.enter(ctx, key, client)
	}
	if err != nil {
		return oauth.ProbeReply{}, err
	}
	reply := oauth.ProbeReply{Err: errNoProber}
	if !b.stands(m) { // this process stood still
		reply.Err = ErrLate
	} else if m.prober != nil {
		reply = m.prober.Probe(m.showing(ctx, r.Client), r.Refresh.ProbeURL, m.access(r.Tokens, r.Refresh.ProbeURL))
		m.noteNonce(apiAt(r.Refresh.ProbeURL), reply.Nonce)
	}
	m.leave(ctx, b, chargedFor(reply.Sent, reply.Status, probeCode))
	return reply, nil
}

// hear reads the answer.
func (p *probing) hear(reply oauth.ProbeReply) {
	switch {
	case reply.Accepted():
		p.said = ProbedGood
	case reply.Rejected() && p.fresh:
		p.said = ProbedFreshRejected
	case reply.Rejected():
		p.said = ProbedRejected
	case reply.WantsNonce:
		p.said, p.why = ProbedSilent, errOtherNonce
	case reply.Status != 0:
		p.said, p.why = ProbedSilent, fmt.Errorf("it answered %d", reply.Status)
	default:
		p.said, p.why = ProbedSilent, reply.Err
	}
}

// probeNotice tells that the access token of r is served although the API has not said that it works.
func (m *Manager) probeNotice(key string, r Record) []Notice {
	if r.Refresh.Strategy != StrategyOnRejection {
		return nil
	}
	p := m.probingOf(key, r.Tokens.Access)
	if p.said != ProbedSilent {
		return nil
	}
	return []Notice{{Code: NoticeUnprobed, Reason: p.reason, Until: p.until, Err: p.why}}
}

// proved ends an ask whose refresh went well. Where a rejection had led to it, the API is asked once more.
func (p *progress) proved(ctx context.Context) (Result, error) {
	m, r := p.m, p.last
	for m.probingOf(p.key, r.Tokens.Access).said == ProbedNot && r.Refresh.Strategy == StrategyOnRejection {
		err := m.probe(ctx, p.key, r)
		if errors.Is(err, errBusy) {
			err = p.pause(ctx)
		}
		if err != nil {
			break // the caller has given up; the token is in hand
		}
	}
	if m.probingOf(p.key, r.Tokens.Access).said == ProbedFreshRejected {
		return Result{}, &Error{Kind: KindRefused, Reason: ReasonRefused, Record: r}
	}
	return Result{Record: r, Notices: m.probeNotice(p.key, r)}, nil
}
