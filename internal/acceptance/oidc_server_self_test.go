//go:build unix

package acceptance_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// caller speaks to the server without our code.
type caller struct {
	t      testing.TB
	client *http.Client
}

func (c caller) send(method, address string, body any, header http.Header) (int, map[string]any, http.Header) {
	c.t.Helper()
	var reader io.Reader
	content := "application/x-www-form-urlencoded"
	switch b := body.(type) {
	case url.Values:
		reader = strings.NewReader(b.Encode())
	case map[string]any:
		text, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		reader, content = bytes.NewReader(text), "application/json"
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, address, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	for name := range header {
		request.Header.Set(name, header.Get(name))
	}
	if reader != nil {
		request.Header.Set("Content-Type", content)
	}
	reply, err := c.client.Do(request)
	if err != nil {
		c.t.Log(err)
		return 0, nil, nil
	}
	defer func() { _ = reply.Body.Close() }()
	var answer map[string]any
	_ = json.NewDecoder(reply.Body).Decode(&answer)
	return reply.StatusCode, answer, reply.Header
}

func (c caller) post(address string, pairs ...string) (int, map[string]any) {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	code, answer, _ := c.send(http.MethodPost, address, form, nil)
	return code, answer
}

func mustBe(t testing.TB, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v; want %v", what, got, want)
	}
}

func text(v any) string { s, _ := v.(string); return s }

