package platform

import (
	"reflect"
	"slices"
	"testing"
)

// forPeople names the facts that no preset is made of: they tell people what to do and what to expect. Overriding one changes
// nothing but what the page and the data source would say.
func forPeople() []string {
	return []string{
		"access_token_format", "app_registration", "client_secret_lifetime", "code_lifetime",
		"grant_types_supported", "max_live_refresh_tokens", "redirect_uri", "scopes_ignored", "send_scope_on_refresh", "userinfo_endpoint",
	}
}

// TestForPeople is the proof of what the pages say: a fact changes what the engine is given, or it is listed as one for people.
func TestForPeople(t *testing.T) {
	t.Parallel()
	samples := map[string]string{
		"issuer": `"https://as.example.com"`, "authorization_endpoint": `"https://as.example.com/authorize"`, "token_endpoint": `"https://as.example.com/token"`,
		"revocation_endpoint": `"https://as.example.com/revoke"`, "introspection_endpoint": `"https://as.example.com/introspect"`,
		"registration_endpoint": `"https://as.example.com/register"`, "device_authorization_endpoint": `"https://as.example.com/device"`,
		"pushed_authorization_request_endpoint": `"https://as.example.com/par"`, "userinfo_endpoint": `"https://as.example.com/userinfo"`,

		"grant_types_supported": `["authorization_code","refresh_token"]`, "token_endpoint_auth_methods_supported": `["client_secret_post"]`,
		"revocation_endpoint_auth_method": `"client_secret_basic"`, "client_assertion_audience": `"token_endpoint"`, "client_secret_lifetime": `"720h"`, "pkce": `"unsupported"`, "response_mode": `"form_post"`,

		"authorization_parameters": `{"audience":"x"}`, "token_parameters": `{"expiring":"1"}`, "refresh_parameters": `{"audience":"x"}`,
		"client_credentials_parameters": `["tenant_id"]`, "default_scopes": `["read"]`, "required_scopes": `["offline_access"]`, "scope_separator": `","`,
		"scopes_ignored": `true`, "send_scope_on_refresh": `true`, "redirect_uri": `{"https_required":true,"loopback":"refused"}`, "code_lifetime": `"30s"`,

		"access_token_lifetime": `"5m"`, "access_token_lifetime_source": `"introspection"`, "access_token_format": `"jwt"`,
		"rotation": `"single_use"`, "on_reuse": `"reject"`, "grace_period": `"1m"`, "idle_lifetime": `"720h"`, "absolute_lifetime": `"8760h"`,
		"refresh_token_expiry": `[{"name":"hard_end","meaning":"absolute"}]`, "max_live_refresh_tokens": `{"count":5,"per":"user"}`, "earliest_refresh": `"5m"`, "error_budget": `{"limit":10,"window":"1h"}`,
		"token_calls": `{"limit":200,"window":"24h"}`, "limit_headers": `[{"name":"X-Reset","unit":"seconds"}]`,

		"token_path": `"authed_user"`, "connection_details": `[{"name":"realmId","from":"callback"}]`,
		"look_ups": `[{"name":"id","url":"https://as.example.com/me","pick":"$.id"}]`, "errors": `[{"error":"gone","class":"reauthorize"}]`,
		"app_registration": `{"api":"rfc7591"}`,
	}
	known := Custom()
	known.ID = "x" // without a platform an issuer is refused
	known.TokenEndpoint.set("https://as.example.com/")
	nothing, err := known.Preset(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range (Facts{}).All() {
		sample, ok := samples[f.Name]
		if !ok {
			t.Errorf("%s: there is no sample", f.Name)
			continue
		}
		e, err := known.Override(`{"` + f.Name + `":` + sample + `}`)
		if err != nil {
			t.Fatal(err)
		}
		p, err := e.Preset(nil)
		if err != nil {
			t.Fatal(err)
		}
		if changes := !reflect.DeepEqual(p, nothing); changes == slices.Contains(forPeople(), f.Name) {
			t.Errorf("%s changes the preset: %t", f.Name, changes)
		}
	}
	for _, name := range forPeople() {
		if _, ok := samples[name]; !ok {
			t.Errorf("%s is no fact", name)
		}
	}
}
