//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// onPlatform is a registration of a platform whose endpoints are the sandbox's, and a token pair that a person authorizes.
func (s *server) onPlatform(id, parameters, grant, refresh string) string {
	return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                   = "app"
  platform               = %q
  platform_parameters    = { %s }
  client_id              = %q
  client_secret          = %q
  redirect_uris          = [%q]
  authorization_endpoint = "%[6]s/authorize"
  token_endpoint         = "%[6]s/token"
}
resource "oauth_token_pair" "this" {
  name               = "on-a-platform"
  client             = oauth_app_registration.this.client
  authorization_code = { %[7]s }
  refresh            = { %[8]s }
}
`, id, parameters, clientID, clientSecret, redirectURI, s.base, grant, refresh)
}

// onPlatformAlone is the same with nothing but the platform: its endpoints are the preset's.
func onPlatformAlone(id, parameters, grant string) string {
	return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                = "app"
  platform            = %q
  platform_parameters = { %s }
  client_id           = %q
  client_secret       = %q
  redirect_uris       = [%q]
}
resource "oauth_token_pair" "this" {
  name               = "on-a-platform"
  client             = oauth_app_registration.this.client
  authorization_code = { %s }
}
`, id, parameters, clientID, clientSecret, redirectURI, grant)
}

// What is known of a platform stands in for what the configuration leaves out, and nothing of it is written down: how the
// client authenticates, that no scope is asked for, that it is too early, what the server's own words mean.
func TestPlatform(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	config := func(grant string) string { return s.onPlatform("exact_online", `country = "nl"`, grant, "") }
	w.write(config(""))
	w.apply()
	w.write(config(attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	w.apply()
	w.expectLive(s, 1)
	if got := w.attributes(this)["client"].(map[string]any); got["token_endpoint_auth_method"] != nil || got["platform"] != "exact_online" {
		t.Errorf("the state holds %v: what the preset says must not be planned", got)
	}
	log := s.Log()
	exchange := log[len(log)-1]
	if exchange.AuthMethod != sandbox.AuthPost || exchange.Parameters != "client_id client_secret code code_verifier grant_type redirect_uri" {
		t.Errorf("the exchange was %+v", exchange)
	}

	// Ten minutes it lives, and the server wants nobody before nine and a half.
	w.write(s.onPlatform("exact_online", `country = "nl"`, "", `before_expiry = "5m"`))
	s.later(6*time.Minute, w)
	w.apply().mustSay(t, "Warning: Refresh Put Off", "the server refuses an earlier refresh, by refresh.earliest or by what is known of the platform")
	s.expectCalls(calls{exchanges: 1})

	// It is later, and still too early for the server: the tokens at hand stay good.
	s.later(215*time.Second, w)
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"access_denied","error_description":"Rate limit exceeded: access_token not expired"}`})
	w.apply().mustSay(t, "Warning: Token Pair Not Refreshed", "The stored credential was not used up and still works.", "Rate limit exceeded: access_token not expired")
	w.expect(this, values{"status": "active", "generation": 1})
	s.expectCalls(calls{exchanges: 1, tokenRequests: 2})

	s.later(2*time.Minute, w)
	w.apply()
	w.expectLive(s, 2)
	s.expectCalls(calls{refreshes: 1, exchanges: 1, tokenRequests: 3})

	// A spent token, by the words that this server has for it.
	s.later(time.Hour, w)
	s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 401, Body: `{"error":"unauthorized_client","error_description":"Old refresh token used."}`})
	w.apply().mustSay(t, "Warning: Authorization Required", "Old refresh token used.")
	w.expect(this, values{"status": "authorization_required", "refresh_token": nil})
}

// What neither reply nor callback says is looked up with the first token, and kept. That it fails is a warning, and the next
// run tries again.
func TestLookUps(t *testing.T) {
	t.Parallel()
	const sites = "/oauth/token/accessible-resources"
	s, w := newServer(t, nil), newWorkspace(t)
	w.env[envPresets] = s.base
	config := func(grant string) string {
		return onPlatformAlone("atlassian", "", grant) + `output "details" { value = oauth_token_pair.this.connection_details }`
	}
	asked := func() int {
		n := 0
		for _, e := range s.Log() {
			if e.Path == sites {
				n++
			}
		}
		return n
	}
	w.write(config(""))
	w.apply()
	w.write(config(attribute("callback_url", s.consent(w.string(this, "authorization_url")))))
	s.fault(sandbox.Fault{Path: sites, Action: sandbox.ActionStatus, Status: 503, Body: `{}`})
	w.apply().mustSay(t, "Warning: Connection Details Incomplete", "(cloudId): the answer was HTTP 503.", "The token works all the same.")
	if got := fmt.Sprint(w.outputs()["details"]); got != "map[]" {
		t.Errorf("details %s", got)
	}
	s.fault(sandbox.Fault{Path: sites, Action: sandbox.ActionStatus, Status: 200, Body: `[{"id":"11223344-a1b2","url":"https://acme.example"}]`})
	w.apply().mustNotSay(t, "Incomplete")
	if got := fmt.Sprint(w.outputs()["details"]); got != "map[cloudId:11223344-a1b2]" || asked() != 2 {
		t.Errorf("details %s after %d look-ups", got, asked())
	}
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.later(2*time.Hour, w)
	w.apply()
	if got := fmt.Sprint(w.outputs()["details"]); got != "map[cloudId:11223344-a1b2]" || asked() != 2 {
		t.Errorf("after a refresh: details %s after %d look-ups", got, asked())
	}
	s.expectCalls(calls{refreshes: 1, exchanges: 1})
	w.ok("destroy", "-no-color", "-auto-approve")
	s.expectCalls(calls{refreshes: 1, exchanges: 1, revocations: 1})
}

// What is not certain of a platform, and matters, is told when something is applied, in one warning, and in no plan. What the
// configuration says is not asked for again.
func TestPlatformDoubts(t *testing.T) {
	t.Parallel()
	const warning = "Warning: Platform Facts to Confirm"
	for _, tt := range []struct {
		app
		says, answer string
	}{
		{app: atlassian()}, // its reuse is a rumour, and what is assumed anyway
		{
			salesforce(), "Not everything is certain of how Salesforce treats refresh tokens. This is how token pair \"on-a-platform\" is kept to be safe: " +
				"- rotation: each app there has a setting of its own, and the configuration does not say which. It counts as single_use: " +
				"after a lost reply the refresh token is sent once more, and only when its access token has expired. Say it in refresh_token_policy.rotation.",
			`rotation = "none"`,
		},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, tt.app)
			once := func(r result) {
				t.Helper()
				if tt.says == "" {
					r.mustNotSay(t, warning)
					return
				}
				r.mustSay(t, warning, tt.says)
				if n := strings.Count(r.text(), warning); n != 1 {
					t.Errorf("%d such warnings", n)
				}
			}
			s.write("authorization_code = {}")
			s.w.plan().mustNotSay(t, warning)
			once(s.w.apply())
			s.w.plan("-detailed-exitcode").mustNotSay(t, warning)
			callback := s.consent(s.w.string(this, "authorization_url"))
			s.write("authorization_code = { " + attribute("callback_url", callback) + " }")
			once(s.w.apply())
			s.later(tt.lifetime, s.w)
			s.w.plan("-detailed-exitcode").mustNotSay(t, warning)
			s.w.apply().mustNotSay(t, warning) // it reads, and changes nothing

			s.policy = tt.answer
			s.write("authorization_code = { " + attribute("callback_url", callback) + " }")
			s.w.apply().mustNotSay(t, warning)
			s.w.plan("-detailed-exitcode").mustNotSay(t, warning)
		})
	}
}

// The data source tells the same as the client uses, and needs neither a store nor a network.
func TestPlatformDataSource(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.write(`
data "oauth_platform" "x" {
  id         = "exact_online"
  parameters = { country = "be" }
}
output "x" { value = data.oauth_platform.x }
`)
	w.apply()
	got, ok := w.outputs()["x"].(map[string]any)
	if !ok {
		t.Fatalf("outputs: %v", w.outputs())
	}
	endpoints, policy := got["endpoints"].(map[string]any), got["refresh_token_policy"].(map[string]any)
	if endpoints["token_endpoint"] != "https://start.exactonline.be/api/oauth2/token" || endpoints["revocation_endpoint"] != nil {
		t.Errorf("endpoints: %v", endpoints)
	}
	if policy["rotation"] != "single_use" || policy["on_reuse"] != "reject" || policy["idle_lifetime"] != "720h" || policy["error_budget"] != "10/1h" {
		t.Errorf("policy: %v", policy)
	}
	unknown := fmt.Sprint(got["unknown"])
	if got["usable"] != true || unknown != "[pushed_authorization_request_endpoint userinfo_endpoint revocation_endpoint_auth_method client_assertion_audience client_secret_lifetime pkce response_mode authorization_parameters token_parameters refresh_parameters client_credentials_parameters scope_separator refresh_token_expiry token_path]" {
		t.Errorf("usable %v, unknown %s", got["usable"], unknown)
	}
	if docs, notes := got["docs"].([]any), got["notes"].([]any); len(docs) == 0 || len(notes) < 3 || fmt.Sprint(got["parameter_names"]) != "[country]" {
		t.Errorf("docs %v, notes %v, parameters %v", docs, notes, got["parameter_names"])
	}
	facts := map[string]map[string]any{}
	for _, f := range got["facts"].([]any) {
		fact := f.(map[string]any)
		facts[fmt.Sprint(fact["name"])] = fact
	}
	earliest := facts["earliest_refresh"]
	if earliest["value"] != "9m30s" || earliest["confidence"] != "high" || fmt.Sprint(earliest["sources"]) != "[ossobv walkthrough]" ||
		!strings.Contains(fmt.Sprint(earliest["note"]), "three integrators") {
		t.Errorf("earliest_refresh: %v", earliest)
	}
	if calls := facts["token_calls"]; calls["value"] != `{"limit":200,"window":"24h0m0s","per":"client and user"}` {
		t.Errorf("token_calls: %v", calls)
	}
	if revocation := facts["revocation_endpoint"]; revocation["value"] != nil || revocation["confidence"] == nil {
		t.Errorf("that there is none is known: %v", revocation)
	}
	sources := map[string]map[string]any{}
	for _, s := range got["sources"].([]any) {
		source := s.(map[string]any)
		sources[fmt.Sprint(source["name"])] = source
	}
	if s := sources["ossobv"]; s["title"] == nil || s["url"] == nil || s["verified_at"] == nil {
		t.Errorf("source: %v in %v", s, sources)
	}

	w.write(`
data "oauth_platform" "x" { id = "salesforce" }
data "oauth_platform" "none" { id = "basecone" }
output "x" { value = data.oauth_platform.x.endpoints }
output "none" { value = [data.oauth_platform.none.kind, data.oauth_platform.none.usable] }
`)
	w.apply()
	const base = "https://login.salesforce.com/services/oauth2/"
	got, _ = w.outputs()["x"].(map[string]any)
	for name, want := range map[string]any{
		"authorization_endpoint": base + "authorize", "token_endpoint": base + "token", "revocation_endpoint": base + "revoke",
		"introspection_endpoint": base + "introspect", "userinfo_endpoint": base + "userinfo", "registration_endpoint": base + "register",
		"device_authorization_endpoint": nil, "pushed_authorization_request_endpoint": nil, "issuer": nil,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if none := fmt.Sprint(w.outputs()["none"]); none != "[not_oauth false]" {
		t.Errorf("out of scope: %s", none)
	}
	w.write(`data "oauth_platform" "x" { id = "exact_online" }`)
	w.fails([]string{`parameters lacks "country"`}, "plan", "-no-color")
}
