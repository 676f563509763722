//go:build unix

package acceptance_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// proofs is a sandbox that knows a client for each way of proving who it is, and takes certificates at an address of its own.
type proofs struct {
	*server
	ca     *testCA
	key    *ecdsa.PrivateKey // of "keyed"
	shown  testCertificate   // of "certified"
	pinned testCertificate   // of "pinned"
}

func newProofs(t *testing.T, required bool, audience string, algs ...string) *proofs {
	t.Helper()
	p := &proofs{ca: newTestCA(t), key: newECKey(t), pinned: selfSigned(t, "pinned")}
	p.shown = p.ca.client("certified")
	jwks, err := json.Marshal(jwksOf(publicJWK(t, p.key.Public(), "k1", nil)))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(p.ca.cert)
	uris := []string{redirectURI}
	p.server = startServer(t, sandbox.Options{SigningAlgs: algs, Clients: []sandbox.Client{
		{ID: clientID, Secret: clientSecret, RedirectURIs: uris},
		{ID: "signing", Secret: longSecret, AuthMethod: sandbox.AuthSecretJWT, RedirectURIs: uris},
		{ID: "keyed", JWKS: string(jwks), AuthMethod: sandbox.AuthPrivateKeyJWT, AssertionAudience: audience, RedirectURIs: uris},
		{ID: "certified", CertificateSubject: "CN=certified", AuthMethod: sandbox.AuthTLS, RedirectURIs: uris},
		{ID: "pinned", Certificate: p.pinned.cert.Raw, AuthMethod: sandbox.AuthSelfSignedTLS, RedirectURIs: uris},
	}}, sandbox.Listen{MTLS: &sandbox.MTLS{CAs: pool, Required: required}})
	return p
}

const longSecret = "a client secret of more than 32 octets/+%"

// provider is the configuration of a provider that trusts the sandbox's certificate.
func (p *proofs) provider() string {
	return "provider \"oauth\" {\n" + heredoc("ca_certificate_pem", string(p.running.CAPEM)) + "}\n"
}

