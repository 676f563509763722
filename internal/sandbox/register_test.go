package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// managing sends a call of RFC 7591 or 7592. members is nil where nothing was answered.
func (r *rig) managing(method, path, token, body string) (status int, members map[string]any) {
	r.Helper()
	if strings.HasPrefix(path, "/") {
		path = r.running.BaseURL + path
	}
	request, err := http.NewRequestWithContext(r.Context(), method, path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := r.client.Do(request)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, nil
	}
	_ = json.Unmarshal(text, &members) // a page, or nothing
	return response.StatusCode, members
}

func registering(change func(*sandbox.Registration)) func(*sandbox.Settings) {
	return func(s *sandbox.Settings) {
		s.Registration.Enabled = true
		if change != nil {
			change(&s.Registration)
		}
	}
}

const wanted = `{"redirect_uris":["https://app.example/cb"],"client_name":"Books","scope":"a b"}`

func str(members map[string]any, name string) string { s, _ := members[name].(string); return s }

func TestRegistration(t *testing.T) {
	r := newRig(t, registering(nil))
	status, c := r.managing("POST", "/register", "", wanted)
	id, uri, token := str(c, "client_id"), str(c, "registration_client_uri"), str(c, "registration_access_token")
	equal(t, "registered", status, 201)
	equal(t, "name", str(c, "client_name"), "Books")
	equal(t, "method", str(c, "token_endpoint_auth_method"), "client_secret_basic")
	equal(t, "expiry", c["client_secret_expires_at"], any(0.0))
	equal(t, "address", uri, r.running.BaseURL+"/register/"+id)

	status, again := r.managing("GET", uri, token, "")
	equal(t, "read", status, 200)
	equal(t, "the same token", str(again, "registration_access_token"), token)

	update := `{"client_id":"` + id + `","client_secret":"` + str(c, "client_secret") + `","redirect_uris":["https://app.example/cb"],"client_name":"Ledger"}`
	status, after := r.managing("PUT", uri, token, update)
	equal(t, "updated", status, 200)
	equal(t, "new name", str(after, "client_name"), "Ledger")
	equal(t, "what was left out is gone", after["scope"], nil)

	status, _ = r.managing("DELETE", uri, token, "")
	equal(t, "deleted", status, 204)
	status, _ = r.managing("GET", uri, token, "")
	equal(t, "gone", status, 401)
	n := r.Counters()
	equal(t, "registrations", n.Registrations, 1)
	equal(t, "reads", n.RegistrationReads, 1)
	equal(t, "updates", n.RegistrationUpdates, 1)
	equal(t, "deletes", n.RegistrationDeletes, 1)
	equal(t, "tokens refused", n.RegistrationTokensRefused, 1)
	log := r.Log()
	equal(t, "the log names the client", log[0].ClientID, id)
	equal(t, "and the token", log[1].TokenID, sandbox.TokenID(token))
}

func TestRegistrationIsOffByDefault(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/register", "/register/x"} {
		status, _ := r.managing("POST", path, "", wanted)
		equal(t, path, status, 404)
	}
}

func TestRegistrationRotates(t *testing.T) {
	r := newRig(t, registering(func(on *sandbox.Registration) {
		on.RotateTokenOnRead, on.RotateTokenOnUpdate, on.RotateSecretOnRead = true, true, true
	}))
	_, c := r.managing("POST", "/register", "", wanted)
	uri, first := str(c, "registration_client_uri"), str(c, "registration_access_token")
	_, read := r.managing("GET", uri, first, "")
	second := str(read, "registration_access_token")
	if second == first || str(read, "client_secret") == str(c, "client_secret") {
		t.Error("token or secret was not rotated")
	}
	status, _ := r.managing("GET", uri, first, "")
	equal(t, "the former token", status, 401)
	update := `{"client_id":"` + str(c, "client_id") + `","client_secret":"` + str(read, "client_secret") + `","redirect_uris":["https://x.example/"]}`
	status, updated := r.managing("PUT", uri, second, update)
	equal(t, "updated", status, 200)
	if str(updated, "registration_access_token") == second {
		t.Error("the token was not rotated by the update")
	}
	equal(t, "the secret stays", str(updated, "client_secret"), str(read, "client_secret"))
	if _, ok := secretsOf(r)[second]; !ok {
		t.Error("the registration token is not among the secrets")
	}
}

func secretsOf(r *rig) map[string]sandbox.SecretKind {
	all := map[string]sandbox.SecretKind{}
	for _, s := range r.Secrets() {
		all[s.Value] = s.Kind
	}
	return all
}

