package credential

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Errors of a callback that does not belong to this credential. Nothing was sent.
var (
	ErrStateNotPending = errors.New("the state of the callback URL is not one that is waiting")
	ErrIssuerMismatch  = errors.New("the iss of the callback URL is another issuer than the client's (RFC 9207 §2.4)")
	ErrConsumed        = errors.New("this was used before and is not sent again")
)

// Exchange is an authorization code and where it came from.
type Exchange struct {
	Code         secret.String
	FromCallback bool              // State and Issuer are those of a callback URL, and State must be pending
	State        string            // RFC 6749 §4.1.2
	Issuer       string            // RFC 9207; empty: not sent
	Parameters   map[string]string // the other parameters of the callback URL
	RedirectURI  string            // for a code without a pending authorization
	CodeVerifier secret.String     // likewise
	Scopes       []string          // as asked for; what the tokens have unless the server says otherwise
	// Assertion: Code is no authorization code but an assertion that the configuration brings, and this is the request that it is sent
	// in. A server may refuse one that it has seen (RFC 7523 §3): it is treated like a code.
	Assertion *Grant
}

// noun is what is exchanged, in a line of history.
func (x Exchange) noun() string {
	if x.Assertion != nil {
		return "assertion"
	}
	return "code"
}

// check matches the code with the record before anything is spent. It returns the pending authorization that the code
// answers; the zero one where there is none.
func (x Exchange) check(r Record) (Pending, error) {
	if r.IsMoved() {
		return Pending{}, MovedAway(r)
	}
	if r.IsTombstone() {
		return Pending{}, &Error{Kind: KindNotFound, Reason: ReasonDeleted, Record: r}
	}
	if r.HasConsumed(x.Code) {
		return Pending{}, &Error{Kind: KindConsumed, Record: r, Err: ErrConsumed}
	}
	if x.Assertion != nil {
		return Pending{}, nil
	}
	if !x.FromCallback {
		newest, _ := r.NewestPending()
		return newest, nil
	}
	if issuer := r.Client.completed().Issuer; x.Issuer != "" && issuer != "" && x.Issuer != issuer {
		return Pending{}, &Error{Kind: KindState, Record: r, Err: ErrIssuerMismatch}
	}
	for _, p := range r.Pending {
		if secret.New(p.State).Equal(secret.New(x.State)) {
			return p, nil
		}
	}
	return Pending{}, &Error{Kind: KindState, Record: r, Err: ErrStateNotPending}
}

// ExchangeCode trades an authorization code for the first tokens of a new family: claim, call, commit. The code is
// written down as used together with the claim, and is never sent twice, whatever happens.
func (m *Manager) ExchangeCode(ctx context.Context, name string, x Exchange) (Result, error) {
	key := PairKey(name)
	notices := m.prepare(ctx)
	var pending Pending
	var done step
	err := m.alone(ctx, key,
		func(r Record) (err error) {
			pending, err = x.check(r)
			return err
		},
		func(snap snapshot) (err error) {
			done, err = m.exchange(ctx, key, snap, x, pending)
			return err
		},
		func(err error) bool { return IsKind(err, KindNotSent) },
	)
	notices = append(notices, done.notices...)
	if err != nil {
		return Result{Notices: notices}, err
	}
	return Result{Record: m.introspected(ctx, key, done.record), Notices: notices}, nil
}