// What the server that others wrote offers to these tests, seen without our code.
func TestOIDCProviderOptions(t *testing.T) {
	t.Parallel()
	ca := newTestCA(t)
	verified, own, signing := ca.client("app"), selfSigned(t, "own"), newECKey(t)
	keys := jwksOf(publicJWK(t, signing.Public(), "k", nil))
	p := startOIDCProvider(t, oidcOptions{
		Registration: "managed", InitialAccessToken: "initial", DeviceFlow: true, PAR: "required", DPoP: "nonce", TLS: ca.listener(), RSA: true,
		Resources: map[string]string{"https://api.example.com/": "read write"}, Scopes: []string{"openid", "offline_access", "read", "write"},
		Grants:  map[string]any{grantPassword: map[string]any{}, grantTokenExchange: map[string]any{}, grantJWTBearer: map[string]any{"issuers": []any{map[string]any{"iss": "https://idp.example.com", "jwks": keys}}}},
		Clients: optionClients(t, own, keys),
	})
	plain := caller{t: t, client: http.DefaultClient}

	t.Run("assertions", func(t *testing.T) { optionAssertions(t, p, plain, signing) })
	t.Run("device", func(t *testing.T) { optionDevice(t, p, plain) })
	t.Run("mtls", func(t *testing.T) { optionMTLS(t, p, ca, verified, own) })
	t.Run("registration", func(t *testing.T) { optionRegistration(t, p, plain) })
	t.Run("par and dpop", func(t *testing.T) {
		if _, page := p.visit(newBrowser(t), p.issuer+"/auth?client_id=device&response_type=code&scope=openid", nil); !strings.Contains(page, "Pushed Authorization Request must be used") {
			t.Errorf("an authorization request that was not pushed: %s", page)
		}
		code, answer, header := plain.send(http.MethodPost, p.issuer+"/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"bound"}, "client_secret": {"bound-secret"}}, nil)
		mustBe(t, "without a proof", code, 400)
		mustBe(t, "without a proof", answer["error"], "invalid_grant")
		mustBe(t, "a nonce before there was a proof", header.Get("DPoP-Nonce"), "")
	})
	t.Run("resource", func(t *testing.T) {
		_, answer := plain.post(p.issuer+"/token", "grant_type", "client_credentials", "client_id", "jwt", "client_secret", "jwt-secret", "scope", "read", "resource", "https://api.example.com/")
		mustBe(t, "parts of a JWT", strings.Count(text(answer["access_token"]), "."), 2)
		_, answer = plain.post(p.issuer+"/token", "grant_type", "client_credentials", "client_id", "jwt", "client_secret", "jwt-secret", "resource", "https://other.example.com/")
		mustBe(t, "an unknown resource", answer["error"], "invalid_target")
	})
	t.Run("grants", func(t *testing.T) {
		_, answer := plain.post(p.issuer+"/token", "grant_type", "password", "client_id", "legacy", "client_secret", "legacy-secret", "username", "alice", "password", "pässword of alice/+%", "scope", "read write")
		subject := text(answer["access_token"])
		mustBe(t, "a token by password", p.introspect(subject)["scope"], "read write")
		mustBe(t, "a refresh token too", text(answer["refresh_token"]) != "", true)
		exchange := []string{"grant_type", grantTokenExchange, "client_id", "legacy", "client_secret", "legacy-secret", "subject_token", subject, "subject_token_type", "urn:ietf:params:oauth:token-type:access_token"}
		_, answer = plain.post(p.issuer+"/token", append(exchange, "scope", "read")...)
		mustBe(t, "an exchanged token", p.introspect(text(answer["access_token"]))["scope"], "read")
		mustBe(t, "issued_token_type", answer["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token")
		_, answer = plain.post(p.issuer+"/token", append(exchange, "scope", "openid")...)
		mustBe(t, "beyond the subject token", answer["error"], "invalid_scope")
	})
	t.Run("faults and clock", func(t *testing.T) { optionFaults(t, p, plain) })
}

const hmacSecret = "a client secret that is long enough for HS256"

func optionAssertions(t *testing.T, p *oidcProvider, plain caller, key *ecdsa.PrivateKey) {
	now := time.Now().Unix()
	claims := func(iss, sub, id string) map[string]any {
		return map[string]any{"iss": iss, "sub": sub, "aud": p.issuer, "iat": now, "exp": now + 60, "jti": id}
	}
	for client, assertion := range map[string]string{"keyed": signES256(t, key, "k", claims("keyed", "keyed", "1")), "hmac": signHS256(t, hmacSecret, claims("hmac", "hmac", "1"))} {
		ask := []string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", assertion, "grant_type", "client_credentials"}
		code, _ := plain.post(p.issuer+"/token", ask...)
		mustBe(t, client, code, 200)
		_, answer := plain.post(p.issuer+"/token", ask...)
		mustBe(t, client+" again", answer["error"], "invalid_client")
	}
	bearer := []string{"client_id", "bearer", "client_secret", "bearer-secret", "grant_type", grantJWTBearer, "scope", "read", "assertion"}
	_, answer := plain.post(p.issuer+"/token", append(bearer, signES256(t, key, "k", claims("https://idp.example.com", "alice", "2")))...)
	token := p.introspect(text(answer["access_token"]))
	mustBe(t, "for whom", token["sub"], "alice")
	mustBe(t, "its scope", token["scope"], "read")
	for what, assertion := range map[string]string{
		"used before": signES256(t, key, "k", claims("https://idp.example.com", "alice", "2")), "of another issuer": signES256(t, key, "k", claims("https://other.example.com", "alice", "3")),
		"signed by somebody else": signES256(t, newECKey(t), "k", claims("https://idp.example.com", "alice", "4")),
	} {
		_, answer = plain.post(p.issuer+"/token", append(bearer, assertion)...)
		mustBe(t, "an assertion "+what, answer["error"], "invalid_grant")
	}
}

func optionClients(t *testing.T, own testCertificate, keys map[string]any) []oidcClient {
	none := []string{}
	return []oidcClient{
		{"client_id": "keyed", "token_endpoint_auth_method": "private_key_jwt", "jwks": keys, "grant_types": []string{"client_credentials"}, "response_types": none, "redirect_uris": none},
		{"client_id": "hmac", "token_endpoint_auth_method": "client_secret_jwt", "client_secret": hmacSecret, "grant_types": []string{"client_credentials"}, "response_types": none, "redirect_uris": none},
		{"client_id": "bearer", "client_secret": "bearer-secret", "grant_types": []string{grantJWTBearer}, "response_types": none, "redirect_uris": none},
		{"client_id": "device", "token_endpoint_auth_method": "none", "grant_types": []string{grantDeviceCode, "refresh_token"}, "response_types": none, "redirect_uris": none},
		{"client_id": "verified", "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=app", "tls_client_certificate_bound_access_tokens": true, "grant_types": []string{"client_credentials"}, "response_types": none, "redirect_uris": none},
		{"client_id": "own", "token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": own.jwks(t), "grant_types": []string{"client_credentials"}, "response_types": none, "redirect_uris": none},
		{"client_id": "bound", "client_secret": "bound-secret", "dpop_bound_access_tokens": true, "grant_types": []string{"client_credentials"}, "response_types": none, "redirect_uris": none},
		{"client_id": "jwt", "client_secret": "jwt-secret", "grant_types": []string{"client_credentials"}, "response_types": none, "redirect_uris": none},
		{"client_id": "legacy", "client_secret": "legacy-secret", "grant_types": []string{"password", grantTokenExchange, "refresh_token"}, "response_types": none, "redirect_uris": none},
	}
}

func optionDevice(t *testing.T, p *oidcProvider, plain caller) {
	for _, allow := range []bool{true, false} {
		_, started := plain.post(p.issuer+"/device/auth", "client_id", "device", "scope", "openid offline_access")
		ask := []string{"client_id", "device", "grant_type", grantDeviceCode, "device_code", text(started["device_code"])}
		_, answer := plain.post(p.issuer+"/token", ask...)
		mustBe(t, "before the decision", answer["error"], "authorization_pending")
		p.decideDevice(text(started["user_code"]), allow)
		code, answer := plain.post(p.issuer+"/token", ask...)
		if allow {
			mustBe(t, "allowed", code, 200)
			mustBe(t, "a refresh token", text(answer["refresh_token"]) != "", true)
		} else {
			mustBe(t, "denied", answer["error"], "access_denied")
		}
	}
}

func optionMTLS(t *testing.T, p *oidcProvider, ca *testCA, verified, own testCertificate) {
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	with := func(c testCertificate) caller {
		pair, err := tls.X509KeyPair([]byte(c.certPEM), []byte(c.keyPEM))
		if err != nil {
			t.Fatal(err)
		}
		// The listener names its CA, and Go keeps a certificate of another one to itself unless told otherwise.
		present := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, GetClientCertificate: present}}
		t.Cleanup(transport.CloseIdleConnections)
		return caller{t: t, client: &http.Client{Transport: transport}}
	}
	_, metadata, _ := with(own).send(http.MethodGet, p.issuer+"/.well-known/openid-configuration", nil, nil)
	aliases, _ := metadata["mtls_endpoint_aliases"].(map[string]any)
	endpoint := text(aliases["token_endpoint"])
	mustBe(t, "its alias", endpoint, p.tls+"/token")
	ask := func(c testCertificate, id string) (int, map[string]any) {
		return with(c).post(endpoint, "grant_type", "client_credentials", "client_id", id)
	}
	code, answer := ask(verified, "verified")
	mustBe(t, "a verified certificate", code, 200)
	cnf, _ := p.introspect(text(answer["access_token"]))["cnf"].(map[string]any)
	mustBe(t, "the thumbprint in the token", cnf["x5t#S256"], verified.thumbprint())
	code, _ = ask(own, "own")
	mustBe(t, "a self-signed certificate", code, 200)
	for name, wrong := range map[string]testCertificate{"of another subject": ca.client("other"), "of nobody": selfSigned(t, "app")} {
		code, _ = ask(wrong, "verified")
		mustBe(t, "a certificate "+name, code, 401)
		code, _ = ask(wrong, "own")
		mustBe(t, "a certificate "+name, code, 401)
	}
	for _, r := range p.log() {
		if r.ClientID == "own" && (r.Auth != "self_signed_tls_client_auth" || !r.TLS || !r.Certificate || r.GrantType != "client_credentials" || r.DPoP) {
			t.Errorf("the log tells of %+v", r)
		}
	}
}

