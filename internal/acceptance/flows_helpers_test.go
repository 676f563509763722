//go:build unix

package acceptance_test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// this is the address of the token pair of most tests.
const this = "oauth_token_pair.this"

// values are attributes as JSON has them. A nil stands for null.
type values map[string]any

// expect compares some attributes of a resource in the state.
func (w *workspace) expect(address string, want values) {
	w.t.Helper()
	got := w.attributes(address)
	if got == nil {
		w.t.Errorf("the state holds no %s", address)
		return
	}
	for name, value := range want {
		if n, ok := value.(int); ok {
			value = float64(n)
		}
		if got[name] != value {
			w.t.Errorf("%s.%s is %v, want %v", address, name, got[name], value)
		}
	}
}

// text returns an attribute that is a string.
func (w *workspace) string(address, attribute string) string {
	w.t.Helper()
	text, ok := w.attributes(address)[attribute].(string)
	if !ok {
		w.t.Fatalf("the state holds no text in %s.%s", address, attribute)
	}
	return text
}

// expectLive checks that the state holds the refresh token that the server takes now, as the given generation.
func (w *workspace) expectLive(s *server, generation int) {
	w.t.Helper()
	w.expect(this, values{"status": "active", "generation": generation, "refresh_token": s.live().RefreshToken})
}

func (w *workspace) statePath() string { return filepath.Join(w.dir, "terraform.tfstate") }

// stateText is the state as it lies on disk, private state included.
func (w *workspace) stateText() string { return readFile(w.t, w.statePath()) }

// pushState puts an old copy of the state back.
func (w *workspace) pushState(text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "old.tfstate")
	writeFile(w.t, path, text)
	w.ok("state", "push", "-force", path)
}

