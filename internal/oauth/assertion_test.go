package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// The Ed25519 key of RFC 8037, appendix A.1.
const rfc8037Key = `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`

func TestAssertionClaims(t *testing.T) {
	t.Parallel()
	signer, err := oauth.ParsePrivateKey(secret.New(rfc8037Key), "", "")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1767312000, 999)
	for name, tt := range map[string]struct {
		assertion oauth.Assertion
		want      string
	}{
		"the least": {oauth.Assertion{Issuer: "me", Audience: []string{"them"}, Lifetime: time.Minute}, `{"aud":"them","exp":1767312060,"iat":1767312000,"iss":"me","jti":"id"}`},
		"all": {
			oauth.Assertion{Issuer: "me", Subject: "you", Audience: []string{"a", "b"}, Lifetime: time.Hour, Claims: `{"scope":"x y","n":12345678901234567890,"nbf":1}`},
			`{"aud":["a","b"],"exp":1767315600,"iat":1767312000,"iss":"me","jti":"id","n":12345678901234567890,"nbf":1,"scope":"x y","sub":"you"}`,
		},
	} {
		token, err := tt.assertion.Sign(signer, now, "id")
		if err != nil {
			t.Fatal(err)
		}
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token.Reveal(), ".")[1])
		if err != nil || string(payload) != tt.want {
			t.Errorf("%s: %s, %v, want %s", name, payload, err, tt.want)
		}
	}
	for _, claims := range []string{`[]`, `null`, `"a"`, `{`, `{"a":1}x`, `{"iss":"s3cret"}`, `{"jti":1}`, `{"aud":[]}`, strings.Repeat(" ", 17000) + "{}"} {
		_, err := oauth.Assertion{Claims: claims}.Sign(signer, now, "id")
		if !errors.Is(err, oauth.ErrRequest) || strings.Contains(err.Error(), "s3cret") || oauth.CheckClaims(claims) == nil {
			t.Errorf("%.20s: %v", claims, err)
		}
	}
}

func FuzzCheckClaims(f *testing.F) {
	f.Add(`{"scope":"a"}`)
	f.Add(`{"exp":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		var claims map[string]any
		if oauth.CheckClaims(text) == nil && text != "" && json.Unmarshal([]byte(text), &claims) != nil {
			t.Errorf("%q was taken", text)
		}
	})
}
