package provider

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Rule 2 of a client that gets its tokens for itself: whoever uses the pair waits for an apply that will get another token.
func TestPlanOfWhatMints(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	if all := p.configure(nil); len(all) > 0 {
		t.Fatal(all)
	}
	mints := with(mintingPair(), "client_credentials", object{"scopes": []any{"a"}, "extra_parameters": object{"audience": "x"}})
	code := with(codePair(), "client.client_secret", "s")
	brought := with(broughtPair(), "client.client_secret", "s")
	onPlatform := with(mints, "client", object{"platform": "microsoft", "platform_parameters": object{"tenant": "a.example.com"}, "client_id": "id", "client_secret": "s"})
	p.readBeforePlan(priorOf("oauth_token_pair", mints))
	for _, c := range []struct {
		name     string
		was, is  object
		verdict  verdict
		want     outcome
		replaces []string
	}{
		{name: "no change", was: mints, is: mints, want: nothing},
		{name: "due at apply", was: mints, verdict: verdictRotate, is: mints, want: authorizes},
		{name: "scopes", was: mints, is: with(mints, "client_credentials.scopes", []any{"b"}), want: authorizes},
		{name: "scopes go", was: mints, is: with(mints, "client_credentials.scopes", nil), want: authorizes},
		{name: "parameters", was: mints, is: with(mints, "client_credentials.extra_parameters", object{"audience": "y"}), want: authorizes},
		{name: "a parameter unknown", was: mints, is: with(mints, "client_credentials.extra_parameters", object{"audience": unknown}), want: authorizes},
		{name: "grant unknown", was: mints, is: with(mints, "client_credentials", unknown), want: authorizes},
		{name: "from a code", was: code, is: mints, want: authorizes},
		{name: "from brought tokens", was: brought, is: mints, want: authorizes},
		{name: "to a code", was: mints, is: code, want: authorizes},
		{name: "to brought tokens", was: mints, is: brought, want: authorizes},
		{name: "after an import", was: with(mints, "client_credentials", nil), is: mints, want: authorizes},
		{name: "secret", was: mints, is: with(mints, "client.client_secret", "new"), want: inPlace},
		{name: "strategy", was: mints, is: with(mints, "refresh", object{"strategy": "never"}), want: inPlace},
		{name: "token endpoint", was: mints, is: with(mints, "client.token_endpoint", "https://as.example.com/v2/token"), want: authorizes},
		{name: "token endpoint of a pair with a refresh token", was: brought, is: with(brought, "client.token_endpoint", "https://as.example.com/v2/token"), want: inPlace},
		{name: "platform parameters", was: onPlatform, is: with(onPlatform, "client.platform_parameters", object{"tenant": "b.example.com"}), want: authorizes},
		{name: "overrides", was: onPlatform, is: with(onPlatform, "client.platform_overrides", `{"token_endpoint": "https://as.example.com/token"}`), want: authorizes},
		{name: "client_id", was: mints, is: with(mints, "client.client_id", "id2"), want: moves, replaces: []string{"client.client_id"}},
		{name: "client_id unknown", was: mints, is: with(mints, "client.client_id", unknown), want: authorizes},
	} {
		prior := priorOf("oauth_token_pair", c.was)
		r := p.plan("oauth_token_pair", c.is, prior, memory{Family: "f", Attachment: "a", StoreID: "store-1", Verdict: c.verdict})
		if len(r.problems) > 0 {
			t.Errorf("%s: %v", c.name, r.problems)
			continue
		}
		if got := outcomeOf(r, prior); got != c.want || len(r.replaces) != len(c.replaces) {
			t.Errorf("%s: planned %+v, replaced by %v; want %+v, %v", c.name, got, r.replaces, c.want, c.replaces)
		}
	}
	p.world.mustBeUntouched(t)
}

// unfit is what must not be said where there is no refresh token, and no person who could authorize.
var unfit = []string{"refresh token", "credential was not used up", "authorize again", "must authorize", "authorized again", "Open this URL", "preauthenticated"}

