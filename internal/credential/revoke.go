package credential

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// ErrNoRevocation says that the client has no revocation_endpoint.
var ErrNoRevocation = errors.New("the client has no revocation_endpoint")

// ErrSetAside says that former tokens were not revoked.
var ErrSetAside = errors.New("tokens of another client_id or grant, or replaced ones, were kept aside and are not revoked")

// ErrRevokedNotBuried says that the tokens were revoked and the record could not be deleted.
var ErrRevokedNotBuried = errors.New("revoked, but still in the token store")

const verdictRevoked = "revoked and deleted"

var errGone = errors.New("the credential was deleted before")

// revokePatience is how long a deletion waits for a server that asks for it (RFC 7009 §2.2.1).
const revokePatience = 10 * time.Second

// Delete ends a credential: revoke its tokens where wanted and possible, then leave a tombstone with nothing but hashes. It acts only
// on the given family; an empty one stands for a credential that never had tokens. A token that could not be revoked because the
// server refuses to is a notice; a server that was not reached is an error, and Delete can be repeated.
func (m *Manager) Delete(ctx context.Context, name, family string, revoke bool) ([]Notice, error) {
	key := PairKey(name)
	m.prepareQuietly(ctx)
	var notices []Notice
	err := m.alone(ctx, key,
		func(r Record) error {
			switch {
			case r.IsMoved():
				return MovedAway(r)
			case r.IsTombstone():
				return errGone
			case r.Family != family:
				return &Error{Kind: KindForeignFamily, Record: r}
			}
			return nil
		},
		func(snap snapshot) (err error) {
			notices, err = m.revokeAndBury(ctx, key, snap, revoke)
			return err
		},
		// RFC 7009 §2.2: revoking an invalid token succeeds, so a revocation may be repeated.
		func(err error) bool {
			return IsKind(err, KindNotSent) || IsKind(err, KindUnknown) || m.sitOut(ctx, err)
		},
	)
	if IsKind(err, KindNotFound) || errors.Is(err, errGone) {
		return notices, nil
	}
	return notices, err
}

func (m *Manager) revokeAndBury(ctx context.Context, key string, snap snapshot, revoke bool) ([]Notice, error) {
	var client Client
	var refused error
	t := snap.record.Tokens
	wanted := revoke && (!t.Refresh.IsEmpty() || t.mayWork(m.Now()))
	if wanted {
		var err error
		if client, refused, err = m.revoker(ctx, snap.record); err != nil {
			return nil, err
		}
	}
	c, err := m.claim(ctx, key, snap, Attempt{Purpose: PurposeRevoke}, extra{})
	if err != nil {
		return nil, err
	}
	defer c.close()
	var notices []Notice
	revoked := false
	if wanted {
		var left error
		if refused == nil {
			left, refused, err = m.revokeTokens(ctx, c, client, snap.record)
		}
		if left != nil {
			notices = append(notices, Notice{Code: NoticeAccessLeft, Err: left, Until: t.ExpiresAt})
		}
		if err != nil {
			m.withdraw(ctx, c, "revocation failed")
			return nil, err
		}
		revoked = refused == nil
		if refused != nil {
			notices = append(notices, Notice{Code: NoticeNotRevoked, Err: refused, Minted: snap.record.Mints()})
		}
	}
	if revoke && len(snap.record.Aside) > 0 {
		notices = append(notices, Notice{Code: NoticeNotRevoked, Err: ErrSetAside})
	}
	verdict := "deleted"
	if revoked {
		verdict = verdictRevoked
	}
	if err := m.bury(ctx, c, verdict); err != nil {
		if revoked && !errors.Is(err, errClaimLost) {
			err = &Error{Kind: KindStore, Record: c.record, Err: fmt.Errorf("%w: %w", ErrRevokedNotBuried, err)}
		}
		return notices, err
	}
	return notices, nil
}

// bury leaves the tombstone. errClaimLost says that somebody else has changed the credential since the claim.
func (m *Manager) bury(ctx context.Context, c *claimed, verdict string) error {
	lost := false
	_, err := m.finish(ctx, c.attempt.Key, func(r Record) (Record, bool) {
		if lost = !c.attempt.dropClaim(&r) && !r.IsTombstone(); lost || r.IsTombstone() {
			return r, false
		}
		if verdict == verdictRevoked || r.Unknown != nil {
			r.consume(r.Tokens.Refresh, false)
		}
		r.note(m.event(c.attempt.ID, r.Generation, verdict))
		return r.tombstone(m.Now().Round(0).UTC()), true
	})
	if err == nil && lost {
		return errClaimLost
	}
	return err
}

