package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// ErrRevokedNotNoted says that the tokens were revoked and the record could not be told.
var ErrRevokedNotNoted = errors.New("revoked, but the token store does not know it")

const (
	verdictRevokedKept   = "revoked: authorization required"
	verdictAccessRevoked = "access token revoked"
	verdictLate          = ", after the revocation: not used, and to be revoked as well"
)

// errNothingToRevoke says that a credential holds no token that may work.
var errNothingToRevoke = errors.New("there is no token to revoke")

// Revocation is what has become of a credential that was to be revoked.
type Revocation struct {
	Record  Record
	Revoked bool // by this call; else there was nothing that could be
	Notices []Notice
}

// Revoke ends the tokens of a credential at its server and keeps its record, which then waits for another authorization. With
// accessOnly it ends the access token alone, and the next run gets another. Unlike Delete it fails where the server does not do it:
// then nothing has changed here.
func (m *Manager) Revoke(ctx context.Context, name string, accessOnly bool) (Revocation, error) {
	key := PairKey(name)
	m.prepareQuietly(ctx)
	var out Revocation
	err := m.alone(ctx, key,
		func(r Record) error {
			out.Record = r
			switch {
			case r.IsMoved():
				return MovedAway(r)
			case r.IsTombstone():
				return &Error{Kind: KindNotFound, Record: r}
			case !r.revocable(m.Now(), accessOnly):
				return errNothingToRevoke
			}
			return nil
		},
		func(snap snapshot) (err error) {
			out, err = m.revokeAndKeep(ctx, key, snap, accessOnly)
			return err
		},
		func(err error) bool {
			return IsKind(err, KindNotSent) || IsKind(err, KindUnknown) || m.sitOut(ctx, err)
		},
	)
	if errors.Is(err, errNothingToRevoke) {
		return out, nil
	}
	return out, err
}

// revocable tells whether r holds a token that a server may still take.
func (r Record) revocable(now time.Time, accessOnly bool) bool {
	return r.Tokens.mayWork(now) || !accessOnly && !r.Tokens.Refresh.IsEmpty()
}

func (m *Manager) revokeAndKeep(ctx context.Context, key string, snap snapshot, accessOnly bool) (Revocation, error) {
	client, refused, err := m.revoker(ctx, snap.record)
	if err == nil && refused != nil {
		err = configurationError(refused, snap.record)
	}
	if err != nil {
		return Revocation{}, err
	}
	c, err := m.claim(ctx, key, snap, Attempt{Purpose: PurposeRevoke}, extra{})
	if err != nil {
		return Revocation{}, err
	}
	defer c.close()
	left, refused, err := m.revokeOf(ctx, c, client, snap.record, accessOnly)
	// A server that ends access tokens alone has ended that one.
	partly := err == nil && left == nil && unsupported(refused) && !accessOnly && snap.record.Tokens.mayWork(m.Now())
	if err == nil {
		err = refused
	}
	if err != nil && !partly {
		m.withdraw(ctx, c, "revocation failed")
		return Revocation{}, err
	}
	record, noteErr := m.noteRevoked(ctx, c, accessOnly || partly)
	switch {
	case errors.Is(noteErr, errClaimLost):
		return Revocation{}, noteErr
	case noteErr != nil:
		return Revocation{}, &Error{Kind: KindStore, Record: c.record, Err: fmt.Errorf("%w: %w", ErrRevokedNotNoted, noteErr)}
	case partly:
		return Revocation{}, err
	}
	done := Revocation{Record: record, Revoked: true}
	if left != nil {
		done.Notices = append(done.Notices, Notice{Code: NoticeAccessLeft, Err: left, Until: snap.record.Tokens.ExpiresAt})
	}
	if len(record.Aside) > 0 && !accessOnly {
		done.Notices = append(done.Notices, Notice{Code: NoticeNotRevoked, Err: ErrSetAside})
	}
	return done, nil
}

// revokeOf is revokeTokens, or the revocation of the access token alone.
func (m *Manager) revokeOf(ctx context.Context, c *claimed, client Client, r Record, accessOnly bool) (left, refused, err error) {
	if accessOnly {
		refused, err = m.revoke(ctx, c, client, r, r.Tokens.Access, oauth.HintAccessToken)
		return nil, refused, err
	}
	return m.revokeTokens(ctx, c, client, r)
}

// noteRevoked writes down what was revoked. errClaimLost says that somebody else has changed the credential since the claim: what
// there is now was not revoked.
func (m *Manager) noteRevoked(ctx context.Context, c *claimed, accessOnly bool) (Record, error) {
	lost := false
	now := m.Now().Round(0).UTC()
	record, err := m.finish(ctx, c.attempt.Key, func(r Record) (Record, bool) {
		event := m.event(c.attempt.ID, r.Generation, verdictRevokedKept)
		if accessOnly && (!r.Tokens.Refresh.IsEmpty() || r.Mints()) {
			event.Verdict = verdictAccessRevoked
		}
		own := c.attempt.dropClaim(&r)
		if lost = !own && !r.told(event); !own {
			return r, false
		}
		r.note(event)
		if event.Verdict == verdictAccessRevoked {
			r.Tokens.ExpiresAt = now
			return r, true
		}
		return r.revoked(), true
	})
	if err == nil && lost {
		return record, errClaimLost
	}
	return record, err
}

// revoked is r without the tokens that its server has ended.
func (r Record) revoked() Record {
	r.dropCopies(r.Tokens.Refresh, false)
	r.consume(r.Tokens.Refresh, false)
	r.Tokens.Access, r.Tokens.Refresh, r.Tokens.ID = secret.String{}, secret.String{}, secret.String{}
	r.Tokens.Extra = nil
	r.Tokens.ExpiresAt, r.Tokens.Lifetime = time.Time{}, 0
	r.Tokens.RefreshTokenExpiresAt, r.Tokens.AuthorizationEndsAt = time.Time{}, time.Time{}
	r.Status, r.Unknown = StatusRevoked, nil
	return r
}

// RevokedAt tells when and by which host r was revoked on purpose; zero: it was not, or nobody remembers.
func (r Record) RevokedAt() (at time.Time, host string) {
	if r.Status != StatusRevoked {
		return time.Time{}, ""
	}
	for _, e := range r.History {
		if e.Verdict == verdictRevokedKept || e.Verdict == verdictRevoked {
			at, host = e.At, e.Host
		}
	}
	return at, host
}
