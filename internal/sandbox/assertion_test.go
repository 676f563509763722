package sandbox_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const longSecret = "0123456789abcdef0123456789abcdef"

// unsigned are the first two parts of a JWT.
func unsigned(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	h, headerErr := json.Marshal(header)
	c, claimsErr := json.Marshal(claims)
	if headerErr != nil || claimsErr != nil {
		t.Fatal(headerErr, claimsErr)
	}
	return base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
}

func hs256(t *testing.T, key string, claims map[string]any) string {
	t.Helper()
	text := unsigned(t, map[string]any{"alg": "HS256"}, claims)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func edDSA(t *testing.T, key ed25519.PrivateKey, id string, claims map[string]any) string {
	t.Helper()
	text := unsigned(t, map[string]any{"alg": "EdDSA", "kid": id}, claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

// What is taken as a client assertion (RFC 7523 §3), and what is not.
func TestClientAssertions(t *testing.T) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	jwks := `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}]}`
	r := startWith(t, sandbox.Listen{}, sandbox.Options{Clients: []sandbox.Client{
		{ID: "signing", Secret: longSecret, AuthMethod: sandbox.AuthSecretJWT},
		{ID: "keyed", JWKS: jwks, AuthMethod: sandbox.AuthPrivateKeyJWT},
		{ID: "strict", JWKS: jwks, AuthMethod: sandbox.AuthPrivateKeyJWT, AssertionAudience: "issuer"},
		{ID: "plain", Secret: longSecret, AuthMethod: sandbox.AuthBasic},
	}})
	now := r.Now().Unix()
	claims := func(id, jti string, change map[string]any) map[string]any {
		c := map[string]any{"iss": id, "sub": id, "aud": r.running.BaseURL, "jti": jti, "iat": now, "exp": now + 60}
		maps.Copy(c, change)
		return c
	}
	keyed := func(jti string, change map[string]any) string {
		return edDSA(t, key, "k1", claims("keyed", jti, change))
	}
	const kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	for _, test := range []struct {
		name, assertion string
		more            []string
		reason          string // "" is good
	}{
		{"by key", keyed("1", nil), nil, ""},
		{"once more", keyed("1", nil), nil, "assertion_replayed"},
		{"without jti", keyed("", nil), nil, "assertion_replayed"},
		{"client_id beside", keyed("2", nil), []string{"client_id", "keyed"}, ""},
		{"for the token endpoint", keyed("3", map[string]any{"aud": r.running.BaseURL + "/token"}), nil, ""},
		{"no kid", edDSA(t, key, "", claims("keyed", "4", nil)), nil, ""},
		{"by secret", hs256(t, longSecret, claims("signing", "1", nil)), nil, ""},

		{"other client_id", keyed("5", nil), []string{"client_id", "signing"}, "client_two_ids"},
		{"secret beside", keyed("6", nil), []string{"client_secret", "x"}, "client_two_methods"},
		{"expired", keyed("7", map[string]any{"exp": now}), nil, "assertion_expired"},
		{"no end", keyed("8", map[string]any{"exp": nil}), nil, "assertion_expired"},
		{"long", keyed("9", map[string]any{"exp": now + 3600}), nil, "assertion_too_long"},
		{"not yet", keyed("10", map[string]any{"nbf": now + 60}), nil, "assertion_early"},
		{"other issuer", keyed("11", map[string]any{"iss": "signing"}), nil, "assertion_other_client"},
		{"other server", keyed("12", map[string]any{"aud": "https://other.example"}), nil, "assertion_audience"},
		{"two audiences", keyed("13", map[string]any{"aud": []string{r.running.BaseURL, "https://other.example"}}), nil, "assertion_audience"},
		{"wrong key", edDSA(t, stranger, "k1", claims("keyed", "14", nil)), nil, "assertion_bad_signature"},
		{"wrong kid", edDSA(t, key, "k2", claims("keyed", "15", nil)), nil, "assertion_bad_signature"},
		{"wrong secret", hs256(t, longSecret+"x", claims("signing", "2", nil)), nil, "assertion_bad_signature"},
		{"by public key", hs256(t, string(public), claims("keyed", "16", nil)), nil, "client_bad_method"},
		{"unsigned", unsigned(t, map[string]any{"alg": "none"}, claims("keyed", "17", nil)) + ".", nil, "assertion_malformed"},
		{"nonsense", "x", nil, "assertion_malformed"},
		{"unknown client", edDSA(t, key, "k1", claims("nobody", "1", nil)), nil, "client_unknown"},
		{"not its method", hs256(t, longSecret, claims("plain", "1", nil)), nil, "client_bad_method"},
		{"strict", edDSA(t, key, "k1", claims("strict", "1", nil)), nil, ""},
		{"strict, token endpoint", edDSA(t, key, "k1", claims("strict", "2", map[string]any{"aud": r.running.BaseURL + "/token"})), nil, "assertion_audience"},
	} {
		pairs := append([]string{"grant_type", "client_credentials", "client_assertion", test.assertion, "client_assertion_type", kind}, test.more...)
		status := r.post("/token", pairs...).status
		if got := r.lastEntry().Reason; got != test.reason || (status == 200) != (test.reason == "") {
			t.Errorf("%s: status %d, reason %q, want %q", test.name, status, got, test.reason)
		}
	}
	// An id may come again when the JWT that it stood in is over, and no sooner.
	if _, err := r.AdvanceClock(2 * time.Minute); err != nil {
		t.Fatal(err)
	}
	later := r.Now().Unix()
	again := keyed("1", map[string]any{"iat": later, "exp": later + 60})
	if status := r.post("/token", "grant_type", "client_credentials", "client_assertion", again, "client_assertion_type", kind).status; status != 200 {
		t.Errorf("status %d: %s", status, r.lastEntry().Reason)
	}
}

func TestClientsWithoutProofAreRefused(t *testing.T) {
	for name, c := range map[string]sandbox.Client{
		"the JWK set holds no key": {ID: "a", AuthMethod: sandbox.AuthPrivateKeyJWT}, "needs a secret": {ID: "a", AuthMethod: sandbox.AuthSecretJWT},
		"needs a certificate": {ID: "a", AuthMethod: sandbox.AuthTLS}, "unknown authentication method": {ID: "a", AuthMethod: "bearer"},
		"a client of this method has no secret": {ID: "a", AuthMethod: sandbox.AuthSelfSignedTLS, Certificate: []byte{1}, Secret: "s"},
	} {
		if _, err := sandbox.New(sandbox.Options{Clients: []sandbox.Client{c}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