// byIssuer is a pair of a client whose endpoints are discovered. proof are the members that prove it.
func (p *proofs) byIssuer(id, refreshToken, proof string) string {
	return p.provider() + fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = "proves"
  client = {
    client_id = %q
    issuer    = %q
    refresh_token_policy = { %s }
%s
  }
  preauthenticated = { refresh_token = %q }
}
`, id, p.base, strict, proof, refreshToken)
}

func shows(c testCertificate, method string) string {
	return heredoc("tls_client_certificate", c.certPEM) + heredoc("tls_client_private_key", c.keyPEM) + fmt.Sprintf("    token_endpoint_auth_method = %q\n", method)
}

func (p *proofs) signs(key *ecdsa.PrivateKey) string {
	return heredoc("private_key", privateKeyPEM(p.t, key)) + "    private_key_id = \"k1\"\n"
}

// Each way in which a client proves itself, through refreshes and the revocation. The sandbox refuses an assertion that was used
// before, so each request brings one of its own.
func TestClientProvesItself(t *testing.T) {
	t.Parallel()
	for id, tt := range map[string]struct {
		proof  func(*proofs) string
		method string
	}{
		"signing": {func(*proofs) string {
			return fmt.Sprintf("client_secret = %q\n token_endpoint_auth_method = \"client_secret_jwt\"", longSecret)
		}, sandbox.AuthSecretJWT},
		"keyed":     {func(p *proofs) string { return p.signs(p.key) }, sandbox.AuthPrivateKeyJWT},
		"certified": {func(p *proofs) string { return shows(p.shown, "tls_client_auth") }, sandbox.AuthTLS},
		"pinned":    {func(p *proofs) string { return shows(p.pinned, "self_signed_tls_client_auth") }, sandbox.AuthSelfSignedTLS},
	} {
		t.Run(id, func(t *testing.T) {
			p, w := newProofs(t, false, "issuer"), newWorkspace(t)
			w.write(p.byIssuer(id, p.issueTo(id).RefreshToken, tt.proof(p)))
			w.apply().mustSay(t, "1 added")
			w.expect(this, values{"status": "active", "generation": 2})
			p.later(time.Hour, w)
			w.plan("-detailed-exitcode").mustSay(t, "No changes.")
			w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
			requests := 0
			for _, e := range p.Log() {
				if e.ClientID == "" {
					continue // discovery
				}
				requests++
				if e.AuthMethod != tt.method || e.Error != "" {
					t.Errorf("the log has %+v", e)
				}
				if strings.HasSuffix(tt.method, "_jwt") && e.AssertionAudience != p.base {
					t.Errorf("an assertion for %q, want the issuer %q", e.AssertionAudience, p.base)
				}
			}
			if requests != 4 { // either token is revoked
				t.Errorf("%d requests, want 4", requests)
			}
			p.expectCalls(calls{refreshes: 2, revocations: 1})
		})
	}
}

// Where no issuer is known, an assertion is made out to the token endpoint, also for the revocation; the algorithm is one that
// the configuration names.
func TestAssertionForTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, false, "token_endpoint"), newWorkspace(t)
	w.write(strings.Replace(p.byIssuer("keyed", p.issueTo("keyed").RefreshToken, p.signs(p.key)),
		fmt.Sprintf("issuer    = %q", p.base), fmt.Sprintf("token_endpoint = %q\n    revocation_endpoint = %q", p.base+"/token", p.base+"/revoke"), 1))
	w.apply()
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	for _, e := range p.Log() {
		if e.AssertionAudience != p.base+"/token" || e.AssertionKeyID != "k1" || e.Status != 200 {
			t.Errorf("the log has %+v", e)
		}
	}
}

// A server that is known to want the token endpoint is told so by platform_overrides, though its issuer is configured.
func TestAssertionAudienceOverride(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, false, "token_endpoint"), newWorkspace(t)
	input := p.issueTo("keyed").RefreshToken
	w.write(p.byIssuer("keyed", input, p.signs(p.key)))
	w.fails([]string{"does not accept the client", "The stored refresh token was not used up", "set issuer to what the server calls itself", "made out to another server"},
		"apply", "-no-color", "-auto-approve")
	w.write(p.byIssuer("keyed", input, p.signs(p.key)+`    platform_overrides = jsonencode({ client_assertion_audience = "token_endpoint" })`))
	w.apply().mustSay(t, "1 added")
	p.expect(1, 0)
}

// A wrong key does not kill the refresh token. With the right one everything goes on, and consumers wait for that (rule 2).
func TestWrongPrivateKey(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, false, ""), newWorkspace(t)
	input := p.issueTo("keyed").RefreshToken
	right, wrong := p.byIssuer("keyed", input, p.signs(p.key)), p.byIssuer("keyed", input, p.signs(newECKey(t)))
	bad := []string{
		"does not accept the client of token pair", "The stored refresh token was not used up and still works.",
		"Check client_id, private_key, private_key_id and token_endpoint_auth_signing_alg, and that the platform has the public key", "the signature of the client assertion is wrong",
	}
	w.write(wrong)
	w.fails(append(bad, "Error: Unable to Refresh Token Pair"), "apply", "-no-color", "-auto-approve")
	w.write(right)
	w.apply().mustSay(t, "1 added")
	w.write(wrong)
	w.apply().mustSay(t, "1 changed") // nothing is due
	p.later(time.Hour, w)
	w.plan().mustSay(t, "No changes.", "Warning: Token Pair Not Refreshed", bad[0], bad[3])
	w.apply()
	w.write(right)
	w.plan("-refresh=false").mustSay(t, `~ id `, "(known after apply)")
	w.apply("-refresh=false").mustSay(t, "1 changed")
	p.expect(2, 0)
	w.expect(this, values{"status": "active", "generation": 3})
}

// What to look at follows from what the client has proved itself with, also where neither state nor configuration of the pair says it:
// the registration has the key, write-only, and no method is written.
func TestWrongKeyOfARegistration(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, false, "issuer"), newWorkspace(t)
	config := func(key *ecdsa.PrivateKey, version int) string {
		return p.provider() + fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                   = "keyed"
  issuer                 = %q
  client_id              = "keyed"
  redirect_uris          = [%q]
  private_key_wo_version = %d
%s
}

resource "oauth_token_pair" "this" {
  name               = "keyed"
  client             = merge(oauth_app_registration.this.client, { require_pushed_authorization_requests = true })
  authorization_code = {}
}
`, p.base, redirectURI, version, strings.Replace(p.signs(key), "private_key ", "private_key_wo ", 1))
	}
	w.write(config(newECKey(t), 1))
	w.fails([]string{
		"Unable to Offer Authorization", "could not be pushed to " + p.base + "/par", "The authorization server does not accept the client of token pair",
		"Nothing was used up", "Check client_id, private_key, private_key_id and token_endpoint_auth_signing_alg", "Then apply again.", "the signature of the client assertion is wrong",
	}, "apply", "-no-color", "-auto-approve")
	w.write(config(p.key, 2))
	w.apply()
	w.expect(this, values{"status": "authorization_required"})
	p.expectPushes(1)
}