// revoker is the client of r as it revokes. refused says why it cannot; err says that trying again may help.
func (m *Manager) revoker(ctx context.Context, r Record) (client Client, refused, err error) {
	client, refused = m.resolve(ctx, r.Client, lacksRevocation)
	var failed *oauth.DiscoveryError
	switch {
	case refused != nil && ctx.Err() != nil:
		return client, nil, ctx.Err()
	case errors.As(refused, &failed) && (failed.Transient || lacksToken(r.Client.completed())):
		return client, nil, configurationError(refused, r)
	case failed != nil: // a server that is used without metadata, and has none
		refused = fmt.Errorf("%w, and %w", ErrNoRevocation, failed)
	case refused == nil && client.RevocationEndpoint == "":
		refused = client.missing(ErrNoRevocation)
	}
	return client, refused, nil
}

// revokeTokens revokes the refresh token of r first, for it makes others, and then the access token if that still works: a server
// SHOULD have ended it with the refresh token, and some do not (RFC 7009 §2.1). Of a token that is dead already it says so, which
// costs nothing. refused says why the server does not do it; err says that trying again may help. left says why the access token
// alone may still work: it ends by itself, and so keeps nobody from removing the credential.
func (m *Manager) revokeTokens(ctx context.Context, c *claimed, client Client, r Record) (left, refused, err error) {
	t := r.Tokens
	if !t.Refresh.IsEmpty() {
		if refused, err = m.revoke(ctx, c, client, r, t.Refresh, oauth.HintRefreshToken); err != nil || refused != nil && !unsupported(refused) {
			return nil, refused, err
		}
	}
	if !t.mayWork(m.Now()) {
		return nil, refused, nil
	}
	c.at = nowOn(m.clock) // a call of its own: how long the first one took is no matter
	accessRefused, err := m.revoke(ctx, c, client, r, t.Access, oauth.HintAccessToken)
	if m.sitOut(ctx, err) {
		accessRefused, err = m.revoke(ctx, c, client, r, t.Access, oauth.HintAccessToken)
	}
	if t.Refresh.IsEmpty() {
		return nil, accessRefused, err
	}
	return cmp.Or(err, accessRefused), refused, nil
}

// unsupported tells whether the server does not revoke tokens of that kind (RFC 7009 §2.2.1).
func unsupported(refused error) bool {
	var e *Error
	return errors.As(refused, &e) && e.Verdict.Code == "unsupported_token_type"
}

// sitOut waits as long as a busy server asks, if that is not too long, and tells whether it has.
func (m *Manager) sitOut(ctx context.Context, err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindLater {
		return false
	}
	wait := e.Verdict.RetryAfter
	if wait > revokePatience || wait == 0 && e.Verdict.Status != http.StatusServiceUnavailable {
		return false
	}
	return m.clock.Sleep(ctx, wait) == nil
}

// revoke sends one token to the revocation endpoint.
func (m *Manager) revoke(ctx context.Context, c *claimed, client Client, r Record, token secret.String, hint string) (refused, err error) {
	request := oauth.Request{Endpoint: client.RevocationEndpoint, Auth: client.revocationAuth(), Form: oauth.RevokeForm(token, hint)}
	reply := m.send(ctx, c, request, &booking{}, time.Time{})
	v := oauth.JudgeRevocation(reply, token, client.ClientSecret)
	m.log.Info("revocation answered", "key", c.attempt.Key, "class", string(v.Class), "status", v.Status)
	switch v.Class {
	case oauth.Success:
		return nil, nil
	case oauth.NotSent:
		return nil, notSentError(ctx, v, r)
	}
	e := answerError(v, r, m.Now())
	switch {
	case v.Status == http.StatusServiceUnavailable: // the token still exists (RFC 7009 §2.2.1)
		e.Kind, e.Reason, e.Until = KindLater, ReasonNotBefore, notBefore(v, m.Now())
		return nil, e
	case e.Kind == KindLater, e.Kind == KindUnknown:
		return nil, e
	}
	e.Kind = KindConfiguration // whatever the server has against it, the token is as it was
	return e, nil
}
