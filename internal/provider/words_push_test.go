package provider

import (
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// What a person is told to do, by how the URL stands.
func TestWordsOfURLs(t *testing.T) {
	t.Parallel()
	const address = "https://as.example.com/authorize?client_id=id&request_uri=urn%3Ar"
	offered := func(until time.Time) credential.Record {
		return aRecord(func(r *credential.Record) { r.Pending = []credential.Pending{{URL: address, ExpiresAt: until}} })
	}
	nothing := aRecord(func(r *credential.Record) { r.Pending = nil })
	pushes := nothing
	pushes.Client.RequirePushedAuthorizationRequests = true
	planned := aPair
	planned.pushes = true
	for name, test := range map[string]struct {
		about  subject
		record credential.Record
		want   string
	}{
		"for good": {aPair, offered(time.Time{}), "Open this URL, consent, and give the whole address that the browser ends up at as authorization_code.callback_url, then apply:\n\n" + address},
		"for a while": {aPair, offered(day(1).Add(time.Minute)), "Open this URL before 2026-01-01 12:01:00 UTC, consent, and give the whole address that the browser ends up at as authorization_code.callback_url, then apply:\n\n" + address +
			"\n\nThe server keeps the pushed request for that long. After that time apply as it is, which gives another URL."},
		"no more": {aPair, offered(day(1)), "The URL that was offered has expired: the server kept the pushed request until 2026-01-01 12:00:00 UTC. Apply the oauth_token_pair, which pushes it anew, and open the next URL at once. " +
			"If a browser has opened the former one in time, the address that it ended up at is still good as authorization_code.callback_url."},
		"not yet, and planned":    {planned, nothing, "Apply the oauth_token_pair: that gives a URL, for a person to open."},
		"not yet, and configured": {aPair, pushes, "Apply the oauth_token_pair: that pushes an authorization request and gives a URL, for a person to open at once."},
		"nothing is offered":      {aPair, nothing, "Provide new tokens in preauthenticated, or use authorization_code to let a person authorize in a browser, then apply."},
	} {
		if got := authorizeAgain(test.about, test.record); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, test.want)
		}
	}
}

