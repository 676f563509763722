//go:build unix

package acceptance_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// granted is a pair "this" whose tokens come by the given grant.
func (s *server) granted(name, grant, more string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = %q
  client = %s
  %s
  %s
}
`, name, s.client(strict), grant, more)
}

// newGranting starts a sandbox that offers further grants.
func newGranting(t testing.TB, change func(*sandbox.Grants)) *server {
	t.Helper()
	s := newServer(t, nil)
	s.UpdateGrants(change)
	return s
}

func withUser(refresh bool) func(*sandbox.Grants) {
	return func(g *sandbox.Grants) { g.Users, g.RefreshTokens = map[string]string{"zoë": "pass word&1"}, refresh }
}

const userGrant = `password = { username = "zoë", password = "pass word&1" }`

// expectGrants compares how many tokens grants have given, and how many refresh tokens were used.
func (s *server) expectGrants(grants, refreshes int) {
	s.t.Helper()
	if c := s.Counters(); c.Grants != grants || c.Refreshes != refreshes || c.ReuseDetected != 0 {
		s.t.Errorf("%d grants and %d refreshes, %d reuses, want %d and %d\nlog: %+v", c.Grants, c.Refreshes, c.ReuseDetected, grants, refreshes, s.Log())
	}
}

// A refresh token that a grant brought is used like any other; when it is dead the grant is asked again, and nobody needs to know.
func TestPasswordGrant(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, withUser(true)), newWorkspace(t)
	w.write(s.granted("user", userGrant, "") + consumers)
	w.plan().mustSay(t, "oauth_token_pair.this will be created")
	w.apply().mustNotSay(t, "Authorization Required")
	w.expect(this, values{"status": "active", "generation": 1, "authorization_url": nil, "reauthorize_by": nil})
	if w.string(this, "refresh_token") == "" {
		t.Error("no refresh token")
	}
	s.expectGrants(1, 0)
	s.later(time.Hour, w)
	for range 2 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	s.expectGrants(1, 1)
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		t.Fatal(err)
	}
	s.later(time.Hour, w)
	r := w.plan("-detailed-exitcode")
	r.mustSay(t, "No changes.")
	r.mustNotSay(t, "Authorization Required", "refused")
	s.expectGrants(2, 1)
	w.apply()
	w.expect(this, values{"status": "active"})
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
}

// Without a refresh token the grant is asked again for each expiry; a plan that is thrown away costs nothing more.
func TestPasswordGrantWithoutRefreshToken(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, withUser(false)), newWorkspace(t)
	w.write(s.granted("user", userGrant, ""))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": nil})
	s.later(time.Hour, w)
	for range 3 {
		w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	}
	s.expectGrants(2, 0)
}

// A password that is refused is sent once by each apply, and by no plan: it might lock the account.
func TestPasswordGrantRefused(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, withUser(false)), newWorkspace(t)
	wrong := s.granted("user", `password = { username = "zoë", password = var.wrong }`, "") + "\nvariable \"wrong\" {\n  default = \"guessed\"\n}\n"
	w.write(wrong)
	r := w.fails([]string{"Unable to Get Access Token", "The authorization server refuses username and password for token pair \"user\".", "each apply asks once",
		"Correct password in the configuration", "invalid_grant: wrong username or password"}, "apply", "-auto-approve", "-no-color", "-input=false")
	r.mustNotSay(t, "guessed")
	w.write(s.granted("user", userGrant, "") + consumers)
	w.apply()
	w.expect(this, values{"status": "active"})

	// It is changed at the server, and later here.
	s.UpdateGrants(func(g *sandbox.Grants) { g.Users["zoë"] = "changed" })
	s.later(time.Hour, w)
	requests := s.Counters().TokenRequests
	for range 3 {
		w.plan().mustSay(t, "refuses username and password", "Plans do not try it again", "oauth_token_pair.this will be updated in-place", "data.oauth_access_token.x will be read during apply")
	}
	if c := s.Counters(); c.TokenRequests != requests+1 {
		t.Errorf("%d requests of three plans", c.TokenRequests-requests)
	}
	w.ok("apply", "-auto-approve", "-no-color", "-input=false", "-target="+this).mustSay(t, "Authorization Required", "refuses username and password")
	w.expect(this, values{"status": "authorization_required", "access_token": nil})
	if c := s.Counters(); c.TokenRequests != requests+2 {
		t.Errorf("%d requests after an apply", c.TokenRequests-requests)
	}
	w.write(s.granted("user", `password = { username = "zoë", password = "changed" }`, "") + consumers)
	w.apply()
	w.expect(this, values{"status": "active"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}

// The reply to a refresh is lost, and the process with it: nothing is sent twice, since the grant gives another pair.
func TestPasswordGrantLost(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, withUser(true)), newWorkspace(t)
	w.write(s.granted("user", userGrant, ""))
	w.apply()
	s.later(time.Hour, w)
	s.fault(sandbox.Fault{When: sandbox.After, Action: sandbox.ActionDrop, GrantType: "refresh_token"})
	w.apply().mustNotSay(t, "Outcome", "Authorization Required")
	w.expect(this, values{"status": "active"})
	s.expectGrants(2, 1)
}

// Secrets that are write-only stay out of state and plan, and a later update goes on without them.
func TestPasswordGrantWriteOnly(t *testing.T) {
	t.Parallel()
	s, w := newGranting(t, withUser(false)), newWorkspace(t)
	config := func(margin string) string {
		return fmt.Sprintf(`
