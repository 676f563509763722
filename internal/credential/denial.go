package credential

import (
	"context"
	"errors"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// Denied is what to tell of a callback that brought an error instead of a code: an *Error of KindDenied, in the server's words. Of a
// callback of another issuer, or with a state that is not waiting, it is one of KindState: nobody knows whose words those are
// (RFC 9207 §2.4). Nothing is sent or changed, so the URL that was offered stays good.
func (m *Manager) Denied(ctx context.Context, name string, cb oauth.Callback) error {
	r, err := m.Peek(ctx, name)
	if err != nil {
		return err
	}
	x := Exchange{FromCallback: true, State: cb.State, Issuer: cb.Issuer}
	if _, err := x.check(r); err != nil && (cb.State != "" || !errors.Is(err, ErrStateNotPending)) { // not all servers send it back
		return err
	}
	if cb.Issuer == "" {
		// Who promises to name himself does so in errors too. Where that cannot be learnt now, nothing hangs on it.
		client, err := m.located(ctx, m.known(r.Client).completed(), lacksToken)
		if err == nil && client.namesItself() {
			return &Error{Kind: KindState, Record: r, Err: ErrNoIssuer}
		}
	}
	return &Error{Kind: KindDenied, Record: r, Verdict: oauth.Verdict{
		Class: oauth.Reauthorize, Code: cb.Error, Description: cb.ErrorDescription, ErrorURI: cb.ErrorURI,
	}}
}
