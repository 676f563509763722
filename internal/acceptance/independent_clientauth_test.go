//go:build unix

package acceptance_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// heredoc writes a text of several lines into a configuration.
func heredoc(name, text string) string {
	return fmt.Sprintf("    %s = <<-EOT\n%s\nEOT\n", name, strings.TrimSpace(text))
}

// How a client proves itself at a server that others wrote and certified: code, refreshes and revocation each with a new assertion
// or with the certificate, at the address that the server has for that.
func TestIndependentServerClientAuthentication(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecKey := newECKey(t)
	ca := newTestCA(t)
	verified, own := ca.client("app"), selfSigned(t, "own")
	jwks := func(key crypto.PublicKey, id string) map[string]any { return jwksOf(publicJWK(t, key, id, nil)) }
	ecJWK, err := json.Marshal(privateJWK(t, ecKey))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		metadata oidcClient
		client   string
		auth     string // as the server's log has it
	}{
		"client_secret_jwt": {
			oidcClient{"client_secret": longSecret}, fmt.Sprintf("client_secret = %q\n token_endpoint_auth_method = \"client_secret_jwt\"\n", longSecret), "client_secret_jwt",
		},
		"rsa": {
			oidcClient{"jwks": jwks(rsaKey.Public(), "r1")}, heredoc("private_key", privateKeyPEM(t, rsaKey)) + "    private_key_id = \"r1\"\n", "private_key_jwt",
		},
		"rsa_ps256": {
			oidcClient{"jwks": jwks(rsaKey.Public(), "r1"), "token_endpoint_auth_signing_alg": "PS256"},
			heredoc("private_key", privateKeyPEM(t, rsaKey)) + "    token_endpoint_auth_method = \"private_key_jwt\"\n    token_endpoint_auth_signing_alg = \"PS256\"\n", "private_key_jwt",
		},
		"ec_jwk":  {oidcClient{"jwks": jwks(ecKey.Public(), "e1")}, heredoc("private_key", string(ecJWK)), "private_key_jwt"},
		"ed25519": {oidcClient{"jwks": jwks(edKey.Public(), "d1")}, heredoc("private_key", privateKeyPEM(t, edKey)), "private_key_jwt"},
		"tls_client_auth": {
			oidcClient{"tls_client_auth_subject_dn": "CN=app", "tls_client_certificate_bound_access_tokens": true},
			heredoc("tls_client_certificate", verified.certPEM) + heredoc("tls_client_private_key", verified.keyPEM) + "    token_endpoint_auth_method = \"tls_client_auth\"\n", "tls_client_auth",
		},
		"self_signed_tls_client_auth": {
			oidcClient{"jwks": own.jwks(t)},
			heredoc("tls_client_certificate", own.certPEM) + heredoc("tls_client_private_key", own.keyPEM) + "    token_endpoint_auth_method = \"self_signed_tls_client_auth\"\n", "self_signed_tls_client_auth",
		},
	}
	options := oidcOptions{TLS: ca.listener(), RSA: true}
	for id, tt := range tests {
		tt.metadata["client_id"], tt.metadata["token_endpoint_auth_method"] = id, tt.auth
		tt.metadata["redirect_uris"], tt.metadata["grant_types"] = []string{"http://127.0.0.1/callback"}, []string{"authorization_code", "refresh_token"}
		tt.metadata["response_types"] = []string{"code"}
		options.Clients = append(options.Clients, tt.metadata)
	}
	p := startOIDCProvider(t, options)
	var provers []prover
	for id, tt := range tests {
		one := prover{id: id, client: tt.client, auth: tt.auth}
		if id == "tls_client_auth" {
			one.thumbprint = verified.thumbprint()
		}
		provers = append(provers, one)
	}
	p.proveClients(t, ca, provers)
}