func TestRegistrationRefuses(t *testing.T) {
	r := newRig(t, registering(func(on *sandbox.Registration) { on.InitialAccessToken, on.RequireSoftwareStatement = "letmein", true }))
	const ok = `"software_statement":"s","redirect_uris":["https://app.example/"]`
	for _, tt := range []struct {
		name, token, body string
		status            int
		code              string
	}{
		{"no token", "", `{` + ok + `}`, 401, "invalid_token"},
		{"no statement", "letmein", wanted, 400, "invalid_software_statement"},
		{"unapproved", "letmein", `{"software_statement":"sbx-refused"}`, 400, "unapproved_software_statement"},
		{"no redirect URI", "letmein", `{"software_statement":"s"}`, 400, "invalid_redirect_uri"},
		{"bad redirect URI", "letmein", `{"software_statement":"s","redirect_uris":["https://refused.example/"]}`, 400, "invalid_redirect_uri"},
		{"two key sets", "letmein", `{` + ok + `,"jwks":{},"jwks_uri":"https://x.example/"}`, 400, "invalid_client_metadata"},
		{"no JSON", "letmein", `{`, 400, "invalid_client_metadata"},
		{"good", "letmein", `{` + ok + `}`, 201, ""},
	} {
		status, members := r.managing("POST", "/register", tt.token, tt.body)
		equal(t, tt.name, status, tt.status)
		equal(t, tt.name, str(members, "error"), tt.code)
	}
}

func TestUpdatesThatRFC7592Forbids(t *testing.T) {
	r := newRig(t, registering(nil))
	_, c := r.managing("POST", "/register", "", wanted)
	uri, token := str(c, "registration_client_uri"), str(c, "registration_access_token")
	for name, members := range map[string]string{
		"no client_id":  ``,
		"another one":   `"client_id":"x",`,
		"wrong secret":  `"client_id":"` + str(c, "client_id") + `","client_secret":"x",`,
		"token brought": `"client_id":"` + str(c, "client_id") + `","registration_access_token":"x",`,
	} {
		status, answer := r.managing("PUT", uri, token, `{`+members+`"redirect_uris":["https://x.example/"]}`)
		equal(t, name, status, 400)
		equal(t, name, str(answer, "error"), "invalid_request")
	}
}

func TestRegistrationsOfOthers(t *testing.T) {
	r := newRig(t, registering(func(on *sandbox.Registration) { on.GrantScope = "less" }), func(s *sandbox.Settings) { s.ClientSecretLifetime = time.Hour })
	_, c := r.managing("POST", "/register", "", wanted)
	equal(t, "scope", str(c, "scope"), "less")
	uri, token := str(c, "registration_client_uri"), str(c, "registration_access_token")
	change := func(change sandbox.RegistrationChange) {
		t.Helper()
		if err := r.ChangeRegistration(change); err != nil {
			t.Fatal(err)
		}
	}
	change(sandbox.RegistrationChange{Set: map[string]json.RawMessage{"client_name": json.RawMessage(`"Other"`)}, Remove: []string{"scope"}})
	_, read := r.managing("GET", uri, token, "")
	equal(t, "changed", str(read, "client_name"), "Other")
	equal(t, "removed", read["scope"], nil)
	equal(t, "listed", len(r.Registrations()), 1)
	change(sandbox.RegistrationChange{RevokeToken: true})
	status, _ := r.managing("GET", uri, token, "")
	equal(t, "token revoked", status, 401)
	change(sandbox.RegistrationChange{Delete: true})
	if r.ChangeRegistration(sandbox.RegistrationChange{Delete: true}) == nil {
		t.Error("it was there still")
	}
}

// A fault strikes at a method and below a path.
func TestFaultsOfRegistrations(t *testing.T) {
	r := newRig(t, registering(nil))
	_, c := r.managing("POST", "/register", "", wanted)
	uri, token := str(c, "registration_client_uri"), str(c, "registration_access_token")
	for _, when := range []string{sandbox.Before, sandbox.After} {
		if _, err := r.AddFault(sandbox.Fault{Action: sandbox.ActionDrop, Path: "/register/", Method: "DELETE", When: when}); err != nil {
			t.Fatal(err)
		}
		status, _ := r.managing("GET", uri, token, "")
		equal(t, "another method", status, 200)
		status, _ = r.managing("DELETE", uri, token, "")
		equal(t, "dropped", status, 0)
		equal(t, "deleted", len(r.Registrations()), map[string]int{sandbox.Before: 1, sandbox.After: 0}[when])
		if when == sandbox.Before {
			continue
		}
		status, _ = r.managing("GET", uri, token, "")
		equal(t, "gone", status, 401)
	}
}
