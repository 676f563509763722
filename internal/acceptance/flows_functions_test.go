//go:build unix

package acceptance_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// unsignedJWT is a token that nobody has signed.
func unsignedJWT(payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"ES256"}`)) + "." + encode([]byte(payload)) + ".c2ln"
}

// The examples give what they say, and ask nobody.
func TestFunctionExamples(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, parseCallbackExample, decodeJWTExample, basicAuthExample)
	w.env["TF_VAR_pasted_callback"] = "https://example.com/callback?code=c%2521&state=s&realmId=4620816365002461"
	w.env["TF_VAR_access_token"] = unsignedJWT(`{"exp":1893456000,"aud":["https://api.example.com","other"]}`)
	w.env["TF_VAR_api_client_secret"] = "a secret"
	w.apply().mustNotSay(t, "Check block assertion failed", "c%21", "a secret")
	out := w.outputs()
	if out["realm_id"] != "4620816365002461" || out["refusal"] != nil || out["expires_at"] != "2030-01-01T00:00:00Z" {
		t.Errorf("outputs %v", out)
	}
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("terraform:a+secret")); out["authorization"] != want {
		t.Errorf("authorization is %v, want %s", out["authorization"], want)
	}

	w.env["TF_VAR_pasted_callback"] = "https://example.com/callback?error=access_denied&state=s"
	w.env["TF_VAR_access_token"] = unsignedJWT(`{"exp":1893456000,"aud":"other"}`)
	w.apply().mustSay(t, "The token is meant for another API.")
	if out = w.outputs(); out["refusal"] != "access_denied" || out["realm_id"] != nil {
		t.Errorf("outputs %v", out)
	}
	s.expectCalls(calls{})
}

// What a function refuses is told at its argument, before anything else happens, and without the value.
func TestFunctionsRefuseOnScreen(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	for call, want := range map[string]string{
		`parse_callback(var.text)`:   `Invalid value for "url" parameter: Unusable callback URL: paste it whole, from the scheme (https://) on.`,
		`decode_jwt(var.text)`:       `Invalid value for "token" parameter: Not a readable JWT: it has no dots, so it is an opaque token`,
		`basic_auth("id", var.line)`: `Invalid value for "secret" parameter: The client secret must be 1 to 16384 printable ASCII characters`,
		`decode_jwt(null)`:           `argument must not be null`,
	} {
		w.write(fmt.Sprintf(`
variable "text" { sensitive = true }
variable "line" { sensitive = true }
output "x" {
  value     = provider::oauth::%s
  sensitive = true
}
`, call))
		w.env["TF_VAR_text"], w.env["TF_VAR_line"] = "s3cret", "s3cret\n"
		w.fails([]string{want}, "plan", "-input=false", "-no-color").mustNotSay(t, "s3cret")
	}
}

// Numbers beyond 64 bits, other alphabets and nothing at all come through core as they stand in the token.
func TestDecodeJWTThroughCore(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.write(fmt.Sprintf(`
locals { claims = provider::oauth::decode_jwt(%q).claims }
output "id" { value = format("%%s", local.claims.id) }
output "rest" { value = jsonencode(local.claims.rest) }
output "names" { value = join(" ", keys(local.claims)) }
`, unsignedJWT(`{"id":123456789012345678901234567890,"rest":[0.1,-2.50,1e20,"Zoë 😀",null,true,{"":[],"a b":{}}],"n":null}`)))
	w.apply()
	out := w.outputs()
	if out["id"] != "123456789012345678901234567890" || out["names"] != "id n rest" ||
		out["rest"] != `[0.1,-2.5,100000000000000000000,"Zoë 😀",null,true,{"":[],"a b":{}}]` {
		t.Errorf("outputs %v", out)
	}
}

// A server takes the header, whatever the secret holds.
func TestBasicAuthAtAServer(t *testing.T) {
	t.Parallel()
	const id, password = "app:one", "50% + a:b/c=d&é"
	w := newWorkspace(t)
	plain := strings.ReplaceAll(password, "é", "e") // beyond ASCII there is no client secret
	s := startServer(t, sandbox.Options{Clients: []sandbox.Client{{ID: id, Secret: plain}}, Settings: sandbox.DefaultSettings()}, sandbox.Listen{})
	w.env["TF_VAR_secret"] = plain
	w.write(fmt.Sprintf(`
variable "secret" { sensitive = true }
output "header" {
  value     = provider::oauth::basic_auth(%q, var.secret)
  sensitive = true
}
`, id))
	w.apply()
	header, _ := w.outputs()["header"].(string)
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/token", form)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", header)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	if reply.StatusCode != http.StatusOK {
		t.Errorf("the server answered %s", reply.Status)
	}
}
