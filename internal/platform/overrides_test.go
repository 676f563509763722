package platform

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// TestOverrides: what a user knows better stands in the place of a fact, none of it included, and is as sure as
// documentation; the rest of the entry stays, and so does the shared one.
func TestOverrides(t *testing.T) {
	t.Parallel()
	find := Presets()
	nl := map[string]string{"country": "nl"}
	before, err := find("exact_online", nl, "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := find("exact_online", nl, `{
		"token_endpoint": "https://{country}/token", "earliest_refresh": null, "access_token_lifetime": "15m",
		"rotation": "single_use_grace", "grace_period": "1m", "on_reuse": "revoke_family", "error_budget": null, "token_calls": {"limit": 5, "window": "1h"},
		"scope_separator": ",", "default_scopes": ["b", "a"], "pkce": "unsupported", "token_path": "authed_user",
		"refresh_parameters": {"audience": "x", "redirect_uri": "https://me.example/"}, "look_ups": [], "connection_details": [{"name": "division", "from": "callback"}],
		"errors": [{"status": [418], "class": "reauthorize"}]
	}`)
	if err != nil {
		t.Fatal(err)
	}
	want := credential.RefreshTokenPolicy{
		Rotation: credential.RotationSingleUseGrace, OnReuse: credential.ReuseRevokeFamily, GracePeriod: time.Minute, IdleLifetime: 30 * 24 * time.Hour,
		TokenCalls: credential.CallLimit{Limit: 5, Window: time.Hour},
	}
	if got.Policy != want || got.Earliest != 0 || got.Lifetime != 15*time.Minute || got.TokenEndpoint != "https://start.exactonline.nl/token" {
		t.Errorf("%+v, earliest %s, lifetime %s, %s", got.Policy, got.Earliest, got.Lifetime, got.TokenEndpoint)
	}
	if d := got.Dialect; d.ScopeSeparator != "," || d.TokenPath != "authed_user" || len(d.Rules) != 1 || !got.NoPKCE || strings.Join(got.Scopes, " ") != "a b" {
		t.Errorf("%+v, PKCE off %t, scopes %q", d, got.NoPKCE, got.Scopes)
	}
	if got.RefreshParameters["audience"] != "x" || got.CallbackParameters[0] != "division" || got.AuthorizationEndpoint != before.AuthorizationEndpoint {
		t.Errorf("%v, %v, %s", got.RefreshParameters, got.CallbackParameters, got.AuthorizationEndpoint)
	}
	if again, err := find("exact_online", nl, ""); err != nil || again.Policy != before.Policy || again.TokenEndpoint != before.TokenEndpoint {
		t.Errorf("the entry itself has changed: %+v, %v", again.Policy, err)
	}

	own, err := find("", nil, `{"token_endpoint":"https://as.example.com/token","rotation":"none","errors":[{"error":"gone","class":"reauthorize"}]}`)
	if err != nil || own.TokenEndpoint != "https://as.example.com/token" || own.Policy.Rotation != credential.RotationNone || own.Dialect.Rules[0].Class != oauth.Reauthorize {
		t.Errorf("a server without an entry: %+v, %v", own, err)
	}
}

// TestEveryFactCanBeOverridden: by its own value, which then is as sure as documentation.
func TestEveryFactCanBeOverridden(t *testing.T) {
	t.Parallel()
	words := map[string]string{
		"pkce": `pkce: null says nothing here; write "unsupported"`, "rotation": `rotation: null says nothing here; write "none"`,
		"on_reuse": `on_reuse: null says nothing here; write "reject" where it only refuses the token, or "revoke_family", which counts where nothing is known`,
		"issuer":   "issuer: without a platform it stands in the client's attribute issuer, not here",
	}
	for _, f := range (Facts{}).All() {
		e, err := Custom().Override(`{"` + f.Name + `":null}`)
		if want, refused := words[f.Name]; refused {
			if err == nil || err.Error() != want {
				t.Errorf("%s: %v", f.Name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		for _, g := range e.All() {
			if _, some := g.Text(); g.Known() != (g.Name == f.Name) || some || g.Known() && g.Evidence().Confidence != High {
				t.Errorf("%s: known %t, %+v", g.Name, g.Known(), g.Evidence())
			}
		}
	}
}

func TestOverrideErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{`:                        "it is no JSON object",
		`null`:                     "it is no JSON object",
		`[]`:                       "it is no JSON object",
		`{} {}`:                    "it is no JSON object",
		`{"lifetime":"1h"}`:        `there is no fact "lifetime"; there are absolute_lifetime, access_token_format,`,
		`{"sources":{}}`:           `there is no fact "sources"`,
		`{"rotation":"sometimes"}`: `rotation: "sometimes" is not among its values; one of none, new_old_valid, server_decides, single_use, single_use_grace, until_successor_used, app_setting`,
		`{"pkce":"always"}`:        `pkce: "always" is not among its values; one of unsupported, optional, required, per_app`,
		`{"token_endpoint_auth_methods_supported":["foo"]}`: `token_endpoint_auth_methods_supported: "foo" is not among its values; one of client_secret_basic, client_secret_post,`,
		`{"scope_separator":";"}`:                           `scope_separator: ";" is not among its values; one of " ", ","`,
		`{"access_token_format":"odd"}`:                     `access_token_format: "odd" is not among its values; one of opaque, jwt`,
		`{"error_budget":{"limit":1,"window":"1h"}}`:        `error_budget: 1 within 1h is out of bounds; limit from 2 to 1000, window from 1m to 24h`,
		`{"error_budget":{"limit":1001,"window":"1h"}}`:     `error_budget: 1001 within 1h is out of bounds; limit from 2 to 1000, window from 1m to 24h`,
		`{"token_calls":{"limit":0,"window":"1h"}}`:         `token_calls: 0 within 1h is out of bounds; limit from 1 to 1000, window from 1m to 24h`,
		`{"token_calls":{"limit":5,"window":"25h"}}`:        `token_calls: 5 within 25h is out of bounds; limit from 1 to 1000, window from 1m to 24h`,
		`{"error_budget":10}`:                               `error_budget: a JSON number does not fit; it is written as {"limit":10,"window":"1h"}`,
		`{"error_budget":{"limit":"10","window":"1h"}}`:     `error_budget: a JSON string in limit does not fit; it is written as {"limit":10,"window":"1h"}`,
		`{"default_scopes":"read"}`:                         `default_scopes: a JSON string does not fit; it is written as ["read"]`,
		`{"limit_headers":[{"name":"X","unit":"s"}]}`:       `limit_headers: unit "s" is not among its values; one of count, seconds, epoch_seconds, epoch_milliseconds, rfc3339`,
		`{"limit_headers":[{"unit":"seconds"}]}`:            `limit_headers: a name is missing`,
		`{"connection_details":[{"name":"foo"}]}`:           `connection_details: from is missing; one of response, callback`,
		`{"connection_details":[{"from":"response"}]}`:      `connection_details: a name is missing`,
		`{"redirect_uri":{"loopback":"odd"}}`:               `redirect_uri: loopback "odd" is not among its values; one of allowed, port_ignored, refused`,
		`{"redirect_uri":{"max_count":-1}}`:                 `redirect_uri: max_count -1 is below 0`,
		`{"app_registration":{"api":"odd"}}`:                `app_registration: api "odd" is not among its values; one of none, rfc7591, vendor`,
		`{"refresh_token_expiry":[{"name":"scope"}]}`:       `refresh_token_expiry: "scope" says something else; none of access_token, refresh_token, id_token, token_type, expires_in, scope; refresh_token_expiry: meaning is missing; one of idle, absolute`,
		`{"max_live_refresh_tokens":{"count":0}}`:           `max_live_refresh_tokens: count 0 is out of bounds; from 1; max_live_refresh_tokens: per is missing; it says for whom they are counted`,
		`{"look_ups":[{"url":"https://x","pick":"id"}]}`:    `look_ups: a name is missing; look_ups: pick "id": a path begins with $, and goes on with .name, [0] or ['any name']`,
		`{"rotation":7}`:                                    "rotation: a JSON number does not fit; it is written as \"single_use\"",
		`{"rotation":"single_use_grace"}`:                   "rotation: single_use_grace without grace_period, which says how long",
		`{"access_token_lifetime":null,"earliest_refresh":null,"access_token_lifetime_source":"assumed"}`: "access_token_lifetime_source: assumed without access_token_lifetime",
		`{"idle_lifetime":"30d"}`:                                            `idle_lifetime: "30d" is not a duration; it is written as "720h"`,
		`{"idle_lifetime":"0s"}`:                                             "idle_lifetime: 0s is out of bounds; from 1s to 262800h, or null for none",
		`{"earliest_refresh":"11m"}`:                                         "earliest_refresh: 11m is above access_token_lifetime, which is 10m; write both, or null for earliest_refresh",
		`{"access_token_lifetime":"5m"}`:                                     "earliest_refresh: 9m30s is above access_token_lifetime, which is 5m; write both, or null for earliest_refresh",
		`{"errors":[{"class":"dead","status":[400]}]}`:                       `errors[0]: class "dead" is not among its values; one of too_early, rate_limited, bad_client, reauthorize, reuse_detected, configuration, outcome_unknown`,
		`{"errors":[{"klass":"odd"}]}`:                                       `errors: unknown field "klass"; it is written as [{"status":[400],`,
		`{"errors":[{"error_description":"(","class":"too_early"}]}`:         "errors[0]: error_description is no regular expression: missing closing ) in \"(\"",
		`{"errors":[{"header":"X","header_value":"[","class":"too_early"}]}`: "errors[0]: header_value is no regular expression: missing closing ] in \"[\"",
		`{"errors":[{"class":"too_early"}]}`:                                 "errors[0]: it fits everything; name a status,",
		`{"errors":[{"status":[4],"class":"too_early","wait":"x"}]}`:         `errors[0]: status 4 is out of bounds; from 200 to 599; errors[0]: wait "x" is not a duration above 0 and up to 24h, such as "90s"`,
		`{"errors":[{"member":"m","header_value":"x","status":[400],"class":"too_early","confidence":"sure"}]}`: `errors[0]: confidence "sure" is not among its values; one of high, medium, low; errors[0]: header_value goes with header, which is missing; errors[0]: member goes with error, which is missing`,
		`{"authorization_parameters":{"state":"x"}}`:                                                            `authorization_parameters: "state" belongs to the protocol`,
		`{"token_endpoint":"http://as.example.com/token"}`:                                                      "token_endpoint: ",
		`{"token_endpoint":"https://as.example.com/{host}"}`:                                                    "token_endpoint: it has an unknown variable",
		`{"token_endpoint":null}`:                                                                               "token_endpoint: a platform has one; write its address here, or that of another server in the client's attribute token_endpoint",
		`{"look_ups":[{"name":"x","url":"ftp://x","pick":"$"}]}`:                                                "look_ups x: ",
		`{"pkce":null}`: `pkce: null says nothing here; write "unsupported"`,
		`{"token_endpoint_auth_methods_supported":["bearer"]}`:      `token_endpoint_auth_methods_supported: "bearer" is not among its values; one of client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none`,
		`{"token_endpoint_auth_methods_supported":[]}`:              "token_endpoint_auth_methods_supported: the list is empty; it takes at least one of client_secret_basic, ",
		`{"revocation_endpoint_auth_method":"private_key_jwt"}`:     `revocation_endpoint_auth_method: "private_key_jwt" is no choice of a client with a secret; one of client_secret_basic, client_secret_post, client_secret_jwt`,
		`{"client_assertion_audience":"https://as.example/"}`:       `client_assertion_audience: "https://as.example/" is not among its values; one of issuer, token_endpoint, endpoint`,
		`{"idle_lifetime":"1h","idle_lifetime":"2h"}`:               `"idle_lifetime" stands twice in one JSON object`,
		`{"errors":[{"status":[400]},{"class":"odd","class":"x"}]}`: `"class" stands twice in one JSON object`,
		`{} ]`: "it is no JSON object",
		`{"x":"` + strings.Repeat("y", 16<<10) + `"}`: "it is longer than 16384 bytes",
	} {
		_, err := Presets()("exact_online", map[string]string{"country": "nl"}, text)
		var wrong *OverrideError
		if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
	if _, err := Presets()("exact", nil, `{}`); err == nil || !strings.HasPrefix(err.Error(), "there is no preset of the platform") {
		t.Errorf("an unknown platform: %v", err)
	}
}

