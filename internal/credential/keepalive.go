package credential

import "time"

// IdleDeadline is when the refresh token dies unless it is used: told, or by the configured policy, whichever is sooner; else
// by what is known of the platform. Zero: never, or not known.
func (r Record) IdleDeadline() time.Time { return r.Tokens.idleDeadline(r.Client.EffectivePolicy()) }

// KeepAliveAt is from when on the refresh token is used lest it die idle, though the access token works. Zero: never for that.
func (r Record) KeepAliveAt() time.Time { return r.Tokens.keepAliveAt(r.Client.EffectivePolicy()) }

// refreshIssuedAt is when the refresh token was issued: with the access token, or later and alone.
func (t Tokens) refreshIssuedAt() time.Time { return latest(t.IssuedAt, t.RefreshIssuedAt) }

// told forgets a deadline that only repeats the policy, as the state shows it: no server gave it.
func (t Tokens) told(p RefreshTokenPolicy) Tokens {
	if p.IdleLifetime > 0 && t.RefreshTokenExpiresAt.Equal(t.refreshIssuedAt().Add(p.IdleLifetime)) {
		t.RefreshTokenExpiresAt = time.Time{}
	}
	return t
}

func (t Tokens) idleDeadline(p RefreshTokenPolicy) time.Time {
	if t.Refresh.IsEmpty() {
		return time.Time{}
	}
	at := t.RefreshTokenExpiresAt
	switch {
	case isEndless(t.refreshIssuedAt(), at) && p.idlePresumed:
		return time.Time{}
	case isEndless(t.refreshIssuedAt(), at):
		at = time.Time{}
	case !at.IsZero() && p.idlePresumed:
		return at
	}
	if p.IdleLifetime > 0 && !t.refreshIssuedAt().IsZero() {
		if byPolicy := t.refreshIssuedAt().Add(p.IdleLifetime); at.IsZero() || byPolicy.Before(at) {
			return byPolicy
		}
	}
	return at
}

// isEndless tells whether a server has said that there is no such deadline.
func isEndless(issued, deadline time.Time) bool {
	return !deadline.IsZero() && !issued.IsZero() && !deadline.Before(issued.Add(Endless/2))
}

// AbsoluteDeadline is when the authorization ends, however often it is refreshed: told, or by the configured policy, whichever is
// sooner; else by what is known of the platform, unless the refresh token is told to live beyond that. Zero: never, or not known.
func (r Record) AbsoluteDeadline() time.Time {
	if r.Mints() { // the grant is asked again, and nobody has to authorize
		return time.Time{}
	}
	p, t := r.Client.EffectivePolicy(), r.Tokens
	at, issued := t.AuthorizationEndsAt, t.refreshIssuedAt()
	endless := isEndless(issued, at)
	if endless {
		at = time.Time{}
	}
	if p.AbsoluteLifetime == 0 || r.AuthorizedAt.IsZero() {
		return at
	}
	byPolicy := r.AuthorizedAt.Add(p.AbsoluteLifetime)
	switch {
	case p.absolutePresumed && (endless || t.RefreshTokenExpiresAt.After(byPolicy)):
		return at
	case at.IsZero(), !p.absolutePresumed && byPolicy.Before(at):
		return byPolicy
	}
	return at
}

// keepAliveAt is when two thirds of the way from the issue to the deadline are over. It bounds itself: after a refresh two
// thirds of what is left must pass again, also where the server does not extend the deadline. A deadline that lies before
// the issue was none.
func (t Tokens) keepAliveAt(p RefreshTokenPolicy) time.Time {
	deadline := t.idleDeadline(p)
	issued := t.refreshIssuedAt()
	if deadline.IsZero() || issued.IsZero() || !issued.Before(deadline) {
		return time.Time{}
	}
	span := deadline.Sub(issued)
	return issued.Add(span - span/3)
}

// keepAlive tells whether the refresh token has to be used by now, lest it die idle before the next run.
func (p Policy) keepAlive(t Tokens, now time.Time) bool {
	at := t.keepAliveAt(p.Token)
	return !at.IsZero() && !now.Before(at)
}
