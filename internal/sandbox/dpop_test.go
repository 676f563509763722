package sandbox_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

func base64url(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// prover makes DPoP proofs with an EC key.
type prover struct {
	*rig
	key  *ecdsa.PrivateKey
	jwk  map[string]any
	made int
}

func (r *rig) prover() *prover {
	r.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		r.Fatal(err)
	}
	return &prover{rig: r, key: key, jwk: map[string]any{"kty": "EC", "crv": "P-256", "x": base64url(point[1:33]), "y": base64url(point[33:])}}
}

func (p *prover) thumbprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":%q,"y":%q}`, p.jwk["x"], p.jwk["y"]))
	return base64url(sum[:])
}

// proof makes one for the token endpoint. change alters header and claims.
func (p *prover) proof(change func(header, claims map[string]any)) string {
	p.Helper()
	p.made++
	header := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": maps.Clone(p.jwk)}
	claims := map[string]any{
		"jti": fmt.Sprintf("a-jti-of-some-length-%d", p.made), "htm": "POST", "htu": p.running.BaseURL + "/token", "iat": p.Now().Unix(),
	}
	if change != nil {
		change(header, claims)
	}
	var parts []string
	for _, part := range []any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			p.Fatal(err)
		}
		parts = append(parts, base64url(text))
	}
	signed := strings.Join(parts, ".")
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, sum[:])
	if err != nil {
		p.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64url(signature)
}

func nonced(nonce string) func(_, claims map[string]any) {
	return func(_, claims map[string]any) { claims["nonce"] = nonce }
}

