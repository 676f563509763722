package platform

import (
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// Doubtful names, in the order of the data, the facts that nobody is sure of, that decide how a credential is kept and could be
// wrong in a way that costs something, and that its client says nothing of. said is the client's refresh_token_policy, earliest
// the pair's refresh.earliest. A fact that says "none" is in no doubt here: nothing is done by it, and no configuration could say
// it better. Neither is a reuse that ends the family: that is assumed wherever nothing is known, and nothing is lost by it.
func (f Facts) Doubtful(said credential.RefreshTokenPolicy, earliest time.Duration) []string {
	known := f.Policy()
	rotation := said.Rotation
	if rotation == "" {
		rotation = known.Rotation
	}
	assumed := f.OnReuse.Or("") == credential.ReuseRevokeFamily
	var names []string
	for _, d := range []struct {
		name string
		said bool
		open bool
	}{
		{"rotation", said.Rotation != "", known.Rotation == "" || known.Rotation == credential.RotationAppSetting},
		{"on_reuse", said.OnReuse != "", unconfirmed(f.OnReuse) && !assumed && credential.RefreshTokenPolicy{Rotation: rotation}.SingleUse()},
		{"grace_period", said.GracePeriod != 0, unconfirmed(f.GracePeriod) && rotation == credential.RotationSingleUseGrace},
		{"idle_lifetime", said.IdleLifetime != 0, unconfirmed(f.IdleLifetime)},
		{"absolute_lifetime", said.AbsoluteLifetime != 0, unconfirmed(f.AbsoluteLifetime)},
		{"earliest_refresh", earliest != 0, unconfirmed(f.EarliestRefresh)},
		{"error_budget", said.ErrorBudget != credential.ErrorBudget{}, unconfirmed(f.ErrorBudget)},
	} {
		if d.open && !d.said {
			names = append(names, d.name)
		}
	}
	return names
}

// unconfirmed tells whether a fact has a value that is not sure.
func unconfirmed[T any](f Fact[T]) bool {
	_, has := f.Get()
	return has && f.Confidence == Low
}
