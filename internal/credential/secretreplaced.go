package credential

import (
	"context"
	"errors"
)

// secretReplaced tells whether the client secret that a server has just refused is an old one: another run has managed the
// registration meanwhile, and brought, or is about to bring, another secret. A refused secret uses up nothing.
func (m *Manager) secretReplaced(ctx context.Context, sent Client) bool {
	if sent.Registration == "" || sent.ClientSecret.IsEmpty() {
		return false
	}
	key, pause, began := RegistrationKey(sent.Registration), m.pauses(), m.clock.Monotonic()
	for {
		snap, err := m.load(ctx, key)
		r := snap.record
		switch {
		case err != nil || r.IsMoved() || r.Registered.dynamic() == nil || r.Client.ClientID != sent.ClientID:
			return false
		case !r.Client.ClientSecret.Equal(sent.ClientSecret):
			return !r.Client.ClientSecret.IsEmpty()
		case r.Claim == nil || r.Moving() || m.clock.Monotonic()-began >= m.timings.RequestTimeout:
			return false
		}
		if err = m.settleClaim(ctx, key, snap); errors.Is(err, errBusy) {
			err = pause(ctx)
		}
		if err != nil {
			return false
		}
	}
}
