package platform

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// TestDoubtful: what is unsure and acted on is named until the client says it; what is sure, what says none and what does not
// apply is not.
func TestDoubtful(t *testing.T) {
	t.Parallel()
	type policy = credential.RefreshTokenPolicy
	low := func(name, value string) string { return name + " low " + value }
	for _, tt := range []struct {
		name     string
		facts    []string // name, confidence and value
		said     policy
		earliest time.Duration
		want     string
	}{
		{name: "nothing is known", want: "rotation"},
		{name: "nothing is known, and the client says it", said: policy{Rotation: credential.RotationNone}},
		{name: "the client says that nobody knows", said: policy{Rotation: credential.RotationUnknown}},
		{name: "sure", facts: []string{`rotation medium "single_use"`, `on_reuse high "reject"`, `idle_lifetime medium "720h"`}},
		{name: "a rumour of rotation", facts: []string{low("rotation", `"none"`)}, want: "rotation"},
		{name: "a rumour of the strictest", facts: []string{low("rotation", `"single_use"`)}, want: "rotation"},
		{name: "each app has its own", facts: []string{`rotation high "app_setting"`}, want: "rotation"},
		{name: "each app has its own, and this one's is said", facts: []string{`rotation high "app_setting"`}, said: policy{Rotation: credential.RotationSingleUse}},
		{name: "reuse", facts: []string{`rotation high "single_use"`, low("on_reuse", `"reject"`)}, want: "on_reuse"},
		{name: "reuse after a grace", facts: []string{`rotation high "single_use_grace"`, `grace_period high "10m"`, low("on_reuse", `"revoke_client_user"`)}, want: "on_reuse"},
		{name: "a rumour of the reuse that is assumed anyway", facts: []string{`rotation high "single_use"`, low("on_reuse", `"revoke_family"`)}},
		{name: "reuse is said", facts: []string{`rotation high "single_use"`, low("on_reuse", `"reject"`)}, said: policy{OnReuse: credential.ReuseReject}},
		{name: "reuse of what stays good", facts: []string{`rotation high "none"`, low("on_reuse", `"reject"`)}},
		{name: "reuse of what stays good by the client", facts: []string{low("rotation", `"single_use"`), low("on_reuse", `"reject"`)}, said: policy{Rotation: credential.RotationNone}},
		{name: "reuse, where rotation is not sure either", facts: []string{low("rotation", `"none"`), low("on_reuse", `"reject"`)}, want: "rotation on_reuse"},
		{name: "reuse, where it is each app's own", facts: []string{`rotation high "app_setting"`, low("on_reuse", `"reject"`)}, want: "rotation on_reuse"},
		{name: "reuse is not known", facts: []string{`rotation high "single_use"`}},
		{name: "grace", facts: []string{`rotation high "single_use_grace"`, low("grace_period", `"10m"`)}, want: "grace_period"},
		{name: "grace is said", facts: []string{`rotation high "single_use_grace"`, low("grace_period", `"10m"`)}, said: policy{GracePeriod: time.Second}},
		{name: "grace of another rotation", facts: []string{`rotation high "single_use"`, low("grace_period", `"10m"`)}},
		{name: "grace of a rotation that each app chooses", facts: []string{`rotation high "app_setting"`, low("grace_period", `"10m"`)}, want: "rotation"},
		{name: "no grace", facts: []string{`rotation high "single_use_grace"`, low("grace_period", `null`)}},
		{name: "lifetimes", facts: []string{`rotation high "none"`, low("idle_lifetime", `"744h"`), low("absolute_lifetime", `"8760h"`)}, want: "idle_lifetime absolute_lifetime"},
		{
			name: "lifetimes are said", facts: []string{`rotation high "none"`, low("idle_lifetime", `"744h"`), low("absolute_lifetime", `"8760h"`)},
			said: policy{IdleLifetime: time.Hour, AbsoluteLifetime: time.Hour},
		},
		{name: "no lifetimes", facts: []string{`rotation high "none"`, low("idle_lifetime", `null`), low("absolute_lifetime", `null`)}},
		{name: "the earliest refresh", facts: []string{`rotation high "none"`, low("earliest_refresh", `"570s"`)}, want: "earliest_refresh"},
		{name: "the earliest refresh is said", facts: []string{`rotation high "none"`, low("earliest_refresh", `"570s"`)}, earliest: time.Second},
		{name: "the budget", facts: []string{`rotation high "none"`, low("error_budget", `{"limit":10,"window":"1h"}`)}, want: "error_budget"},
		{name: "the budget is said", facts: []string{`rotation high "none"`, low("error_budget", `{"limit":10,"window":"1h"}`)}, said: policy{ErrorBudget: credential.ErrorBudget{Limit: 2, Window: time.Hour}}},
		{name: "what nobody acts on, or can say", facts: []string{`rotation high "none"`, low("token_calls", `{"limit":10,"window":"1h"}`), low("access_token_lifetime", `"5m"`), low("send_scope_on_refresh", `false`)}},
	} {
		var members []string
		for _, f := range tt.facts {
			part := strings.SplitN(f, " ", 3)
			members = append(members, fmt.Sprintf(`%q:{"value":%s,"sources":["x"],"confidence":%q}`, part[0], part[2], part[1]))
		}
		e, err := Parse([]byte("{" + strings.Join(members, ",") + "}"))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := e.Doubtful(tt.said, tt.earliest); !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestDoubtfulPlatforms says which platforms that ship are in doubt. A new name here is a warning in every apply.
func TestDoubtfulPlatforms(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"auth0": "rotation", "datev": "rotation", "hydra": "rotation", "jira_data_center": "rotation", "keycloak": "rotation", "moneybird": "rotation",
		"okta": "rotation", "sage_accounting": "rotation idle_lifetime", "salesforce": "rotation", "stripe_connect": "rotation", "visma_connect": "rotation",
		"yuki": "rotation",
	}
	got := map[string]string{}
	for _, id := range IDs() {
		e, _ := Find(id)
		if names := e.Doubtful(credential.RefreshTokenPolicy{}, 0); names != nil && e.Usable() == nil {
			got[id] = strings.Join(names, " ")
		}
	}
	for _, id := range IDs() {
		if got[id] != want[id] {
			t.Errorf("%s: in doubt is %q, and want has %q: whoever uses it is warned of that in every apply. Where its facts are no surer, let want say so", id, got[id], want[id])
		}
	}
}