func (m *Manager) exchange(ctx context.Context, key string, snap snapshot, x Exchange, p Pending) (step, error) {
	lacks := lacksToken
	if x.FromCallback { // whether its server names itself in every callback is said where the authorization endpoint was found
		lacks = func(c Client) bool { return lacksToken(c) || lacksAuthorization(c) }
	}
	client, err := m.resolve(ctx, snap.record.Client, lacks)
	if err != nil {
		return step{}, configurationError(err, snap.record)
	}
	if x.FromCallback && x.Issuer == "" && client.namesItself() {
		return step{}, &Error{Kind: KindState, Record: snap.record, Err: ErrNoIssuer}
	}
	request, err := m.exchangeRequest(ctx, key, snap.record, client, x, p)
	if err != nil {
		return step{}, configurationError(err, snap.record)
	}
	if !x.FromCallback { // a state is pending for one pair alone; a bare code may stand in two configurations
		if ours, err := m.reserve(ctx, strings.TrimPrefix(key, PairKey("")), x.Code); err != nil || !ours {
			if err == nil {
				err = &Error{Kind: KindConsumed, Record: snap.record, Err: ErrConsumed}
			}
			return step{}, err
		}
	}
	family, err := m.newID()
	if err != nil {
		return step{}, storeError("claiming", err)
	}
	if err := ctx.Err(); err != nil {
		return step{}, err
	}
	b, err := m.enter(ctx, key, client)
	if err != nil {
		return step{}, err
	}
	var verdict oauth.Verdict
	defer func() { m.leave(ctx, b, verdict) }()
	attempt := client.attempt(PurposeExchange)
	attempt.ProofKey = p.ProofKey // the code is bound to it (RFC 9449 §10), whatever the client says by now
	attempt.NewFamily, attempt.State, attempt.Code = family, p.State, x.Code.SHA256()
	attempt.Scopes, attempt.Callback = client.Preset().scopes(x.Scopes), client.Preset().fromCallback(x.Parameters)
	c, err := m.claim(ctx, key, snap, attempt, client.Policy.TokenCalls.counts(extra{
		do:   func(r *Record) { r.consume(x.Code, true) },
		undo: func(r *Record) { r.unconsume(x.Code) },
	}, m.Now(), m.timings.SendBy))
	if err != nil {
		return step{}, err
	}
	defer c.close()
	m.log.Info("exchanging a code", "key", key, "attempt", c.attempt.ID)

	reply := m.send(ctx, c, oauth.Request{Endpoint: client.TokenEndpoint, Auth: client.auth(), Form: request.form}, &b, time.Time{})
	verdict = client.Preset().Dialect.Judge(reply, append(request.hidden, client.ClientSecret)...)
	m.log.Info("code exchange answered", "key", key, "attempt", c.attempt.ID, "class", string(verdict.Class), "status", verdict.Status)
	switch verdict.Class {
	case oauth.NotSent:
		m.withdraw(ctx, c, x.noun()+" not sent")
		return step{}, notSentError(ctx, verdict, snap.record)
	case oauth.Success:
		return m.keep(ctx, c, reply, verdict), nil
	default:
		return step{}, m.exchangeFailed(ctx, c, x, verdict)
	}
}

// exchangeRequest is what the code, or the assertion, is sent in.
func (m *Manager) exchangeRequest(ctx context.Context, key string, r Record, c Client, x Exchange, p Pending) (asked, error) {
	if x.Assertion != nil {
		grant := x.Assertion.clone()
		grant.Secrets = map[string]secret.String{"assertion": x.Code}
		return m.ask(ctx, key, grant, c, 0)
	}
	redirectURI, verifier := p.RedirectURI, p.Verifier
	if redirectURI == "" {
		redirectURI = x.RedirectURI
	}
	if verifier.IsEmpty() {
		verifier = x.CodeVerifier
	}
	form, err := oauth.ExchangeForm(x.Code, redirectURI, verifier, r.Resource, c.Preset().TokenParameters)
	return asked{form: form, hidden: []secret.String{x.Code, verifier}}, err
}

// exchangeFailed ends the claim of an exchange that gave no token. Tokens of an earlier authorization stay in use; the
// pending authorization is spent like its code.
func (m *Manager) exchangeFailed(ctx context.Context, c *claimed, x Exchange, v oauth.Verdict) error {
	a := c.attempt
	// What was refused for the client's sake, or before it was looked at, may be sent again once that is corrected.
	again := x.Assertion != nil && !isDead(v) && v.Class != oauth.OutcomeUnknown
	r, err := m.finish(ctx, a.Key, func(cur Record) (Record, bool) {
		return of(cur, a, func(cur Record) (Record, bool) {
			if !a.dropClaim(&cur) {
				return cur, false
			}
			a.keepNonce(&cur)
			cur.Pending = slices.DeleteFunc(cur.Pending, func(p Pending) bool { return p.State == a.State })
			if again {
				cur.unconsume(x.Code)
			}
			cur.note(m.event(a.ID, cur.Generation, x.noun()+" exchange failed: "+string(v.Class)))
			return cur, true
		})
	})
	if err != nil {
		m.log.Error("could not store that a code exchange failed", "key", a.Key, "attempt", a.ID, "error", err)
		r = c.record
	}
	e := answerError(v, r, m.Now())
	if isDead(v) {
		e.Kind = KindAuthorize
	}
	return e
}
