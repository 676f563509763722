package credential

import (
	"cmp"
	"context"
	"errors"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// ErrNoIntrospection says that the client has no introspection_endpoint.
var ErrNoIntrospection = errors.New("the client has no introspection_endpoint")

// introspectedKey stands for the credential in the list of an error budget, where a token is of none.
const introspectedKey = "(a token of the configuration)"

// Introspect asks the server of client about a token (RFC 7662). hint may be empty. An inactive token is an answer. Nothing is
// used up by it, and nothing is written but to an error budget. Its error is an *Error, or the context's.
func (m *Manager) Introspect(ctx context.Context, client Client, token secret.String, hint string) (oauth.TokenInfo, error) {
	return m.learn(ctx, introspectedKey, Record{Status: StatusActive, Client: m.known(client)}, client, token, hint)
}

// IntrospectPair asks about the refresh token of the token pair of that name, or about its access token, as hint says; the empty
// hint stands for the refresh token if there is one. The token stays unused. Of a pair that has no such token nobody is asked:
// it is inactive. client asks instead of the pair's own where it is not nil.
func (m *Manager) IntrospectPair(ctx context.Context, name, hint string, client *Client) (oauth.TokenInfo, error) {
	key := PairKey(name)
	m.prepareQuietly(ctx)
	pause, began := m.pauses(), m.clock.Monotonic()
	var inactive secret.String // what was asked about
	for asks := 0; ; {
		snap, err := m.load(ctx, key)
		if err != nil {
			return oauth.TokenInfo{}, err
		}
		r := snap.record
		switch {
		case r.IsMoved():
			return oauth.TokenInfo{}, MovedAway(r)
		case r.IsTombstone():
			return oauth.TokenInfo{}, &Error{Kind: KindNotFound}
		}
		token, kind := r.tokenBy(hint)
		switch waiting := r.Claim != nil && m.clock.Monotonic()-began < m.timings.RequestTimeout; {
		case token.IsEmpty(), asks == maxLooks, asks > 0 && token.Equal(inactive) && !waiting:
			return oauth.TokenInfo{}, nil
		case asks > 0 && token.Equal(inactive): // somebody has just used it, and is about to bring its successor
			if err := pause(ctx); err != nil {
				return oauth.TokenInfo{}, err
			}
			continue
		}
		own := r.Client
		if client != nil {
			own = *client
		}
		info, err := m.learn(ctx, key, r, own, token, kind)
		if err != nil || info.Active {
			return info, err
		}
		inactive = token // it may have been replaced meanwhile, and its successor be good
		asks++
	}
}

// tokenBy returns the token of r that a hint names, and the hint; the empty one stands for the refresh token if there is one.
func (r Record) tokenBy(hint string) (secret.String, string) {
	if hint == oauth.HintAccessToken || hint == "" && r.Tokens.Refresh.IsEmpty() {
		return r.Tokens.Access, oauth.HintAccessToken
	}
	return r.Tokens.Refresh, oauth.HintRefreshToken
}

// learn asks client's server about a token. r is what its error speaks of.
func (m *Manager) learn(ctx context.Context, key string, r Record, client Client, token secret.String, hint string) (oauth.TokenInfo, error) {
	client, err := m.resolve(ctx, client, lacksIntrospection)
	if err != nil {
		return oauth.TokenInfo{}, configurationError(err, r)
	}
	if client.IntrospectionEndpoint == "" {
		return oauth.TokenInfo{}, configurationError(client.missing(ErrNoIntrospection), r)
	}
	b, err := m.whenFree(ctx, func() (booking, error) { return m.enterAside(ctx, key, client) })
	switch {
	case errors.Is(err, errNotWorthIt):
		return oauth.TokenInfo{}, &Error{Kind: KindLater, Reason: ReasonBudget, Record: r, Err: err}
	case err != nil:
		return oauth.TokenInfo{}, speakingOf(err, r)
	}
	reply := m.askAbout(ctx, key, b, client, token, hint)
	info, v := oauth.JudgeIntrospection(reply, token, client.ClientSecret)
	switch v.Class {
	case oauth.Success:
		return info, nil
	case oauth.NotSent:
		return info, notSentError(ctx, v, r)
	case oauth.OutcomeUnknown:
		v.Err = cmp.Or(v.Err, errNoAnswer)
	}
	return info, answerError(v, r, m.Now())
}

var errNoAnswer = errors.New("the server seems to be in trouble")
