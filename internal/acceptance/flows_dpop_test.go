//go:build unix

package acceptance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// newBinder starts a sandbox whose client has to bind its tokens to a key. public: the client has no secret.
func newBinder(t testing.TB, public bool, change func(*sandbox.Settings)) *server {
	t.Helper()
	client := sandbox.Client{ID: clientID, Secret: clientSecret, RedirectURIs: []string{redirectURI}, BoundTokens: true}
	if public {
		client.Secret, client.BoundTokens = "", false
	}
	settings := sandbox.DefaultSettings()
	settings.CodeLifetime = 24 * time.Hour
	if change != nil {
		change(&settings)
	}
	return startServer(t, sandbox.Options{Clients: []sandbox.Client{client}, Settings: settings}, sandbox.Listen{})
}

// bound is the configuration of codePair with bound tokens.
func (s *server) bound(name, grant, more string) string {
	config := strings.Replace(s.codePair(name, grant), "token_endpoint ", "dpop_bound_access_tokens = true\n    token_endpoint ", 1)
	return strings.TrimSuffix(strings.TrimSpace(config), "}") + more + "\n}\n"
}

// withoutSecret makes a configuration that of a public client.
func withoutSecret(config string) string {
	return strings.ReplaceAll(config, fmt.Sprintf("client_secret          = %q", clientSecret), "")
}

// refusedProofs counts the token requests that were refused for want of a nonce, and those whose proof did not hold.
func (s *server) refusedProofs() (nonces, malformed int) {
	s.t.Helper()
	for _, e := range s.Log() {
		switch {
		case e.Path == "/token" && e.Reason == "proof_nonce":
			nonces++
		case e.ProofError != "":
			malformed++
			s.t.Errorf("a proof does not hold: %+v", e)
		case e.Path == "/token" && !e.Proved && e.Status != 0:
			s.t.Errorf("a token request without a proof: %+v", e)
		}
	}
	return nonces, malformed
}

func (s *server) expectNonces(want int) {
	s.t.Helper()
	if got, _ := s.refusedProofs(); got != want {
		s.t.Errorf("%d token requests lacked the nonce, want %d\nlog: %+v", got, want, s.Log())
	}
}