// TestOverrideBounds: what is just within them is taken.
func TestOverrideBounds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"earliest_refresh":"10m"}`, `{"token_calls":{"limit":1,"window":"1m"}}`, `{"token_calls":{"limit":1000,"window":"24h"}}`,
		`{"error_budget":{"limit":2,"window":"1m"}}`, `{"error_budget":{"limit":1000,"window":"24h"}}`,
		`{"token_endpoint_auth_methods_supported":["private_key_jwt","none"]}`, `{"refresh_parameters":{"a":"b"},"token_parameters":{"a":"b"}}`,
		`{"redirect_uri":{"exact_match":true}}`, `{"issuer":"https://login.example.com"}`,
	} {
		if _, err := Presets()("exact_online", map[string]string{"country": "nl"}, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestParseNamesTheFact: which of forty it is that cannot be read.
func TestParseNamesTheFact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"id":"x","idle_lifetime":{"value":"30d"}}`:                `idle_lifetime: "30d" is not a duration`,
		`{"pkce":{"sources":[]}}`:                                   "pkce: a fact has no value",
		`{"error_budget":{"value":{"limit":2,"window":"an hour"}}}`: `error_budget: "an hour" is not a duration`,
		`{"idle":{"value":"30d"}}`:                                  `json: unknown field "idle"`,
		`{"id":7}`:                                                  "json: cannot unmarshal number into Go struct field Entry.id of type string",
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestUnknownErrorNamesWhatCanBeUsed: no platform without a preset.
func TestUnknownErrorNamesWhatCanBeUsed(t *testing.T) {
	t.Parallel()
	text := UnknownError("x").Error()
	if !strings.Contains(text, " afas, atlassian, ") || strings.Contains(text, "basecone") || strings.Contains(text, "snelstart") {
		t.Error(text)
	}
}

