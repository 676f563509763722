package oauth_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// The public key of RFC 9449 §4.1.
const rfcProofKey = `{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}`

var proofTime = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// zeros is a source of randomness that shows in what is made of it.
type zeros struct{ last byte }

func (z *zeros) Read(p []byte) (int, error) {
	for i := range p {
		z.last++
		p[i] = z.last
	}
	return len(p), nil
}

func proving(t *testing.T) *oauth.Caller {
	t.Helper()
	return newCaller(t, oauth.CallerOptions{Now: func() time.Time { return proofTime }, Random: &zeros{}, AllowInsecureHTTP: true})
}

func proofKey(t testing.TB, alg string) secret.String {
	t.Helper()
	key, err := oauth.NewProofKey(alg, &zeros{})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// opened is what a server finds in a proof.
type opened struct {
	Type   string
	Key    jose.JSONWebKey
	Claims map[string]any
}

func open(t *testing.T, proof string) opened {
	t.Helper()
	signed, err := jose.ParseSignedCompact(proof, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	header := signed.Signatures[0].Protected
	payload, err := signed.Verify(header.JSONWebKey)
	if err != nil {
		t.Fatal(err)
	}
	o := opened{Key: *header.JSONWebKey}
	o.Type, _ = header.ExtraHeaders["typ"].(string)
	if err := json.Unmarshal(payload, &o.Claims); err != nil {
		t.Fatal(err)
	}
	return o
}

// RFC 9449 §4.2: what a proof holds, for each algorithm, with and without a nonce.
func TestProofOnTheWire(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got = append(got, r.Header.Get("DPoP"))
	}))
	defer server.Close()
	c := proving(t)
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		got = nil
		key := proofKey(t, alg)
		for _, nonce := range []string{"", "n-1"} {
			r := tokenRequest(server.URL + "/token?tenant=7")
			r.Proof = oauth.Proof{Key: key, Nonce: nonce}
			if reply := c.Post(t.Context(), r); reply.Status != 200 {
				t.Fatalf("%s: %v", alg, reply.Err)
			}
		}
		first, second := open(t, got[0]), open(t, got[1])
		if _, hasNonce := first.Claims["nonce"]; first.Type != "dpop+jwt" || !first.Key.IsPublic() || hasNonce {
			t.Errorf("%s: %+v", alg, first)
		}
		want := map[string]any{"htm": "POST", "htu": server.URL + "/token", "iat": float64(proofTime.Unix()), "nonce": "n-1"}
		for name, value := range want {
			if second.Claims[name] != value || name != "nonce" && first.Claims[name] != value {
				t.Errorf("%s: %s is %v and %v, want %v", alg, name, first.Claims[name], second.Claims[name], value)
			}
		}
		_, hasNonce := first.Claims["nonce"]
		if a, b := first.Claims["jti"], second.Claims["jti"]; a == b || len(a.(string)) != 43 || hasNonce || first.Claims["ath"] != nil {
			t.Errorf("%s: the claims are %v and %v", alg, first.Claims, second.Claims)
		}
	}
}

// RFC 9449 §7.1: the access token in the scheme DPoP, its hash in the proof.
func TestAccessWithProof(t *testing.T) {
	t.Parallel()
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { header = r.Header }))
	defer server.Close()
	// The token and the ath of RFC 9449 §7.1, figure 13.
	access := oauth.Access{Token: secret.New("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"), Proof: oauth.Proof{Key: proofKey(t, "ES256"), Nonce: "n"}}
	if reply := proving(t).Probe(t.Context(), server.URL+"/me?x=1", access); !reply.Accepted() {
		t.Fatal(reply.Err)
	}
	claims := open(t, header.Get("DPoP")).Claims
	if header.Get("Authorization") != "DPoP "+access.Token.Reveal() || claims["ath"] != "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo" ||
		claims["htm"] != "GET" || claims["htu"] != server.URL+"/me" || claims["nonce"] != "n" {
		t.Errorf("%s %v", header.Get("Authorization"), claims)
	}
	access.Proof = oauth.Proof{}
	if reply := proving(t).LookUp(t.Context(), server.URL, access); reply.Status != 200 || header.Get("Authorization") != "Bearer "+access.Token.Reveal() || header.Get("DPoP") != "" {
		t.Errorf("without a key: %v", header)
	}
}