// Whatever goes wrong for a client that gets its tokens for itself is told in words that fit, with the server's own.
func TestWordsOfWhatMints(t *testing.T) {
	t.Parallel()
	mints := func(r *credential.Record) {
		r.Grant, r.Unknown, r.Pending, r.Tokens.Refresh = &credential.Grant{Type: oauth.GrantClientCredentials}, nil, nil, secret.String{}
	}
	none := func(r *credential.Record) { mints(r); r.Tokens = credential.Tokens{} }
	const nothing = "Nothing was used up: the client can ask again at any time, and nobody has to authorize."
	budget := &credential.BudgetError{Budget: credential.ErrorBudget{Limit: 3, Window: time.Hour}, Client: "id", Until: day(2)}
	for _, c := range []struct {
		err  credential.Error
		has  func(*credential.Record)
		want []string
	}{
		{credential.Error{Kind: credential.KindConfiguration, Verdict: refusedWith("invalid_scope", "no such scope")}, mints, []string{
			`The authorization server gives the client of token pair "exact" no token: it does not accept the request.`, nothing,
			"Check that the app may use client_credentials, and check what the grant sends and the client's endpoints. Then run again.",
			"The server's own words: invalid_scope: no such scope (HTTP 400)",
		}},
		{credential.Error{Kind: credential.KindConfiguration, Err: credential.ErrPublicClient}, none, []string{
			`The configuration of token pair "exact" cannot be used: client_credentials is for clients that authenticate themselves (RFC 6749 §4.4), and this one has no client_secret, private_key or tls_client_certificate, or token_endpoint_auth_method = "none".`,
			"Nothing was sent. What the store holds is unchanged.", "Correct the configuration, then run again.",
		}},
		{credential.Error{Kind: credential.KindBadClient, Verdict: refusedWith("invalid_client", "")}, mints, []string{
			`The authorization server does not accept the client of token pair "exact".`, nothing,
			"Check client_id, client_secret and token_endpoint_auth_method; a secret that was renewed on the platform must be renewed here too.", "The server's own words: invalid_client (HTTP 400)",
		}},
		{credential.Error{Kind: credential.KindNotSent, Err: errors.New("connection refused")}, mints, []string{
			`The authorization server was not reached for token pair "exact": connection refused.`, "Nothing was sent.", "Check the network and the endpoint, then run again.",
		}},
		{credential.Error{Kind: credential.KindUnknown}, mints, []string{
			`The client of token pair "exact" asked for a token, and no usable reply came: the server seems to be in trouble.`, nothing, "Run again.",
		}},
		{credential.Error{Kind: credential.KindLater, Reason: credential.ReasonTokenCalls, Until: day(2)}, mints, []string{
			`The client of token pair "exact" can get no token before 2026-01-02 12:00:00 UTC: the platform takes no more calls of its token endpoint, by refresh_token_policy.token_calls or by what is known of it.`,
			nothing, "Run again after that time.",
		}},
		{credential.Error{Kind: credential.KindLater, Reason: credential.ReasonBudget, Until: day(2), Err: budget}, mints, []string{
			`Nothing is sent for token pair "exact" before 2026-01-02 12:00:00 UTC: one more refusal would make the server lock the client out.`,
			"Nothing was used up, and nobody has to authorize. 3 refusals within 1h lock the client id out, and these stand already:",
			"Find out why these were refused; another call would be refused for the same reason. After that time, run again.",
		}},
		{credential.Error{Kind: credential.KindStrategy, Reason: credential.ReasonAtApply}, mints, []string{
			`The access token of token pair "exact" has expired, and its refresh.strategy is at_apply: only an apply of the resource gets one.`, "Nothing was sent.",
			"Apply the configuration that holds the oauth_token_pair.",
		}},
		{credential.Error{Kind: credential.KindStrategy, Reason: credential.ReasonNever}, none, []string{
			`The access token of token pair "exact" has still to be asked for, and its refresh.strategy is never.`, "Nothing was sent.", "Choose another refresh.strategy.",
		}},
		{credential.Error{Kind: credential.KindRefused, Reason: credential.ReasonRefused}, mints, []string{
			`The API refuses the access token of token pair "exact", although the client has just got it: refresh.probe.url answered 401 before and after.`, nothing,
			"Check that refresh.probe.url belongs to this platform and account, and that the scopes allow to read it. Every run that meets this asks for one token.",
		}},
	} {
		e := c.err
		e.Record = aRecord(c.has)
		var diags diag.Diagnostics
		addEngineError(&diags, pathClientCredentials(), "Unable to Get Access Token", aPair, &e)
		warnNoToken(aPair, &e, &diags)
		if got, want := diags[0].Detail(), strings.Join(c.want, "\n\n"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.err.Kind, got, want)
		}
		for _, d := range diags {
			mustFit(t, d)
		}
		if s := diags[1].Summary(); strings.HasPrefix(s, "Authorization Required") || strings.HasPrefix(s, "Outcome of a Refresh Unknown") {
			t.Errorf("%s: %s", c.err.Kind, s)
		}
	}
}

