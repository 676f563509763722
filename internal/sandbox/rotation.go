package sandbox

import "slices"

// refresh answers a refresh with the refresh token of the given value. Nothing changes unless it succeeds, except
// that reuse may revoke. Server.mu is held.
func (s *Server) refresh(client Client, value string, scopes []string) (*accessToken, *refreshToken, reason) {
	now := s.Now()
	t := s.refreshes[value]
	switch {
	case t == nil:
		return nil, nil, refreshUnknown
	case t.family.clientID != client.ID:
		return nil, nil, refreshForeignClient
	case t.fate == spent || t.fate == inGrace && !now.Before(t.graceEnd):
		s.reused(t)
		return nil, nil, refreshReused
	case !t.accepted(now):
		return nil, nil, refreshRevoked
	case t.expired(now):
		return nil, nil, refreshExpired
	case t.fate == live && now.Before(t.freshSince.Add(s.settings.EarliestRefresh)):
		return nil, nil, refreshTooEarly
	}
	if scopes == nil {
		scopes = t.family.scopes
	}
	if !within(scopes, t.family.scopes) {
		return nil, nil, scopeExceeded
	}
	return s.succeed(t, scopes)
}

// succeed carries out a refresh that was found to be right. All randomness is read before anything changes.
func (s *Server) succeed(t *refreshToken, scopes []string) (*accessToken, *refreshToken, reason) {
	f := t.family
	accessValue, err := s.mint(SecretAccess)
	if err != nil {
		return nil, nil, noRandomness
	}
	rotates := s.rotates(f)
	refreshValue := ""
	if rotates {
		if refreshValue, err = s.mint(SecretRefresh); err != nil {
			return nil, nil, noRandomness
		}
	}
	f.refreshes++
	t.predecessor.doom()
	t.idleEnd = deadline(s.Now(), s.settings.RefreshTokenIdleLifetime)
	s.endOldAccess(f)
	access := s.addAccess(f, accessValue, f.clientID, f.user, scopes)
	if !rotates {
		t.freshSince = s.Now()
		return access, t, ""
	}
	s.supersede(t)
	access.predecessor = t
	return access, s.addRefresh(f, refreshValue, t), ""
}

// rotates tells whether the next refresh of f issues a successor.
func (s *Server) rotates(f *family) bool {
	switch {
	case s.settings.OmitRefreshToken || s.settings.Rotation == RotationNone:
		return false
	case s.settings.Rotation == RotationServerDecides:
		return f.refreshes%2 == 1
	default:
		return true
	}
}

// supersede decides what becomes of t now that it gets a successor. It is decided here, once, so that a later change
// of the settings revives nothing.
func (s *Server) supersede(t *refreshToken) {
	switch {
	case s.settings.Rotation == RotationSingleUse:
		t.fate = spent
	case t.fate != live:
	case s.settings.Rotation == RotationSingleUseGrace:
		t.fate, t.graceEnd = inGrace, s.Now().Add(s.settings.GracePeriod)
	case s.settings.Rotation == RotationUntilSuccessorUsed:
		t.fate = awaiting
	}
}

// doom kills t, if there is a t, because its successor or the access token that came with it was used.
func (t *refreshToken) doom() {
	if t != nil && t.fate == awaiting {
		t.fate = spent
	}
}

// reused counts a presentation of the dead token t and does what Settings.OnReuse says.
func (s *Server) reused(t *refreshToken) {
	s.counters.ReuseDetected++
	switch s.settings.OnReuse {
	case ReuseRevokeFamily:
		s.kill(t.family, RevokedByReuse)
	case ReuseRevokeClientUser:
		for _, f := range s.families {
			if f.clientID == t.family.clientID && f.user == t.family.user {
				s.kill(f, RevokedByReuse)
			}
		}
	}
}

// kill revokes a whole family, once. Server.mu is held.
func (s *Server) kill(f *family, why RevokeReason) {
	if f.revoked == "" {
		f.revoked = why
		s.counters.FamiliesRevoked++
	}
}

// within tells whether every scope asked for is among those allowed.
func within(asked, allowed []string) bool {
	for _, scope := range asked {
		if !slices.Contains(allowed, scope) {
			return false
		}
	}
	return true
}
