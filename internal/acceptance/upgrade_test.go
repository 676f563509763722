//go:build unix && upgrade

package acceptance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// These need two builds of the provider as they ship: "make upgrade-test" makes them.
const (
	envOld     = "UPGRADE_OLD"     // the folder of an older build
	envNew     = "UPGRADE_NEW"     // and of this one
	envFixture = "UPGRADE_FIXTURE" // the folder to write a fixture into, with the build in UPGRADE_OLD
)

// releaseConfig is what any version from the first on can apply.
func releaseConfig(base string, refreshTokens map[string]string) string {
	clients := releaseClients()
	return `
provider "oauth" {
  allow_insecure_http = true
}
resource "oauth_app_registration" "app" {
  name           = "app"
  client_id      = "` + clients["registered"] + `"
  client_secret  = "` + clientSecret + `"
  token_endpoint = "` + base + `/token"
  revocation_endpoint = "` + base + `/revoke"
}
resource "oauth_token_pair" "registered" {
  name             = "registered"
  client           = oauth_app_registration.app.client
  preauthenticated = { refresh_token = "` + refreshTokens["registered"] + `" }
}
resource "oauth_token_pair" "brought" {
  name = "brought"
  client = {
    client_id           = "` + clients["brought"] + `"
    client_secret       = "` + clientSecret + `"
    token_endpoint      = "` + base + `/token"
    revocation_endpoint = "` + base + `/revoke"
  }
  preauthenticated = { refresh_token = "` + refreshTokens["brought"] + `" }
}
output "tokens" {
  value     = { for p in [oauth_token_pair.registered, oauth_token_pair.brought] : p.name => p.access_token }
  sensitive = true
}
`
}

// by makes later commands use the build in that folder.
func (w *workspace) by(variable string) {
	w.t.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		w.t.Fatalf("%s names no folder: run make upgrade-test", variable)
	}
	w.override(dir, "oauth")
}

// madeByOld is a workspace whose pairs the older build has made, in a folder unless on says where.
func madeByOld(t *testing.T, s *server, base string, on func(*workspace)) *workspace {
	t.Helper()
	tokens := map[string]string{}
	for name, id := range releaseClients() {
		tokens[name] = s.issueTo(id).RefreshToken
	}
	w := newWorkspace(t)
	w.env["OAUTH_TOKEN_STORE_KEY"] = releaseKey
	if on != nil {
		on(w)
	}
	if base == releaseHost {
		w.env["HTTP_PROXY"] = s.base
	}
	w.by(envOld)
	w.write(releaseConfig(base, tokens))
	w.apply()
	w.apply() // the first refresh
	return w
}

// TestUpgrade: an older build makes state and store, this build goes on with them, and where their formats are the same the older
// one can go on again.
func TestUpgrade(t *testing.T) {
	for store, on := range map[string]func(*workspace){
		"a folder":   nil,
		"PostgreSQL": func(w *workspace) { w.onPostgres(sharedPostgres(w.t)) },
	} {
		t.Run(store, func(t *testing.T) { backAndForth(t, on) })
	}
}

func backAndForth(t *testing.T, on func(*workspace)) {
	s := releaseServer(t, time.Now)
	w := madeByOld(t, s, s.base, on)
	before := w.generations()
	w.expectWorking(s, before, 0)
	w.plan() // discarded: the store is ahead of the state

	w.by(envNew)
	w.noChanges()
	w.apply()
	w.expectWorking(s, before, 3)

	w.by(envOld)
	before = w.generations()
	w.plan()
	w.apply()
	w.expectWorking(s, before, 2)

	w.by(envNew)
	before = w.generations()
	w.noChanges()
	w.apply()
	w.expectWorking(s, before, 2)
	w.ok("destroy", "-input=false", "-no-color", "-auto-approve")
	for _, f := range s.Current() {
		if f.RevokedBy != sandbox.RevokedByClient {
			t.Errorf("destroy has left %+v", f)
		}
	}
	if c := s.Counters(); c.ReuseDetected != 0 {
		t.Errorf("the server saw %d spent tokens again", c.ReuseDetected)
	}
}

// TestWriteFixture writes what a build leaves behind, for TestReleases.
func TestWriteFixture(t *testing.T) {
	dir := os.Getenv(envFixture)
	if _, err := os.Stat(dir); dir == "" || err == nil {
		t.Fatalf("the fixture %q has no name or is there already: one that is there is never changed", dir)
	}
	s := releaseServer(t, time.Now)
	w := madeByOld(t, s, releaseHost, nil)
	w.plan() // discarded
	left := leftBehind{Now: s.Now().UTC().Truncate(time.Second), RefreshTokens: map[string]string{}}
	for _, f := range s.Current() {
		left.RefreshTokens[f.ClientID] = f.RefreshToken
	}
	known, err := json.MarshalIndent(left, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "server.json"), string(known)+"\n")
	writeFile(t, filepath.Join(dir, "state.json"), strings.ReplaceAll(w.stateText(), "file://"+w.store, releaseStore))
	writeFile(t, filepath.Join(dir, "main.tf"), strings.TrimPrefix(readFile(t, filepath.Join(w.dir, "main.tf")), requiredProvider))
	copyTree(t, w.store, filepath.Join(dir, "store"))
	for _, kind := range []string{"*.lock", "*.rotating"} { // empty, and made anew
		locks, err := filepath.Glob(filepath.Join(dir, "store", "*", kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, lock := range locks {
			if err := os.Remove(lock); err != nil {
				t.Fatal(err)
			}
		}
	}
}