// The URL in a proof is the one that servers compare with, whatever its spelling.
func TestProofTarget(t *testing.T) {
	t.Parallel()
	var proof string
	caller := newCaller(t, oauth.CallerOptions{
		Now: func() time.Time { return proofTime }, Random: &zeros{},
		Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			proof = r.Header.Get("DPoP")
			return nil, errors.New("far enough")
		}),
	})
	for endpoint, want := range map[string]string{
		"https://as.example/token":             "https://as.example/token",
		"HTTPS://AS.Example/Token?a=b":         "https://as.example/Token",
		"https://as.example":                   "https://as.example/",
		"https://as.example:8443/a%20b/token?": "https://as.example:8443/a%20b/token",
		"https://as.example:443/token":         "https://as.example/token",
		"http://127.0.0.1:80/token":            "http://127.0.0.1/token",
		"http://127.0.0.1:443/token":           "http://127.0.0.1:443/token",
		"https://[::1]:443/token":              "https://[::1]/token",
	} {
		r := tokenRequest(endpoint)
		r.Proof.Key = proofKey(t, "ES256")
		caller.Post(t.Context(), r)
		if got := open(t, proof).Claims["htu"]; got != want {
			t.Errorf("%s: %v, want %s", endpoint, got, want)
		}
	}
}

// Without a usable key, a clock or randomness nothing is sent.
func TestProofThatCannotBeMade(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		caller *oauth.Caller
		key    string
	}{
		"no clock":  {newCaller(t, oauth.CallerOptions{}), proofKey(t, "ES256").Reveal()},
		"no key":    {proving(t), "hush-hush"},
		"half one":  {proving(t), rfcProofKey},
		"symmetric": {proving(t), `{"kty":"oct","k":"aHVzaC1odXNo"}`},
	} {
		r := tokenRequest("https://as.example/token")
		r.Proof.Key = secret.New(test.key)
		reply := test.caller.Post(t.Context(), r)
		if reply.Sent || reply.Err == nil || strings.Contains(reply.Err.Error(), "hush") {
			t.Errorf("%s: %+v", name, reply)
		}
	}
}

func TestProofAlgorithm(t *testing.T) {
	t.Parallel()
	for want, supported := range map[string][]string{
		"ES256": nil, "EdDSA": {"RS256", "EdDSA"}, "RS256": {"PS256", "RS256"}, "": {"ES512"},
	} {
		got, err := oauth.ProofAlgorithm(supported)
		if got != want || (err != nil) != (want == "") || want == "" && !errors.Is(err, oauth.ErrProofAlgorithm) {
			t.Errorf("%v: %s, %v; want %s", supported, got, err, want)
		}
	}
	if _, err := oauth.ProofAlgorithm([]string{}); err == nil {
		t.Error("a server that takes none gets one")
	}
	if _, err := oauth.NewProofKey("HS256", &zeros{}); !errors.Is(err, oauth.ErrRequest) {
		t.Errorf("HS256: %v", err)
	}
}

// RFC 9449 §6.1, figure 9.
func TestProofThumbprint(t *testing.T) {
	t.Parallel()
	key := proofKey(t, "ES256")
	a, errA := oauth.ProofThumbprint(key)
	b, errB := oauth.ProofThumbprint(key)
	if errA != nil || errB != nil || a != b || len(a) != 43 {
		t.Errorf("%s, %s, %v, %v", a, b, errA, errB)
	}
	if other, err := oauth.ProofThumbprint(proofKey(t, "EdDSA")); err != nil || other == a {
		t.Errorf("%s, %v", other, err)
	}
	if _, err := oauth.ProofThumbprint(secret.New("no key")); !errors.Is(err, oauth.ErrRequest) {
		t.Errorf("no key: %v", err)
	}
}

