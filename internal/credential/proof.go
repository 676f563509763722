package credential

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Tokens are bound to a key by DPoP (RFC 9449). The key is one of the authorization: it is made with it, is in the store before
// anything is sent that a token could be bound to it by, and goes wherever the tokens go.

// binding is what a client says of the keys of its tokens.
type binding struct {
	binds  bool     // tokens are to be bound
	public bool     // its refresh tokens are bound as well (RFC 9449 §5), so a key that there is goes on
	algs   []string // that the server takes; nil: it does not say
}

func (c Client) binding() binding {
	b := binding{binds: c.DPoPBoundAccessTokens, public: c.method() == oauth.None}
	if c.metadata != nil {
		b.algs = c.metadata.DPoPSigningAlgs
	}
	return b
}

// newProofKey makes the key of an authorization.
func (m *Manager) newProofKey(b binding) (secret.String, error) {
	alg, err := oauth.ProofAlgorithm(b.algs)
	if err != nil {
		return secret.String{}, err
	}
	return oauth.NewProofKey(alg, m.random)
}

// bind gives a its key, and r as claimed, if a new one belongs to the tokens that r has or will have. That of a pending
// authorization is in the record already; one for a bare code beside the tokens of an earlier authorization goes with the reply.
func (m *Manager) bind(a *Attempt, r *Record) error {
	own := a.Purpose == PurposeRefresh || r.Generation == 0
	switch {
	case a.Purpose == PurposeRevoke, a.Purpose == PurposeMove, !a.ProofKey.IsEmpty():
		return nil
	case own && !r.Tokens.ProofKey.IsEmpty() && (a.binds || a.public):
		a.ProofKey = r.Tokens.ProofKey
		return nil
	case !a.binds:
		return nil
	}
	var err error
	if a.ProofKey, err = m.newProofKey(a.binding); err != nil {
		return &Error{Kind: KindConfiguration, Record: *r, Err: err}
	}
	if own {
		r.Tokens.ProofKey = a.ProofKey
	}
	return nil
}

// Bound tells whether an access token is of use only with proofs made with ProofKey.
func (t Tokens) Bound() bool {
	return !t.Access.IsEmpty() && !t.ProofKey.IsEmpty() && oauth.IsDPoP(t.Type)
}

// Unbound tells whether the server has given a token that is not bound, although it was asked for one. RFC 9449 §5 leaves it to
// the client to go on.
func (r Record) Unbound() bool {
	t := r.Tokens
	return r.Client.DPoPBoundAccessTokens && !t.Access.IsEmpty() && t.Proved && !oauth.IsDPoP(t.Type)
}

// access is the token of t as it is presented at an address.
func (m *Manager) access(t Tokens, address string) oauth.Access {
	a := oauth.Access{Token: t.Access}
	if t.Bound() {
		a.Proof = oauth.Proof{Key: t.ProofKey, Nonce: m.nonceOf(apiAt(address))}
	}
	return a
}

// proofTaker is who checks proofs, and gives nonces for them: an authorization server and an API have each its own (RFC 9449 §9),
// at one address too.
type proofTaker string

func serverAt(address string) proofTaker { return proofTaker(originOf(address)) }

func apiAt(address string) proofTaker { return proofTaker("API " + originOf(address)) }

// nonceOf is what t has given this process last.
func (m *Manager) nonceOf(t proofTaker) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.nonces[t]
}

// noteNonce remembers it; every answer may bring another (RFC 9449 §8.2).
func (m *Manager) noteNonce(t proofTaker, nonce string) {
	if nonce == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.nonces[t] = nonce
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

// send posts r under claim c, if its first byte can leave in time, with a proof if the tokens are to be bound. A request that is
// refused for want of a nonce, and of nothing else, certainly had no effect: it goes once more with the nonce, under the same
// claim and within the same time. What the first one costs in the error budget is paid before. b has to stand then, and is the
// booking to leave.
func (m *Manager) send(ctx context.Context, c *claimed, r oauth.Request, b *booking, before time.Time) oauth.Reply {
	r.Proof = oauth.Proof{Key: c.attempt.ProofKey, Nonce: m.nonceOf(serverAt(r.Endpoint))}
	if r.Proof.Nonce == "" {
		r.Proof.Nonce = c.record.Tokens.ProofNonce // of a former process
	}
	c.attempt.ProofNonce = r.Proof.Nonce // a server need not say it again (RFC 9449 §8.2)
	if r.Proof.Key.IsEmpty() {
		return m.sendOnce(ctx, c, r, *b, before)
	}
	reply := m.sendOnce(ctx, c, r, *b, before)
	if m.hearNonce(c, r.Endpoint, reply); !reply.WantsNonce() {
		return reply
	}
	m.log.Info("the server wants another nonce in the proof", "key", c.attempt.Key, "attempt", c.attempt.ID)
	if err := m.rebook(ctx, c, b, reply); err != nil {
		return oauth.Reply{Err: err}
	}
	r.Proof.Nonce = oauth.ProofNonce(reply.Header) // somebody else may have had another one since
	reply = m.sendOnce(ctx, c, r, *b, before)
	m.hearNonce(c, r.Endpoint, reply)
	return reply
}

func (m *Manager) hearNonce(c *claimed, endpoint string, reply oauth.Reply) {
	nonce := oauth.ProofNonce(reply.Header)
	m.noteNonce(serverAt(endpoint), nonce)
	if nonce != "" {
		c.attempt.ProofNonce = nonce
	}
}

// keepNonce writes down what an attempt that brought no token has learnt, or each process would pay for it anew.
func (a Attempt) keepNonce(r *Record) {
	if a.ProofNonce != "" {
		r.Tokens.ProofNonce = a.ProofNonce
	}
}

// rebook settles the booking of a request that was refused, and books another one in its place.
func (m *Manager) rebook(ctx context.Context, c *claimed, b *booking, refused oauth.Reply) error {
	if b.spent.ID == "" {
		return nil
	}
	client := b.client
	m.leave(ctx, *b, oauth.Judge(refused))
	*b = booking{}
	next, err := m.enter(ctx, c.attempt.Key, client)
	if err == nil {
		*b = next
	}
	return err
}

// engineError is the error of the engine's own that kept a request from being sent; nil: it was none.
func engineError(err error) error {
	var e *Error
	switch {
	case errors.Is(err, errBusy):
		return errBusy
	case errors.As(err, &e):
		return e
	}
	return nil
}
