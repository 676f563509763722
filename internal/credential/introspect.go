package credential

import (
	"context"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// introspectWithin bounds an introspection, with its bookings and writes: everybody who asked for the token waits for it.
const introspectWithin = 10 * time.Second

// introspectCode stands for the server's words in the list of an error budget.
const introspectCode = "(introspection)"

// introspectable tells whether the server is to be asked how long the access token of r lives that a reply has just brought.
func (r Record) introspectable() bool {
	t := r.Tokens
	return r.Client.Preset().Introspect && !t.Access.IsEmpty() && t.ExpiresAt.IsZero() && t.RefreshIssuedAt.IsZero()
}

// introspected returns r, whose access token a reply has just brought, with the expiry that the server tells when it is asked
// (RFC 7662). The successor is stored by now, and nothing hangs on this call: whatever goes wrong leaves the lifetime that is
// assumed. A token is asked about once in a process.
func (m *Manager) introspected(ctx context.Context, key string, r Record) Record {
	if _, away := m.unsavedOf(key); away || !r.introspectable() || !m.introspectsFirst(key, r.Tokens.Access) {
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, min(introspectWithin, m.timings.RequestTimeout))
	defer cancel()
	expiry, err := m.introspect(ctx, key, r)
	if err == nil && !expiry.IsZero() {
		r, err = m.keepExpiry(ctx, key, r, expiry)
	}
	if err != nil {
		m.log.Warn("could not learn when an access token expires; its usual lifetime is assumed", "key", key, "generation", r.Generation, "error", err)
	}
	return r
}

// introspectsFirst tells whether this process has not asked about that access token of key yet.
func (m *Manager) introspectsFirst(key string, token secret.String) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := token.SHA256()
	done := m.asked[key] == sum
	m.asked[key] = sum
	return !done
}

// introspect makes the call; zero: the server does not tell.
func (m *Manager) introspect(ctx context.Context, key string, r Record) (time.Time, error) {
	client, err := m.resolve(ctx, r.Client, lacksIntrospection)
	if err != nil {
		return time.Time{}, err
	}
	// Without an endpoint nobody is asked: not that of a preset, or of metadata, whose server is another one. RFC 7662 §2.1: a
	// client that does not prove who it is gets no answer.
	if client.IntrospectionEndpoint == "" || client.auth().Method == oauth.None {
		return time.Time{}, nil
	}
	b, err := m.enterAside(ctx, key, client)
	if err != nil {
		return time.Time{}, err
	}
	said, v := oauth.JudgeIntrospection(m.askAbout(ctx, key, b, client, r.Tokens.Access, oauth.HintAccessToken), r.Tokens.Access, client.ClientSecret)
	if v.Class != oauth.Success {
		return time.Time{}, answerError(v, r, m.Now())
	}
	expiry := said.Expiry(r.Tokens.IssuedAt, m.Now())
	if expiry.IsZero() {
		m.log.Info("the introspection tells no usable expiry", "key", key, "generation", r.Generation, "active", said.Active)
	}
	return expiry, nil
}

// askAbout makes one call of the introspection endpoint of client, which is completed, under b.
func (m *Manager) askAbout(ctx context.Context, key string, b booking, client Client, token secret.String, hint string) (reply oauth.Reply) {
	request := oauth.Request{Endpoint: client.IntrospectionEndpoint, Auth: client.auth(), Form: oauth.IntrospectForm(token, hint)}
	m.postBooked(ctx, b, request, func(r oauth.Reply) oauth.Verdict {
		reply = r
		return chargedFor(r.Sent, r.Status, introspectCode)
	})
	m.log.Info("introspected", "key", key, "status", reply.Status)
	return reply
}

// keepExpiry writes down when the access token of r expires, if that is still the one in use.
func (m *Manager) keepExpiry(ctx context.Context, key string, r Record, expiry time.Time) (Record, error) {
	next, err := m.change(ctx, key, func(cur Record) (Record, bool) {
		if !cur.Tokens.Access.Equal(r.Tokens.Access) || !cur.Tokens.ExpiresAt.IsZero() {
			return cur, false
		}
		cur.Tokens.ExpiresAt, cur.Tokens.Lifetime = expiry, 0
		return cur, true
	})
	if err == nil && next.Tokens.Access.Equal(r.Tokens.Access) {
		r.Tokens.ExpiresAt, r.Tokens.Lifetime = next.Tokens.ExpiresAt, next.Tokens.Lifetime
	}
	return r, err
}
