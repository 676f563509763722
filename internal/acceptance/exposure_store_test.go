//go:build unix

package acceptance_test

import (
	"maps"
	"net/url"
	"slices"
	"testing"
)

// The password in the URL of a store is where the page on security says: in plans, unless Terraform is not to keep the URL.
func TestPasswordOfTheStore(t *testing.T) {
	t.Parallel()
	const password = "planted-password"
	for name, tt := range map[string]struct {
		variable string // what stands in its block; empty: the environment has the URL
		want     []string
	}{
		"input variable":     {"sensitive = true", []string{"plan", "plan-json"}},
		"ephemeral variable": {"ephemeral = true", nil},
		"environment":        {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &life{t: t, s: newServer(t, nil), w: newWorkspaceOn(t, cliWith(t, writeOnlyArguments))}
			l.traced()
			u, err := url.Parse(l.w.onPostgres(sharedPostgres(t)).url)
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.UserPassword(u.User.Username(), password)
			l.w.env["OAUTH_TOKEN_STORE"] = u.String()
			config := "provider \"oauth\" {\n}\n"
			if tt.variable != "" {
				delete(l.w.env, "OAUTH_TOKEN_STORE")
				l.set("store", u.String())
				config = "variable \"store\" {\n  type = string\n  " + tt.variable + "\n}\nprovider \"oauth\" {\n  token_store = var.store\n}\n"
			}
			l.w.write(config + l.s.secretlessPair("crm", l.s.issue().RefreshToken, 1))
			l.plan("-out=first.plan")
			l.run(true, "show", "-json", "first.plan")
			l.run(true, "apply", "-input=false", "-no-color", "first.plan")
			l.run(true, "show", "-json")

			left, _ := l.finish()
			mustBeWhole(t, left)
			look, found := newSearcher(t, []needle{{"password", password}}), map[string]bool{}
			for _, a := range left {
				if len(look.search(t, a)) > 0 {
					found[exposedAt(a, "")] = true
				}
			}
			if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, tt.want) {
				t.Errorf("found in %q, want %q", got, tt.want)
			}
		})
	}
}
