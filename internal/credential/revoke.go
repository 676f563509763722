package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// ErrNoRevocation says that the client has no revocation_endpoint.
var ErrNoRevocation = errors.New("the client has no revocation_endpoint")

// ErrSetAside says that former tokens were not revoked.
var ErrSetAside = errors.New("tokens of another client_id or grant, or replaced ones, were kept aside and are not revoked")

// ErrRevokedNotBuried says that the tokens were revoked and the record could not be deleted.
var ErrRevokedNotBuried = errors.New("revoked, but still in the token store")

const verdictRevoked = "revoked and deleted"

var errGone = errors.New("the credential was deleted before")

// Delete ends a credential: revoke its refresh token where wanted and possible, then leave a tombstone with nothing but
// hashes. It acts only on the given family; an empty one stands for a credential that never had tokens. A token that
// could not be revoked because the server refuses to is a notice; a server that was not reached is an error, and Delete
// can be repeated.
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
		func(err error) bool { return IsKind(err, KindNotSent) || IsKind(err, KindUnknown) },
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
	wanted := revoke && (!t.Refresh.IsEmpty() || t.Alive(m.Now(), 0))
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
		if refused == nil {
			refused, err = m.revoke(ctx, c, client, snap.record)
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

// revoke sends the refresh token, or the access token where there is none, to the revocation endpoint. refused says why
// the server does not do it; err says that trying again may help.
func (m *Manager) revoke(ctx context.Context, c *claimed, client Client, r Record) (refused, err error) {
	token, hint := r.Tokens.Refresh, "refresh_token"
	if token.IsEmpty() {
		token, hint = r.Tokens.Access, "access_token"
	}
	request := oauth.Request{Endpoint: client.RevocationEndpoint, Auth: client.revocationAuth(), Form: oauth.RevokeForm(token, hint)}
	reply := m.send(ctx, c, request, &booking{}, time.Time{})
	v := oauth.JudgeRevocation(reply, token, client.ClientSecret)
	m.log.Info("revocation answered", "key", c.attempt.Key, "class", string(v.Class), "status", v.Status)
	switch v.Class {
	case oauth.Success:
		return nil, nil
	case oauth.NotSent:
		return nil, notSentError(ctx, v, r)
	case oauth.RateLimited, oauth.TooEarly:
		return nil, &Error{Kind: KindLater, Record: r, Verdict: v, Until: notBefore(v, m.Now())}
	case oauth.OutcomeUnknown:
		return nil, &Error{Kind: KindUnknown, Record: r, Verdict: v, Err: v.Err}
	default:
		return &Error{Kind: KindConfiguration, Record: r, Verdict: v, Err: v.Err}, nil
	}
}
