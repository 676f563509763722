package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
)

// What is not certain of a platform is one warning, word by word: each fact, how the provider is safe, and where to say better.
func TestDoubtsAreExplained(t *testing.T) {
	t.Parallel()
	type policy = credential.RefreshTokenPolicy
	const once = "after a lost reply the refresh token is sent once more, and only when its access token has expired."
	for _, c := range []struct {
		name     string
		facts    string // name, confidence and value of each
		said     policy
		earliest time.Duration
		want     []string
	}{
		{name: "all is sure", facts: `rotation high "single_use"; on_reuse medium "reject"; idle_lifetime high "720h"`},
		{name: "an app's setting", facts: `rotation high "app_setting"`, want: []string{
			"rotation: each app there has a setting of its own, and the configuration does not say which. It counts as single_use: " + once + " Say it in refresh_token_policy.rotation.",
		}},
		{name: "an app's setting is said", facts: `rotation high "app_setting"`, said: policy{Rotation: credential.RotationNone}},
		{name: "nothing is known, and reuse ends everything", facts: `on_reuse high "revoke_client_user"`, want: []string{
			"rotation: nothing is known. It counts as single_use: after a lost reply the refresh token is not sent again, and a person must authorize. Say it in refresh_token_policy.rotation.",
		}},
		{name: "a rumour, and reuse is said", facts: `rotation low "none"; on_reuse low "revoke_family"`, said: policy{OnReuse: credential.ReuseReject}, want: []string{
			"rotation: none, which is not confirmed. It counts as single_use: after a lost reply the refresh token is sent once more, some minutes later. Say it in refresh_token_policy.rotation.",
		}},
		{name: "a rumour of a mild reuse", facts: `rotation high "single_use"; on_reuse low "reject"`, want: []string{
			"on_reuse: reject, which is not confirmed. It counts as revoke_family: " + once + " Say it in refresh_token_policy.on_reuse.",
		}},
		{name: "reuse after a grace", facts: `rotation high "single_use_grace"; grace_period high "10m"; on_reuse low "revoke_client_user"`, want: []string{
			"on_reuse: revoke_client_user, which is not confirmed. It counts as revoke_client_user: after a lost reply, and after the grace, the refresh token is not sent again, " +
				"and a person must authorize. Say it in refresh_token_policy.on_reuse.",
		}},
		{name: "a grace", facts: `rotation high "single_use_grace"; grace_period low "10m"`, want: []string{
			"grace_period: 10m, which is not confirmed. It is not counted on: " + once + " Say it in refresh_token_policy.grace_period.",
		}},
		{
			name: "the rest", facts: `rotation high "none"; idle_lifetime low "744h"; absolute_lifetime low "8760h"; earliest_refresh low "570s"; error_budget low {"limit":10,"window":"1h"}`,
			want: []string{
				"idle_lifetime: 744h, which is not confirmed. It is used: the first run after two thirds of it refreshes. If it is shorter, the refresh token may die unused. Say it in refresh_token_policy.idle_lifetime.",
				"absolute_lifetime: 8760h, which is not confirmed. It is used: plans warn from 30 days before its end on. If it is shorter, a person must authorize without such a warning. " +
					"Say it in refresh_token_policy.absolute_lifetime.",
				"earliest_refresh: 9m30s, which is not confirmed. It is used: until then the access token at hand is used as it is. If it is longer, a refresh is refused. Say it in refresh.earliest.",
				"error_budget: 10/1h, which is not confirmed. It is used: nothing is sent when one more refusal would reach it. If it is less, the server locks the client out before that. " +
					"Say it in refresh_token_policy.error_budget.",
			},
		},
		{
			name: "the rest is said", facts: `rotation high "none"; idle_lifetime low "744h"; absolute_lifetime low "8760h"; earliest_refresh low "570s"; error_budget low {"limit":10,"window":"1h"}`,
			said:     policy{IdleLifetime: 744 * time.Hour, AbsoluteLifetime: 8760 * time.Hour, ErrorBudget: credential.ErrorBudget{Limit: 10, Window: time.Hour}},
			earliest: 570 * time.Second,
		},
	} {
		var members []string
		for _, f := range strings.Split(c.facts, "; ") {
			part := strings.SplitN(f, " ", 3)
			members = append(members, fmt.Sprintf(`%q:{"value":%s,"sources":["x"],"confidence":%q}`, part[0], part[2], part[1]))
		}
		e, err := platform.Parse([]byte(`{"name":"Acme",` + strings.Join(members, ",") + "}"))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var diags diag.Diagnostics
		warnDoubts(aPair, e, credential.Client{Policy: c.said}, credential.RefreshSettings{Earliest: c.earliest}, &diags)
		want := ""
		if c.want != nil {
			want = "Not everything is certain of how Acme treats refresh tokens. This is how token pair \"exact\" is kept to be safe:\n\n- " + strings.Join(c.want, "\n- ") + "\n\n" +
				"What is said there counts, also where it only repeats what is used now, and ends this warning. " +
				"refresh_token_policy stands in the client, or in the oauth_app_registration that the client comes from."
		}
		switch {
		case want == "":
			if len(diags) > 0 {
				t.Errorf("%s: %v", c.name, diags)
			}
		case len(diags) != 1 || diags.HasError() || diags[0].Summary() != "Platform Facts to Confirm: "+e.Name || diags[0].Detail() != want:
			t.Errorf("%s:\n got %v\nwant %s", c.name, diags, want)
		}
	}
}