// Requests that are pushed in advance (RFC 9126) are proved likewise: a new assertion, or the certificate at its own address.
func TestIndependentServerPushesProved(t *testing.T) {
	t.Parallel()
	ca, key := newTestCA(t), newECKey(t)
	own := selfSigned(t, "own")
	clients := map[string]struct{ auth, client string }{
		"keyed":  {"private_key_jwt", heredoc("private_key", privateKeyPEM(t, key))},
		"pinned": {"self_signed_tls_client_auth", shows(own, "self_signed_tls_client_auth")},
	}
	options := oidcOptions{TLS: ca.listener(), PAR: "required"}
	for id, jwks := range map[string]map[string]any{"keyed": jwksOf(publicJWK(t, key.Public(), "k1", nil)), "pinned": own.jwks(t)} {
		options.Clients = append(options.Clients, oidcClient{
			"client_id": id, "token_endpoint_auth_method": clients[id].auth, "jwks": jwks, "redirect_uris": []string{"http://127.0.0.1/callback"},
			"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"},
		})
	}
	p := startOIDCProvider(t, options)
	var provers []prover
	for id, c := range clients {
		provers = append(provers, prover{id: id, client: c.client, auth: c.auth})
	}
	p.proveClients(t, ca, provers)
	if c := p.counters(); c.Pushed < 2 {
		t.Errorf("%+v", c)
	}
}

// prover is a client, and how it proves itself.
type prover struct {
	id, client string
	auth       string // as the server's log has it
	thumbprint string // of the certificate that its tokens are bound to; empty: they are not
}

// proveClients takes clients through an authorization, refreshes and a revocation.
func (p *oidcProvider) proveClients(t *testing.T, ca *testCA, provers []prover) {
	t.Helper()
	w := newWorkspace(t)
	write := func(callback func(address string) string) {
		config := "provider \"oauth\" {\n" + heredoc("ca_certificate_pem", ca.pem) + "}\n"
		for _, one := range provers {
			config += fmt.Sprintf(`
resource "oauth_token_pair" %[1]q {
  name = %[1]q
  client = {
    client_id = %[1]q
    issuer    = %[2]q
    refresh_token_policy = { rotation = "single_use", on_reuse = "revoke_family" }
%[3]s
  }
  authorization_code = {
    callback_url     = %[4]s
    redirect_uri     = "http://127.0.0.1/callback"
    scopes           = ["openid", "offline_access"]
    extra_parameters = { prompt = "consent" }
  }
}
`, one.id, p.issuer, one.client, callback("oauth_token_pair."+one.id))
		}
		w.write(config)
	}
	write(func(string) string { return "null" })
	w.apply().mustSay(t, "has not been authorized yet")
	write(func(address string) string {
		return fmt.Sprintf("%q", p.browse(w.string(address, "authorization_url")))
	})
	w.apply()
	for _, one := range provers {
		w.expect("oauth_token_pair."+one.id, values{"status": "active"})
		if one.thumbprint != "" {
			cnf, _ := p.introspect(w.string("oauth_token_pair."+one.id, "access_token"))["cnf"].(map[string]any)
			mustBe(t, "the thumbprint that the token is bound to", cnf["x5t#S256"], one.thumbprint)
		}
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.") // its access tokens live 5 seconds: each read refreshes
	w.ok("destroy", "-auto-approve", "-no-color").mustNotSay(t, "Not Revoked")
	for _, one := range provers {
		p.expectProofs(one)
	}
}

// expectProofs checks the server's log of a client that was authorized, refreshed twice and revoked.
func (p *oidcProvider) expectProofs(one prover) {
	p.t.Helper()
	paths := map[string]int{}
	tls := strings.Contains(one.auth, "tls")
	for _, r := range p.log() {
		if r.ClientID != one.id || r.Method != "POST" {
			continue
		}
		paths[r.Path]++
		if r.Auth != one.auth || r.Error != "" || r.TLS != tls || r.Certificate != tls {
			p.t.Errorf("the log tells of %+v", r)
		}
	}
	// The access token is revoked as well, unless its five seconds are over by then.
	if n := paths["/token/revocation"]; paths["/token"] < 3 || n != 1 && n != 2 {
		p.t.Errorf("%s: requests by path: %v", one.id, paths)
	}
}
