//go:build unix

package acceptance_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// Passwords, keys, assertions, subject tokens, secret parameters and device codes are found nowhere either: not in state or plan where they
// are write-only, and not in a log, an error or a plan in any case.
func TestNoSecretOfAGrantIsLeftBehind(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const password, pin = "the pass/word+%of somebody", "the secret/+%parameter"
	settings := l.s.Settings()
	settings.DeviceInterval, settings.Nonces = time.Second, ""
	if err := l.s.UpdateSettings(func(s *sandbox.Settings) { *s = settings }); err != nil {
		t.Fatal(err)
	}
	l.s.UpdateGrants(func(g *sandbox.Grants) {
		*g = sandbox.Grants{
			Users: map[string]string{"u": password}, AssertionKeys: map[string]crypto.PublicKey{clientID: public}, Exchange: true, RefreshTokens: true,
			Extensions: map[string]map[string]string{"urn:x": {"pin": pin}},
		}
	})
	l.needles = append(l.needles, needle{"password", password}, needle{"secret parameter", pin}, needle{"private key", strings.Split(keyPEM(t, key), "\n")[1]})
	for name, value := range map[string]string{"password": password, "pin": `{"pin":"` + pin + `"}`, "key": keyPEM(t, key), "subject": l.s.issue().AccessToken} {
		l.set(name, value)
	}
	client := strings.Replace(strings.Replace(l.s.client(strict), "client_secret         ", "client_secret_wo_version = 1\n    client_secret_wo         ", 1),
		"token_endpoint  ", fmt.Sprintf("device_authorization_endpoint = \"%s/device_authorization\"\n    token_endpoint  ", l.s.base), 1)
	client = strings.Replace(client, fmt.Sprintf("%q", clientSecret), "var.client_secret", 1)
	config := `
variable "client_secret" {
  ephemeral = true
}
variable "password" {
  ephemeral = true
}
variable "pin" {
  type      = map(string)
  ephemeral = true
}
variable "key" {
  ephemeral = true
}
variable "subject" {
  ephemeral = true
}
variable "store_key" {
  ephemeral = true
}
provider "oauth" {
  secrets_in_state = false
  token_store_key  = var.store_key
}
`
	for name, grant := range map[string]string{
		"user": `password = {
    username            = "u"
    password_wo         = var.password
    password_wo_version = 1
  }`,
		"service": `jwt_bearer = {
    private_key_wo         = var.key
    private_key_wo_version = 1
  }`,
		"narrow": `token_exchange = {
    subject_token_wo         = var.subject
    subject_token_wo_version = 1
  }`,
		"extension": `extension_grant = {
    grant_type                      = "urn:x"
    sensitive_parameters_wo         = var.pin
    sensitive_parameters_wo_version = 1
  }`,
		"tv": "device_code = {}",
	} {
		config += fmt.Sprintf("resource \"oauth_token_pair\" %[1]q {\n  name   = %[1]q\n  client = %[2]s\n  %[3]s\n}\n", name, client, grant)
	}
	l.w.write(config)
	l.apply().mustSay(t, "5 added")
	if err := l.s.ConfirmDevice(l.w.string("oauth_token_pair.tv", "user_code")); err != nil {
		t.Fatal(err)
	}
	l.plan("-out=collect.plan")
	l.run(true, "show", "-json", "collect.plan")
	l.run(true, "apply", "-input=false", "-no-color", "collect.plan")
	// Refusals that quote what was sent.
	l.s.later(time.Hour, l.w)
	if _, err := l.s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		l.s.fault(sandbox.Fault{GrantType: "password", Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"invalid_grant","error_description":"not ` + password + `"}`})
		l.s.fault(sandbox.Fault{GrantType: "urn:x", Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"invalid_scope","error_description":"not ` + pin + `"}`})
	}
	l.plan() // Terraform shows one of several warnings with the same head
	l.apply()
	l.w.expect("oauth_token_pair.user", values{"status": "authorization_required"})
	l.run(true, "show", "-json")
	l.run(true, "destroy", "-input=false", "-no-color", "-auto-approve")

	left, needles := l.finish()
	look := newSearcher(t, needles)
	for _, kind := range []string{"password", "secret parameter", "private key", "device_code"} { // the search finds what it is to find
		i := slices.IndexFunc(needles, func(n needle) bool { return strings.HasPrefix(n.name, kind) })
		if i < 0 || len(look.search(t, artefact{"output", "planted", []byte("x" + needles[i].secret + "y")})) == 0 {
			t.Errorf("a planted %s is not found", kind)
		}
	}
	report(t, look.search(t, left...))
}
