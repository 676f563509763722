//go:build unix

package acceptance_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// exposed is one life of a credential in each mode, all in one configuration.
type exposed struct {
	*life
	found map[string]map[string]bool // places, by the name of a needle: mode and kind
}

func exposedSecret(mode string) string { return mode + "'s secret/+%" }

func newExposed(t *testing.T) *exposed {
	settings := sandbox.DefaultSettings()
	settings.Nonces = sandbox.NonceStable
	o := sandbox.Options{Settings: settings}
	for _, m := range exposureModes {
		o.Clients = append(o.Clients, sandbox.Client{ID: m.name, Secret: exposedSecret(m.name), RedirectURIs: []string{redirectURI}})
	}
	e := &exposed{&life{t: t, s: startServer(t, o, sandbox.Listen{}), w: newWorkspaceOn(t, cliWith(t, writeOnlyArguments))}, map[string]map[string]bool{}}
	e.w.env["OAUTH_TOKEN_STORE"] = ""
	e.traced()
	e.set("store_key", storeKey)
	e.set("versions", "0")
	for _, m := range exposureModes {
		e.set("client_secret_"+m.name, exposedSecret(m.name))
		e.note(m.name, "client secret", exposedSecret(m.name))
	}
	return e
}

func (e *exposed) note(mode, kind, text string) {
	e.t.Helper()
	n := needle{mode + ": " + kind, text}
	if text == "" {
		e.t.Fatalf("there is no %s", n.name)
	}
	if !slices.Contains(e.needles, n) {
		e.needles = append(e.needles, n)
	}
}

// storeOf is the folder of a mode's store.
func (e *exposed) storeOf(mode string) string {
	return filepath.Join(filepath.Dir(e.w.dir), "store-"+mode)
}

// config is a pair of each mode, with a client of its own that also asks for tokens for itself, through a data source where the mode
// lets it, and through an ephemeral resource.
func (e *exposed) config() string {
	var all strings.Builder
	fmt.Fprintf(&all, "variable \"versions\" { type = number }\n")
	for name, ephemeral := range map[string]string{"store_key": "", "store_key_ephemeral": "ephemeral = true"} {
		fmt.Fprintf(&all, "variable %q {\n  type      = string\n  sensitive = true\n  default   = null\n  %s\n}\n", name, ephemeral)
	}
	for _, m := range exposureModes {
		settings, ephemeral, wo := fmt.Sprintf("token_store = \"file://%s\"", e.storeOf(m.name)), "", ""
		versions := func(string) string { return "" }
		switch m.name {
		case "sealed":
			settings += "\n  token_store_key = var.store_key"
		case "secretless":
			settings += "\n  token_store_key = var.store_key_ephemeral\n  secrets_in_state = false"
			ephemeral, wo = "ephemeral = true", "_wo"
			versions = func(name string) string { return name + "_wo_version = var.versions + 1" }
		case "state":
			settings = `token_store = "state"`
		}
		for _, name := range []string{"client_secret_", "callback_url_"} {
			fmt.Fprintf(&all, "variable \"%s%s\" {\n  type      = string\n  sensitive = true\n  default   = null\n  %s\n}\n", name, m.name, ephemeral)
		}
		client := fmt.Sprintf("client_id = %[1]q\n    token_endpoint = \"%[2]s/token\"\n    authorization_endpoint = \"%[2]s/authorize\"\n    revocation_endpoint = \"%[2]s/revoke\"", m.name, e.s.base)
		fmt.Fprintf(&all, `
provider "oauth" {
  alias = %[1]q
  %[2]s
}
resource "oauth_token_pair" %[1]q {
  provider = oauth.%[1]s
  name     = %[1]q
  client   = {
    %[3]s
    client_secret%[4]s = var.client_secret_%[1]s
    %[5]s
    dpop_bound_access_tokens = true
  }
  authorization_code = {
    redirect_uri = %[7]q
    callback_url%[4]s = var.callback_url_%[1]s
    %[6]s
  }
}
ephemeral "oauth_access_token" %[1]q {
  provider = oauth.%[1]s
  client   = {
    %[3]s
    client_secret = var.client_secret_%[1]s
  }
  client_credentials = { scopes = ["ephemeral"] }
}
`, m.name, settings, client, wo, versions("client_secret"), versions("callback_url"), redirectURI)
		if wo == "" {
			fmt.Fprintf(&all, "data \"oauth_access_token\" %[1]q {\n  provider = oauth.%[1]s\n  client = {\n    %[2]s\n    client_secret = var.client_secret_%[1]s\n  }\n  client_credentials = {}\n}\n", m.name, client)
		}
	}
	return all.String()
}

