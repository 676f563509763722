//go:build unix

package acceptance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
)

const (
	storeKeyToo = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33"
	storeKey    = "AGE-SECRET-KEY-1T4GASQMYV2KLW8H8G88F8S783ZU2922FCRE2NULA7K4GS0A9HKEQ8NJZWJ"
	wrongSecret = "another/+%Secret that is wrong"
	idToken     = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzb21lYm9keSJ9.signature-of-the-id-token"
	sessionKey  = "session-key/+%that is an extra member"
)

// life is a whole life of credentials, with all that the runs left behind.
type life struct {
	t       *testing.T
	s       *server
	w       *workspace
	runs    int
	left    []artefact
	needles []needle
}

func newLife(t *testing.T) *life {
	t.Helper()
	l := &life{t: t, s: newServer(t, func(s *sandbox.Settings) { s.Nonces = sandbox.NonceStable }), w: newWorkspace(t)}
	l.traced()
	for name, value := range map[string]string{
		"TF_VAR_client_secret": clientSecret, "TF_VAR_secret_version": "1", "TF_VAR_callback_version": "0", "TF_VAR_brought": l.s.issue().RefreshToken,
		"TF_VAR_store_key": storeKey,
	} {
		l.w.env[name] = value
	}
	l.needles = []needle{{"wrong client secret", wrongSecret}, {"id_token", idToken}, {"extra member", sessionKey}, {"store key", storeKey}}
	return l
}

// traced has all logs written that there are.
func (l *life) traced() {
	for _, name := range []string{"TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO"} {
		l.w.env[name] = "TRACE"
	}
	l.w.env["TF_LOG_PATH"] = filepath.Join(filepath.Dir(l.w.dir), "trace.log")
}

