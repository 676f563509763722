package simulation

import (
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// semantics is what a server does with refresh tokens, and what the engine is told of it.
type semantics struct {
	name     string
	rotation credential.Rotation // what is true
	reuse    credential.Reuse
	grace    time.Duration
	told     credential.RefreshTokenPolicy
}

// honest are semantics of which the engine knows all.
func honest(name string, rotation credential.Rotation, reuse credential.Reuse, grace time.Duration) semantics {
	told := credential.RefreshTokenPolicy{Rotation: rotation, OnReuse: reuse, GracePeriod: grace}
	return semantics{name, rotation, reuse, grace, told}
}

// allSemantics returns every rotation class and reuse behaviour, and servers of which nothing is known.
func allSemantics() []semantics {
	const (
		reject, family = credential.ReuseReject, credential.ReuseRevokeFamily
		single, grace  = credential.RotationSingleUse, credential.RotationSingleUseGrace
	)
	unknown := credential.RefreshTokenPolicy{Rotation: credential.RotationUnknown, OnReuse: credential.ReuseUnknown}
	return []semantics{
		honest("none", credential.RotationNone, reject, 0),
		honest("new_old_valid", credential.RotationNewOldValid, reject, 0),
		honest("server_decides", credential.RotationServerDecides, reject, 0),
		honest("until_successor_used, reject", credential.RotationUntilSuccessorUsed, reject, 0),
		honest("until_successor_used, revoke_family", credential.RotationUntilSuccessorUsed, family, 0),
		honest("single_use, reject", single, reject, 0),
		honest("single_use, revoke_family", single, family, 0),
		honest("single_use, revoke_client_user", single, credential.ReuseRevokeClientUser, 0),
		honest("grace 30s, revoke_family", grace, family, 30*time.Second),
		honest("grace 10m, revoke_family", grace, family, 10*time.Minute),
		honest("grace 1m, reject", grace, reject, time.Minute),
		honest("grace 1m, revoke_client_user", grace, credential.ReuseRevokeClientUser, time.Minute),
		{"unknown, in truth single_use, revoke_family", single, family, 0, unknown},
		{"unknown, in truth none", credential.RotationNone, reject, 0, unknown},
		{"app_setting, in truth single_use, reject", single, reject, 0, credential.RefreshTokenPolicy{
			Rotation: credential.RotationAppSetting, OnReuse: credential.ReuseUnknown,
		}},
	}
}

// reused tells whether t was used in a way that this server takes for a reuse when t comes again.
func (s semantics) reused(t *refresh, now time.Duration) bool {
	if len(t.uses) == 0 {
		return false
	}
	switch s.rotation {
	case credential.RotationSingleUse:
		return true
	case credential.RotationSingleUseGrace:
		return now > t.uses[0].at+s.grace
	case credential.RotationUntilSuccessorUsed:
		return t.superseded
	default:
		return false
	}
}

// rotates tells whether a refresh brings another refresh token.
func (s semantics) rotates(w *world) bool {
	switch s.rotation {
	case credential.RotationNone:
		return false
	case credential.RotationServerDecides:
		return w.chance(0.5)
	default:
		return true
	}
}

// Why a token that was used before may come again.
const (
	resendGrace    = "again within the grace"
	resendAlive    = "again, the successor was never used"
	resendOnce     = "once more after the TTL (reject)"
	resendExpired  = "once more after the access token has expired (revoke_family)"
	resendNoHarm   = "old, and valid by these semantics"
	claimTTL       = 120 * time.Second
	sendBy         = 10 * time.Second
	graceToArrival = requestTimeout // a request may travel that long
)

// mayComeAgain tells why t may come again at the server, by section 6 of the design. It is asked when t has been used
// before; forbidden says why it may not. slack is how far the clocks of the machines may be apart.
func (a *account) mayComeAgain(t *refresh, x *exchange, now, slack time.Duration) (why, forbidden string) {
	first := t.uses[0]
	switch a.semantics.rotation {
	case credential.RotationNone, credential.RotationNewOldValid, credential.RotationServerDecides:
		return resendNoHarm, ""
	case credential.RotationUntilSuccessorUsed:
		if t.superseded {
			return "", "its successor was used before"
		}
		return resendAlive, ""
	case credential.RotationSingleUseGrace:
		if now <= first.at+a.semantics.grace {
			return resendGrace, ""
		}
	}
	told := a.semantics.told.OnReuse
	switch {
	case told == credential.ReuseRevokeClientUser:
		return "", "never, with revoke_client_user"
	case a.outsideGrace(t) > 1:
		return "", "it has come again before"
	case x.sent < first.by.sent+claimTTL-sendBy-slack:
		return "", "before the TTL was over"
	case told == credential.ReuseReject:
		return resendOnce, ""
	case t.access != nil && x.sent < t.access.expires-slack:
		return "", "the access token is alive"
	}
	return resendExpired, ""
}

// outsideGrace counts the uses of t that no grace covers, and the first.
func (a *account) outsideGrace(t *refresh) int {
	n := 0
	for i, u := range t.uses {
		if i == 0 || u.at > t.uses[0].at+a.semantics.grace {
			n++
		}
	}
	return n
}