func mustFit(t *testing.T, d diag.Diagnostic) {
	t.Helper()
	for _, text := range unfit {
		if strings.Contains(d.Summary()+"\n"+d.Detail(), text) {
			t.Errorf("it says %q: %s", text, d.Detail())
		}
	}
}

// A success has little to tell of a token that is worth no more than another request.
func TestNoticesOfWhatMints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		notice credential.Notice
		want   string
	}{
		{credential.Notice{Code: credential.NoticeNotStored, Err: errors.New("disk full"), Text: "/rescue/file"}, "New Access Token Not in the Token Store: " +
			"The client of token pair \"exact\" has got an access token, but the token store file:///store could not be written: disk full.\n\n" +
			"This run uses it. Should it be lost, the next run asks for another: nothing was used up."},
		{credential.Notice{Code: credential.NoticeNotRevoked, Err: credential.ErrNoRevocation}, "Token Not Revoked: " +
			`Token pair "exact" was removed here, but its access token was not revoked: the client has no revocation_endpoint. It ends by itself.`},
		{credential.Notice{Code: credential.NoticeRescued, Text: "/rescue/file"}, ""},
		{credential.Notice{Code: credential.NoticeNoRescue, Err: errors.New("read-only")}, ""},
	} {
		c.notice.Minted = true
		var diags diag.Diagnostics
		warnNotices(aPair, []credential.Notice{c.notice}, &diags)
		got := ""
		for _, d := range diags {
			mustFit(t, d)
			got += d.Summary() + ": " + d.Detail()
		}
		if got != c.want || diags.HasError() {
			t.Errorf("%s:\n got %s\nwant %s", c.notice.Code, got, c.want)
		}
	}
}

// Who changes the grant learns what becomes of the tokens, if there are any.
func TestWarningOfAnotherGrant(t *testing.T) {
	t.Parallel()
	mints := aRecord(func(r *credential.Record) { r.Grant = &credential.Grant{Type: oauth.GrantClientCredentials} })
	for _, c := range []struct {
		before, after credential.Record
		says          string
	}{
		{aRecord(nil), mints, "were not revoked; they are kept aside, and used again if client_credentials is taken out."},
		{mints, aRecord(nil), "are in use again."},
		{mints, mints, ""},
		{aRecord(nil), aRecord(nil), ""},
		{aRecord(unauthorized), mints, ""},
		{mints, aRecord(unauthorized), ""},
	} {
		var diags diag.Diagnostics
		warnOtherGrant(aPair, c.before, c.after, pathClientCredentials(), &diags)
		if (len(diags) == 0) != (c.says == "") || len(diags) > 0 && !strings.Contains(diags[0].Detail(), c.says) {
			t.Errorf("got %v, want %q", diags, c.says)
		}
	}
}