// FuzzOverrides: what a user writes is refused, or leads to a preset that can be used.
func FuzzOverrides(f *testing.F) {
	for _, seed := range []string{`{}`, `{"rotation":"none"}`, `{"token_endpoint":"https://x.example/{country}"}`, `{"errors":[{"status":[400],"class":"too_early","wait":"1s"}]}`,
		`{"look_ups":[{"name":"x","url":"https://x.example/","pick":"$[0].id"}],"token_path":"a.b"}`, `{"idle_lifetime":null}`, `[]`} {
		f.Add(seed)
	}
	find := Presets()
	f.Fuzz(func(t *testing.T, text string) {
		p, err := find("exact_online", map[string]string{"country": "nl"}, text)
		if err != nil {
			return
		}
		if p.TokenEndpoint != "" && oauth.CheckEndpoint(p.TokenEndpoint, false) != nil {
			t.Errorf("token endpoint %q", p.TokenEndpoint)
		}
		if p.Policy.GracePeriod < 0 || p.Policy.IdleLifetime < 0 || p.Earliest < 0 || p.Lifetime < 0 || p.Policy.TokenCalls.Limit < 0 {
			t.Errorf("negative: %+v, %s, %s", p.Policy, p.Earliest, p.Lifetime)
		}
	})
}
