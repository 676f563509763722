package platform

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TestPresets says what the seven that must be right come to. The values are written out here a second time, from the
// platforms' own words: a change of the data has to be made in both places, on purpose.
func TestPresets(t *testing.T) {
	t.Parallel()
	single, family := credential.RotationSingleUse, credential.ReuseRevokeFamily
	for _, tt := range []presetRow{
		{
			"exact_online", map[string]string{"country": "uk"}, "https://start.exactonline.co.uk/api/oauth2/auth", "https://start.exactonline.co.uk/api/oauth2/token", "",
			"client_secret_post", nil, nil,
			credential.RefreshTokenPolicy{Rotation: single, OnReuse: credential.ReuseReject, IdleLifetime: 30 * 24 * time.Hour, ErrorBudget: credential.ErrorBudget{Limit: 10, Window: time.Hour},
				TokenCalls: credential.CallLimit{Limit: 200, Window: 24 * time.Hour}},
			570 * time.Second, 600 * time.Second,
		},
		{
			"twinfield", nil, "https://login.twinfield.com/auth/authentication/connect/authorize", "https://login.twinfield.com/auth/authentication/connect/token", "",
			"client_secret_basic", map[string]string{"nonce": "{state}"}, []string{"offline_access", "openid", "twf.organisation", "twf.organisationUser", "twf.user"},
			credential.RefreshTokenPolicy{Rotation: credential.RotationNone, AbsoluteLifetime: 25 * 365 * 24 * time.Hour}, 0, time.Hour,
		},
		{
			"visma_connect", nil, "https://connect.visma.com/connect/authorize", "https://connect.visma.com/connect/token", "https://connect.visma.com/connect/revocation",
			"client_secret_post", map[string]string{"response_mode": "query"}, []string{"offline_access"},
			credential.RefreshTokenPolicy{Rotation: credential.RotationAppSetting, OnReuse: credential.ReuseRevokeClientUser, GracePeriod: 5 * time.Second}, 0, time.Hour,
		},
		{
			"salesforce", map[string]string{"domain": "acme--uat.sandbox.my.salesforce.com"}, "https://acme--uat.sandbox.my.salesforce.com/services/oauth2/authorize",
			"https://acme--uat.sandbox.my.salesforce.com/services/oauth2/token", "https://acme--uat.sandbox.my.salesforce.com/services/oauth2/revoke",
			"client_secret_post", nil, []string{"refresh_token"},
			credential.RefreshTokenPolicy{Rotation: credential.RotationAppSetting, OnReuse: family, IdleLifetime: 30 * 24 * time.Hour}, 0, 2 * time.Hour,
		},
		{
			"teamleader", nil, "https://focus.teamleader.eu/oauth2/authorize", "https://focus.teamleader.eu/oauth2/access_token", "", "client_secret_post", nil, nil,
			credential.RefreshTokenPolicy{Rotation: single}, 0, time.Hour,
		},
		{
			"atlassian", nil, "https://auth.atlassian.com/authorize", "https://auth.atlassian.com/oauth/token", "https://auth.atlassian.com/oauth/revoke", "client_secret_post",
			map[string]string{"audience": "api.atlassian.com", "prompt": "consent"}, []string{"offline_access"},
			credential.RefreshTokenPolicy{
				Rotation: credential.RotationSingleUseGrace, OnReuse: family, GracePeriod: 10 * time.Minute, IdleLifetime: 90 * 24 * time.Hour, AbsoluteLifetime: 365 * 24 * time.Hour,
			}, 0, time.Hour,
		},
		{
			"microsoft", map[string]string{"tenant": "contoso.onmicrosoft.com"}, "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/authorize",
			"https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token", "", "client_secret_post", nil, []string{"offline_access"},
			credential.RefreshTokenPolicy{Rotation: credential.RotationNewOldValid, IdleLifetime: 90 * 24 * time.Hour}, 0, 3599 * time.Second,
		},
	} {
		tt.check(t)
	}
}