// Errors of a push, and of a DPoP proof: what was tried, what is left, what to do, the server's words.
func TestWordsOfPushesAndProofs(t *testing.T) {
	t.Parallel()
	const par = "https://as.example.com/par"
	first, works := aRecord(unauthorized), aRecord(func(r *credential.Record) { r.Unknown = nil })
	push := func(kind credential.Kind, r credential.Record, v oauth.Verdict, why error) error {
		return &credential.Error{Kind: kind, Record: r, Verdict: v, Until: day(2), Err: &credential.PushError{Endpoint: par, Err: why}}
	}
	bad := oauth.Verdict{Class: oauth.BadClient, Status: 401, Code: "invalid_client"}
	minted := aRecord(func(r *credential.Record) { r.Grant = &credential.Grant{Type: oauth.GrantClientCredentials} })
	off := refusedWith("invalid_dpop_proof", "iat")
	off.ClockOff = -5 * time.Minute
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"refused": {push(credential.KindConfiguration, first, refusedWith("invalid_scope", "no such scope"), nil),
			"The authorization request of token pair \"exact\" could not be pushed to https://as.example.com/par (RFC 9126): the server did not accept it.\n\n" +
				"Nothing was used up: no person has been asked yet.\n\n" +
				"Check client.pushed_authorization_request_endpoint, and the redirect_uri, scopes and extra_parameters of authorization_code, then apply again.\n\n" +
				"The server's own words: invalid_scope: no such scope (HTTP 400)"},
		"the client": {push(credential.KindBadClient, works, bad, nil),
			"The authorization request of token pair \"exact\" could not be pushed to https://as.example.com/par (RFC 9126). The authorization server does not accept the client of token pair \"exact\".\n\n" +
				"Nothing was used up, and the stored credential is unchanged.\n\n" +
				"Check client_id, client_secret and token_endpoint_auth_method; a secret that was renewed on the platform must be renewed here too. Then apply again.\n\n" +
				"The server's own words: invalid_client (HTTP 401)"},
		"wrong place": {push(credential.KindConfiguration, first, oauth.Verdict{Class: oauth.Configuration, Status: 404}, nil),
			"The authorization request of token pair \"exact\" could not be pushed to https://as.example.com/par (RFC 9126): the server did not accept it.\n\n" +
				"Nothing was used up: no person has been asked yet.\n\n" +
				"Check client.pushed_authorization_request_endpoint: what answers there takes no pushed requests. Then apply again.\n\nThe server's own words: HTTP 404"},
		"not reached": {push(credential.KindNotSent, first, oauth.Verdict{}, errors.New("no route to host")),
			"The authorization request of token pair \"exact\" could not be pushed to https://as.example.com/par (RFC 9126): no route to host.\n\n" +
				"Nothing was used up: no person has been asked yet.\n\n" +
				"Check the network and client.pushed_authorization_request_endpoint, then apply again."},
		"later": {push(credential.KindLater, first, oauth.Verdict{Class: oauth.RateLimited, Status: 429}, nil),
			"The authorization request of token pair \"exact\" could not be pushed to https://as.example.com/par (RFC 9126): the server did not accept it.\n\n" +
				"Nothing was used up: no person has been asked yet.\n\nApply again after 2026-01-02 12:00:00 UTC.\n\nThe server's own words: HTTP 429"},
		"nobody knows where": {&credential.Error{Kind: credential.KindConfiguration, Record: first, Err: &credential.PushError{Err: credential.ErrNoPushEndpoint}},
			"The authorization request of token pair \"exact\" has to be pushed first (RFC 9126), and it is not known where to: " +
				"the client has no pushed_authorization_request_endpoint, and its authorization requests have to be pushed (RFC 9126).\n\n" +
				"Nothing was used up: no person has been asked yet.\n\n" +
				"Set client.pushed_authorization_request_endpoint, or client.issuer to have it discovered. If the server does not ask for this, take client.require_pushed_authorization_requests out."},
		"proof": {&credential.Error{Kind: credential.KindConfiguration, Record: works, Verdict: off},
			"The authorization server does not take the DPoP proof (RFC 9449) of the request for token pair \"exact\".\n\n" +
				"The stored credential was not used up and still works.\n\n" +
				"This machine's clock is 5m0s off the server's, which may be why: set it. Compare this machine's clock with the server's, and check that token_endpoint is the very URL under which the server knows itself: it stands in the proof. Then run again.\n\n" +
				"The server's own words: invalid_dpop_proof: iat (HTTP 400)"},
		"nonce": {&credential.Error{Kind: credential.KindConfiguration, Record: minted, Verdict: refusedWith("use_dpop_nonce", "")},
			"The authorization server wants another nonce in the DPoP proof (RFC 9449) of the request for token pair \"exact\" than the one that it had just given.\n\n" +
				"Nothing was used up: the client can ask again at any time, and nobody has to authorize.\n\n" +
				"Run again. If it goes on, several servers may stand behind token_endpoint that do not know each other's nonces; tell who runs it.\n\n" +
				"The server's own words: use_dpop_nonce (HTTP 400)"},
	} {
		if got := engineDetail(aPair, test.err); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, test.want)
		}
	}
}

func TestWarningsOfBindings(t *testing.T) {
	t.Parallel()
	asked := func(kind, key string) credential.Record {
		return aRecord(func(r *credential.Record) {
			r.Client.DPoPBoundAccessTokens, r.Tokens.Type, r.Tokens.ProofKey, r.Tokens.Proved = true, kind, secret.New(key), key != ""
		})
	}
	for name, test := range map[string]struct {
		record credential.Record
		warns  bool
	}{
		"bound":            {asked("dpop", "k"), false},
		"not bound":        {asked("Bearer", "k"), true},
		"not asked so far": {asked("Bearer", ""), false},
		"not asked":        {aRecord(func(r *credential.Record) { r.Tokens.Type = "Bearer" }), false},
	} {
		var diags diag.Diagnostics
		if warnUnbound(aPair, test.record, &diags); len(diags) > 0 != test.warns {
			t.Errorf("%s: %v", name, diags)
		}
	}
	on, off := asked("DPoP", "k"), asked("DPoP", "k")
	off.Client.DPoPBoundAccessTokens = false
	never := on
	never.Generation = 0
	for name, test := range map[string]struct {
		before, after credential.Record
		warns         bool
	}{
		"on": {off, on, true}, "off": {on, off, true}, "as it was": {on, on, false}, "no tokens": {off, never, false},
	} {
		var diags diag.Diagnostics
		if warnOtherBinding(aPair, test.before, test.after, &diags); len(diags) > 0 != test.warns {
			t.Errorf("%s: %v", name, diags)
		}
	}
}