provider "oauth" {
  secrets_in_state = false
}
variable "password" {
  type      = string
  ephemeral = true
  default   = null
}
resource "oauth_token_pair" "this" {
  name   = "user"
  client = {
    client_id                = %q
    client_secret_wo         = %q
    client_secret_wo_version = 1
    token_endpoint           = "%s/token"
  }
  password = {
    username            = "zoë"
    password_wo         = var.password
    password_wo_version = 1
  }
  refresh = { before_expiry = %q }
}
`, clientID, clientSecret, s.base, margin)
	}
	w.write(config("30s"))
	w.ok("apply", "-auto-approve", "-no-color", "-input=false", "-var=password=pass word&1")
	w.expect(this, values{"status": "active", "access_token": nil})
	w.write(config("60s"))
	w.apply()
	s.later(time.Hour, w)
	w.apply()
	s.expectGrants(2, 0)
	w.expect(this, values{"status": "active"})
}

func keyPEM(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// An assertion is signed afresh for each request: by RSA, EC and Ed25519 keys, PEM and JWK, with what the configuration says of it.
func TestSignedAssertions(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(map[string]string{
		"kty": "OKP", "crv": "Ed25519", "kid": "own", "x": base64.RawURLEncoding.EncodeToString(public), "d": base64.RawURLEncoding.EncodeToString(ed.Seed()),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key     string
		public  crypto.PublicKey
		issuer  string
		more    string
		header  map[string]any
		claims  map[string]any
		without []string
	}{
		"defaults": {keyPEM(t, weak), weak.Public(), clientID, "", map[string]any{"alg": "RS256", "typ": "JWT"}, map[string]any{"iss": clientID}, []string{"sub"}},
		"everything": {
			keyPEM(t, p256), p256.Public(), "service@example.com",
			`issuer = "service@example.com", subject = "user-1", key_id = "k1", lifetime = "1m", claims = jsonencode({ scope = "https://api.example.com/a", n = 12345678901234567890 })`,
			map[string]any{"alg": "ES256", "kid": "k1"}, map[string]any{"iss": "service@example.com", "sub": "user-1", "scope": "https://api.example.com/a"}, nil,
		},
		"JWK":   {string(jwk), public, clientID, "", map[string]any{"alg": "EdDSA", "kid": "own"}, nil, nil},
		"PS256": {keyPEM(t, weak), weak.Public(), clientID, `algorithm = "PS256"`, map[string]any{"alg": "PS256"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := newGranting(t, func(g *sandbox.Grants) { g.AssertionKeys = map[string]crypto.PublicKey{c.issuer: c.public} }), newWorkspace(t)
			w.write(s.granted("service", fmt.Sprintf("jwt_bearer = {\n private_key = %q\n scopes = [\"a\"]\n", c.key)+lines(c.more)+"}", ""))
			w.apply()
			w.expect(this, values{"status": "active", "generation": 1})
			s.later(time.Hour, w)
			w.plan("-detailed-exitcode").mustSay(t, "No changes.")
			s.expectGrants(2, 0) // the server refuses a jti that it has seen
			got := s.LastAssertion()
			for name, want := range c.header {
				if got.Header[name] != want {
					t.Errorf("header %v, want %s %v", got.Header, name, want)
				}
			}
			for name, want := range c.claims {
				if got.Claims[name] != want {
					t.Errorf("claims %v, want %s %v", got.Claims, name, want)
				}
			}
			for _, name := range c.without {
				if _, ok := got.Claims[name]; ok {
					t.Errorf("claims %v, want none named %s", got.Claims, name)
				}
			}
			if got.Claims["aud"] != s.base+"/token" {
				t.Errorf("aud %v", got.Claims["aud"])
			}
		})
	}
}

// lines puts each attribute of a list on a line of its own.
func lines(attributes string) string {
	depth, text := 0, []byte(attributes)
	for i, c := range text {
		switch {
		case c == '(' || c == '{':
			depth++
		case c == ')' || c == '}':
			depth--
		case c == ',' && depth == 0:
			text[i] = '\n'
		}
	}
	return string(text) + "\n"
}

// An assertion that was signed elsewhere is sent once, whatever happens to the resource; when its tokens end another one is needed.
func TestBroughtAssertion(t *testing.T) {
	t.Parallel()
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, w := newGranting(t, func(g *sandbox.Grants) { g.AssertionKeys = map[string]crypto.PublicKey{"me": public} }), newWorkspace(t)
	sign := func(id string) string {
		t.Helper()
		now := s.Now()
		encode := func(v any) string {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return base64.RawURLEncoding.EncodeToString(text)
		}
		signed := encode(map[string]any{"alg": "EdDSA"}) + "." + encode(map[string]any{
			"iss": "me", "aud": s.base + "/token", "jti": id, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		})
		return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(ed, []byte(signed)))
	}
	config := func(assertion string) string {
		return s.granted("brought", fmt.Sprintf("jwt_bearer = { assertion = %q }", assertion), "")
	}
	first := sign("1")
	// A client that is refused costs no assertion.
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 401, Body: `{"error":"invalid_client"}`})
	w.write(config(first))
	w.fails([]string{"Unable to Exchange Assertion", "does not accept the client", "It was not used up, and can be sent again."}, "apply", "-auto-approve", "-no-color", "-input=false")
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1, "refresh_token": nil})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectGrants(1, 0)
	// Made again under the same name, or another: the assertion is known.
	w.ok("destroy", "-auto-approve", "-no-color")
	w.apply().mustSay(t, "Used Before")
	w.write(s.granted("other", fmt.Sprintf("jwt_bearer = { assertion = %q }", first), ""))
	w.apply().mustSay(t, "Used Before")
	s.expectGrants(1, 0)

	w.write(s.granted("other", fmt.Sprintf("jwt_bearer = { assertion = %q }", sign("2")), ""))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	s.later(time.Hour, w)
	w.plan().mustSay(t, "Authorization Required", "The access token of token pair \"other\" has expired, and there is no refresh token.", "Bring another assertion in jwt_bearer.assertion, then apply.")
	w.apply()
	w.expect(this, values{"status": "authorization_required"})
	w.write(s.granted("other", fmt.Sprintf("jwt_bearer = { assertion = %q }", sign("3")), ""))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	// Its reply is lost: it is not sent again, and the words say so.
	s.fault(sandbox.Fault{When: sandbox.After, Action: sandbox.ActionDrop})
	w.write(s.granted("other", fmt.Sprintf("jwt_bearer = { assertion = %q }", sign("4")), ""))
	w.fails([]string{"Unable to Exchange Assertion", "was sent, or may have been, and no usable reply came", "It is not sent again. The tokens of an earlier one are unchanged and still in use.", "Bring another assertion"},
		"apply", "-auto-approve", "-no-color", "-input=false")
	w.expect(this, values{"status": "active"})
	s.expectGrants(4, 0)
}

// Any other grant: parameters, some of them secret, and the answer like any other.
func TestExtensionGrant(t *testing.T) {
	t.Parallel()
	s := newGranting(t, func(g *sandbox.Grants) {
		g.Extensions = map[string]map[string]string{"urn:example:pin": {"account": "1", "pin": "s3cret-pin"}, "account_credentials": {"account_id": ""}}
		g.RefreshTokens = true
	})
	w := newWorkspace(t)
	w.write(s.granted("zoom", `extension_grant = {
    grant_type = "account_credentials"
    parameters = { account_id = "x" }
    audience   = ["a1", "a2"]
    resource   = ["https://b.example.com/", "https://a.example.com/"]
  }`, ""))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 1})
	if e := s.Log()[len(s.Log())-1]; e.Resource != "https://b.example.com/ https://a.example.com/" || e.Audience != "a1 a2" || e.Parameters != "account_id audience grant_type resource" {
		t.Errorf("asked for with %+v", e)
	}
	s.later(time.Hour, w)
	w.apply()
	if e := s.Log()[len(s.Log())-1]; e.Resource != "https://b.example.com/ https://a.example.com/" || e.Audience != "" || e.GrantType != "refresh_token" {
		t.Errorf("refreshed with %+v", e)
	}
	s.expectGrants(1, 1)
	w.write(s.granted("zoom", `extension_grant = {
    grant_type           = "urn:example:pin"
    parameters           = { account = "1" }
    sensitive_parameters = { pin = "s3cret-pin" }
  }`, ""))
	w.plan().mustNotSay(t, "s3cret-pin")
	w.apply().mustNotSay(t, "s3cret-pin")
	w.expect(this, values{"status": "active"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectGrants(2, 1)
}