// inState finds what the record holds that a state-only credential keeps beside its attributes.
func (e *exposed) inState(kind, pattern string) {
	e.t.Helper()
	found := false
	for _, layer := range unpack(e.t, artefact{"state", "state", []byte(e.w.stateText())}, 3) {
		for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(layer.content, -1) {
			e.note("state", kind, string(m[1]))
			found = true
		}
	}
	if !found {
		e.t.Errorf("the state holds no %s", kind)
	}
}

// notePending takes down what waits for the person.
func (e *exposed) notePending() {
	e.t.Helper()
	for _, m := range exposureModes[:3] {
		pending, ok := e.recordOf(m.name).NewestPending()
		if !ok {
			e.t.Fatalf("no authorization of %s is pending", m.name)
		}
		e.note(m.name, "PKCE verifier", pending.Verifier.Reveal())
		var jwk struct{ D string }
		if err := json.Unmarshal([]byte(pending.ProofKey.Reveal()), &jwk); err != nil {
			e.t.Fatal(err)
		}
		e.note(m.name, "DPoP key", jwk.D)
	}
	e.noteOwn()
	e.inState("PKCE verifier", `"code_verifier":"([^"]+)"`)
	e.inState("DPoP key", `\\"d\\":\\"([^"\\]+)\\"`)
}

// keyOf is the key of a mode's store.
func (e *exposed) keyOf(mode string) string {
	return map[string]string{"sealed": storeKey, "secretless": storeKeyToo}[mode]
}

func (e *exposed) recordOf(mode string) credential.Record {
	return recordAt(e.t, e.storeOf(mode), e.keyOf(mode), credential.PairKey(mode))
}

// noteTokens takes down the tokens that pairs hold now.
func (e *exposed) noteTokens() {
	e.t.Helper()
	for _, m := range exposureModes[:3] {
		tokens := e.recordOf(m.name).Tokens
		e.note(m.name, "access token", tokens.Access.Reveal())
		e.note(m.name, "refresh token", tokens.Refresh.Reveal())
		e.note(m.name, "ID token", tokens.ID.Reveal())
		e.note(m.name, "extra member", tokens.Extra["session_key"].Reveal())
	}
	attributes := e.w.attributes("oauth_token_pair.state")
	e.note("state", "access token", fmt.Sprint(attributes["access_token"]))
	e.note("state", "refresh token", fmt.Sprint(attributes["refresh_token"]))
	e.note("state", "ID token", fmt.Sprint(attributes["id_token"]))
	e.note("state", "extra member", fmt.Sprint(attributes["extra"].(map[string]any)["session_key"]))
}

// noteOwn takes down the tokens that clients have got for themselves. Those of the mode without a store are what is left of all that
// the server has issued.
func (e *exposed) noteOwn() {
	e.t.Helper()
	e.note("state", "token of a data source", e.w.string("data.oauth_access_token.state", "access_token"))
	for _, m := range exposureModes[:3] {
		for _, key := range listAt(e.t, e.storeOf(m.name), e.keyOf(m.name), "client_token") {
			tokens := recordAt(e.t, e.storeOf(m.name), e.keyOf(m.name), key).Tokens
			kind := "token of a data source"
			if slices.Contains(tokens.Scopes, "ephemeral") {
				kind = "token of an ephemeral resource"
			}
			e.note(m.name, kind, tokens.Access.Reveal())
		}
	}
}

