package platform

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// wiring is what of a preset stands for few platforms only.
type wiring struct {
	issuer, introspection, registration, device, pushed string
	introspects                                         bool

	tokenParameters, refreshParameters map[string]string
	noPKCE                             bool
	revocationMethod                   string
	replyMembers, callbackParameters   []string
	lookUps                            []credential.LookUp
	tokenPath, scopeSeparator          string
	resets                             []oauth.ResetHeader
	waits                              []time.Duration // of the rules that have one
	expiries                           []oauth.Expiry
	clientNeeds                        []string // of client_credentials
	assertionAudience                  string
}

func wiringOf(p credential.Preset) wiring {
	w := wiring{
		p.Issuer, p.IntrospectionEndpoint, p.RegistrationEndpoint, p.DeviceAuthorizationEndpoint, p.PushedAuthorizationRequestEndpoint, p.Introspect,
		p.TokenParameters, p.RefreshParameters, p.NoPKCE, p.RevocationEndpointAuthMethod, p.ReplyMembers, p.CallbackParameters, p.LookUps,
		p.Dialect.TokenPath, p.Dialect.ScopeSeparator, p.Dialect.Resets, nil, p.Dialect.Expiries, p.ClientCredentialsParameters,
		p.ClientAssertionAudience,
	}
	for _, r := range p.Dialect.Rules {
		if r.Wait != 0 {
			w.waits = append(w.waits, r.Wait)
		}
	}
	return w
}

// TestPresetsAreWired says all of that for every platform, and that the others have nothing of it. The values are written out
// from the platforms' own words.
func TestPresetsAreWired(t *testing.T) {
	t.Parallel()
	oneLookUp := func(name, url, pick string) []credential.LookUp {
		return []credential.LookUp{{Name: name, URL: url, Pick: pick}}
	}
	wired := map[string]wiring{
		"exact_online": {
			lookUps: oneLookUp("division", "https://start.exactonline.be/api/v1/current/Me?$select=CurrentDivision", "$.d.results[0].CurrentDivision"),
			resets:  []oauth.ResetHeader{{Name: "X-RateLimit-Reset", Unit: oauth.ResetEpochMillis}, {Name: "X-RateLimit-Minutely-Reset", Unit: oauth.ResetEpochMillis}},
		},
		"hubspot":          {introspection: "https://api.hubapi.com/oauth/2026-03/token/introspect"},
		"jira_data_center": {refreshParameters: map[string]string{"redirect_uri": "https://app.example.com/callback"}},
		"twinfield": {
			noPKCE:  true,
			lookUps: oneLookUp("clusterUrl", "https://login.twinfield.com/auth/authentication/connect/accesstokenvalidation?token={access_token}", "$['twf.clusterUrl']"),
		},
		"visma_connect": {
			issuer: "https://connect.visma.com", introspection: "https://connect.visma.com/connect/introspect", revocationMethod: "client_secret_basic",
			clientNeeds: []string{"tenant_id"},
		},
		"salesforce": {
			introspection: "https://login.salesforce.com/services/oauth2/introspect", registration: "https://login.salesforce.com/services/oauth2/register",
			replyMembers: []string{"instance_url", "id"}, introspects: true,
		},
		"teamleader": {noPKCE: true, resets: []oauth.ResetHeader{{Name: "X-RateLimit-Reset", Unit: oauth.ResetTime}}},
		"atlassian":  {lookUps: oneLookUp("cloudId", "https://api.atlassian.com/oauth/token/accessible-resources", "$[0].id")},
		"microsoft":  {device: "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/oauth2/v2.0/devicecode", assertionAudience: "token_endpoint"},
		"google":     {issuer: "https://accounts.google.com", device: "https://oauth2.googleapis.com/device/code"},
		"github_app": {device: "https://github.com/login/device/code"},
		"gitlab":     {introspection: "https://gitlab.example.com/oauth/introspect", device: "https://gitlab.example.com/oauth/authorize_device"},
		"auth0":      {registration: "https://example.eu.auth0.com/oidc/register", device: "https://example.eu.auth0.com/oauth/device/code"},
		"okta": {
			assertionAudience: "endpoint",
			introspection:     "https://example.okta.com/oauth2/default/v1/introspect", registration: "https://example.okta.com/oauth2/v1/clients",
			device: "https://example.okta.com/oauth2/default/v1/device/authorize",
		},
		"keycloak": {
			introspection: "https://id.example.com/realms/main/protocol/openid-connect/token/introspect",
			registration:  "https://id.example.com/realms/main/clients-registrations/openid-connect",
			device:        "https://id.example.com/realms/main/protocol/openid-connect/auth/device",
		},
		"slack": {noPKCE: true, scopeSeparator: ",", tokenPath: "authed_user"},
		"zoho": {
			scopeSeparator: ",", replyMembers: []string{"api_domain"}, callbackParameters: []string{"location", "accounts-server"},
			waits: []time.Duration{10 * time.Minute},
		},
		"quickbooks": {
			callbackParameters: []string{"realmId"},
			expiries:           []oauth.Expiry{{Member: "x_refresh_token_expires_in"}, {Member: "x_refresh_token_hard_expires_in", Absolute: true}},
		},
		"shopify": {tokenParameters: map[string]string{"expiring": "1"}},
		"xero":    {issuer: "https://identity.xero.com", lookUps: oneLookUp("tenantId", "https://api.xero.com/connections", "$[0].tenantId")},
		"linkedin": {
			introspection: "https://www.linkedin.com/oauth/v2/introspectToken", noPKCE: true,
			expiries: []oauth.Expiry{{Member: "refresh_token_expires_in", Absolute: true}},
		},
		"stripe_connect": {replyMembers: []string{"stripe_user_id"}},
	}
	for _, id := range IDs() {
		e, _ := Find(id)
		if e.Usable() != nil {
			continue
		}
		p, err := e.Preset(everyParameters(e)[0])
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if got := wiringOf(p); !reflect.DeepEqual(got, wired[id]) {
			t.Errorf("the preset of %s has\n%s, and its row here has\n%s. Where the preset is right by the platform's own words, let the row %q of wired say so",
				id, got, wired[id], id)
		}
	}
}

