//go:build unix

package acceptance_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

func exchanging(g *sandbox.Grants) { g.Exchange = true }

// derived is a pair "source", whose tokens were obtained elsewhere, and a pair "this" that is derived from it.
func (s *server) derived(refreshToken, more string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "source" {
  name             = "source"
  client           = %[1]s
  preauthenticated = { refresh_token = %[2]q }
}
resource "oauth_token_pair" "this" {
  name   = "narrow"
  client = %[1]s
  token_exchange = {
    subject_token_pair = oauth_token_pair.source.id
    %[3]s
  }
}
`, s.client(strict), refreshToken, more)
}

// A narrower token is derived from a stored pair: that is refreshed when it must be, and never for the sake of the exchange; its refresh
// token goes nowhere else.
func TestTokenExchangeOfAPair(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, exchanging), newWorkspace(t)
	more := `scopes   = ["read"]
    audience = ["billing"]
    resource = ["https://billing.example.com/"]`
	w.write(s.derived(s.issue().RefreshToken, more))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": nil})
	s.expectGrants(1, 1)
	e := s.Log()[len(s.Log())-1]
	if e.Parameters != "audience grant_type resource scope subject_token subject_token_type" || e.Audience != "billing" || e.Resource != "https://billing.example.com/" {
		t.Errorf("asked for with %+v", e)
	}
	if got := w.string("oauth_token_pair.source", "access_token"); e.TokenID != sandbox.TokenID(got) {
		t.Error("another token than the pair's access token was exchanged")
	}
	if extra, _ := w.attributes(this)["extra"].(map[string]any); extra["issued_token_type"] != "urn:ietf:params:oauth:token-type:access_token" {
		t.Errorf("extra: %v", extra)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectGrants(1, 1)
	// Both have ended: one refresh and one exchange, in a plan that nobody applies.
	s.later(time.Hour, w)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	s.expectGrants(2, 2)

	// The source dies: what is derived from it says whose fault it is, and what to do.
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		t.Fatal(err)
	}
	s.later(time.Hour, w)
	other := w.sibling()
	other.write(reader("narrow", ""))
	other.fails([]string{"Unable to Get Access Token", `Token pair "narrow" gets its token in exchange for the access token of token pair "source", which gives none.`,
		`The stored credential of token pair "source" no longer works`, "invalid_grant"}, "plan", "-no-color", "-input=false")
	w.plan().mustSay(t, `which gives none.`, "will be updated in-place")
	s.expectGrants(2, 2)
	// New tokens for the source, in one apply with what hangs on it.
	w.write(s.derived(s.issue().RefreshToken, more))
	w.apply()
	w.expect(this, values{"status": "active"})
	s.expectGrants(3, 3)
	// Another authorization, maybe of another person: whoever asks next gets a token that is derived from that, long before the former one
	// ends.
	before := w.string(this, "access_token")
	w.write(s.derived(s.issue().RefreshToken, more))
	w.apply()
	other.plan()
	s.expectGrants(4, 4)
	w.apply()
	if w.string(this, "access_token") == before {
		t.Error("the derived token is still that of the former authorization")
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectGrants(4, 4)
}

// Pairs that are derived from each other are told so; nobody waits for ever.
func TestTokenExchangeInACircle(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, exchanging), newWorkspace(t)
	config := func(a, b string) string {
		return s.granted("a", a, "") + strings.Replace(s.granted("b", b, ""), `"this"`, `"that"`, 1)
	}
	brought := fmt.Sprintf("token_exchange = { subject_token = %q }", s.issue().AccessToken)
	w.write(s.granted("a", brought, ""))
	w.apply()
	w.write(config(brought, `token_exchange = { subject_token_pair = "a" }`))
	w.apply()
	w.write(config(`token_exchange = { subject_token_pair = "b" }`, `token_exchange = { subject_token_pair = "a" }`))
	w.fails([]string{"Unable to Get Access Token", "is derived, by way of other pairs or directly, from the", "Nothing was sent."},
		"apply", "-auto-approve", "-no-color", "-input=false", "-parallelism=1")
	w.write(config(brought, `token_exchange = { subject_token_pair = "a" }`))
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// A token that is brought, and an actor. A subject that is dead is refused in the server's words.
func TestTokenExchangeOfAToken(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, exchanging), newWorkspace(t)
	subject, actor := s.issue(), s.issue()
	w.write(s.granted("narrow", fmt.Sprintf(`token_exchange = {
    subject_token        = %q
    actor_token          = %q
    requested_token_type = "urn:ietf:params:oauth:token-type:jwt"
  }`, subject.AccessToken, actor.AccessToken), ""))
	w.apply()
	w.expect(this, values{"status": "active"})
	if e := s.Log()[len(s.Log())-1]; e.Parameters != "actor_token actor_token_type grant_type requested_token_type subject_token subject_token_type" {
		t.Errorf("asked for with %+v", e)
	}
	s.later(time.Hour, w)
	w.plan().mustSay(t, "gives the client of token pair \"narrow\" no token", "invalid_request: the subject_token or actor_token is not valid")
}

// The implicit grant takes two applies as well. The token stands behind the #; it is taken once, and its end is that of the
// authorization.
func TestImplicitGrant(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, func(g *sandbox.Grants) { g.Implicit = true }), newWorkspace(t)
	config := func(callback string) string {
		more := ""
		if callback != "" {
			more = fmt.Sprintf("callback_url = %q", callback)
		}
		return s.granted("spa", fmt.Sprintf(`implicit = {
    redirect_uri = %q
    scopes       = ["read"]
    resource     = ["https://a.example.com/", "https://b.example.com/"]
    %s
  }`, redirectURI, more), "")
	}
	w.write(config(""))
	w.apply().mustSay(t, "Authorization Required", "This is the first of two steps", "as implicit.callback_url")
	offered := w.string(this, "authorization_url")
	u, err := url.Parse(offered)
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); q.Get("response_type") != "token" || q.Has("code_challenge") || strings.Join(q["resource"], " ") != "https://a.example.com/ https://b.example.com/" {
		t.Errorf("offered: %s", offered)
	}
	if callback, err := s.Deny(offered); err != nil {
		t.Fatal(err)
	} else {
		w.write(config(callback))
		w.fails([]string{"Unable to Authorize Token Pair", "access_denied"}, "apply", "-auto-approve", "-no-color", "-input=false")
	}
	// A refusal of somebody else's request is not this one's, and its words are not shown.
	w.write(config(redirectURI + "#error=access_denied&error_description=call+0123&state=another"))
	w.fails([]string{"The state of the callback URL is not one that is waiting", "Nothing was sent."}, "apply", "-auto-approve", "-no-color", "-input=false").mustNotSay(t, "call 0123")
	callback, err := s.Approve(offered)
	if err != nil {
		t.Fatal(err)
	}
	// An answer to another request is refused before anything is taken.
	w.write(config(strings.Replace(callback, "&state=", "&state=x", 1)))
	w.fails([]string{"The state of the callback URL is not one that is waiting", "Nothing was sent."}, "apply", "-auto-approve", "-no-color", "-input=false")
	s.expectCalls(calls{})

	w.write(config(callback))
	w.apply().mustNotSay(t, "sbxa.")
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": nil, "token_type": "Bearer"})
	if next := w.string(this, "authorization_url"); next == offered || next == "" {
		t.Errorf("the next URL is %q", next)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectCalls(calls{})
	// Made again, or under another name: the token is known.
	w.ok("destroy", "-auto-approve", "-no-color")
	w.apply().mustSay(t, "Used Before")
	w.expect(this, values{"status": "authorization_required"})

	offered = w.string(this, "authorization_url")
	if callback, err = s.Approve(offered); err != nil {
		t.Fatal(err)
	}
	w.write(config(callback))
	w.apply()
	w.expect(this, values{"status": "active"})
	s.later(time.Hour, w)
	next := w.string(this, "authorization_url")
	w.plan().mustSay(t, "Authorization Required", "The access token of token pair \"spa\" has expired, and there is no refresh token.", next)
	w.apply()
	w.expect(this, values{"status": "authorization_required", "access_token": nil, "authorization_url": next})
}

// resource and audience of an authorization: in the URL, with the code and with every refresh; the audience in the URL alone.
func TestResourceOfAnAuthorization(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	const targets = `resource = ["https://b.example.com/", "https://a.example.com/"]
    audience = ["https://api.example.com"]`
	w.write(s.codePair("targeted", targets))
	w.apply()
	offered := w.string(this, "authorization_url")
	u, err := url.Parse(offered)
	if err != nil {
		t.Fatal(err)
	}
	const both = "https://b.example.com/ https://a.example.com/"
	if q := u.Query(); strings.Join(q["resource"], " ") != both || q.Get("audience") != "https://api.example.com" {
		t.Errorf("offered: %s", offered)
	}
	w.write(s.codePair("targeted", targets+"\n"+attribute("callback_url", s.consent(offered))))
	w.apply()
	w.expect(this, values{"status": "active"})
	s.later(time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	asked := map[string]string{}
	for _, e := range s.Log() {
		if e.Path == "/token" {
			asked[e.GrantType] = e.Resource + "|" + e.Audience
		}
	}
	if asked["authorization_code"] != both+"|" || asked["refresh_token"] != both+"|" {
		t.Errorf("asked for with %v", asked)
	}
}

// From one grant to another in place: nothing is revoked, and the tokens of an authorization come back with it.
func TestGrantsThereAndBack(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, withUser(true)), newWorkspace(t)
	issued := s.issue()
	authorized := s.pair("pair", issued.RefreshToken, strict, "")
	w.write(authorized)
	w.apply()
	first := w.string(this, "access_token")
	w.write(s.granted("pair", userGrant, ""))
	w.apply().mustSay(t, "Another Grant", "used again if password is taken out")
	w.expect(this, values{"status": "active"})
	if w.string(this, "access_token") == first {
		t.Error("the tokens of the authorization are in use still")
	}
	w.write(strings.Replace(s.minting("", ""), `"machine"`, `"pair"`, 1))
	w.apply()
	w.expect(this, values{"status": "active", "refresh_token": nil})
	w.write(authorized)
	w.apply().mustSay(t, "are in use again")
	if got := w.string(this, "access_token"); got != first {
		t.Errorf("the access token is %s, want %s", got, first)
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if c := s.Counters(); c.Revocations != 0 || c.ReuseDetected != 0 {
		t.Errorf("%d revocations, %d reuses", c.Revocations, c.ReuseDetected)
	}
}