func (e *exposed) noteRest() {
	e.t.Helper()
	for _, issued := range e.s.Secrets() {
		known := slices.ContainsFunc(e.needles, func(n needle) bool { return n.secret == issued.Value })
		if issued.Kind == sandbox.SecretAccess && !known {
			e.note("state", "token of an ephemeral resource", issued.Value)
		}
	}
}

// members lets the next reply bring more than tokens, such as no other brings.
func (e *exposed) members(grant string) {
	e.t.Helper()
	for n := range exposureModes {
		e.s.fault(sandbox.Fault{GrantType: grant, Action: sandbox.ActionMutate, Set: map[string]json.RawMessage{
			"id_token":    json.RawMessage(fmt.Sprintf("%q", fmt.Sprintf("%d.%s.of an ID token", n, grant))),
			"session_key": json.RawMessage(fmt.Sprintf("%q", fmt.Sprintf("%d/+%%%s session key", n, grant))),
		}})
	}
}

func (e *exposed) live() {
	e.w.write(e.config())
	e.apply().mustSay(e.t, "Authorization Required")
	e.notePending()
	e.keepStores()
	for _, m := range exposureModes {
		callback := e.s.consent(e.w.string("oauth_token_pair."+m.name, "authorization_url"))
		e.set("callback_url_"+m.name, callback)
		u, err := url.Parse(callback)
		if err != nil {
			e.t.Fatal(err)
		}
		e.note(m.name, "code", u.Query().Get("code"))
	}
	e.set("versions", "1")
	e.members("authorization_code")
	e.plan("-out=authorize.plan")
	e.run(true, "apply", "-input=false", "-no-color", "authorize.plan")
	e.noteTokens()
	e.noteOwn()

	e.members("refresh_token")
	e.s.later(time.Hour, e.w)
	e.plan("-out=refresh.plan")
	e.run(true, "show", "-json", "refresh.plan")
	e.run(true, "apply", "-input=false", "-no-color", "refresh.plan")
	e.noteTokens()
	e.noteOwn()
	e.run(true, "show", "-json")

	// A refusal that quotes all that was sent.
	e.s.later(2*time.Hour, e.w)
	quoted := e.recordOf("plain").Tokens.Refresh.Reveal() + " of the client with " + exposedSecret("plain")
	body, err := json.Marshal(map[string]string{"error": "invalid_request", "error_description": quoted})
	if err != nil {
		e.t.Fatal(err)
	}
	e.s.fault(sandbox.Fault{GrantType: "refresh_token", Action: sandbox.ActionStatus, Status: 400, Body: string(body)})
	e.plan("-target=oauth_token_pair.plain", "-out=refused.plan").mustSay(e.t, "Token Pair Not Refreshed")
	e.noteRest()
}

// keepStores keeps what the stores hold by now.
func (e *exposed) keepStores() {
	e.t.Helper()
	for _, m := range exposureModes[:3] {
		err := filepath.WalkDir(e.storeOf(m.name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				e.keep("file", fmt.Sprintf("store-%s/%d %s", m.name, e.runs, d.Name()), []byte(readFile(e.t, path)))
			}
			return err
		})
		if err != nil {
			e.t.Fatal(err)
		}
	}
}

// exposedAt tells where an artefact is, as the page calls it. The store of a mode is another mode's "file".
func exposedAt(a artefact, mode string) string {
	shown := a.kind == "shown"
	switch {
	case a.kind == "state", shown && !strings.Contains(a.name, ".plan"):
		return "state"
	case a.kind == "plan":
		return "plan"
	case shown:
		return "plan-json"
	case strings.HasPrefix(a.name, "store-"+mode+"/"):
		return "store"
	case a.name == "trace.log":
		return "log"
	case a.kind == "output":
		return "screen"
	}
	return "file"
}