// run runs a command, which ends well or not, and keeps what it printed and the state that it left.
func (l *life) run(wantOK bool, args ...string) result {
	l.t.Helper()
	l.runs++
	r := l.w.terraform(args...)
	if (r.code == 0) != wantOK {
		l.t.Fatalf("terraform %s exited with %d:\n%s\n%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	name := fmt.Sprintf("%d: %s", l.runs, strings.Join(args, " "))
	kind := "output"
	if args[0] == "show" || args[0] == "output" {
		kind = "shown"
	}
	l.keep(kind, name+" (stdout)", []byte(r.stdout))
	l.keep("output", name+" (stderr)", []byte(r.stderr))
	if text, err := os.ReadFile(l.w.statePath()); err == nil {
		l.keep("state", name+" (state)", text)
	}
	return r
}

func (l *life) keep(kind, name string, content []byte) {
	l.left = append(l.left, artefact{kind, name, content})
}

func (l *life) apply() result {
	l.t.Helper()
	return l.run(true, "apply", "-input=false", "-no-color", "-auto-approve")
}

func (l *life) plan(more ...string) result {
	l.t.Helper()
	return l.run(true, append([]string{"plan", "-input=false", "-no-color"}, more...)...)
}

// set sets an input variable of the configuration. No file holds it.
func (l *life) set(name, value string) { l.w.env["TF_VAR_"+name] = value }

// noteVerifiers takes down the PKCE verifiers that wait in the store, which no server ever issued, and the keys of DPoP.
func (l *life) noteVerifiers(name string) {
	l.t.Helper()
	pending, ok := l.record(name).NewestPending()
	if !ok || pending.Verifier.IsEmpty() {
		l.t.Fatalf("no authorization of %s is pending", name)
	}
	l.needles = append(l.needles, needle{"PKCE verifier", pending.Verifier.Reveal()})
	l.noteKey(pending.ProofKey)
}

// noteKey takes down the private part of a key, which every form of it has.
func (l *life) noteKey(key secret.String) {
	l.t.Helper()
	var jwk struct{ D string }
	if err := json.Unmarshal([]byte(key.Reveal()), &jwk); err != nil || jwk.D == "" {
		l.t.Fatalf("there is no key: %v", err)
	}
	l.needles = append(l.needles, needle{"DPoP key", jwk.D})
}

// record reads what the store holds.
func (l *life) record(name string) credential.Record {
	l.t.Helper()
	return recordAt(l.t, l.w.store, storeKey, credential.PairKey(name))
}

// recordAt reads what a folder holds, sealed or not.
func recordAt(t *testing.T, dir, storeKey, key string) credential.Record {
	t.Helper()
	entry, err := storeAt(t, dir, storeKey).Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	record, err := credential.DecodeRecord(entry.Value)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func listAt(t *testing.T, dir, storeKey, kind string) []string {
	t.Helper()
	keys, err := storeAt(t, dir, storeKey).List(t.Context(), kind)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func storeAt(t *testing.T, dir, storeKey string) *seal.Store {
	t.Helper()
	inner, err := filestore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var keys seal.Keyring
	if storeKey != "" {
		if keys, err = seal.ParseKeys(secret.New(storeKey)); err != nil {
			t.Fatal(err)
		}
	}
	return seal.NewStore(inner, keys, bytes.NewReader(nil))
}

// quote plants a refusal whose words quote what the request held.
func (l *life) quote(code, refreshToken string) {
	l.t.Helper()
	body, err := json.Marshal(map[string]string{
		"error": code, "error_uri": "https://as.example.com/help?token=" + url.QueryEscape(refreshToken),
		"error_description": fmt.Sprintf("the token %s of the client with %s is of no use; that is %s", refreshToken, clientSecret, url.QueryEscape(refreshToken)),
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.s.fault(sandbox.Fault{Action: sandbox.ActionStatus, Status: 400, Body: string(body)})
}

// finish collects the rest and returns all that is left behind, and all that must not be found in it.
func (l *life) finish() ([]artefact, []needle) {
	l.t.Helper()
	for n, s := range l.s.Secrets() {
		l.needles = append(l.needles, needle{fmt.Sprintf("%s %d of the server", s.Kind, n), s.Value})
	}
	dir := filepath.Dir(l.w.dir)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		kind := "file"
		switch {
		case strings.HasPrefix(filepath.Base(path), "terraform.tfstate"), strings.HasSuffix(path, ".tfstate"):
			kind = "state"
		case strings.HasSuffix(path, ".plan"):
			kind = "plan"
		}
		l.keep(kind, strings.TrimPrefix(path, dir+"/"), []byte(readFile(l.t, path)))
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return l.left, l.needles
}

// configuration is all kinds of resources, their secrets in write-only arguments.
func (l *life) configuration(consumers string) string {
	var variables strings.Builder
	for _, name := range []string{"client_secret", "callback_url", "brought", "store_key"} {
		fmt.Fprintf(&variables, "variable %q {\n  type      = string\n  default   = null\n  sensitive = true\n  ephemeral = true\n}\n", name)
	}
	return fmt.Sprintf(`%[1]s
variable "secret_version" { type = number }
variable "callback_version" { type = number }
provider "oauth" {
  secrets_in_state = false
  token_store_key  = var.store_key
}
resource "oauth_app_registration" "app" {
  name                   = "app"
  client_id              = %[2]q
  client_secret_wo       = var.client_secret
  client_secret_wo_version = var.secret_version
  authorization_endpoint = "%[3]s/authorize"
  token_endpoint         = "%[3]s/token"
  revocation_endpoint    = "%[3]s/revoke"
  redirect_uris          = [%[4]q]

  dpop_bound_access_tokens = true
}
resource "oauth_token_pair" "code" {
  name               = "code"
  client             = oauth_app_registration.app.client
  authorization_code = {
    callback_url_wo = var.callback_url
    callback_url_wo_version = var.callback_version
  }
}
resource "oauth_token_pair" "brought" {
  name             = "brought"
  client           = oauth_app_registration.app.client
  preauthenticated = {
    refresh_token_wo = var.brought
    refresh_token_wo_version = 1
  }
}
data "oauth_token_pair" "code" {
  name = oauth_token_pair.code.id
}
output "history" {
  value = data.oauth_token_pair.code.history
}
%[5]s
`, variables.String(), clientID, l.s.base, redirectURI, consumers)
}

// live goes through all that may happen to a credential.
func (l *life) live() {
	t, s, w := l.t, l.s, l.w
	l.apply().mustSay(t, "Authorization Required")
	l.noteVerifiers("code")

	l.set("callback_url", "https://app.example.com/callback?code=never-issued-by-anybody%2B&state=not-pending")
	l.set("callback_version", "1")
	l.needles = append(l.needles, needle{"foreign code", "never-issued-by-anybody+"})
	l.run(false, "apply", "-input=false", "-no-color", "-auto-approve").mustSay(t, "not one that is waiting")

	l.set("callback_url", s.consent(w.string("oauth_token_pair.code", "authorization_url")))
	l.set("callback_version", "2")
	l.plan("-out=authorize.plan")
	l.run(true, "show", "-json", "authorize.plan")
	l.run(true, "show", "-no-color", "authorize.plan")
	l.run(true, "apply", "-input=false", "-no-color", "authorize.plan")

	// A refresh whose reply brings more than tokens, and one whose reply is broken.
	s.fault(sandbox.Fault{Action: sandbox.ActionMutate, Set: map[string]json.RawMessage{
		"id_token": json.RawMessage(fmt.Sprintf("%q", idToken)), "session_key": json.RawMessage(fmt.Sprintf("%q", sessionKey)),
	}})
	s.fault(sandbox.Fault{Action: sandbox.ActionMutate, Set: map[string]json.RawMessage{"broken": json.RawMessage(`{"half`)}})
	s.later(time.Hour, w)
	l.plan("-out=refresh.plan")
	l.run(true, "apply", "-input=false", "-no-color", "refresh.plan")
	l.run(true, "show", "-json")
	l.run(true, "output", "-json")

	// Refusals that quote the request.
	s.later(2*time.Hour, w)
	l.quote("invalid_request", s.Current()[1].RefreshToken)
	l.plan("-target=oauth_token_pair.code", "-out=refused.plan").mustSay(t, "Token Pair Not Refreshed")
	l.set("client_secret", wrongSecret)
	l.set("secret_version", "2")
	l.apply()
	s.later(time.Hour, w)
	l.run(false, "plan", "-input=false", "-no-color").mustSay(t, "does not accept the client")
	l.set("client_secret", clientSecret)
	l.set("secret_version", "3")
	l.apply()
	s.later(time.Hour, w)
	l.quote("invalid_grant", s.Current()[1].RefreshToken)
	l.plan("-target=oauth_token_pair.code").mustSay(t, "no longer works")
	l.noteVerifiers("code")
	l.noteKey(l.record("brought").Tokens.ProofKey)

	l.run(true, "state", "rm", "oauth_token_pair.brought")
	l.run(true, "import", "-input=false", "-no-color", "oauth_token_pair.brought", "brought")
	l.run(true, "destroy", "-input=false", "-no-color", "-auto-approve")
}

// mustBeWhole checks that the search looks at what it is meant to, and that no process broke down.
func mustBeWhole(t *testing.T, left []artefact) {
	t.Helper()
	found := map[string]int{}
	for _, a := range left {
		found[a.kind]++
		for _, sign := range []string{"panic: ", "fatal error: ", "DATA RACE", "goroutine 1 ["} {
			if bytes.Contains(a.content, []byte(sign)) {
				t.Errorf("%s tells of a crash: %q", a.name, sign)
			}
		}
		if a.name == "trace.log" {
			for _, line := range []string{"Calling provider defined Resource ModifyPlan", "Received request", "refresh answered", "[TRACE]", "[DEBUG]"} {
				if !bytes.Contains(a.content, []byte(line)) {
					t.Errorf("the log is not as detailed as it should be: it lacks %q", line)
				}
			}
		}
	}
	for _, kind := range []string{"output", "shown", "state", "plan", "file"} {
		if found[kind] == 0 {
			t.Errorf("nothing of kind %s was searched", kind)
		}
	}
}

// With secrets_in_state = false and a sealed store, no secret is found anywhere, the store and the state included.
func TestNoSecretIsLeftBehind(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	mark := filepath.Join(t.TempDir(), "mark") // holds the bearer of the proxy
	l.w.consumes().writeConsumer(l.configuration(`
ephemeral "oauth_access_token" "code" {
  token_pair         = oauth_token_pair.code.id
  allow_unauthorized = true
}
` + strings.Replace(l.s.proxied("brought", "1ms", mark), `"brought"`, "oauth_token_pair.brought.id", 1)))
	l.live()
	l.needles = append(l.needles, needle{"bearer of the proxy", strings.Fields(readFile(t, mark))[2]})
	left, needles := l.finish()
	mustBeWhole(t, left)
	look := newSearcher(t, needles)
	mustFindPlanted(t, look, left, needles)
	report(t, look.search(t, left...))
}