func (p *prover) token(params url.Values, proof string) answer {
	p.Helper()
	request := p.newRequest("POST", "/token", strings.NewReader(params.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if proof != "" {
		request.Header.Set("DPoP", proof)
	}
	return p.do(request)
}

func (p *prover) me(authorization, proof string) answer {
	p.Helper()
	request := p.newRequest("GET", "/api/me", nil)
	request.Header.Set("Authorization", authorization)
	if proof != "" {
		request.Header.Set("DPoP", proof)
	}
	return p.do(request)
}

func machine() url.Values {
	return form("grant_type", "client_credentials", "client_id", "app", "client_secret", secret)
}

// Each claim of a proof is checked (RFC 9449 §4.3), and so is its signature.
func TestProofsAreChecked(t *testing.T) {
	t.Parallel()
	p := newRig(t).prover()
	if got := p.token(machine(), p.proof(nil)); got.status != 200 || got.text("token_type") != "DPoP" {
		t.Fatalf("a good one: %d %s", got.status, got.body)
	}
	if got := p.token(machine(), ""); got.text("token_type") != "Bearer" {
		t.Errorf("none: %s", got.body)
	}
	claim := func(name string, value any) string {
		return p.proof(func(_, claims map[string]any) { claims[name] = value })
	}
	header := func(name string, value any) string {
		return p.proof(func(header, _ map[string]any) { header[name] = value })
	}
	again := p.proof(nil)
	p.token(machine(), again)
	private := maps.Clone(p.jwk)
	private["d"] = "AAAA"
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, proof := range map[string]string{
		"no JWS":           "proof",
		"no JSON":          "e30.x.e30",
		"htm":              claim("htm", "GET"),
		"htu":              claim("htu", p.running.BaseURL+"/token?x=1"),
		"old":              claim("iat", p.Now().Add(-2*time.Minute).Unix()),
		"of the future":    claim("iat", p.Now().Add(2*time.Minute).Unix()),
		"jti":              claim("jti", "short"),
		"ath":              claim("ath", "x"),
		"twice":            again,
		"typ":              header("typ", "JWT"),
		"alg":              header("alg", "none"),
		"alg of other key": header("alg", "EdDSA"),
		"other key":        header("jwk", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64url(edwards)}),
		"private key":      header("jwk", private),
		"no key":           header("jwk", map[string]any{}),
		"changed":          strings.Replace(p.proof(nil), ".", ".e", 1),
	} {
		if got := p.token(machine(), proof); got.status != 400 || got.text("error") != "invalid_dpop_proof" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

// The rules of nonces, at the token endpoint and at the API apart.
func TestNonces(t *testing.T) {
	t.Parallel()
	p := newRig(t, func(s *sandbox.Settings) { s.Nonces, s.NoncesAtAPI = sandbox.NonceSingleUse, sandbox.NonceStable }).prover()
	first := p.token(machine(), p.proof(nil))
	nonce := first.header.Get("DPoP-Nonce")
	if first.status != 400 || first.text("error") != "use_dpop_nonce" || nonce == "" {
		t.Fatalf("without a nonce: %d %s", first.status, first.body)
	}
	got := p.token(machine(), p.proof(nonced(nonce)))
	next := got.header.Get("DPoP-Nonce")
	if got.status != 200 || next == "" || next == nonce {
		t.Fatalf("with it: %d %s", got.status, got.body)
	}
	if again := p.token(machine(), p.proof(nonced(nonce))); again.text("error") != "use_dpop_nonce" {
		t.Errorf("a second time: %s", again.body)
	}

	token := got.text("access_token")
	sum := sha256.Sum256([]byte(token))
	access := func(nonce string) string {
		return p.proof(func(_, claims map[string]any) {
			claims["htm"], claims["htu"], claims["ath"], claims["nonce"] = "GET", p.running.BaseURL+"/api/me", base64url(sum[:]), nonce
		})
	}
	wants := p.me("DPoP "+token, access(next))
	apiNonce := wants.header.Get("DPoP-Nonce")
	if wants.status != 401 || !strings.Contains(wants.header.Get("WWW-Authenticate"), `DPoP error="use_dpop_nonce"`) || apiNonce == "" || apiNonce == next {
		t.Fatalf("the API without its nonce: %d %v", wants.status, wants.header)
	}
	for range 2 { // a stable one
		if got := p.me("DPoP "+token, access(apiNonce)); got.status != 200 {
			t.Errorf("with it: %d %s", got.status, got.body)
		}
	}
	p.ChangeNonce()
	if got := p.me("DPoP "+token, access(apiNonce)); got.status != 401 {
		t.Errorf("after a change: %d", got.status)
	}

	if err := p.UpdateSettings(func(s *sandbox.Settings) { s.Nonces = sandbox.NonceNever }); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got = p.token(machine(), p.proof(nonced(got.header.Get("DPoP-Nonce")))); got.text("error") != "use_dpop_nonce" {
			t.Errorf("never: %s", got.body)
		}
	}
	if err := p.UpdateSettings(func(s *sandbox.Settings) { s.Nonces = "sometimes" }); err == nil {
		t.Error("a rule that does not exist is taken")
	}
}

// What is bound is of no use without the key: an access token at the API, a code, and the refresh token of a public client.
func TestBoundToTheKey(t *testing.T) {
	t.Parallel()
	p := newRig(t).prover()
	thief := p.prover()
	thief.made = 1000
	callback, err := p.Approve(p.running.BaseURL + "/authorize?" + form("client_id", "public", "response_type", "code", "redirect_uri", redirect,
		"state", "s", "code_challenge", challenge, "code_challenge_method", "S256", "dpop_jkt", p.thumbprint()).Encode())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	exchange := form("grant_type", "authorization_code", "client_id", "public", "code", u.Query().Get("code"), "redirect_uri", redirect, "code_verifier", verifier)
	for name, proof := range map[string]string{"no proof": "", "another key": thief.proof(nil)} {
		if got := p.token(exchange, proof); got.text("error") != "invalid_grant" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	got := p.token(exchange, p.proof(nil))
	if got.status != 200 || got.text("token_type") != "DPoP" {
		t.Fatalf("the code: %s", got.body)
	}
	token := got.text("access_token")
	sum := sha256.Sum256([]byte(token))
	at := func(_, claims map[string]any) {
		claims["htm"], claims["htu"], claims["ath"] = "GET", p.running.BaseURL+"/api/me", base64url(sum[:])
	}
	for name, answer := range map[string]answer{
		"as a bearer": p.me("Bearer "+token, ""), "without a proof": p.me("DPoP "+token, ""), "another key": p.me("DPoP "+token, thief.proof(at)),
		"no ath": p.me("DPoP "+token, p.proof(func(_, claims map[string]any) { at(nil, claims); delete(claims, "ath") })),
	} {
		if answer.status != 401 {
			t.Errorf("%s: %d", name, answer.status)
		}
	}
	if got := p.me("DPoP "+token, p.proof(at)); got.status != 200 {
		t.Errorf("with the key: %d %s", got.status, got.body)
	}
	refresh := form("grant_type", "refresh_token", "client_id", "public", "refresh_token", got.text("refresh_token"))
	for name, proof := range map[string]string{"no proof": "", "another key": thief.proof(nil)} {
		if got := p.token(refresh, proof); got.text("error") != "invalid_grant" {
			t.Errorf("refresh, %s: %s", name, got.body)
		}
	}
	if got := p.token(refresh, p.proof(nil)); got.status != 200 {
		t.Errorf("refresh: %s", got.body)
	}
}
