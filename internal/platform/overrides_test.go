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
	for _, f := range (Facts{}).All() {
		e, err := Custom().Override(`{"` + f.Name + `":null}`)
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
		`{`:                               "it is no JSON object",
		`null`:                            "it is no JSON object",
		`[]`:                              "it is no JSON object",
		`{} {}`:                           "it is no JSON object",
		`{"lifetime":"1h"}`:               `there is no fact "lifetime"; there are absolute_lifetime, access_token_format,`,
		`{"sources":{}}`:                  `there is no fact "sources"`,
		`{"rotation":"often"}`:            "rotation: often",
		`{"rotation":7}`:                  "rotation: a JSON number does not fit",
		`{"rotation":"single_use_grace"}`: "rotation single_use_grace without grace_period",
		`{"idle_lifetime":"30d"}`:         "idle_lifetime: time: unknown unit",
		`{"idle_lifetime":"0s"}`:          "idle_lifetime: 0s; write null for none",
		`{"earliest_refresh":"11m"}`:      "earliest_refresh is not before the end of access_token_lifetime",
		`{"errors":[{"class":"odd","status":[400]}]}`:                `errors[0]: class "odd"`,
		`{"errors":[{"klass":"odd"}]}`:                               `errors: unknown field "klass"`,
		`{"errors":[{"error_description":"(","class":"too_early"}]}`: "missing closing",
		`{"authorization_parameters":{"state":"x"}}`:                 `"state" belongs to the protocol`,
		`{"token_endpoint":"http://as.example.com/token"}`:           "token_endpoint: ",
		`{"token_endpoint":"https://as.example.com/{host}"}`:         "token_endpoint: it has an unknown variable",
		`{"look_ups":[{"name":"x","url":"ftp://x","pick":"$"}]}`:     "look_ups x: ",
		`{"x":"` + strings.Repeat("y", 16<<10) + `"}`:                "it is longer than 16384 bytes",
	} {
		_, err := Presets()("exact_online", map[string]string{"country": "nl"}, text)
		var wrong *OverrideError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
	if _, err := Presets()("exact", nil, `{}`); err == nil || !strings.HasPrefix(err.Error(), "there is no preset of the platform") {
		t.Errorf("an unknown platform: %v", err)
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