// Only an answer that asks for a nonce, gives one, and can be nothing else makes a request go again.
func TestWantsNonce(t *testing.T) {
	t.Parallel()
	const wants = `{"error":"use_dpop_nonce","error_description":"again"}`
	nonce := func(r oauth.Reply) oauth.Reply { return withHeader(r, "DPoP-Nonce", "n-1") }
	for name, test := range map[string]struct {
		reply oauth.Reply
		want  bool
	}{
		"400":              {nonce(answer(400, wants)), true},
		"401":              {nonce(answer(401, wants)), true},
		"without a nonce":  {answer(400, wants), false},
		"an empty nonce":   {withHeader(answer(400, wants), "DPoP-Nonce", ""), false},
		"no nonce":         {withHeader(answer(400, wants), "DPoP-Nonce", `a"b`), false},
		"too long":         {withHeader(answer(400, wants), "DPoP-Nonce", strings.Repeat("n", 5000)), false},
		"another code":     {nonce(answer(400, `{"error":"invalid_dpop_proof"}`)), false},
		"no JSON":          {nonce(answer(400, "use_dpop_nonce")), false},
		"cut":              {nonce(cut(400, `{"error":"use_dpop_nonce","acc`)), false},
		"with a token":     {nonce(answer(400, `{"error":"use_dpop_nonce","refresh_token":"r"}`)), false},
		"a success":        {nonce(answer(200, wants)), false},
		"the server broke": {nonce(answer(500, wants)), false},
		"not sent":         {func() oauth.Reply { r := nonce(answer(400, wants)); r.Sent = false; return r }(), false},
	} {
		if got := test.reply.WantsNonce(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	for challenge, want := range map[string]bool{
		`DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof"`: true,
		`Bearer realm="x", DPoP algs="ES256", error="use_dpop_nonce"`:                                   true,
		`dpop error=use_dpop_nonce`:                      true,
		`DPoP error="invalid_token"`:                     false,
		`Bearer error="use_dpop_nonce"`:                  false,
		`DPoP error="invalid_token", x="use_dpop_nonce"`: false,
		`XDPoP error="use_dpop_nonce"`:                   false,
		``:                                               false,
	} {
		r := withHeader(nonce(answer(401, "")), "WWW-Authenticate", challenge)
		if got := r.APIWantsNonce(); got != want {
			t.Errorf("%s: %t", challenge, got)
		}
		if r.Status = 403; r.APIWantsNonce() {
			t.Errorf("%s: with 403", challenge)
		}
	}
}

func TestProbeTellsNonceFromRejection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("DPoP-Nonce", "api-1")
		if r.URL.Path == "/nonce" {
			w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		}
		w.WriteHeader(401)
	}))
	defer server.Close()
	access := oauth.Access{Token: secret.New("t"), Proof: oauth.Proof{Key: proofKey(t, "ES256")}}
	wants := proving(t).Probe(t.Context(), server.URL+"/nonce", access)
	rejects := proving(t).Probe(t.Context(), server.URL+"/token", access)
	if wants.Rejected() || !wants.WantsNonce || wants.Nonce != "api-1" || !rejects.Rejected() || rejects.WantsNonce || rejects.Nonce != "api-1" {
		t.Errorf("%+v, %+v", wants, rejects)
	}
}

func FuzzNonce(f *testing.F) {
	f.Add(400, `{"error":"use_dpop_nonce"}`, "n-1", `DPoP error="use_dpop_nonce"`)
	f.Add(401, ``, "a b", `Bearer`)
	f.Fuzz(func(t *testing.T, status int, body, nonce, challenge string) {
		r := answer(status, body)
		r.Header = http.Header{"Dpop-Nonce": {nonce}, "Www-Authenticate": {challenge}}
		got := oauth.ProofNonce(r.Header)
		if got != "" && (got != nonce || strings.ContainsAny(got, " \"\\\n\x00")) {
			t.Errorf("the nonce is %q", got)
		}
		if (r.WantsNonce() || r.APIWantsNonce()) && (got == "" || !slices.Contains([]int{400, 401}, status)) {
			t.Errorf("%d %q wants a nonce", status, body)
		}
	})
}