// A machine whose clock is off makes assertions that are over, or not good yet. The error says so, and the token lives.
func TestAssertionsByAWrongClock(t *testing.T) {
	t.Parallel()
	p := newProofs(t, false, "")
	for skew, says := range map[string][]string{
		"-1h": {"The clock of this machine is ", "behind the server's, and the client's signed assertion holds by the clock: set it right first.", "the client assertion has expired"},
		"1h":  {"ahead of the server's", "the client assertion lives too long"},
	} {
		w := newWorkspace(t)
		w.write(p.byIssuer("keyed", p.issueTo("keyed").RefreshToken, p.signs(p.key)))
		w.env[envSkew] = skew
		w.fails(append(says, "does not accept the client", "The stored refresh token was not used up and still works."), "apply", "-no-color", "-auto-approve")
		delete(w.env, envSkew)
		w.apply().mustSay(t, "1 added")
	}
	p.expect(2, 0)
}

// A server that ends the TLS handshake for the certificate has read nothing of the request: the refresh token is good, though in
// TLS 1.3 it was sent. Under revoke_family anything else would cost the authorization.
func TestCertificateRefusedInTheHandshake(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, true, ""), newWorkspace(t)
	input := p.issueTo("certified").RefreshToken
	stranger := newTestCA(t).client("certified")
	w.write(p.byIssuer("certified", input, shows(stranger, "tls_client_auth")))
	w.fails([]string{
		"does not accept the client of token pair", "it ended the TLS handshake for the certificate, or for want of one (remote error: tls: ",
		"The stored refresh token was not used up and still works.", "Check client_id, tls_client_certificate and token_endpoint_auth_method",
	}, "apply", "-no-color", "-auto-approve")
	p.expect(0, 0)
	w.write(p.byIssuer("certified", input, shows(p.shown, "tls_client_auth")))
	w.apply().mustSay(t, "1 added")
	w.expect(this, values{"status": "active", "generation": 2})
	p.expect(1, 0)

	// None at all is no better: the address for certificates is then written out.
	bare := fmt.Sprintf("client_secret = %q\n    token_endpoint = %q", clientSecret, p.running.MTLSURL+"/token")
	other := newWorkspace(t)
	other.write(p.byIssuer(clientID, p.issue().RefreshToken, bare))
	other.fails([]string{"it ended the TLS handshake for the certificate, or for want of one", "The stored refresh token was not used up and still works."}, "apply", "-no-color", "-auto-approve")
	p.expect(1, 0)
}

// A certificate that ends soon is told of before, and one that has ended after: the server decides what that means.
func TestCertificateThatEnds(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, false, ""), newWorkspace(t)
	template := certificateOf("certified")
	template.NotAfter = time.Now().Add(20 * 24 * time.Hour)
	soon := signCertificate(t, template, p.ca.cert, newECKey(t), p.ca.key)
	w.write(p.byIssuer("certified", p.issueTo("certified").RefreshToken, shows(soon, "tls_client_auth")))
	w.apply().mustNotSay(t, "Client Certificate Ends")
	p.later(7*24*time.Hour, w)
	w.plan().mustSay(t, "Warning: Client Certificate Ends", "ends at "+template.NotAfter.UTC().Format("2006-01-02 15:04:05")+" UTC")
	p.later(14*24*time.Hour, w)
	w.plan().mustSay(t, "Warning: Client Certificate Ends", "ended at ", "does not accept the client", "this certificate is good until", "of no known CA, or not valid now")
}