// Each secret is found where the page says, in each mode, and nowhere else: one configuration with all modes side by side, real runs at
// TRACE, and every file that they leave.
func TestExposure(t *testing.T) {
	t.Parallel()
	e := newExposed(t)
	e.set("store_key_ephemeral", storeKeyToo)
	e.note("sealed", "store key", storeKey)
	e.note("secretless", "store key", storeKeyToo)
	e.live()
	needles := slices.Clone(e.needles) // finish adds the same without a mode
	left, _ := e.finish()
	mustBeWhole(t, left)
	look := newSearcher(t, needles)
	for _, a := range left {
		for _, l := range look.search(t, a) {
			mode, _, _ := strings.Cut(l.secret, ": ")
			if e.found[l.secret] == nil {
				e.found[l.secret] = map[string]bool{}
			}
			e.found[l.secret][exposedAt(a, mode)] = true
		}
	}
	for _, want := range exposures() {
		for i, m := range exposureModes {
			name := m.name + ": " + want.kind
			noted := slices.ContainsFunc(needles, func(n needle) bool { return n.name == name })
			places := want.in[i]
			if places == "-" || places == "n/a" {
				places = ""
			}
			got, wanted := slices.Sorted(maps.Keys(e.found[name])), slices.Sorted(slices.Values(strings.Fields(places)))
			if noted == (want.in[i] == "n/a") || !slices.Equal(got, wanted) {
				t.Errorf("%s: looked for: %v; found in %v; the page says %q", name, noted, got, want.in[i])
			}
			delete(e.found, name)
		}
	}
	for name := range e.found {
		t.Errorf("the page does not tell of %s", name)
	}
}

// What an action is configured with stands in a plan that invokes it: actions have no write-only arguments.
func TestActionSecretsStandInThePlan(t *testing.T) {
	t.Parallel()
	s, w := newLoginServer(t, nil), acting(t)
	w.write(authorizeAction("laptop", "client = "+s.loginClient()+atLoopback))
	w.plan("-invoke=action.oauth_authorize.now", "-out=action.plan").mustSay(t, "Secret Shown in Plans")
	plan := artefact{"plan", "action.plan", []byte(readFile(t, filepath.Join(w.dir, "action.plan")))}
	if len(newSearcher(t, []needle{{"client secret", clientSecret}}).search(t, plan)) == 0 {
		t.Error("the page says that it stands in the plan")
	}
}

// The table of the page is what the rows say. "make generate" writes it.
func TestExposurePage(t *testing.T) {
	t.Parallel()
	type row struct {
		What string
		In   []string
	}
	var rows []row
	var titles []string
	for _, m := range exposureModes {
		titles = append(titles, m.title)
	}
	for _, x := range exposures() {
		r := row{What: x.what}
		for _, in := range x.in {
			var words []string
			for place := range strings.FieldsSeq(in) {
				words = append(words, exposurePlaces[place])
			}
			text := strings.Join(words, ", ")
			switch in {
			case "-":
				text = "—"
			case "n/a":
				text = ""
			}
			r.In = append(r.In, text)
		}
		rows = append(rows, r)
	}
	generated(t, "security.md.tmpl", "security.md", map[string]any{"Titles": titles, "Rows": rows})
	mustShowItsTests(t, readFile(t, filepath.Join("testdata", "security.md.tmpl")))
}

// mustShowItsTests fails for a test that a page names and that nobody has written.
func mustShowItsTests(t *testing.T, page string) {
	t.Helper()
	written := writtenTests(t)
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`").FindAllStringSubmatch(page, -1)
	if len(named) < 20 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if len(written[m[1]]) == 0 {
			t.Errorf("the page names %s, which does not exist", m[1])
		}
	}
}
