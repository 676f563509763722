package platform

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGuides: each fact has a guide, in the order of the data, whose example is taken as it stands, and which names every value.
func TestGuides(t *testing.T) {
	t.Parallel()
	var facts, guides []string
	for _, f := range (Facts{}).All() {
		facts = append(facts, f.Name)
	}
	known := Custom()
	known.ID = "x" // without a platform an issuer is refused
	known.TokenEndpoint.set("https://as.example.com/")
	for _, g := range Guides() {
		guides = append(guides, g.Name)
		e, err := known.Override(`{"` + g.Name + `":` + g.Form + `}`)
		if err == nil {
			_, err = e.Preset(nil)
		}
		if err != nil {
			t.Errorf("%s: %v", g.Name, err)
		}
		if g.Meaning == "" || strings.HasSuffix(g.Meaning, ".") || strings.HasSuffix(g.Allowed, ".") {
			t.Errorf("%s: a meaning and values are clauses: %q, %q", g.Name, g.Meaning, g.Allowed)
		}
	}
	if !slices.Equal(facts, guides) {
		t.Errorf("facts\n%q, guides\n%q", facts, guides)
	}
	if g := GuideTo("rotation"); g.Form != `"single_use"` || g.NoNull != `"none"` ||
		g.Allowed != "one of none, new_old_valid, server_decides, single_use, single_use_grace, until_successor_used, app_setting" {
		t.Errorf("%+v", g)
	}
	if g := GuideTo("nothing"); g != (Guide{}) {
		t.Errorf("%+v", g)
	}
}

// TestPageTexts: what single pages say, and must not say.
func TestPageTexts(t *testing.T) {
	t.Parallel()
	const (
		overridden = "Any of them can be overridden in the client"
		guide      = "[Facts of platforms](facts-of-platforms.md)"
		grace      = "| Grace, where the app rotates (at least) |"
		yourApp    = "Say what holds for your app in `refresh_token_policy.rotation`."
	)
	for name, tt := range map[string]struct{ says, not []string }{
		"platform-snelstart":        {[]string{guide}, []string{overridden}},
		"platform-basecone":         {nil, []string{overridden}},
		"platform-exact-online":     {[]string{overridden, guide}, nil},
		"platform-visma-connect":    {[]string{grace + " 5 seconds |", yourApp}, []string{"… for"}},
		"platform-yuki":             {[]string{grace + " 5 seconds |"}, []string{"… for"}},
		"platform-okta":             {[]string{grace + " 30 seconds |"}, []string{"… for"}},
		"platform-xero":             {[]string{"| … for | 30 minutes |"}, []string{grace}},
		"platform-moneybird":        {[]string{"Find out what holds, and say it in `refresh_token_policy.rotation`."}, []string{"for your app"}},
		"platform-atlassian":        {nil, []string{"Platform Facts to Confirm"}},
		"any-server":                {[]string{guide}, []string{"jsonencode({ issuer"}},
		"facts-of-platforms":        {[]string{"used only where the reply does not tell", `refused: write "none"`, "`error_budget`", "limit from 2 to 1000, window from 1m to 24h"}, nil},
		"single-use-refresh-tokens": {[]string{"could be wrong in a way that costs something"}, nil},
	} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range tt.says {
			if !strings.Contains(string(text), words) {
				t.Errorf("%s does not say %q", name, words)
			}
		}
		for _, words := range tt.not {
			if strings.Contains(string(text), words) {
				t.Errorf("%s says %q", name, words)
			}
		}
	}
}