// TestPresetsLookUp reads each platform's own answer, of which the platform's documentation or a recording shows the form, and
// makes no look-up that rests on a rumour.
func TestPresetsLookUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ id, name, url, body, want string }{
		{"atlassian", "cloudId", "https://api.atlassian.com/oauth/token/accessible-resources", `[{"id":"11223344-a1b2","url":"https://acme.example"}]`, "11223344-a1b2"},
		{
			"exact_online", "division", "https://start.exactonline.be/api/v1/current/Me?$select=CurrentDivision",
			`{"d":{"results":[{"__metadata":{"uri":"https://start.exactonline.be/api/v1/current/Me(guid'1')","type":"Exact.Web.Api.Models.System.Me"},"CurrentDivision":7095}]}}`, "7095",
		},
	} {
		e, ok := Find(tt.id)
		if !ok {
			t.Fatal(tt.id)
		}
		p, err := e.Preset(everyParameters(e)[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(p.LookUps) != 1 || p.LookUps[0].Name != tt.name || p.LookUps[0].URL != tt.url {
			t.Errorf("%s: %+v", tt.id, p.LookUps)
			continue
		}
		if got, err := oauth.Pick(secret.New(tt.body), p.LookUps[0].Pick); got != tt.want || err != nil {
			t.Errorf("%s: %q, %v", tt.id, got, err)
		}
		e.LookUps.Confidence = Low
		if p, err := e.Preset(everyParameters(e)[0]); err != nil || len(p.LookUps) != 0 {
			t.Errorf("%s: a rumour is looked up: %+v, %v", tt.id, p.LookUps, err)
		}
	}
}

// presetRow is what a platform's preset comes to.
type presetRow struct {
	id         string
	parameters map[string]string
	authorize  string
	token      string
	revoke     string
	method     string
	params     map[string]string
	scopes     []string
	policy     credential.RefreshTokenPolicy
	earliest   time.Duration
	lifetime   time.Duration
}

func (tt presetRow) check(t *testing.T) {
	t.Helper()
	p, err := Presets()(tt.id, tt.parameters, "")
	if err != nil {
		t.Errorf("%s: %v", tt.id, err)
		return
	}
	if p.AuthorizationEndpoint != tt.authorize || p.TokenEndpoint != tt.token || p.RevocationEndpoint != tt.revoke || p.TokenEndpointAuthMethod != tt.method {
		t.Errorf("%s: endpoints %s, %s, %q, method %s", tt.id, p.AuthorizationEndpoint, p.TokenEndpoint, p.RevocationEndpoint, p.TokenEndpointAuthMethod)
	}
	if fmt.Sprint(p.AuthorizationParameters) != fmt.Sprint(tt.params) || !slices.Equal(p.Scopes, tt.scopes) {
		t.Errorf("%s: parameters %v, scopes %q", tt.id, p.AuthorizationParameters, p.Scopes)
	}
	if p.Policy != tt.policy || p.Earliest != tt.earliest || p.Lifetime != tt.lifetime {
		t.Errorf("%s: policy %+v, earliest %s, lifetime %s", tt.id, p.Policy, p.Earliest, p.Lifetime)
	}
}

// saying is a refusal of a platform, and what it means.
type saying struct {
	id     string
	status int
	header string // of the form "Name: value"
	body   string
	want   oauth.Class
}

// judge is what a dialect takes it for.
func (w saying) judge(d oauth.Dialect) oauth.Class {
	header := http.Header{}
	if name, value, ok := strings.Cut(w.header, ": "); ok {
		header.Set(name, value)
	}
	return d.Judge(oauth.Reply{Sent: true, Status: w.status, Header: header, Body: secret.New(w.body)}).Class
}

// TestPresetsReadTheServersWords feeds each platform's own refusals to its preset. Each rule has something to judge.
func TestPresetsReadTheServersWords(t *testing.T) {
	t.Parallel()
	rows := []saying{
		{"exact_online", 400, "", `{"error":"access_denied","error_description":"Rate limit exceeded: access_token not expired"}`, oauth.TooEarly},
		{"exact_online", 401, "", `{"error":"invalid_request","error_description":"Access Token not expired"}`, oauth.TooEarly},
		{"exact_online", 401, "Reason: TooEarlyToRefreshTokens: wait", ``, oauth.TooEarly},
		{"exact_online", 401, "", `{"error":"unauthorized_client","error_description":"Old refresh token used."}`, oauth.ReuseDetected},
		{"exact_online", 400, "", `{"error":"unauthorized_client","error_description":"Old refresh token used."}`, oauth.ReuseDetected},
		{"exact_online", 400, "", `{"error":"invalid_request","error_description":"The refresh token expired at 1 and it is now 2"}`, oauth.Reauthorize},
		{"exact_online", 400, "", `{"error":"invalid_grant","error_description":"Token is not allowed, because of invalid or empty chainId"}`, oauth.Reauthorize},
		{"exact_online", 400, "", `{"error":"invalid_client"}`, oauth.BadClient},
		{"exact_online", 400, "", `{"error":"invalid_request","error_description":"Signed data extraction has failed"}`, oauth.Configuration},
		{"exact_online", 500, "", `{"fault":{"faultstring":"x"}}`, oauth.OutcomeUnknown},
		{"exact_online", 401, "", `{"fault":{"faultstring":"x"}}`, oauth.OutcomeUnknown},
		{"atlassian", 403, "", `{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`, oauth.Reauthorize},
		{"atlassian", 401, "", `{"error":"access_denied","error_description":"Unauthorized"}`, oauth.BadClient},
		{"salesforce", 400, "", `{"error":"invalid_grant","error_description":"expired access/refresh token"}`, oauth.Reauthorize},
		{"microsoft", 400, "", `{"error":"invalid_grant","error_description":"AADSTS70008: expired"}`, oauth.Reauthorize},
		{"microsoft", 401, "", `{"error":"invalid_client","error_description":"AADSTS7000222: expired secret"}`, oauth.BadClient},
		{"github_app", 200, "", `{"error":"bad_refresh_token"}`, oauth.Reauthorize},
		{"github_app", 200, "", `{"error":"incorrect_client_credentials"}`, oauth.BadClient},
		{"slack", 200, "", `{"ok":false,"error":"invalid_refresh_token"}`, oauth.Reauthorize},
		{"zoho", 200, "", `{"error":"invalid_code"}`, oauth.Reauthorize},
		{"zoho", 400, "", `{"error":"Access Denied","error_description":"You have made too many requests continuously.","status":"failure"}`, oauth.RateLimited},
		{"salesforce", 400, "", `{"error":"inactive_user","error_description":"user is inactive"}`, oauth.Configuration},
		{"salesforce", 400, "", `{"error":"inactive_org","error_description":"organization is not active"}`, oauth.Configuration},
		{"salesforce", 400, "", `{"error":"invalid_client_id","error_description":"client identifier invalid"}`, oauth.BadClient},
		{"salesforce", 400, "", `{"error":"rate_limit_exceeded"}`, oauth.RateLimited},
		{"microsoft", 400, "", `{"error":"interaction_required","error_description":"AADSTS50076: MFA"}`, oauth.Configuration},
		{"microsoft", 400, "", `{"error":"interaction_required","error_description":"AADSTS50076: MFA","suberror":"basic_action"}`, oauth.Configuration},
		{"microsoft", 400, "", `{"error":"consent_required","error_description":"AADSTS65001: no consent"}`, oauth.Configuration},
		{"microsoft", 400, "", `{"error":"invalid_grant","error_description":"AADSTS65001: no consent","suberror":"consent_required"}`, oauth.Reauthorize},
		{"microsoft", 400, "", `{"error":"invalid_grant","error_description":"AADSTS53003: blocked","suberror":"message_only"}`, oauth.Configuration},
		{"microsoft", 400, "", `{"error":"interaction_required","error_description":"AADSTS53000: device","suberror":"additional_action"}`, oauth.Configuration},
		{"microsoft", 400, "", `{"error":"invalid_grant","error_description":"AADSTS54005: OAuth2 Authorization code was already redeemed"}`, oauth.ReuseDetected},
		{"microsoft", 400, "", `{"error":"invalid_grant","error_description":"AADSTS50196: loop"}`, oauth.RateLimited},
		{"microsoft", 400, "", `{"error":"invalid_request","error_description":"AADSTS90002: no such tenant"}`, oauth.Configuration},
		{"microsoft", 401, "", `{"error":"unauthorized_client","error_description":"AADSTS7000215: wrong secret"}`, oauth.BadClient},
		{"hubspot", 400, "", `{"status":"BAD_REFRESH_TOKEN","message":"no"}`, oauth.Reauthorize},
		{"hubspot", 400, "", `{"error":"invalid_grant","error_description":"refresh token is invalid, expired or revoked","status":"BAD_REFRESH_TOKEN","message":"no"}`, oauth.Reauthorize},
		{"hubspot", 429, "", `{"status":"BAD_REFRESH_TOKEN","message":"no"}`, oauth.RateLimited},
		{"exact_online", 400, "", `{"error":"invalid_request","error_description":"Client with identifier 'x' not found"}`, oauth.BadClient},
		{"atlassian", 403, "", `{"error":"unauthorized_client","error_description":"refresh_token is invalid"}`, oauth.Reauthorize},
		{"salesforce", 400, "", `{"error":"invalid_client_id"}`, oauth.BadClient},
		{"salesforce", 400, "", `{"error":"rate_limit_exceeded"}`, oauth.RateLimited},
		{"microsoft", 401, "", `{"error":"unauthorized_client","error_description":"AADSTS7000215: wrong secret"}`, oauth.BadClient},
		{"microsoft", 400, "", `{"error":"invalid_grant","error_description":"AADSTS54005: redeemed before"}`, oauth.ReuseDetected},
		{"microsoft", 400, "", `{"error":"invalid_grant","error_description":"AADSTS50196: a loop"}`, oauth.RateLimited},
		{"microsoft", 400, "", `{"error":"invalid_grant","error_description":"AADSTS50011: redirect"}`, oauth.Configuration},
		{"microsoft", 400, "", `{"error":"invalid_grant","error_description":"AADSTS90002: tenant"}`, oauth.Configuration},
		{"github_app", 200, "", `{"error":"bad_verification_code"}`, oauth.Reauthorize},
		{"github_app", 200, "", `{"error":"redirect_uri_mismatch"}`, oauth.Configuration},
		{"fortnox", 400, "", `{"error":"x","error_description":"Invalid refresh token"}`, oauth.Reauthorize},
		{"keycloak", 401, "", `{"error":"unauthorized_client"}`, oauth.BadClient},
		{"keycloak", 400, "", `{"error":"invalid_grant","error_description":"Maximum allowed refresh token reuse exceeded"}`, oauth.Reauthorize},
	}
	for _, id := range IDs() {
		e, _ := Find(id)
		if e.Usable() != nil {
			continue
		}
		p, err := e.Preset(everyParameters(e)[0])
		if err != nil {
			t.Fatal(err)
		}
		own := slices.DeleteFunc(slices.Clone(rows), func(w saying) bool { return w.id != id })
		for _, w := range own {
			if got := w.judge(p.Dialect); got != w.want {
				t.Errorf("%s: %d %s is %s, want %s", id, w.status, w.body, got, w.want)
			}
		}
		for i, r := range p.Dialect.Rules {
			wrong := p.Dialect
			wrong.Rules = slices.Clone(wrong.Rules)
			wrong.Rules[i].Class = oauth.OutcomeUnknown
			if !slices.ContainsFunc(own, func(w saying) bool { return w.judge(wrong) != w.want }) {
				t.Errorf("%s: no row here has a body that rule %d of its errors alone judges (class %s): write out what the server sends", id, i, r.Class)
			}
		}
	}
}

// TestRumoursAllowNothing: a fact of low confidence never lets a token be sent twice.
func TestRumoursAllowNothing(t *testing.T) {
	t.Parallel()
	fact := func(c Confidence, v string) string {
		return fmt.Sprintf(`{"value":%q,"sources":["x"],"confidence":%q}`, v, c)
	}
	for _, tt := range []struct {
		rotation, reuse, grace Confidence
		want                   credential.RefreshTokenPolicy
	}{
		{High, High, High, credential.RefreshTokenPolicy{Rotation: credential.RotationSingleUseGrace, OnReuse: credential.ReuseReject, GracePeriod: time.Minute}},
		{Medium, Medium, Medium, credential.RefreshTokenPolicy{Rotation: credential.RotationSingleUseGrace, OnReuse: credential.ReuseReject, GracePeriod: time.Minute}},
		{Low, High, High, credential.RefreshTokenPolicy{OnReuse: credential.ReuseReject, GracePeriod: time.Minute}},
		{High, Low, High, credential.RefreshTokenPolicy{Rotation: credential.RotationSingleUseGrace, GracePeriod: time.Minute}},
		{High, High, Low, credential.RefreshTokenPolicy{Rotation: credential.RotationSingleUseGrace, OnReuse: credential.ReuseReject}},
	} {
		e, err := Parse([]byte(fmt.Sprintf(`{"id":"x","rotation":%s,"on_reuse":%s,"grace_period":%s}`,
			fact(tt.rotation, "single_use_grace"), fact(tt.reuse, "reject"), fact(tt.grace, "1m"))))
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Policy(); got != tt.want {
			t.Errorf("%+v: %+v", tt, got)
		}
	}
}

// TestRumoursKillNothing: an error rule of low confidence never makes a token dead, nor does a rumour of a short life. One of a
// limit of calls puts no refresh off, and by none is a token shown to an introspection endpoint.
func TestRumoursKillNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []Confidence{High, Medium, Low} {
		e, err := Parse([]byte(fmt.Sprintf(`{"id":"x","name":"X","kind":"oauth2","token_endpoint":{"value":"https://x.example/token","sources":["x"],"confidence":"high"},
			"access_token_lifetime":{"value":"5m","sources":["x"],"confidence":%[1]q},
			"token_calls":{"value":{"limit":3,"window":"1h"},"sources":["x"],"confidence":%[1]q},
			"access_token_lifetime_source":{"value":"introspection","sources":["x"],"confidence":%[1]q},
			"errors":{"value":[{"error":"a","class":"reauthorize"},{"error":"b","class":"reuse_detected"},{"error":"c","class":"too_early"}],"sources":["x"],"confidence":%[1]q}}`, c)))
		if err != nil {
			t.Fatal(err)
		}
		p, err := e.Preset(nil)
		if err != nil {
			t.Fatal(err)
		}
		lifetime, rules, calls := 5*time.Minute, 3, credential.CallLimit{Limit: 3, Window: time.Hour}
		if c == Low {
			lifetime, rules, calls = 0, 1, credential.CallLimit{}
		}
		if p.Lifetime != lifetime || len(p.Dialect.Rules) != rules || p.Policy.TokenCalls != calls || p.Introspect != (c != Low) {
			t.Errorf("%s: lifetime %s, %d rules, %+v, introspects %t", c, p.Lifetime, len(p.Dialect.Rules), p.Policy.TokenCalls, p.Introspect)
		}
	}
}

