//go:build unix

package acceptance_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// The password in the URL of a store is where the page on security says: in plans, unless Terraform is not to keep the URL.
func TestPasswordOfTheStore(t *testing.T) {
	t.Parallel()
	const password = "planted-password"
	variable := func(kind string) string { return "variable \"store\" {\n  type = string\n  " + kind + "\n}\n" }
	provider := func(more string) string {
		return "provider \"oauth\" {\n  secrets_in_state = false\n  " + more + "\n}\n"
	}
	for name, tt := range map[string]struct {
		config string // URL is where it is written out
		want   []string
	}{
		"input variable":     {variable("sensitive = true") + provider("token_store = var.store"), []string{"plan", "plan-json"}},
		"ephemeral variable": {variable("ephemeral = true") + provider("token_store = var.store"), nil},
		"written out":        {provider(`token_store = "URL"`), []string{"file", "plan", "plan-json"}}, // the configuration
		"environment":        {provider(""), nil},
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
			if l.w.env["OAUTH_TOKEN_STORE"] = u.String(); name != "environment" {
				delete(l.w.env, "OAUTH_TOKEN_STORE")
				l.set("store", u.String())
			}
			l.w.write(strings.Replace(tt.config, "URL", u.String(), 1) + l.s.secretlessPair("crm", l.s.issue().RefreshToken, 1))
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