// String names what is there, and leaves out the rest.
func (w wiring) String() string {
	var all []string
	for v, n := reflect.ValueOf(w), 0; n < v.NumField(); n++ {
		if f := v.Field(n); !f.IsZero() {
			all = append(all, fmt.Sprintf("%s: %#v", v.Type().Field(n).Name, f))
		}
	}
	return "{" + strings.Join(all, ", ") + "}"
}

func TestWiringIsNamed(t *testing.T) {
	t.Parallel()
	w := wiring{noPKCE: true, scopeSeparator: ",", replyMembers: []string{"id"}}
	if got, want := w.String(), `{noPKCE: true, replyMembers: []string{"id"}, scopeSeparator: ","}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestPresetIsWhole: no fact is lost on its way from an entry to its preset, be it of a platform that the data has or not.
func TestPresetIsWhole(t *testing.T) {
	t.Parallel()
	e, err := Custom().Override(`{
		"authorization_endpoint": "https://x.example/1", "token_endpoint": "https://x.example/2",
		"revocation_endpoint": "https://x.example/3", "introspection_endpoint": "https://x.example/4", "registration_endpoint": "https://x.example/5",
		"device_authorization_endpoint": "https://x.example/6", "pushed_authorization_request_endpoint": "https://x.example/7",
		"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"], "revocation_endpoint_auth_method": "client_secret_basic", "client_assertion_audience": "token_endpoint",
		"authorization_parameters": {"a": "1"}, "token_parameters": {"b": "2"}, "refresh_parameters": {"c": "3"},
		"default_scopes": ["z"], "required_scopes": ["y"], "scope_separator": ",", "pkce": "unsupported", "response_mode": "form_post",
		"connection_details": [{"name": "r", "from": "response"}, {"name": "s", "from": "callback"}],
		"look_ups": [{"name": "l", "url": "https://x.example/8", "pick": "$.id"}],
		"rotation": "single_use_grace", "on_reuse": "revoke_family", "grace_period": "8s", "idle_lifetime": "9h", "absolute_lifetime": "10h",
		"error_budget": {"limit": 11, "window": "12m"}, "token_calls": {"limit": 13, "window": "14m"},
		"earliest_refresh": "15s", "client_credentials_parameters": ["t"], "refresh_token_expiry": [{"name": "h", "meaning": "absolute"}], "access_token_lifetime": "16m", "access_token_lifetime_source": "introspection", "token_path": "inner",
		"limit_headers": [{"name": "N", "unit": "count"}, {"name": "R", "unit": "seconds"}],
		"errors": [{"status": [418], "member": "m", "error": "e", "error_description": "d", "header": "H", "header_value": "v", "class": "too_early", "wait": "17s"}]
	}`)
	if err != nil {
		t.Fatal(err)
	}
	e.Issuer.set("https://x.example")
	p, err := e.Preset(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := credential.Preset{
		Issuer: "https://x.example", AuthorizationEndpoint: "https://x.example/1", TokenEndpoint: "https://x.example/2", RevocationEndpoint: "https://x.example/3",
		IntrospectionEndpoint: "https://x.example/4", RegistrationEndpoint: "https://x.example/5", DeviceAuthorizationEndpoint: "https://x.example/6",
		PushedAuthorizationRequestEndpoint: "https://x.example/7", TokenEndpointAuthMethod: "client_secret_post", RevocationEndpointAuthMethod: "client_secret_basic", ClientAssertionAudience: "token_endpoint",
		AuthorizationParameters: map[string]string{"a": "1", "response_mode": "query"}, TokenParameters: map[string]string{"b": "2"},
		RefreshParameters: map[string]string{"c": "3"}, Scopes: []string{"y", "z"}, NoPKCE: true, ReplyMembers: []string{"r"}, CallbackParameters: []string{"s"},
		LookUps: []credential.LookUp{{Name: "l", URL: "https://x.example/8", Pick: "$.id"}},
		Policy: credential.RefreshTokenPolicy{
			Rotation: "single_use_grace", OnReuse: "revoke_family", GracePeriod: 8 * time.Second, IdleLifetime: 9 * time.Hour, AbsoluteLifetime: 10 * time.Hour,
			ErrorBudget: credential.ErrorBudget{Limit: 11, Window: 12 * time.Minute}, TokenCalls: credential.CallLimit{Limit: 13, Window: 14 * time.Minute},
		},
		Earliest: 15 * time.Second, Lifetime: 16 * time.Minute, Introspect: true, ClientCredentialsParameters: []string{"t"},
		Dialect: oauth.Dialect{
			TokenPath: "inner", ScopeSeparator: ",", Resets: []oauth.ResetHeader{{Name: "R", Unit: "seconds"}},
			Expiries: []oauth.Expiry{{Member: "h", Absolute: true}},
			Rules: []oauth.Rule{{
				Status: []int{418}, Member: "m", Code: "e", Description: regexp.MustCompile("d"), Header: "H", HeaderValue: regexp.MustCompile("v"),
				Class: "too_early", Wait: 17 * time.Second,
			}},
		},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf(" got %+v\nwant %+v", p, want)
	}
	for v, n := reflect.ValueOf(want), 0; n < v.NumField(); n++ {
		if v.Field(n).IsZero() {
			t.Errorf("this test leaves out %s", v.Type().Field(n).Name)
		}
	}
}

// TestVariables: each value of each variable of the seven leads to that token endpoint, and to no other.
func TestVariables(t *testing.T) {
	t.Parallel()
	for id, of := range map[string]map[string]map[string]string{
		"exact_online": {"country": {
			"nl": "https://start.exactonline.nl/api/oauth2/token", "be": "https://start.exactonline.be/api/oauth2/token",
			"de": "https://start.exactonline.de/api/oauth2/token", "fr": "https://start.exactonline.fr/api/oauth2/token",
			"es": "https://start.exactonline.es/api/oauth2/token", "uk": "https://start.exactonline.co.uk/api/oauth2/token",
			"us": "https://start.exactonline.com/api/oauth2/token",
		}},
		"twinfield": {"": {"": "https://login.twinfield.com/auth/authentication/connect/token"}},
		"visma_connect": {
			"": {"": "https://connect.visma.com/connect/token"},
			"environment": {
				"production": "https://connect.visma.com/connect/token", "staging": "https://connect.identity.stagaws.visma.com/connect/token",
			},
		},
		"salesforce": {
			"": {"": "https://login.salesforce.com/services/oauth2/token"},
			"domain": {
				"login.salesforce.com":                "https://login.salesforce.com/services/oauth2/token",
				"test.salesforce.com":                 "https://test.salesforce.com/services/oauth2/token",
				"acme.my.salesforce.com":              "https://acme.my.salesforce.com/services/oauth2/token",
				"acme--uat.sandbox.my.salesforce.com": "https://acme--uat.sandbox.my.salesforce.com/services/oauth2/token",
				"acme.my.site.com":                    "https://acme.my.site.com/services/oauth2/token",
				"acme.my.site.com/portal":             "https://acme.my.site.com/portal/services/oauth2/token",
			},
		},
		"teamleader": {"": {"": "https://focus.teamleader.eu/oauth2/access_token"}},
		"atlassian": {
			"": {"": "https://auth.atlassian.com/oauth/token"},
			"cloud": {
				"commercial": "https://auth.atlassian.com/oauth/token", "government": "https://auth.atlassian-us-gov-mod.com/oauth/token",
			},
		},
		"microsoft": {"tenant": {
			"common":                               "https://login.microsoftonline.com/common/oauth2/v2.0/token",
			"organizations":                        "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
			"consumers":                            "https://login.microsoftonline.com/consumers/oauth2/v2.0/token",
			"72f988bf-86f1-41af-91ab-2d7cd011db47": "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/oauth2/v2.0/token",
			"contoso.onmicrosoft.com":              "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
		}},
	} {
		e, _ := Find(id)
		for _, v := range e.Variables {
			if len(v.Values) > 0 && len(v.Values) != len(of[v.Name]) {
				t.Errorf("%s: %s has values that nobody tries", id, v.Name)
			}
		}
		for name, values := range of {
			for value, want := range values {
				var parameters map[string]string
				if name != "" {
					parameters = map[string]string{name: value}
				}
				p, err := e.Preset(parameters)
				if err != nil || p.TokenEndpoint != want {
					t.Errorf("%s %v leads to %s (%v), want %s", id, parameters, p.TokenEndpoint, err, want)
				}
				if slices.ContainsFunc(p.LookUps, func(l credential.LookUp) bool { return placeholder.MatchString(l.URL) && id != "twinfield" }) {
					t.Errorf("%s %v: a look-up with a gap in it", id, parameters)
				}
			}
		}
	}
}
