package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// secretText is in every secret of the records below.
const secretText = "very-secret"

var aPair = subject{kind: "oauth_token_pair", name: "exact", session: &session{location: "file:///store", deps: Deps{Clock: stopped(day(1))}}}

// stopped is a clock that stands still.
type stopped time.Time

func (c stopped) Now() time.Time                           { return time.Time(c) }
func (stopped) Monotonic() time.Duration                   { return 0 }
func (stopped) Sleep(context.Context, time.Duration) error { return errOutOfBounds }

// aRecord is a credential with tokens, an open authorization and an attempt whose outcome is not known.
func aRecord(change func(*credential.Record)) credential.Record {
	s := secret.New(secretText)
	r := credential.Record{
		Family: "family", Generation: 3, Status: credential.StatusActive,
		Client:  credential.Client{ClientID: "id", ClientSecret: s},
		Tokens:  credential.Tokens{Access: s, Refresh: s, ID: s, IssuedAt: day(1), ExpiresAt: day(1).Add(time.Hour), Extra: map[string]secret.String{"k": s}},
		Pending: []credential.Pending{{State: "s", Verifier: s, URL: "https://as.example.com/authorize?state=s"}},
		Unknown: &credential.Unknown{Attempt: "attempt", ClaimedAt: day(1), TTL: 2 * time.Minute},
	}
	if change != nil {
		change(&r)
	}
	return r
}

func unauthorized(r *credential.Record) {
	r.Generation, r.Tokens, r.Status, r.Unknown = 0, credential.Tokens{}, credential.StatusAuthorizationRequired, nil
}

func expired(r *credential.Record) { r.Tokens.ExpiresAt = day(1).Add(-time.Hour) }

func refusedWith(code, description string) oauth.Verdict {
	return oauth.Verdict{Class: oauth.Configuration, Status: 400, Code: code, Description: description}
}

type diagnosticCase struct {
	name  string
	about subject
	err   error
	want  []string // what happened, whether the stored credential works, what to do, the server's own words
}

