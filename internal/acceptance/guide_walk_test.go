//go:build unix

package acceptance_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// guided is a workspace whose presets lead to a sandbox that behaves like a platform, and knows the client of the guides.
func guided(t *testing.T, profile string) (*server, *workspace) {
	t.Helper()
	s := startServer(t, sandbox.Options{
		Profile: profile, Clients: []sandbox.Client{{ID: exampleClient, Secret: clientSecret, RedirectURIs: []string{redirectURI}}},
	}, sandbox.Listen{})
	w := newWorkspace(t)
	w.env[envPresets] = s.base
	w.env["TF_VAR_client_id"], w.env["TF_VAR_client_secret"] = exampleClient, clientSecret
	return s, w
}

const (
	adoptToken      = "guides/adopt-credentials/refresh-token"
	adoptCode       = "guides/adopt-credentials/code"
	anyServer       = "guides/any-server/credential"
	clientByKey     = "guides/client-authentication/private-key"
	clientByCert    = "guides/client-authentication/certificate"
	exactCredential = "guides/exact-online-pipeline/credential"
	exactConsumer   = "guides/exact-online-pipeline/consumer"
	firstCredential = "guides/first-authorization/credential"
	strategies      = "guides/refresh-strategies/strategies"
	window          = "guides/refresh-window/credential"
)

// guideExample is the configuration in a folder below examples/guides.
func guideExample(t *testing.T, dir string) string {
	t.Helper()
	return readFile(t, filepath.Join(exampleDir, filepath.FromSlash(dir), "main.tf"))
}

// The guide to a nightly pipeline, from the registration of the app through five weeks, of which each has one night here.
func TestExactPipelineGuide(t *testing.T) {
	t.Parallel()
	s, w := guided(t, "exact_online")
	writeFile(t, filepath.Join(w.dir, "main.tf"), guideExample(t, exactCredential))
	w.apply()
	url, _ := w.outputs()["authorization_url"].(string)
	w.env["TF_VAR_callback_url"] = s.consent(url)
	w.apply()
	delete(w.env, "TF_VAR_callback_url")
	const nights = 5 // longer, in all, than a refresh token lives unused
	for range nights {
		s.later(7*24*time.Hour, w)
		w.apply()
	}
	w.expect("oauth_token_pair.exact", values{"status": "active", "generation": nights + 1})
	s.expectCalls(calls{exchanges: 1, refreshes: nights})
}

// The Microsoft half of the guide on strategies: each run refreshes, once.
func TestEveryReadGuide(t *testing.T) {
	t.Parallel()
	s, w := guided(t, "microsoft")
	block, _, ok := strings.Cut(guideExample(t, strategies), "# Salesforce tells")
	if !ok {
		t.Fatal("the guide's example has changed")
	}
	block = strings.ReplaceAll(block, `"00000000-0000-0000-0000-000000000000"`, `"`+exampleClient+`"`)
	writeFile(t, filepath.Join(w.dir, "main.tf"), block)
	w.apply()
	callback := attribute("callback_url", s.consent(w.string("oauth_token_pair.microsoft", "authorization_url")))
	writeFile(t, filepath.Join(w.dir, "main.tf"), strings.Replace(block, `"offline_access"]`, `"offline_access"]`+"\n    "+callback, 1))
	w.apply()
	for range 3 {
		w.plan()
	}
	w.expect("oauth_token_pair.microsoft", values{"status": "active"})
	s.expectCalls(calls{exchanges: 1, refreshes: 3})
}

// The guide on adopting: tokens that were obtained days ago, and a code that another tool has got.
func TestAdoptGuide(t *testing.T) {
	t.Parallel()
	ids := strings.NewReplacer(`"00000000-0000-0000-0000-000000000000"`, `"`+exampleClient+`"`, "https://app.example.com/callback", redirectURI)
	const pair = "oauth_token_pair.teamleader"

	s, w := guided(t, "teamleader")
	issued, err := s.Issue(exampleClient)
	if err != nil {
		t.Fatal(err)
	}
	s.later(5*24*time.Hour, w)
	w.env["TF_VAR_refresh_token"] = issued.RefreshToken
	writeFile(t, filepath.Join(w.dir, "main.tf"), ids.Replace(guideExample(t, adoptToken)))
	w.apply()
	for range 3 {
		s.later(24*time.Hour, w)
		w.apply()
	}
	w.expect(pair, values{"status": "active", "generation": 5})
	s.expectCalls(calls{refreshes: 4})

	s, w = guided(t, "teamleader")
	w.env["TF_VAR_code"] = s.foreignCode()
	writeFile(t, filepath.Join(w.dir, "main.tf"), ids.Replace(guideExample(t, adoptCode)))
	w.apply()
	delete(w.env, "TF_VAR_code")
	s.later(24*time.Hour, w)
	w.apply()
	w.expect(pair, values{"status": "active", "generation": 2})
	s.expectCalls(calls{exchanges: 1, refreshes: 1})
}

// foreignCode is a code that another tool has got for the client of the guides, and has not used.
func (s *server) foreignCode() string {
	s.t.Helper()
	callback, err := url.Parse(s.consent(s.base + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {exampleClient}, "redirect_uri": {redirectURI}, "state": {"another tool's"},
	}.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	return callback.Query().Get("code")
}
