//go:build unix

package acceptance_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// What the second server offers to these tests, seen without our code.
func TestFositeOptions(t *testing.T) {
	t.Parallel()
	key := newECKey(t)
	public := jwksOf(publicJWK(t, key.Public(), "k", map[string]any{"alg": "ES256"}))
	f := startFosite(t, fositeOptions{
		Clients: []fositeClient{
			{"client_id": "keyed", "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256", "jwks": public, "grant_types": []string{"client_credentials", grantJWTBearer}, "scopes": []string{"read"}},
			{"client_id": "legacy", "client_secret": "legacy-secret", "grant_types": []string{"password", "refresh_token", "implicit"}, "response_types": []string{"token"}, "redirect_uris": []string{"https://app.example.com/cb"}, "scopes": []string{"read"}},
		},
		Issuers: []fositeIssuer{{Issuer: "https://idp.example.com", Subject: "alice", Scopes: []string{"read"}, JWKS: public}},
	})
	plain := caller{t: t, client: http.DefaultClient}
	now := time.Now().Unix()
	claims := func(iss, sub, id string) map[string]any {
		return map[string]any{"iss": iss, "sub": sub, "aud": f.issuer + "/token", "iat": now, "exp": now + 300, "jti": id}
	}
	assertion := func(id string) []string {
		return []string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", signES256(t, key, "k", claims("keyed", "keyed", id))}
	}

	code, answer := plain.post(f.issuer+"/token", append(assertion("1"), "grant_type", "client_credentials", "scope", "read")...)
	mustBe(t, "private_key_jwt", code, 200)
	mustBe(t, "its scope", f.introspect(text(answer["access_token"]))["scope"], "read")
	_, answer = plain.post(f.issuer+"/token", append(assertion("1"), "grant_type", "client_credentials")...)
	mustBe(t, "the same jti again", answer["error"], "jti_known")

	bearer := signES256(t, key, "k", claims("https://idp.example.com", "alice", "2"))
	_, answer = plain.post(f.issuer+"/token", append(assertion("3"), "grant_type", grantJWTBearer, "assertion", bearer, "scope", "read")...)
	mustBe(t, "for whom", f.introspect(text(answer["access_token"]))["sub"], "alice")
	_, answer = plain.post(f.issuer+"/token", append(assertion("4"), "grant_type", grantJWTBearer, "assertion", signES256(t, newECKey(t), "k", claims("https://idp.example.com", "alice", "5")))...)
	mustBe(t, "signed by somebody else", answer["error"], "invalid_grant")

	code, answer = plain.post(f.issuer+"/token", "grant_type", "password", "client_id", "legacy", "client_secret", "legacy-secret", "username", "alice", "password", "pässword of alice/+%", "scope", "read")
	mustBe(t, "password", code, 200)
	mustBe(t, "a refresh token too", text(answer["refresh_token"]) != "", true)

	address, err := url.Parse(f.browse(f.issuer + "/authorize?client_id=legacy&response_type=token&state=0123456789&scope=read&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"))
	if err != nil {
		t.Fatal(err)
	}
	fragment, err := url.ParseQuery(address.Fragment)
	if err != nil {
		t.Fatal(err)
	}
	mustBe(t, "implicit", f.introspect(fragment.Get("access_token"))["active"], true)

	challenge := sha256.Sum256([]byte("0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH"))
	code, answer = plain.post(f.issuer+"/par", "client_id", "acceptance", "client_secret", acceptanceSecret, "response_type", "code", "redirect_uri", "http://127.0.0.1/callback",
		"state", "0123456789", "code_challenge_method", "S256", "code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
	mustBe(t, "pushed", code, 201)
	f.browse(f.issuer + "/authorize?" + url.Values{"client_id": {"acceptance"}, "request_uri": {text(answer["request_uri"])}}.Encode())
	f.expect(fositeCounters{Token: 3, Refused: 2, Reused: 0, Pushed: 1})
}