// TestRulesHaveConfidences: a rule may be less sure than its list, or surer.
func TestRulesHaveConfidences(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		list, rule Confidence
		want       int
	}{{High, "", 1}, {Medium, "", 1}, {Low, "", 0}, {High, Low, 0}, {High, Medium, 1}, {Low, Medium, 1}, {Low, High, 1}} {
		e, err := Parse([]byte(fmt.Sprintf(`{"kind":"oauth2","errors":{"value":[{"error":"a","class":"reauthorize","confidence":%q}],"sources":["x"],"confidence":%q}}`, tt.rule, tt.list)))
		if err != nil {
			t.Fatal(err)
		}
		p, err := e.Preset(nil)
		if err != nil || len(p.Dialect.Rules) != tt.want {
			t.Errorf("%+v: %d rules, %v", tt, len(p.Dialect.Rules), err)
		}
	}
}

// TestClientCredentialsParameters: what a client must name is the platform's, or the user's who knows better; a rumour counts
// for nothing.
func TestClientCredentialsParameters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, overrides string
		want          []string
	}{
		{"visma_connect", "", []string{"tenant_id"}},
		{"visma_connect", `{"client_credentials_parameters": null}`, nil},
		{"visma_connect", `{"client_credentials_parameters": ["audience", "tenant_id"]}`, []string{"audience", "tenant_id"}},
		{"teamleader", "", nil},
	} {
		if p, err := Presets()(tt.id, nil, tt.overrides); err != nil || !slices.Equal(p.ClientCredentialsParameters, tt.want) {
			t.Errorf("%s %s: %v, %v", tt.id, tt.overrides, p.ClientCredentialsParameters, err)
		}
	}
	if _, err := Presets()("visma_connect", nil, `{"client_credentials_parameters": ["scope"]}`); err == nil || !strings.Contains(err.Error(), `"scope" belongs to the protocol`) {
		t.Errorf("a parameter of the protocol: %v", err)
	}
	e, _ := Find("visma_connect")
	e.ClientCredentialsParameters.Confidence = Low
	if p, err := e.Preset(nil); err != nil || p.ClientCredentialsParameters != nil {
		t.Errorf("a rumour: %v, %v", p.ClientCredentialsParameters, err)
	}
}

func TestPresetErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id         string
		parameters map[string]string
		want       string
	}{
		{"exact", nil, `there is no preset of the platform "exact" in this version of the provider; known are `},
		{"", nil, `there is no preset of the platform ""`},
		{"../data/google", nil, `there is no preset`},
		{"exact_online", nil, "country: it is needed: "},
		{"exact_online", map[string]string{"country": "NL"}, "country: it must be one of be, de, es, fr, nl, uk, us"},
		{"salesforce", map[string]string{"domain": "login.salesforce.com.evil.example"}, "domain: it is not of the right form: "},
		{"salesforce", map[string]string{"domain": "evil.example/login.salesforce.com"}, "domain: it is not of the right form: "},
		{"keycloak", map[string]string{"base_url": "http://id.example.com", "realm": "a"}, "base_url: it is not of the right form: "},
		{"microsoft", map[string]string{"tenant": "a/../b"}, "tenant: it is not of the right form: "},
		{"shopify", map[string]string{"shop": strings.Repeat("a", 300)}, "shop: it is longer than 253 bytes"},
		{"google", map[string]string{"x": "y"}, "x: the platform google has no such parameter; it takes none"},
		{"basecone", nil, "Basecone does not speak OAuth: "},
		{"snelstart", nil, "SnelStart has a grant of its own, which this version does not speak: "},
	} {
		if _, err := Presets()(tt.id, tt.parameters, ""); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s %v: %v", tt.id, tt.parameters, err)
		}
	}
}

