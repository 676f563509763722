//go:build unix

package acceptance_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const (
	// releases holds what released builds have left behind: a state and a token store each, and what their server knew. None is ever
	// changed; "make release-fixture" adds one.
	releases = "testdata/releases"
	// releaseHost is the server in all of them. Nobody answers there: requests go through a proxy, which is the sandbox.
	releaseHost = "http://login.example.test"
	// releaseStore stands for the folder of the store in their states.
	releaseStore = "file:///tokens"
	releaseKey   = "AGE-SECRET-KEY-1S6G0Q9F27JNGUUC9XZZ7QG855LKGZFY3LMUPRVQMWZ2GTGHNW5FQ60W6QM"
)

// leftBehind is what the server of a fixture knew at the end.
type leftBehind struct {
	Now           time.Time         `json:"now"`
	RefreshTokens map[string]string `json:"refresh_tokens"` // by client_id
}

// releaseClients have a family each, by the pair that has it.
func releaseClients() map[string]string {
	return map[string]string{"brought": "client-brought", "registered": "client-registered"}
}

// releaseServer is the sandbox of these configurations. An access token lives so shortly that every run refreshes.
func releaseServer(t testing.TB, now func() time.Time) *server {
	t.Helper()
	var clients []sandbox.Client
	for _, id := range releaseClients() {
		clients = append(clients, sandbox.Client{ID: id, Secret: clientSecret})
	}
	settings := sandbox.DefaultSettings()
	settings.AccessTokenLifetime = 25 * time.Second
	return startServer(t, sandbox.Options{Clients: clients, Settings: settings, Now: now, Issuer: releaseHost}, sandbox.Listen{})
}

// generations are those of the pairs in the state.
func (w *workspace) generations() map[string]int64 {
	w.t.Helper()
	all := map[string]int64{}
	for name := range releaseClients() {
		g, ok := w.attributes("oauth_token_pair." + name)["generation"].(float64)
		if !ok {
			w.t.Fatalf("the state has no pair %q:\n%s", name, w.stateText())
		}
		all[name] = int64(g)
	}
	return all
}

// expectWorking checks after a run that each pair went on by so many generations, that the server knows nothing of reuse, and that
// the tokens in the state are the ones that work.
func (w *workspace) expectWorking(s *server, before map[string]int64, by int64) {
	w.t.Helper()
	for name, g := range w.generations() {
		if g != before[name]+by {
			w.t.Errorf("%s has generation %d and had %d", name, g, before[name])
		}
	}
	if c := s.Counters(); c.ReuseDetected != 0 {
		w.t.Errorf("the server saw %d spent tokens again", c.ReuseDetected)
	}
	for _, f := range s.Current() {
		name := "brought"
		if f.ClientID == releaseClients()["registered"] {
			name = "registered"
		}
		at := w.attributes("oauth_token_pair." + name)
		if f.Revoked || f.RefreshToken == "" || at["refresh_token"] != f.RefreshToken || at["status"] != "active" {
			w.t.Errorf("%s is %v in the state, and at the server %+v", name, at["status"], f)
		}
		if at["access_token"] == "" || f.LiveAccessTokens == 0 {
			w.t.Errorf("%s has no access token that lives", name)
		}
	}
}

// noChanges plans, and fails if any object is to be changed. An output that holds an access token does change.
func (w *workspace) noChanges() {
	w.t.Helper()
	w.plan().mustNotSay(w.t, "will be created", "will be updated", "must be replaced", "will be destroyed", "will be read during apply")
}

// TestReleases: whatever a release has left behind, this build goes on with it.
func TestReleases(t *testing.T) {
	t.Parallel()
	fixtures, err := filepath.Glob(releases + "/*/server.json")
	if err != nil || len(fixtures) == 0 {
		t.Fatalf("there are no fixtures: %v", err)
	}
	listed := readFile(t, releases+"/SHA256SUMS")
	for line := range strings.Lines(listed) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(readFile(t, filepath.Join(releases, name))))); got != sum {
			t.Errorf("the fixture %s is not what it was", name)
		}
	}
	for _, fixture := range fixtures {
		dir := filepath.Dir(fixture)
		if !strings.Contains(listed, filepath.Base(dir)+"/server.json") {
			t.Errorf("%s is not listed in SHA256SUMS", dir)
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			var left leftBehind
			if err := json.Unmarshal([]byte(readFile(t, fixture)), &left); err != nil {
				t.Fatal(err)
			}
			later := left.Now.Add(time.Hour)
			start := time.Now()
			s := releaseServer(t, func() time.Time { return later.Add(time.Since(start)) })
			for id, token := range left.RefreshTokens {
				if err := s.Plant(id, token); err != nil {
					t.Fatal(err)
				}
			}
			w := newWorkspace(t)
			w.env["OAUTH_TOKEN_STORE_KEY"], w.env["HTTP_PROXY"] = releaseKey, s.base
			w.advance(later.Sub(start))
			copyTree(t, filepath.Join(dir, "store"), w.store)
			state := strings.ReplaceAll(readFile(t, filepath.Join(dir, "state.json")), releaseStore, "file://"+w.store)
			writeFile(t, w.statePath(), state)
			w.write(readFile(t, filepath.Join(dir, "main.tf")))
			before := w.generations()

			w.noChanges()
			w.apply()
			// The release's last plan was discarded, so its store was one ahead; then a refresh by each of the two runs here.
			w.expectWorking(s, before, 3)
			if c := s.Counters(); c.Refreshes != 2*len(left.RefreshTokens) {
				t.Errorf("%d refreshes", c.Refreshes)
			}
		})
	}
}