func optionRegistration(t *testing.T, p *oidcProvider, plain caller) {
	bearer := func(token any) http.Header { return http.Header{"Authorization": {"Bearer " + text(token)}} }
	metadata := map[string]any{"redirect_uris": []string{"https://app.example.com/cb"}, "token_endpoint_auth_method": "client_secret_post"}
	code, _, _ := plain.send(http.MethodPost, p.issuer+"/reg", metadata, nil)
	mustBe(t, "without the initial access token", code, 401)
	code, made, _ := plain.send(http.MethodPost, p.issuer+"/reg", metadata, bearer("initial"))
	mustBe(t, "created", code, 201)
	manage := text(made["registration_client_uri"])
	metadata["client_id"], metadata["client_name"] = made["client_id"], "new name"
	code, updated, _ := plain.send(http.MethodPut, manage, metadata, bearer(made["registration_access_token"]))
	mustBe(t, "updated", code, 200)
	mustBe(t, "another registration access token", updated["registration_access_token"] != made["registration_access_token"], true)
	code, _, _ = plain.send(http.MethodGet, manage, nil, bearer(made["registration_access_token"]))
	mustBe(t, "with the former token", code, 401)
	code, read, _ := plain.send(http.MethodGet, manage, nil, bearer(updated["registration_access_token"]))
	mustBe(t, "read", code, 200)
	mustBe(t, "its new name", read["client_name"], "new name")
	code, _, _ = plain.send(http.MethodDelete, manage, nil, bearer(updated["registration_access_token"]))
	mustBe(t, "deleted", code, 204)
}

func optionFaults(t *testing.T, p *oidcProvider, plain caller) {
	ask := []string{"grant_type", "client_credentials", "client_id", "machine", "client_secret", "machine secret/+%"}
	for stage, tokens := range map[string]int{"before": 0, "after": 1} {
		before := p.counters().Token
		p.drop("/token", stage)
		code, _ := plain.post(p.issuer+"/token", ask...)
		mustBe(t, "a lost reply", code, 0)
		mustBe(t, "tokens that it cost", p.counters().Token-before, tokens)
	}
	_, answer := plain.post(p.issuer+"/token", ask...)
	mustBe(t, "at first", p.introspect(text(answer["access_token"]))["active"], true)
	p.later(time.Hour)
	mustBe(t, "an hour later", p.introspect(text(answer["access_token"]))["active"], false)
}