// FuzzParameters: whatever a user gives leads to the hosts that the entry means, or nowhere.
func FuzzParameters(f *testing.F) {
	for _, seed := range []string{"nl", "login.salesforce.com", "a.b", "x@y", "a/b", "a%2fb", "https://id.example.com", "ａ", "a\r\nb"} {
		f.Add(seed)
	}
	hosts := map[string]string{ // what the host of the token endpoint must end in
		"salesforce": ".com", "microsoft": "login.microsoftonline.com", "shopify": ".myshopify.com", "exact_online": "", "afas": ".afas.online",
	}
	f.Fuzz(func(t *testing.T, value string) {
		for id, suffix := range hosts {
			e, _ := Find(id)
			for _, v := range e.Variables {
				p := everyParameters(e)[0]
				p[v.Name] = value
				preset, err := e.Preset(p)
				if err != nil {
					continue
				}
				if err := oauth.CheckEndpoint(preset.TokenEndpoint, false); err != nil {
					t.Errorf("%s %q: %v", id, value, err)
				}
				host, _, _ := strings.Cut(strings.TrimPrefix(preset.TokenEndpoint, "https://"), "/")
				if !strings.HasSuffix(strings.ToLower(host), suffix) || strings.ContainsAny(host, "@:\\?#% \t\r\n") {
					t.Errorf("%s %q leads to %s", id, value, host)
				}
			}
		}
	})
}

// FuzzParse: whatever an entry says, reading it does no harm.
func FuzzParse(f *testing.F) {
	for _, id := range IDs() {
		text, err := data.ReadFile("data/" + id + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		_, _ = e.Preset(nil)
		for _, fact := range e.All() {
			fact.Text()
		}
	})
}