// callAPI uses a bound token as a consumer does that knows DPoP, and returns the status.
func (s *server) callAPI(token, privateKey string) int {
	s.t.Helper()
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON([]byte(privateKey)); err != nil {
		s.t.Fatal(err)
	}
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key.Key}, options)
	if err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(token))
	claims, err := json.Marshal(map[string]any{
		"jti": fmt.Sprintf("consumer-%d-%d", len(s.Log()), time.Now().UnixNano()), "htm": "GET", "htu": s.base + "/api/me", "iat": s.Now().Unix(),
		"ath": base64.RawURLEncoding.EncodeToString(sum[:]),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	proof, err := signed.CompactSerialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return s.callWith("DPoP "+token, proof)
}

func (s *server) callWith(authorization, proof string) int {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.base+"/api/me", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", authorization)
	if proof != "" {
		request.Header.Set("DPoP", proof)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = reply.Body.Close()
	return reply.StatusCode
}

// The whole life of a pair whose tokens are bound to a key, at a server that wants another nonce in every proof: the first run
// costs one request more, later ones know the nonce. Consumers get the key with the token.
func TestBoundTokens(t *testing.T) {
	t.Parallel()
	s, w := newBinder(t, false, func(s *sandbox.Settings) { s.Nonces = sandbox.NonceSingleUse }), newWorkspace(t)
	consumer := `
data "oauth_access_token" "x" {
  token_pair = oauth_token_pair.this.id
}
`
	w.write(s.bound("bound", "", ""))
	w.apply()
	offered := w.string(this, "authorization_url")
	if !strings.Contains(offered, "dpop_jkt=") {
		t.Errorf("the code is not bound: %s", offered)
	}
	w.plan("-detailed-exitcode").mustSay(t, offered)
	grant := attribute("callback_url", s.consent(offered))
	w.write(s.bound("bound", grant, "") + consumer)
	w.apply().mustNotSay(t, "Access Token Not Bound")
	s.expectNonces(1)
	s.expectCalls(calls{exchanges: 1, tokenRequests: 2})
	w.expectLive(s, 1)
	w.expect(this, values{"token_type": "DPoP"})
	key := w.string(this, "dpop_private_key")
	x := w.attributes("data.oauth_access_token.x")
	if x["dpop_private_key"] != key || x["token_type"] != "DPoP" {
		t.Errorf("the data source gives %v", x)
	}
	if got := s.callAPI(w.string(this, "access_token"), key); got != 200 {
		t.Errorf("with its key the token gets %d", got)
	}
	if got := s.callWith("Bearer "+w.string(this, "access_token"), ""); got != 401 {
		t.Errorf("without it the token gets %d", got)
	}

	s.later(time.Hour, w)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.apply()
	s.expectNonces(1) // the record knew the nonce
	s.expectCalls(calls{refreshes: 1, exchanges: 1, tokenRequests: 3})
	w.expectLive(s, 2)
	w.expect(this, values{"dpop_private_key": key})
	s.later(time.Hour, w)
	s.ChangeNonce()
	w.apply()
	s.expectNonces(2)
	w.expectLive(s, 3)

	// Another authorization has another key.
	w.write(s.bound("bound", attribute("callback_url", s.consent(w.string(this, "authorization_url"))), "") + consumer)
	w.apply()
	if again := w.string(this, "dpop_private_key"); again == key {
		t.Error("two authorizations have the same key")
	}
	s.expect(2, 0)
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
}

// With secrets_in_state = false the key is in the token store alone. Who opens the ephemeral resource gets it.
func TestBoundTokensStayOutOfTheState(t *testing.T) {
	t.Parallel()
	s, w := newBinder(t, false, nil), newWorkspace(t)
	provider := "provider \"oauth\" {\n  secrets_in_state = false\n}\n"
	config := func(grant string) string {
		hidden := strings.Replace(s.bound("hidden", grant, ""), "client_secret  ", "client_secret_wo_version = 1\n    client_secret_wo  ", 1)
		return provider + hidden
	}
	w.write(config(""))
	w.apply()
	w.write(config(fmt.Sprintf("callback_url_wo = %q\n    callback_url_wo_version = 1", s.consent(w.string(this, "authorization_url")))))
	w.apply()
	w.expect(this, values{"status": "active", "token_type": "DPoP", "dpop_private_key": nil, "access_token": nil})
	if text := w.stateText(); strings.Contains(text, `\"kty\"`) || strings.Contains(text, `"kty"`) {
		t.Error("the state holds the key")
	}
	s.later(time.Hour, w)
	w.write(config("") + `
ephemeral "oauth_access_token" "x" {
  token_pair = "hidden"
  lifecycle {
    postcondition {
      condition     = self.token_type == "DPoP" && jsondecode(self.dpop_private_key).kty == "EC"
      error_message = "no key for the token"
    }
  }
}
`)
	w.apply()
	s.expect(1, 0)
	s.expectNonces(0)
}

// Without a store the private state holds the record, and the key with it.
func TestBoundTokensWithoutStore(t *testing.T) {
	t.Parallel()
	s, w := newBinder(t, true, nil), newWorkspace(t)
	provider := "provider \"oauth\" {\n  token_store = \"state\"\n}\n"
	w.write(provider + withoutSecret(s.bound("stateless", "", "")))
	w.apply()
	w.write(provider + withoutSecret(s.bound("stateless", attribute("callback_url", s.consent(w.string(this, "authorization_url"))), "")))
	w.apply()
	key := w.string(this, "dpop_private_key")
	s.later(time.Hour, w)
	w.apply()
	s.expect(1, 0)
	w.expect(this, values{"status": "active", "dpop_private_key": key})
}

// The refresh token of a public client is bound as well: it goes wherever the key goes, also into a new store.
func TestBoundTokensOfPublicClient(t *testing.T) {
	t.Parallel()
	s, w := newBinder(t, true, nil), newWorkspace(t)
	w.write(withoutSecret(s.bound("public", "", "")))
	w.apply()
	grant := attribute("callback_url", s.consent(w.string(this, "authorization_url")))
	config := withoutSecret(s.bound("public", grant, ""))
	w.write(config)
	w.apply()
	key := w.string(this, "dpop_private_key")

	w.loseStore() // the state heals it
	w.apply()
	s.later(time.Hour, w)
	w.apply()
	s.expect(1, 0)
	w.expect(this, values{"status": "active", "dpop_private_key": key})

	// What is bound stays bound, whatever the client says from now on.
	w.write(strings.Replace(config, "dpop_bound_access_tokens = true", "", 1))
	w.apply().mustSay(t, "Warning: Binding Changed", "stays bound to its key")
	s.later(time.Hour, w)
	w.apply()
	s.expect(2, 0)
	w.expect(this, values{"status": "active", "dpop_private_key": key, "token_type": "DPoP"})
	s.refusedProofs()

	// Whoever has obtained the tokens elsewhere brings the key along.
	other := newWorkspace(t)
	adopted := fmt.Sprintf("preauthenticated = {\n    refresh_token = %q\n    dpop_private_key = %q\n  }", w.string(this, "refresh_token"), key)
	other.write(config[:strings.Index(config, "authorization_code")] + adopted + "\n}\n")
	s.later(time.Hour, w, other)
	other.advance(2 * time.Hour) // which have passed before it was there
	other.apply()
	s.expect(3, 0)
	other.expect(this, values{"status": "active", "dpop_private_key": key, "token_type": "DPoP"})
}

// A confidential client may go from the one kind to the other with each refresh.
func TestBindingChangesInPlace(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	bearer := s.pair("changing", s.issue().RefreshToken, strict, "")
	bound := strings.Replace(bearer, "token_endpoint ", "dpop_bound_access_tokens = true\n    token_endpoint ", 1)
	w.write(bearer)
	w.apply()
	w.expect(this, values{"token_type": "Bearer", "dpop_private_key": nil})
	w.write(bound)
	w.plan().mustSay(t, "1 to change")
	w.apply().mustSay(t, "Warning: Binding Changed", "The next refresh asks for bound ones.")
	s.later(time.Hour, w)
	w.apply()
	w.expect(this, values{"token_type": "DPoP", "generation": 3})
	key := w.string(this, "dpop_private_key")
	if got := s.callAPI(w.string(this, "access_token"), key); got != 200 {
		t.Errorf("with its key the token gets %d", got)
	}
	w.write(bearer)
	w.apply().mustSay(t, "Warning: Binding Changed")
	w.expect(this, values{"token_type": "DPoP", "dpop_private_key": key})
	s.later(time.Hour, w)
	w.apply()
	w.expect(this, values{"token_type": "Bearer", "dpop_private_key": nil})
	s.expect(3, 0)
}

// A client that gets tokens for itself binds them as well, and a change of that drops the token at hand.
func TestBoundTokensOfMachines(t *testing.T) {
	t.Parallel()
	s, w := newBinder(t, false, func(s *sandbox.Settings) { s.Nonces = sandbox.NonceStable }), newWorkspace(t)
	config := fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = "machine"
  client = {
    client_id                = %q
    client_secret            = %q
    token_endpoint           = "%s/token"
    dpop_bound_access_tokens = true
  }
  client_credentials = {}
}
`, clientID, clientSecret, s.base)
	w.write(config)
	w.apply()
	w.expect(this, values{"status": "active", "token_type": "DPoP"})
	if got := s.callAPI(w.string(this, "access_token"), w.string(this, "dpop_private_key")); got != 200 {
		t.Errorf("with its key the token gets %d", got)
	}
	s.later(time.Hour, w)
	w.apply()
	s.expectNonces(1)
	if got := s.Counters().ClientCredentials; got != 2 {
		t.Errorf("%d tokens were issued, want 2", got)
	}
	w.write(strings.Replace(config, "= true", "= false", 1))
	w.plan().mustSay(t, `= "machine" -> (known after apply)`)
	w.fails([]string{"this client must send a DPoP proof"}, "apply", "-auto-approve", "-no-color", "-input=false")
}

// A server that has never heard of DPoP answers with bearer tokens. They are kept, and every run says what they are.
func TestUnboundTokens(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, func(s *sandbox.Settings) { s.IgnoreProofs = true }), newWorkspace(t)
	w.write(s.bound("unbound", "", ""))
	w.apply()
	w.write(s.bound("unbound", attribute("callback_url", s.consent(w.string(this, "authorization_url"))), ""))
	w.apply().mustSay(t, "Warning: Access Token Not Bound", `is of type "Bearer"`, "It works and is kept.")
	w.expectLive(s, 1)
	w.expect(this, values{"token_type": "Bearer", "dpop_private_key": nil})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.", "Access Token Not Bound")
}

// A nonce is asked for once in an attempt. A server that is content with none of its own gets no third request, and no token
// is used up.
func TestNonceThatIsNeverGoodEnough(t *testing.T) {
	t.Parallel()
	s, w := newBinder(t, false, nil), newWorkspace(t)
	w.write(s.bound("never", "", ""))
	w.apply()
	w.write(s.bound("never", attribute("callback_url", s.consent(w.string(this, "authorization_url"))), ""))
	w.apply()
	if err := s.UpdateSettings(func(s *sandbox.Settings) { s.Nonces = sandbox.NonceNever }); err != nil {
		t.Fatal(err)
	}
	s.later(time.Hour, w)
	w.plan().mustSay(t, "wants another nonce in the DPoP proof", "was not used up and still works", "use_dpop_nonce")
	s.expectNonces(2)
	if err := s.UpdateSettings(func(s *sandbox.Settings) { s.Nonces = sandbox.NonceSingleUse }); err != nil {
		t.Fatal(err)
	}
	w.apply()
	s.expect(1, 0)
	w.expectLive(s, 2)
}

// The reply to the second of two requests is lost: what was sent may be spent, as ever, and the rules are the same.
func TestNonceThenLostReply(t *testing.T) {
	t.Parallel()
	s, w := newBinder(t, false, func(s *sandbox.Settings) { s.Rotation, s.GracePeriod = sandbox.RotationSingleUseGrace, time.Minute }), newWorkspace(t)
	policy := `rotation = "single_use_grace", on_reuse = "revoke_family", grace_period = "1m"`
	config := func(grant string) string { return strings.Replace(s.bound("lost", grant, ""), strict, policy, 1) }
	w.write(config(""))
	w.apply()
	w.write(config(attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	w.apply()
	if err := s.UpdateSettings(func(s *sandbox.Settings) { s.Nonces = sandbox.NonceSingleUse }); err != nil {
		t.Fatal(err)
	}
	s.later(time.Hour, w)
	s.fault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After, Succeeded: true})
	w.apply()
	s.expect(2, 0) // the second within the grace, with a proof of its own
	s.refusedProofs()
	w.expectLive(s, 2)
}

// on_rejection: the API is asked with a proof for the very token, and its own nonce.
func TestBoundTokensAreProbed(t *testing.T) {
	t.Parallel()
	s, w := newBinder(t, false, func(s *sandbox.Settings) {
		untold(s)
		s.Nonces, s.NoncesAtAPI = sandbox.NonceSingleUse, sandbox.NonceSingleUse
	}), newWorkspace(t)
	w.write(s.bound("probed", "", s.onRejection()))
	w.apply()
	w.write(s.bound("probed", attribute("callback_url", s.consent(w.string(this, "authorization_url"))), s.onRejection()))
	w.apply()
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expectProbes(1, 1) // refused for want of the nonce, then taken
	s.endAccess()
	w.apply()
	s.expect(1, 0)
	w.plan("-detailed-exitcode").mustNotSay(t, "Refused", "Probe")
	s.refusedProofs()
}

// Each poll for a device code carries a proof, of the key that the tokens are bound to in the end.
func TestBoundTokensOfDevices(t *testing.T) {
	t.Parallel()
	s, w := newBinder(t, false, func(s *sandbox.Settings) {
		quick(s)
		s.Nonces = sandbox.NonceSingleUse
	}), newWorkspace(t)
	w.write(strings.Replace(s.device("", ""), "token_endpoint  ", "dpop_bound_access_tokens = true\n    token_endpoint  ", 1))
	w.apply()
	if err := s.ConfirmDevice(w.userCode()); err != nil {
		t.Fatal(err)
	}
	w.apply()
	w.expect(this, values{"status": "active", "token_type": "DPoP", "generation": 1})
	key := w.string(this, "dpop_private_key")
	s.expectNonces(1)
	s.later(time.Hour, w)
	w.apply()
	s.expectNonces(1)
	s.expect(1, 0)
	w.expect(this, values{"status": "active", "dpop_private_key": key})
}
