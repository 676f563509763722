//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const secretless = "provider \"oauth\" {\n  secrets_in_state = false\n}\n"

// secrets_in_state = false: rotation goes on in the store, and no secret ever enters state or plan.
func TestSecretsNotInState(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	input := s.issue().RefreshToken
	w.write(secretless + s.secretlessPair("clean", input, 1) + strings.Replace(consumers, `data "oauth_access_token" "x" {
  token_pair = oauth_token_pair.this.id
}
`, "", 1))
	w.plan("-out=first")
	w.applySaved("first")
	w.expect(this, values{"status": "active", "generation": 2, "access_token": nil, "refresh_token": nil, "id_token": nil, "extra": nil, "token_type": "Bearer"})
	secrets := map[string]string{"input": input, "client secret": clientSecret, "first successor": s.live().RefreshToken}
	s.later(time.Hour, w)
	w.plan("-out=second").mustSay(t, "No changes.")
	w.applySaved("second")
	s.expect(2, 0)
	secrets["second successor"] = s.live().RefreshToken
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	for _, secret := range s.Secrets() {
		secrets[fmt.Sprintf("%s %d", secret.Kind, len(secrets))] = secret.Value
	}
	if len(secrets) < 8 {
		t.Fatalf("the server has issued only %d secrets", len(secrets))
	}
	for what, secret := range secrets {
		expectSecretAbsent(t, w, what, secret)
		if strings.Contains(w.ok("state", "pull").stdout, secret) {
			t.Errorf("the %s is in the state", what)
		}
	}
}

// A plain secret is rejected at its path, which names the write-only twin. Nothing is spent.
func TestPlainSecretsRejected(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspaceOn(t, cliWith(t, writeOnlyArguments))
	wo := s.secretlessPair("rejected", "token", 1)
	callback := redirectURI + "?code=x&state=y"
	code := func(grant string) string {
		return strings.Replace(strings.Replace(s.codePair("rejected", grant), fmt.Sprintf("client_secret          = %q", clientSecret), "", 1), `"single_use"`, `"none"`, 1)
	}
	for path, config := range map[string]string{
		"client.client_secret":             strings.Replace(wo, fmt.Sprintf("client_secret_wo         = %q\n    client_secret_wo_version = 1", clientSecret), `client_secret = "x"`, 1),
		"preauthenticated.refresh_token":   strings.Replace(wo, "refresh_token_wo         = \"token\"\n    refresh_token_wo_version = 1", `refresh_token = "x"`, 1),
		"preauthenticated.access_token":    strings.Replace(wo, "refresh_token_wo         = \"token\"\n    refresh_token_wo_version = 1", `access_token = "x"`, 1),
		"authorization_code.callback_url":  code(attribute("callback_url", callback)),
		"authorization_code.code":          code(attribute("code", "x")),
		"authorization_code.code_verifier": code("code_wo = \"x\"\ncode_wo_version = 1\n" + attribute("code_verifier", strings.Repeat("v", 43))),
		"client_secret":                    s.registration("app", ""),
	} {
		member := path[strings.LastIndex(path, ".")+1:]
		w.write(secretless + config)
		w.fails([]string{"Error: Secret Would Enter the State", path + " is kept in state and plan", "Use " + member + "_wo and " + member + "_wo_version instead", "Nothing was read or sent."},
			"plan", "-no-color", "-input=false")
		if t.Failed() {
			t.Fatalf("in case %q", path)
		}
	}
	w.write(secretless + reader("rejected", ""))
	w.fails([]string{"Error: Secret Would Enter the State", `ephemeral "oauth_access_token"`}, "plan", "-no-color", "-input=false")
	s.expectCalls(calls{})
}

// A whole authorization without a secret in state or plan: the callback is write-only, too.
func TestSecretlessAuthorization(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	app := strings.Replace(s.registration("app", ""), fmt.Sprintf("client_secret          = %q", clientSecret),
		fmt.Sprintf("client_secret_wo = %q\n  client_secret_wo_version = 1", clientSecret), 1)
	pair := func(grant string) string {
		return secretless + app + fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name               = "clean"
  client             = oauth_app_registration.this.client
  authorization_code = {
    %s
  }
}
`, grant)
	}
	w.write(pair(""))
	w.apply()
	callback := s.consent(w.string(this, "authorization_url"))
	w.write(pair(attribute("callback_url_wo", callback) + "\n    callback_url_wo_version = 1"))
	w.plan("-out=saved").mustSay(t, "oauth_token_pair.this will be updated in-place")
	w.applySaved("saved")
	s.expectCalls(calls{exchanges: 1})
	w.expect(this, values{"status": "active", "generation": 1, "access_token": nil, "refresh_token": nil})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	for _, secret := range s.Secrets() {
		expectSecretAbsent(t, w, string(secret.Kind), secret.Value)
	}
}