// loseState removes the state.
func (w *workspace) loseState() {
	w.t.Helper()
	if err := os.Remove(w.statePath()); err != nil {
		w.t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// outputs returns the outputs of the state, the sensitive ones too.
func (w *workspace) outputs() values {
	w.t.Helper()
	var outputs map[string]struct{ Value any }
	if err := json.Unmarshal([]byte(w.ok("output", "-json").stdout), &outputs); err != nil {
		w.t.Fatal(err)
	}
	got := values{}
	for name, o := range outputs {
		got[name] = o.Value
	}
	return got
}

// moveStore makes the workspace use another token store.
func (w *workspace) moveStore(dir string) {
	w.store = dir
	w.env["OAUTH_TOKEN_STORE"] = "file://" + dir
}

// copyStore copies the token store, as a backup does.
func (w *workspace) copyStore(to string) {
	w.t.Helper()
	copyTree(w.t, w.store, to)
}

// restoreStore puts a copy in the place of the token store.
func (w *workspace) restoreStore(from string) {
	w.t.Helper()
	w.loseStore()
	copyTree(w.t, from, w.store)
}

func (w *workspace) loseStore() {
	w.t.Helper()
	if err := os.RemoveAll(w.store); err != nil {
		w.t.Fatal(err)
	}
}

func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Mkdir(filepath.Join(to, rel), 0o700)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// findIn returns the files below dir that hold the text, as it is or inside of a saved plan.
func findIn(t testing.TB, dir, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if strings.Contains(readFile(t, path)+unzipped(t, path), text) {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// unzipped is what lies in a saved plan besides the configuration; nothing for other files.
func unzipped(t testing.TB, path string) string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		return ""
	}
	defer archive.Close()
	var all strings.Builder
	for _, f := range archive.File {
		if strings.HasPrefix(f.Name, "tfconfig/") {
			continue
		}
		r, err := f.Open()
		if err == nil {
			_, err = io.Copy(&all, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// expectIn checks that a file below dir holds the text, or that none does.
func expectIn(t testing.TB, dir, what, text string, want bool) {
	t.Helper()
	if text == "" {
		t.Fatalf("there is no %s to look for", what)
	}
	if found := findIn(t, dir, text); (len(found) > 0) != want {
		t.Errorf("%s below %s: found in %v, want found: %t", what, dir, found, want)
	}
}

// replace changes main.tf, as a person with an editor does.
func (w *workspace) replace(old, with string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "main.tf")
	text := readFile(w.t, path)
	if strings.Count(text, old) != 1 {
		w.t.Fatalf("main.tf holds %q %d times, want once", old, strings.Count(text, old))
	}
	writeFile(w.t, path, strings.Replace(text, old, with, 1))
}

// applySaved applies a saved plan.
func (w *workspace) applySaved(path string) result {
	w.t.Helper()
	return w.ok("apply", "-input=false", "-no-color", path)
}

// calls checks what the server was asked in all. What is not named was asked 0 times; refreshes and reuse come first.
type calls struct{ refreshes, reuse, exchanges, revocations, tokenRequests int }

// expectCalls compares every counter that a flow may move. tokenRequests of zero stands for the sum of the others.
func (s *server) expectCalls(want calls) {
	s.t.Helper()
	c := s.Counters()
	if want.tokenRequests == 0 {
		want.tokenRequests = want.refreshes + want.exchanges
	}
	got := calls{c.Refreshes, c.ReuseDetected, c.Exchanges, c.Revocations, c.TokenRequests}
	if got != want {
		s.t.Errorf("the server counted %+v; want %+v\nlog: %+v", got, want, s.Log())
	}
}

// family returns the authorization that a token pair belongs to, the first being 0.
func (s *server) family(n, of int) sandbox.Family {
	s.t.Helper()
	families := s.Current()
	if len(families) != of {
		s.t.Fatalf("the server knows %d authorizations, want %d", len(families), of)
	}
	return families[n]
}

// reader is a configuration that another team has: it uses the token pair by its name.
func reader(name, more string) string {
	return fmt.Sprintf(`
data "oauth_access_token" "x" {
  token_pair = %q
  %s
}
output "access_token" {
  value     = data.oauth_access_token.x.access_token
  sensitive = true
}
`, name, more)
}

// registration is an app registration "this". more are further attributes.
func (s *server) registration(name, more string) string {
	return fmt.Sprintf(`
resource "oauth_app_registration" "this" {
  name                   = %q
  client_id              = %q
  client_secret          = %q
  authorization_endpoint = "%[4]s/authorize"
  token_endpoint         = "%[4]s/token"
  revocation_endpoint    = "%[4]s/revoke"
  redirect_uris          = [%[5]q]
  %[6]s
}
`, name, clientID, clientSecret, s.base, redirectURI, more)
}

// secretlessPair is a token pair "this" whose secrets are all write-only.
func (s *server) secretlessPair(name, refreshToken string, version int) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = %q
  client = {
    client_id                = %q
    client_secret_wo         = %q
    client_secret_wo_version = 1
    token_endpoint           = "%[4]s/token"
    revocation_endpoint      = "%[4]s/revoke"
  }
  preauthenticated = {
    refresh_token_wo         = %[5]q
    refresh_token_wo_version = %[6]d
  }
}
`, name, clientID, clientSecret, s.base, refreshToken, version)
}

// waitHeld waits until the server holds n requests.
func (s *server) waitHeld(n int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.WaitHeld(ctx, n); err != nil {
		s.t.Fatalf("the server does not hold %d requests: %v", n, err)
	}
}

// codePair is a token pair "this" that a person authorizes. grant is the body of its authorization_code.
func (s *server) codePair(name, grant string) string {
	return fmt.Sprintf(`
resource "oauth_token_pair" "this" {
  name   = %q
  client = %s
  authorization_code = {
    redirect_uri = %q
    %s
  }
}
`, name, s.client(strict), redirectURI, grant)
}

// revoke ends every authorization as an administrator of the server would.
func (s *server) revoke() {
	s.t.Helper()
	if _, err := s.RevokeFamily(sandbox.Revocation{All: true}); err != nil {
		s.t.Fatal(err)
	}
}

// expectSecretAbsent checks that neither the state nor a plan below the workspace holds the secret.
func expectSecretAbsent(t testing.TB, w *workspace, what, secret string) {
	t.Helper()
	for _, path := range findIn(t, w.dir, secret) {
		if filepath.Base(path) != "main.tf" {
			t.Errorf("the %s is in %s", what, path)
		}
	}
}

// plannedChange is what a saved plan does to a resource.
func (w *workspace) plannedChange(path, address string) (change struct {
	After        values
	AfterUnknown values `json:"after_unknown"`
}) {
	w.t.Helper()
	var plan struct {
		ResourceChanges []struct {
			Address string
			Change  json.RawMessage
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(w.ok("show", "-json", path).stdout), &plan); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range plan.ResourceChanges {
		if r.Address == address {
			if err := json.Unmarshal(r.Change, &change); err != nil {
				w.t.Fatal(err)
			}
			return change
		}
	}
	w.t.Fatalf("the plan does not change %s", address)
	return change
}
