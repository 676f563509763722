package credential

import (
	"context"
	"maps"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TakeImplicit starts a new family from the token that the implicit grant has handed over in a callback URL (RFC 6749 §4.2.2). Nothing is
// sent: the token is here, and only its state has to be one that waits. It is taken once; expires_in counts from now, for nobody knows
// when the browser got it.
func (m *Manager) TakeImplicit(ctx context.Context, name string, c oauth.ImplicitCallback, scopes []string) (Result, error) {
	key := PairKey(name)
	notices := m.prepare(ctx)
	snap, err := m.load(ctx, key)
	if err != nil {
		return Result{Notices: notices}, err
	}
	access := c.Token.AccessToken
	if snap.record.knows(access) {
		return Result{Notices: notices}, &Error{Kind: KindConsumed, Record: snap.record, Err: ErrConsumed}
	}
	x := Exchange{Code: access, FromCallback: true, State: c.State, Issuer: c.Issuer}
	client, err := m.located(ctx, m.known(snap.record.Client).completed(), lacksAuthorization)
	if err == nil && c.Issuer == "" && client.namesItself() {
		err = &Error{Kind: KindState, Record: snap.record, Err: ErrNoIssuer}
	}
	if err != nil {
		return Result{Notices: notices}, configurationError(err, snap.record)
	}
	family, err := m.newID()
	if err != nil {
		return Result{Notices: notices}, storeError("adopting", err)
	}
	now := m.Now().Round(0).UTC()
	var refused error
	r, err := m.change(ctx, key, func(cur Record) (Record, bool) {
		if cur.LastAttempt == family {
			refused = nil
			return cur, false // written already, by a write whose error was ambiguous
		}
		var p Pending
		if p, refused = x.check(cur); refused != nil {
			return cur, false
		}
		a := client.attempt(PurposeExchange)
		a.ID, a.Family, a.NewFamily, a.State = family, cur.Family, family, p.State
		a.SentAt, a.Scopes = now, client.Preset().scopes(scopes)
		a.Callback = client.Preset().fromCallback(texts(c.Token.Extra))
		next, outcome := putTokens(cur, a, c.Token, m.event(a.ID, 0, ""))
		if outcome == commitNow {
			next.consume(access, true)
		}
		return next, outcome == commitNow
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return Result{Notices: notices}, err
	}
	return Result{Record: m.introspected(ctx, key, r), Notices: notices}, nil
}

// texts spells out what is no secret: a preset names it as part of the connection.
func texts(extra map[string]secret.String) map[string]string {
	all := map[string]string{}
	for name, s := range maps.All(extra) {
		all[name] = s.Reveal()
	}
	return all
}