func diagnosticCases() []diagnosticCase {
	kind := func(k credential.Kind, why credential.Reason, change func(*credential.Record)) error {
		return &credential.Error{Kind: k, Reason: why, Record: aRecord(change), Until: day(2)}
	}
	policy := func(reuse credential.Reuse, more func(*credential.Record)) func(*credential.Record) {
		return func(r *credential.Record) {
			r.Client.Policy.OnReuse, r.Status = reuse, credential.StatusOutcomeUnknown
			if more != nil {
				more(r)
			}
		}
	}
	code, asks := aPair, aPair
	code.code, asks.asks = true, true
	cause := errors.New("disk full")
	const (
		open   = "Open this URL, consent, and give the whole address that the browser ends up at as authorization_code.callback_url, then apply:\n\nhttps://as.example.com/authorize?state=s"
		urgent = "If it is urgent: open this URL, consent, and give the whole address that the browser ends up at as authorization_code.callback_url, then apply:\n\nhttps://as.example.com/authorize?state=s"
	)
	return []diagnosticCase{
		{"store", aPair, &credential.Error{Kind: credential.KindStore, Err: cause}, []string{
			`The token store file:///store could not be used for token pair "exact": disk full.`,
			"Nothing was sent. The stored credential was not used up and still works.",
			"Make the store reachable and writable for this user, with space left on its disk, then run again.",
		}},
		{"store, no key", aPair, &credential.Error{Kind: credential.KindStore, Err: fmt.Errorf("x: %w", seal.ErrNoKey)}, []string{
			`The token store file:///store could not be used for token pair "exact": x: no key opens the record.`,
			"Nothing was sent. The record is there and unchanged.",
			"Give the key that sealed it in token_store_key or OAUTH_TOKEN_STORE_KEY. To change keys, list the new one first and the old one behind it.",
		}},
		{"store, wrong place", aPair, &credential.Error{Kind: credential.KindStore, Err: seal.ErrWrongPlace}, []string{
			`The token store file:///store could not be used for token pair "exact": the record belongs somewhere else.`,
			"Nothing was sent.",
			"The record was copied from another name or another store. Put it back, or move the whole store.",
		}},
		{"store, newer", aPair, &credential.Error{Kind: credential.KindStore, Err: credential.ErrNewerRecord}, []string{
			`The token store file:///store could not be used for token pair "exact": a newer version of the provider wrote it.`,
			"The credential is intact: nothing was sent, and the record is unchanged.",
			"Upgrade the provider here: raise its version in required_providers, then run terraform init -upgrade.",
		}},
		{"any error", aPair, cause, []string{
			`The token store file:///store could not be used for token pair "exact": disk full.`,
			"Nothing was sent. The stored credential was not used up and still works.",
			"Make the store reachable and writable for this user, with space left on its disk, then run again.",
		}},
		{"configuration", aPair, &credential.Error{Kind: credential.KindConfiguration, Err: credential.ErrNoTokenEndpoint}, []string{
			`The configuration of token pair "exact" cannot be used: the client has no token_endpoint.`,
			"Nothing was sent. What the store holds is unchanged.",
			"Correct the configuration, then run again.",
		}},
		{"configuration, refused", aPair, &credential.Error{Kind: credential.KindConfiguration, Verdict: refusedWith("invalid_request", "no scope")}, []string{
			`The request for token pair "exact" was not accepted: the server says that the request itself is wrong.`,
			"The stored credential was not used up and still works.",
			"Correct the client's endpoints and settings, then run again.",
			"The server's own words: invalid_request: no scope (HTTP 400)",
		}},
		{"bad client", aPair, &credential.Error{Kind: credential.KindBadClient, Verdict: refusedWith("invalid_client", "")}, []string{
			`The authorization server does not accept the client of token pair "exact".`,
			"The stored refresh token was not used up and still works.",
			"Check client_id, client_secret and token_endpoint_auth_method; a secret that was renewed on the platform must be renewed here too.",
			"The server's own words: invalid_client (HTTP 400)",
		}},
		{"bad client, by key, clock ahead", aPair, &credential.Error{
			Kind: credential.KindBadClient, Record: credential.Record{Client: credential.Client{PrivateKey: secret.New("k")}},
			Verdict: oauth.Verdict{Class: oauth.BadClient, Status: 401, Code: "invalid_client", ClockOff: 5 * time.Minute},
		}, []string{
			`The authorization server does not accept the client of token pair "exact".`,
			"The stored refresh token was not used up and still works.",
			"The clock of this machine is 5m ahead of the server's, and the client's signed assertion holds by the clock: set it right first. " +
				"Check client_id, private_key, private_key_id and token_endpoint_auth_signing_alg, and that the platform has the public key; " +
				"set issuer to what the server calls itself, since the assertion is made out to that, and without it to the token_endpoint.",
			"The server's own words: invalid_client (HTTP 401)",
		}},
		{"bad client, by the key of its registration", aPair, &credential.Error{
			Kind: credential.KindBadClient, Record: credential.Record{Client: credential.Client{Registration: "r"}},
			Verdict: oauth.Verdict{Class: oauth.BadClient, AuthMethod: "private_key_jwt", Status: 401, Code: "invalid_client"},
		}, []string{
			`The authorization server does not accept the client of token pair "exact".`,
			"The stored refresh token was not used up and still works.",
			"Check client_id, private_key, private_key_id and token_endpoint_auth_signing_alg, and that the platform has the public key; " +
				"set issuer to what the server calls itself, since the assertion is made out to that, and without it to the token_endpoint.",
			"The server's own words: invalid_client (HTTP 401)",
		}},
		{"bad client, for want of a certificate", aPair, &credential.Error{
			Kind: credential.KindBadClient, Err: errors.New("remote error: tls: certificate required"), Verdict: oauth.Verdict{Class: oauth.BadClient, AuthMethod: "private_key_jwt"},
		}, []string{
			`The authorization server does not accept the client of token pair "exact": it ended the TLS handshake for the certificate, or for want of one (remote error: tls: certificate required).`,
			"The stored refresh token was not used up and still works.",
			"Check client_id, tls_client_certificate and token_endpoint_auth_method, and that the server takes certificates at the endpoint in use; a certificate that was renewed on the platform must be renewed here too.",
		}},
		{"bad client, by signed secret, clock behind", aPair, &credential.Error{
			Kind: credential.KindBadClient, Record: credential.Record{Client: credential.Client{TokenEndpointAuthMethod: "client_secret_jwt"}},
			Verdict: oauth.Verdict{Class: oauth.BadClient, Status: 401, Code: "invalid_client", ClockOff: -90 * time.Second},
		}, []string{
			`The authorization server does not accept the client of token pair "exact".`,
			"The stored refresh token was not used up and still works.",
			"The clock of this machine is 1m30s behind the server's, and the client's signed assertion holds by the clock: set it right first. " +
				"Check client_id, client_secret and token_endpoint_auth_signing_alg; a secret that was renewed on the platform must be renewed here too.",
			"The server's own words: invalid_client (HTTP 401)",
		}},
		{"bad client, by certificate", aPair, &credential.Error{
			Kind: credential.KindBadClient, Err: errors.New("remote error: tls: bad certificate"), Verdict: oauth.Verdict{Class: oauth.BadClient},
			Record: credential.Record{Client: credential.Client{TokenEndpointAuthMethod: "tls_client_auth", TLSClientCertificate: testProof().certificate}},
		}, []string{
			`The authorization server does not accept the client of token pair "exact": it ended the TLS handshake for the certificate, or for want of one (remote error: tls: bad certificate).`,
			"The stored refresh token was not used up and still works.",
			"Check client_id, tls_client_certificate and token_endpoint_auth_method, and that the server takes certificates at the endpoint in use; this certificate is good until 2026-12-24 00:00:00 UTC; a certificate that was renewed on the platform must be renewed here too.",
		}},
		{"not sent", aPair, &credential.Error{Kind: credential.KindNotSent, Err: errors.New("connection refused")}, []string{
			`The authorization server was not reached for token pair "exact": connection refused.`,
			"Nothing was sent. The stored credential was not used up and still works.",
			"Check the network and the endpoint, then run again.",
		}},
		{"later, not before", aPair, kind(credential.KindLater, credential.ReasonNotBefore, nil), []string{
			`Token pair "exact" cannot be refreshed before 2026-01-02 12:00:00 UTC: the server asked to wait.`,
			"The stored credential was not used up and still works.",
			"Run again after that time.",
		}},
		{"later, earliest", aPair, kind(credential.KindLater, credential.ReasonEarliest, nil), []string{
			`Token pair "exact" cannot be refreshed before 2026-01-02 12:00:00 UTC: the server refuses an earlier refresh, by refresh.earliest or by what is known of the platform.`,
			"The stored credential was not used up and still works.",
			"Run again after that time.",
		}},
		{"later, calls used up", aPair, kind(credential.KindLater, credential.ReasonTokenCalls, nil), []string{
			`Token pair "exact" cannot be refreshed before 2026-01-02 12:00:00 UTC: the platform takes no more calls of its token endpoint, by refresh_token_policy.token_calls or by what is known of it.`,
			"The stored credential was not used up and still works.",
			"Run again after that time.",
		}},
		{"strategy, at apply", aPair, kind(credential.KindStrategy, credential.ReasonAtApply, nil), []string{
			`The access token of token pair "exact" has expired, and its refresh.strategy is at_apply: only an apply of the resource refreshes it.`,
			"The stored refresh token still works.",
			"Apply the configuration that holds the oauth_token_pair.",
		}},
		{"strategy, never", aPair, kind(credential.KindStrategy, credential.ReasonNever, nil), []string{
			`The access token of token pair "exact" has expired, and its refresh.strategy is never.`,
			"The stored refresh token was not used.",
			"Choose another refresh.strategy, or provide a new access token.",
		}},
		{"refused", aPair, kind(credential.KindRefused, credential.ReasonRefused, nil), []string{
			`The API refuses the access token of token pair "exact", although it has just been refreshed: refresh.probe.url answered 401 before and after.`,
			"The authorization server accepts the stored credential, and it was not used up.",
			"Check that refresh.probe.url belongs to this platform and account, and that the granted scopes allow to read it. Every run that meets this refreshes once.",
		}},
		{"dead, and its access token rejected", aPair, kind(credential.KindAuthorize, credential.ReasonNotAuthorized, func(r *credential.Record) { r.Refresh.Strategy = credential.StrategyOnRejection }), []string{
			`The stored credential of token pair "exact" no longer works: the authorization server refused it.`,
			"Nothing else was used up; what depends on this pair fails until it is authorized again.",
			open,
		}},
		{"dead", aPair, &credential.Error{Kind: credential.KindAuthorize, Reason: credential.ReasonNotAuthorized, Record: aRecord(nil), Verdict: refusedWith("invalid_grant", "expired")}, []string{
			`The stored credential of token pair "exact" no longer works: the authorization server refused it.`,
			"Its access token works until 2026-01-01 13:00:00 UTC. After that, what depends on this pair fails until it is authorized again.",
			open,
			"The server's own words: invalid_grant: expired (HTTP 400)",
		}},
		{"dead and expired, no URL", aPair, kind(credential.KindAuthorize, credential.ReasonNotAuthorized, func(r *credential.Record) { expired(r); r.Pending = nil }), []string{
			`The stored credential of token pair "exact" no longer works: the authorization server refused it.`,
			"Nothing else was used up; what depends on this pair fails until it is authorized again.",
			"Provide new tokens in preauthenticated, or use authorization_code to let a person authorize in a browser, then apply.",
		}},
		{"no refresh token", aPair, kind(credential.KindAuthorize, credential.ReasonNoRefreshToken, expired), []string{
			`The access token of token pair "exact" has expired, and there is no refresh token.`,
			"Nothing else was used up; what depends on this pair fails until it is authorized again.",
			open,
		}},
		{"never worked", aPair, kind(credential.KindAuthorize, credential.ReasonNotAuthorized, func(r *credential.Record) {
			r.Tokens = credential.Tokens{}
			r.Status, r.Generation, r.Input, r.Source, r.Pending = credential.StatusAuthorizationRequired, 1, "hash", grantPreauthenticated, nil
		}), []string{
			`The authorization server refused the tokens that preauthenticated brings for token pair "exact". They have never worked here.`,
			"Nothing else was used up; what depends on this pair fails until it is authorized.",
			"Provide new tokens in preauthenticated, or use authorization_code to let a person authorize in a browser, then apply.",
		}},
		{"brought with an access token, which may have worked", aPair, kind(credential.KindAuthorize, credential.ReasonNotAuthorized, func(r *credential.Record) {
			expired(r)
			r.Status, r.Generation, r.Input, r.Source, r.Pending = credential.StatusAuthorizationRequired, 1, "hash", grantPreauthenticated, nil
		}), []string{
			`The stored credential of token pair "exact" no longer works: the authorization server refused it.`,
			"Nothing else was used up; what depends on this pair fails until it is authorized again.",
			"Provide new tokens in preauthenticated, or use authorization_code to let a person authorize in a browser, then apply.",
		}},
		{"brought once, authorized since", aPair, kind(credential.KindAuthorize, credential.ReasonNotAuthorized, func(r *credential.Record) {
			r.Tokens = credential.Tokens{}
			r.Status, r.Generation, r.Input, r.Source = credential.StatusAuthorizationRequired, 1, "hash", grantAuthorizationCode
		}), []string{
			`The stored credential of token pair "exact" no longer works: the authorization server refused it.`,
			"Nothing else was used up; what depends on this pair fails until it is authorized again.",
			open,
		}},
		{"revoked", aPair, kind(credential.KindAuthorize, credential.ReasonRevoked, func(r *credential.Record) {
			r.Tokens, r.Status = credential.Tokens{}, credential.StatusRevoked
		}), []string{
			`Token pair "exact" was revoked.`,
			"Its tokens do not work any more; what depends on this pair fails until it is authorized again.",
			open,
		}},
		{"revoked, and then a refresh came home", aPair, kind(credential.KindAuthorize, credential.ReasonRevoked, func(r *credential.Record) {
			r.Status = credential.StatusRevoked
		}), []string{
			`Token pair "exact" was revoked.`,
			"A refresh that was under way then has brought other tokens since. They may work, and nobody is given them: invoke oauth_revoke once more. " +
				"What depends on this pair fails until it is authorized again.",
			open,
		}},
		{"moved, asked", asks, credential.MovedAway(credential.Record{MovedTo: credential.MovedTo{StoreID: "s", Location: "file:///b"}}), []string{
			`Token pair "exact" was moved from the token store file:///store to file:///b.`,
			"Nothing was sent or changed. The credential is good there, and nobody has to authorize.",
			"Set token_store or OAUTH_TOKEN_STORE to that store and run again. To bring it back: terraform-provider-oauth move --name exact --from file:///b --to file:///store",
		}},
		{"strategy, never, no refresh token", aPair, kind(credential.KindStrategy, credential.ReasonNever, func(r *credential.Record) { r.Tokens.Refresh = secret.String{} }), []string{
			`The access token of token pair "exact" has expired, and its refresh.strategy is never.`,
			"There is no refresh token.",
			"Provide a new access token.",
		}},
		{"unknown, after an error", aPair, &credential.Error{Kind: credential.KindUnknown, Reason: credential.ReasonUnknownFinal, Record: aRecord(func(r *credential.Record) { r.Unknown.Resends = 1 }),
			Verdict: oauth.Verdict{Class: oauth.OutcomeUnknown, Status: 503}}, []string{
			`A refresh of token pair "exact" was sent, and the server answered with an error that does not tell what became of it. The refresh token may be used up.`,
			"Its access token works until 2026-01-01 13:00:00 UTC. It was sent once more without a reply, and is not sent again.",
			open,
			"The server's own words: HTTP 503",
		}},
		{"tombstone", aPair, kind(credential.KindAuthorize, credential.ReasonDeleted, func(r *credential.Record) { *r = credential.Record{DeletedAt: day(1)} }), []string{
			`Token pair "exact" was destroyed.`,
			"Nothing else was used up; what depends on this pair fails until it is authorized again.",
			"Provide new tokens in preauthenticated, or use authorization_code to let a person authorize in a browser, then apply.",
		}},
		{"never authorized", aPair, kind(credential.KindAuthorize, credential.ReasonNotAuthorized, unauthorized), []string{
			`Token pair "exact" has not been authorized yet.`,
			"This is the first of two steps; nothing is wrong.",
			open,
		}},
		{"never authorized, asked", asks, kind(credential.KindAuthorize, credential.ReasonNotAuthorized, unauthorized), []string{
			`Token pair "exact" has not been authorized yet.`,
			"There is no token until a person has authorized it, and an apply of the oauth_token_pair has taken the callback.",
			strings.Replace(open, ", then", " of the oauth_token_pair, then", 1),
		}},
		{"never had tokens", aPair, kind(credential.KindAuthorize, credential.ReasonNotAuthorized, func(r *credential.Record) { unauthorized(r); r.Pending = nil }), []string{
			`Token pair "exact" holds no tokens.`,
			"What depends on this pair fails until it is authorized.",
			"Provide new tokens in preauthenticated, or use authorization_code to let a person authorize in a browser, then apply.",
		}},
		{"unknown, waiting", aPair, kind(credential.KindUnknown, credential.ReasonUnknownWaiting, policy("", nil)), []string{
			`A refresh of token pair "exact" was sent, or may have been, and its reply never came. The refresh token may be used up.`,
			"Its access token works until 2026-01-01 13:00:00 UTC. Until 2026-01-02 12:00:00 UTC nothing is sent, because a second use may end every token of this authorization. The first run after that, when nothing is left to lose, sends it once more: if the first request never arrived, that saves the credential; if it did, a person must authorize again.",
			urgent,
		}},
		{"unknown, waiting, reject", aPair, kind(credential.KindUnknown, credential.ReasonUnknownWaiting, policy(credential.ReuseReject, nil)), []string{
			`A refresh of token pair "exact" was sent, or may have been, and its reply never came. The refresh token may be used up.`,
			"Its access token works until 2026-01-01 13:00:00 UTC. Until 2026-01-02 12:00:00 UTC nothing is sent. The first run after that sends it once more: if the first request never arrived, that saves the credential; if it did, the server refuses, and a person must authorize again.",
			urgent,
		}},
		{"unknown, client and user", aPair, kind(credential.KindUnknown, credential.ReasonUnknownFinal, policy(credential.ReuseRevokeClientUser, nil)), []string{
			`A refresh of token pair "exact" was sent, or may have been, and its reply never came. The refresh token may be used up.`,
			`Its access token works until 2026-01-01 13:00:00 UTC. It is not sent again: a second use would end every token of this client and user (on_reuse = "revoke_client_user", by refresh_token_policy or by what is known of the platform).`,
			open,
		}},
		{"unknown, final", aPair, kind(credential.KindUnknown, credential.ReasonUnknownFinal, policy("", func(r *credential.Record) { r.Unknown.Resends = 1 })), []string{
			`A refresh of token pair "exact" was sent, or may have been, and its reply never came. The refresh token may be used up.`,
			"Its access token works until 2026-01-01 13:00:00 UTC. It was sent once more without a reply, and is not sent again.",
			open,
		}},
		{"unknown, its owner lives", aPair, kind(credential.KindUnknown, credential.ReasonOwnerAlive, policy("", nil)), []string{
			`A process on this machine has begun to refresh token pair "exact", and stands still. It lives, and may have the new refresh token in hand.`,
			"Nothing was sent: if the old refresh token was used, a second use may end every token of this authorization.",
			"Let that process go on (kill -CONT), then run again; it keeps a lock on a file *.rotating in the token store's folder. If it is ended instead, the token that it may hold is lost with it, and what follows is the rule for a reply that was lost.",
		}},
		{"unknown, rejected", aPair, kind(credential.KindUnknown, credential.ReasonRejected, policy("", func(r *credential.Record) { r.Unknown.RejectedAt = day(1) })), []string{
			`A refresh of token pair "exact" was sent, or may have been, and its reply never came. The refresh token may be used up.`,
			"Its access token works until 2026-01-01 13:00:00 UTC. It was sent once more and refused. Until 2026-01-02 12:00:00 UTC the process that sent it first may still bring the successor; then authorization is required.",
			urgent,
		}},
		{"unknown, may be sent", aPair, kind(credential.KindUnknown, credential.ReasonNone, policy("", func(r *credential.Record) { r.Client.Policy.Rotation = credential.RotationNone })), []string{
			`A refresh of token pair "exact" was sent, or may have been, and its reply never came. The refresh token may be used up.`,
			"Its access token works until 2026-01-01 13:00:00 UTC. The server allows to send it again; the next run does.",
			urgent,
		}},
		{"unknown, behind", aPair, kind(credential.KindUnknown, credential.ReasonUnknownWaiting, policy("", func(r *credential.Record) { r.Unknown.Behind = true })), []string{
			`The state knows of a later refresh of token pair "exact" than the token store file:///store, which may have been restored from an older backup. The refresh token in it is used up, and the state keeps no other. If a newer copy of the store is left, put it back.`,
			"Its access token works until 2026-01-01 13:00:00 UTC. Until 2026-01-02 12:00:00 UTC nothing is sent, because a second use may end every token of this authorization. The first run after that, when nothing is left to lose, sends it once more: if the first request never arrived, that saves the credential; if it did, a person must authorize again.",
			urgent,
		}},
		{"not found", aPair, kind(credential.KindNotFound, credential.ReasonNone, nil), []string{
			`The token store file:///store holds no token pair "exact".`,
			"Nothing was read from elsewhere, and nothing was sent.",
			"Check the name, and that token_store (or OAUTH_TOKEN_STORE) is the one the credential was made in. If it was never made, apply its resource first.",
		}},
		{"consumed", aPair, kind(credential.KindConsumed, credential.ReasonNone, nil), []string{
			`What was given for token pair "exact" was used before. It is not sent again.`,
			"What the store holds is unchanged.",
			open,
		}},
		{"left behind", aPair, kind(credential.KindAttached, credential.ReasonNone, nil), []string{
			`The token store file:///store holds a token pair "exact" already, with other tokens than these: an apply that failed has left it, or another configuration has made it just now.`,
			"It was left alone and is as it was.",
			"To take it over: terraform import ADDRESS exact, where ADDRESS is the address of this oauth_token_pair. Else choose another name.",
		}},
		{"attached", aPair, kind(credential.KindAttached, credential.ReasonNone, func(r *credential.Record) { r.Attachment.Attached = true }), []string{
			`The token store file:///store holds a token pair "exact" already, and another resource manages it.`,
			"It was left alone and still works.",
			"If that resource is gone (a lost or new state), take it over: terraform import ADDRESS exact, where ADDRESS is the address of this oauth_token_pair. Else choose another name. A resource with create_before_destroy cannot be replaced under the same name.",
		}},
		{"reserved, other app", aPair, &credential.Error{Kind: credential.KindAttached, Err: credential.ErrOtherApp, Record: credential.Record{Status: credential.StatusActive, Generation: 1}}, []string{
			`The token store file:///store holds a token pair "exact" of another client_id or token_endpoint, which a person has authorized and no resource manages.`,
			"It was left alone and is as it was.",
			"Give client the client_id and the issuer or token_endpoint that it was authorized with (an issuer does not count as the token_endpoint that it has); or authorize with this client: terraform-provider-oauth authorize --name exact …, or the action; or choose another name.",
		}},
		{"attached, other app", aPair, &credential.Error{Kind: credential.KindAttached, Err: credential.ErrOtherApp}, []string{
			`The token store file:///store holds a token pair "exact" of another client_id or token_endpoint, left by an apply that did not finish.`,
			"It was left alone.",
			"Choose another name, or run: terraform import ADDRESS exact",
		}},
		{"state", aPair, &credential.Error{Kind: credential.KindState, Record: aRecord(nil), Err: credential.ErrStateNotPending}, []string{
			"The state of the callback URL is not one that is waiting. It may come from an older URL, from another token pair, or from somebody else's browser.",
			"Nothing was sent. What the store holds is unchanged.",
			open,
		}},
		{"issuer", aPair, &credential.Error{Kind: credential.KindState, Record: aRecord(nil), Err: credential.ErrIssuerMismatch}, []string{
			"The iss of the callback URL is another issuer than the client's (RFC 9207 §2.4). It may come from an older URL, from another token pair, or from somebody else's browser.",
			"Nothing was sent. What the store holds is unchanged.",
			open,
		}},
		{"denied", aPair, &credential.Error{Kind: credential.KindDenied, Record: aRecord(nil), Verdict: oauth.Verdict{Class: oauth.Reauthorize, Code: "access_denied", Description: "The user said no."}}, []string{
			`The authorization server answered the visit for token pair "exact" with an error instead of a code: access_denied, The user said no.`,
			"Nothing was sent. What the store holds is unchanged.",
			open,
		}},
		{"moving", aPair, &credential.Error{Kind: credential.KindMoving, Reason: credential.ReasonMoving, Err: errors.New("a move from file:///a to file:///b was begun")}, []string{
			`Token pair "exact" is between two token stores: a move from file:///a to file:///b was begun.`,
			"Nothing was sent. The credential is good; no run refreshes it until the move is finished.",
			"Run that command again: it goes on where it was interrupted.",
		}},
		{"moved", aPair, credential.MovedAway(credential.Record{MovedTo: credential.MovedTo{StoreID: "s", Location: "file:///b"}}), []string{
			`Token pair "exact" was moved from the token store file:///store to file:///b.`,
			"Nothing was sent or changed. The credential is good there, and nobody has to authorize.",
			"Set token_store or OAUTH_TOKEN_STORE to that store and apply. To bring it back: terraform-provider-oauth move --name exact --from file:///b --to file:///store",
		}},
		{"foreign family", aPair, kind(credential.KindForeignFamily, credential.ReasonNone, nil), []string{
			`The token store holds a later authorization of token pair "exact" than the state.`,
			"It still works and was left alone.",
			"Run terraform plan again to take it over.",
		}},
		{"shutting down", aPair, &credential.Error{Kind: credential.KindShuttingDown, Err: credential.ErrShuttingDown}, []string{
			`The provider was asked to end before it worked on token pair "exact".`,
			"Nothing was sent. The stored credential still works.",
			"Run again.",
		}},
		{"stopped", aPair, context.Canceled, []string{
			`The run was stopped while working on token pair "exact". Nothing was sent that could be lost. Run it again.`,
		}},
		{"no reply in time", aPair, &credential.Error{Kind: credential.KindUnknown, Reason: credential.ReasonUnknownWaiting, Record: aRecord(nil), Until: day(2), Err: fmt.Errorf("no complete answer: %w", context.DeadlineExceeded)}, []string{
			`A refresh of token pair "exact" was sent, or may have been, and its reply never came. The refresh token may be used up.`,
			"Its access token works until 2026-01-01 13:00:00 UTC. Until 2026-01-02 12:00:00 UTC nothing is sent, because a second use may end every token of this authorization. The first run after that, when nothing is left to lose, sends it once more: if the first request never arrived, that saves the credential; if it did, a person must authorize again.",
			urgent,
		}},
		{"code refused", code, &credential.Error{Kind: credential.KindAuthorize, Record: aRecord(unauthorized), Verdict: refusedWith("invalid_grant", "")}, []string{
			`The authorization server did not accept the code for token pair "exact". A code works once and lives for minutes.`,
			"A code is never sent twice, so a new one is needed.",
			open,
			"The server's own words: invalid_grant (HTTP 400)",
		}},
		{"code refused, earlier tokens", code, &credential.Error{Kind: credential.KindAuthorize, Record: aRecord(nil), Verdict: refusedWith("invalid_grant", "")}, []string{
			`The authorization server did not accept the code for token pair "exact". A code works once and lives for minutes.`,
			"A code is never sent twice, so a new one is needed. The tokens of the earlier authorization are unchanged and still in use.",
			open,
			"The server's own words: invalid_grant (HTTP 400)",
		}},
		{"code lost", code, &credential.Error{Kind: credential.KindUnknown, Record: aRecord(unauthorized)}, []string{
			`The code for token pair "exact" was sent, or may have been, and no usable reply came.`,
			"A code is never sent twice, so a new one is needed.",
			open,
		}},
		{"code, bad client", code, &credential.Error{Kind: credential.KindBadClient, Record: aRecord(unauthorized), Verdict: refusedWith("invalid_client", "")}, []string{
			`The authorization server does not accept the client of token pair "exact". Check client_id, client_secret and token_endpoint_auth_method; a secret that was renewed on the platform must be renewed here too.`,
			"A code is never sent twice, so a new one is needed.",
			open,
			"The server's own words: invalid_client (HTTP 400)",
		}},
		{"code, later", code, &credential.Error{Kind: credential.KindLater, Until: day(2), Record: aRecord(unauthorized)}, []string{
			`The authorization server takes no code for token pair "exact" before 2026-01-02 12:00:00 UTC.`,
			"A code is never sent twice, so a new one is needed.",
			open,
		}},
		{"code, configuration", code, &credential.Error{Kind: credential.KindConfiguration, Record: aRecord(unauthorized), Verdict: refusedWith("unauthorized_client", "")}, []string{
			`The authorization server says that the request for token pair "exact" itself is wrong. Check the client's endpoints and settings.`,
			"A code is never sent twice, so a new one is needed.",
			open,
			"The server's own words: unauthorized_client (HTTP 400)",
		}},
		{"code not sent", code, &credential.Error{Kind: credential.KindNotSent, Record: aRecord(unauthorized), Err: errors.New("connection refused")}, []string{
			`The authorization server was not reached for token pair "exact": connection refused.`,
			"Nothing was sent, so the code can still be used; most servers let it live for minutes.",
			"Check the network and the endpoint, then apply again.",
		}},
		{"code, store", code, &credential.Error{Kind: credential.KindStore, Err: cause}, []string{
			`The token store file:///store could not be used for token pair "exact": disk full.`,
			"Nothing was sent. The stored credential was not used up and still works.",
			"Make the store reachable and writable for this user, with space left on its disk, then run again.",
		}},
	}
}

func TestEveryErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	kinds := map[credential.Kind]bool{
		credential.KindStore: false, credential.KindConfiguration: false, credential.KindBadClient: false, credential.KindNotSent: false, credential.KindLater: false,
		credential.KindStrategy: false, credential.KindAuthorize: false, credential.KindUnknown: false, credential.KindNotFound: false, credential.KindConsumed: false,
		credential.KindAttached: false, credential.KindState: false, credential.KindDenied: false, credential.KindShuttingDown: false, credential.KindForeignFamily: false,
		credential.KindMoving: false, credential.KindMoved: false,
	}
	for _, c := range diagnosticCases() {
		kinds[credential.AsError(c.err).Kind] = true
		got := engineDetail(c.about, c.err)
		if want := strings.Join(c.want, "\n\n"); got != want {
			t.Errorf("%s:\n got: %s\nwant: %s", c.name, got, want)
		}
		if len(c.want) < 3 && c.name != "stopped" {
			t.Errorf("%s has only %d parts", c.name, len(c.want))
		}
		if strings.Contains(got, secretText) {
			t.Errorf("%s shows a secret: %s", c.name, got)
		}
	}
	for kind, seen := range kinds {
		if !seen {
			t.Errorf("no case is of kind %s", kind)
		}
	}
}

// The path, the summary and the name of the resource come from the caller.
func TestEngineErrorStandsAtItsAttribute(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	registration := subject{kind: "oauth_app_registration", name: "app", session: aPair.session}
	addEngineError(&diags, path.Root("name"), "Unable to Read App Registration", registration, &credential.Error{Kind: credential.KindNotFound})
	d, ok := diags[0].(diag.DiagnosticWithPath)
	if !ok || !d.Path().Equal(path.Root("name")) || d.Summary() != "Unable to Read App Registration" || !strings.HasPrefix(d.Detail(), `The token store file:///store holds no app registration "app".`) {
		t.Errorf("got %+v", diags)
	}
}