// What proves the client is looked up in its registration, where it may be kept write-only; a pair that names the registration
// alone takes its method, too.
func TestRegistrationKeepsTheKey(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, false, ""), newWorkspace(t)
	config := func(key *ecdsa.PrivateKey, version int) string {
		return p.provider() + fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name      = "app"
  client_id = "keyed"
  issuer    = %q
  private_key_wo_version = %d
%s
}
resource "oauth_token_pair" "this" {
  name             = "proves"
  client           = oauth_app_registration.this.client
  preauthenticated = { refresh_token = %q }
}
resource "oauth_token_pair" "machine" {
  name               = "machine"
  client             = { registration = oauth_app_registration.this.id, client_id = "keyed", issuer = %[1]q }
  client_credentials = {}
}
`, p.base, version, heredoc("private_key_wo", privateKeyPEM(t, key)), p.family(0, 1).RefreshToken)
	}
	p.issueTo("keyed")
	w.write(config(newECKey(t), 1))
	w.fails([]string{"does not accept the client"}, "apply", "-no-color", "-auto-approve")
	w.write(config(p.key, 2))
	w.apply()
	w.expect(this, values{"status": "active", "generation": 2})
	w.expect("oauth_token_pair.machine", values{"status": "active"})
	line := strings.Split(privateKeyPEM(t, p.key), "\n")[1]
	if strings.Contains(w.stateText(), line) {
		t.Error("the state holds the write-only key")
	}
	p.later(time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	p.expect(2, 0)
}

// The algorithm is one that the server takes, where the key leaves a choice. One that is configured is the user's word.
func TestSigningAlgorithmOfTheServer(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, false, "", "ES256", "HS512"), newWorkspace(t)
	w.write(p.byIssuer("keyed", p.issueTo("keyed").RefreshToken, p.signs(p.key)))
	w.apply()
	w = newWorkspace(t)
	w.write(p.byIssuer("signing", p.issueTo("signing").RefreshToken, fmt.Sprintf("client_secret = %q\n token_endpoint_auth_method = \"client_secret_jwt\"\n token_endpoint_auth_signing_alg = \"HS256\"", longSecret)))
	w.fails([]string{"signed by an algorithm that is not taken", "The stored refresh token was not used up"}, "apply", "-no-color", "-auto-approve")
}

// A reply that is lost is asked for again with an assertion of its own: the first one was used.
func TestLostReplyToAnAssertion(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, false, ""), newWorkspace(t)
	if err := p.UpdateSettings(func(s *sandbox.Settings) { s.Rotation = sandbox.RotationNone }); err != nil {
		t.Fatal(err)
	}
	p.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After})
	w.write(strings.Replace(p.byIssuer("keyed", p.issueTo("keyed").RefreshToken, p.signs(p.key)), strict, `rotation = "none"`, 1))
	w.apply()
	w.expect(this, values{"status": "active"})
	p.expectCalls(calls{refreshes: 2, tokenRequests: 2})
	if e := p.Log(); e[len(e)-1].Error != "" {
		t.Errorf("the last request: %+v", e[len(e)-1])
	}
}

// An address that takes no certificates is named as a possible cause.
func TestCertificateThatNobodyAsksFor(t *testing.T) {
	t.Parallel()
	p := newProofs(t, false, "")
	plain := newServerOn(t, sandbox.Listen{TLS: true}, nil)
	w := newWorkspace(t)
	w.write("provider \"oauth\" {\n" + heredoc("ca_certificate_pem", string(plain.running.CAPEM)) + "}\n" + fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = "proves"
  client = {
    client_id      = %q
    token_endpoint = "%s/token"
    refresh_token_policy = { %s }
%s
  }
  preauthenticated = { refresh_token = "unknown" }
}
`, clientID, plain.base, strict, shows(p.shown, "tls_client_auth")))
	w.fails([]string{"does not accept the client", "The stored refresh token was not used up", "that the server takes certificates at the endpoint in use"}, "apply", "-no-color", "-auto-approve")
}

// Neither keys nor assertions stand in a log.
func TestProofsAreNotLogged(t *testing.T) {
	t.Parallel()
	p, w := newProofs(t, false, ""), newWorkspace(t)
	config := strings.Replace(p.byIssuer("keyed", p.issueTo("keyed").RefreshToken, p.signs(p.key)), "private_key =", "private_key_wo =", 1)
	w.write(strings.Replace(config, "    private_key_id", "    private_key_wo_version = 1\n    private_key_id", 1))
	w.env["TF_LOG_PROVIDER"] = "TRACE"
	r := w.apply("-json")
	all := r.stdout + r.stderr + w.stateText()
	for what, text := range map[string]string{
		"the key": strings.Split(privateKeyPEM(t, p.key), "\n")[1], "an assertion": "eyJhbGciOiJFUzI1NiI", "its parameter": "client_assertion=",
	} {
		if strings.Contains(all, text) {
			t.Errorf("%s is in a log or the state", what)
		}
	}
	if !strings.Contains(all, "refresh answered") {
		t.Error("nothing was logged")
	}
}
