//go:build unix

package acceptance_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every command line that is present serves the whole life of a credential. What it has of later features works; a configuration that uses
// one that it lacks is told so before anything is sent, and the rest goes on.
func TestEveryCLI(t *testing.T) {
	t.Parallel()
	all := clis(t)
	t.Logf("driving %v", all)
	for _, c := range all {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			if !c.knows(theProvider) {
				t.Fatalf("%v is older than what the provider supports", c)
			}
			m := driven{t: t, s: newServer(t, nil), w: newWorkspaceOn(t, c), c: c, callback: "null"}
			m.declares()
			m.authorizes()
			m.refusesWhatItLacks()
			m.refreshes()
			m.movesAndForgets()
			m.importsAgain()
			m.consumesInSecret()
			m.actsAndLists()
			m.destroys()
		})
	}
}

// driven is one program, and what it is tried on.
type driven struct {
	t testing.TB
	s *server
	w *workspace
	c cli

	callback string // what the browser showed; null at first
}

// config is a registration and a pair of it that a person authorizes, and what works with every CLI.
func (m *driven) config(pair string) string {
	return m.s.registration("app", "") + fmt.Sprintf(`
resource "oauth_token_pair" %q {
  name               = "crm"
  client             = oauth_app_registration.this.client
  authorization_code = { callback_url = %s }
}
data "oauth_access_token" "x" {
  token_pair         = oauth_token_pair.%[1]s.id
  allow_unauthorized = true
}
output "basic" {
  value     = provider::oauth::basic_auth("id", "secret")
  sensitive = true
}
`, pair, m.callback)
}

// declares compares what the CLI takes over of the provider's schema.
func (m *driven) declares() {
	m.w.write("")
	var got struct {
		Providers map[string]map[string]json.RawMessage `json:"provider_schemas"`
	}
	if err := json.Unmarshal([]byte(m.w.ok("providers", "schema", "-json").stdout), &got); err != nil || len(got.Providers) != 1 {
		m.t.Fatalf("%d providers: %v", len(got.Providers), err)
	}
	for _, parts := range got.Providers {
		want := slices.Clone(allParts)
		for _, f := range capabilities() {
			if m.c.knows(f.since) {
				want = append(want, f.parts...)
			}
		}
		for _, name := range want {
			if len(parts[name]) < 3 {
				m.t.Errorf("the schema lacks %s", name)
			}
			delete(parts, name)
		}
		for name := range parts {
			m.t.Errorf("the schema has %s, which this version is not known for", name)
		}
	}
}

// authorizes takes two applies; the plan before shows nothing that this CLI does not have.
func (m *driven) authorizes() {
	m.w.write(m.config("this"))
	first := m.w.apply()
	first.mustSay(m.t, "2 added, 0 changed, 0 destroyed", "Open this URL, consent")
	if !m.c.knows(writeOnlyArguments) {
		first.mustNotSay(m.t, "_wo", "write-only")
	}
	m.callback = strconv.Quote(m.s.consent(m.w.string(this, "authorization_url")))
	m.w.write(m.config("this"))
	m.w.apply().mustSay(m.t, "0 added, 1 changed, 0 destroyed")
	m.w.expectLive(m.s, 1)
	m.w.expect("data.oauth_access_token.x", values{"access_token": m.w.string(this, "access_token")})
	if got := m.w.outputs()["basic"]; got != "Basic aWQ6c2VjcmV0" {
		m.t.Errorf("the function gives %v", got)
	}
}

// refusesWhatItLacks tries each feature that the CLI lacks, while a refresh is due.
func (m *driven) refusesWhatItLacks() {
	m.s.later(time.Hour, m.w)
	for _, f := range capabilities() {
		if m.c.knows(f.since) {
			continue
		}
		path := filepath.Join(m.w.dir, f.file)
		writeFile(m.t, path, f.use)
		m.w.fails(f.told, f.run...).mustNotSay(m.t, "panic", "crash", "s3cret\n")
		if err := os.Remove(path); err != nil {
			m.t.Fatal(err)
		}
	}
	if !m.c.knows(writeOnlyArguments) {
		m.w.write(secretless + m.config("this"))
		m.w.fails([]string{
			"client_secret is kept in state and plan. client_secret_wo would keep it out, and needs Terraform or OpenTofu 1.11; this is " + m.c.version + ".",
			"Use a newer version, or remove secrets_in_state. Nothing was read or sent.",
		}, "plan", "-no-color", "-input=false")
		m.w.write(m.config("this"))
	}
	m.s.expectCalls(calls{exchanges: 1})
}

// refreshes in a plan that is thrown away, and the next one finds the token.
func (m *driven) refreshes() {
	m.w.plan()
	m.s.expectCalls(calls{exchanges: 1, refreshes: 1})
}

// movesAndForgets renames the pair in the configuration, and then takes it out of the state alone.
func (m *driven) movesAndForgets() {
	m.w.write(m.config("renamed") + "moved {\n  from = oauth_token_pair.this\n  to   = oauth_token_pair.renamed\n}\n")
	m.w.apply().mustSay(m.t, "0 added, 0 changed, 0 destroyed")
	m.w.expect("oauth_token_pair.renamed", values{"status": "active", "generation": 2, "refresh_token": m.s.live().RefreshToken})

	m.w.write(m.s.registration("app", "") + "removed {\n  from = oauth_token_pair.renamed\n  lifecycle {\n    destroy = false\n  }\n}\n")
	m.w.apply().mustSay(m.t, "0 added, 0 changed, 0 destroyed")
	if m.w.attributes("oauth_token_pair.renamed") != nil {
		m.t.Error("the pair is still in the state")
	}
	m.s.expectCalls(calls{exchanges: 1, refreshes: 1})
}

// importsAgain takes the pair over from the store: by its identity where the CLI can.
func (m *driven) importsAgain() {
	by := `id = "crm"`
	if m.c.knows(importByIdentity) {
		by = `identity = { name = "crm" }`
	}
	m.w.write(m.config("this") + "import {\n  to = " + this + "\n  " + by + "\n}\n")
	m.w.apply().mustSay(m.t, "1 imported")
	m.w.expectLive(m.s, 2)
	m.w.plan("-detailed-exitcode").mustSay(m.t, "No changes.")
	m.s.expectCalls(calls{exchanges: 1, refreshes: 1})
}

// consumesInSecret opens the token, and keeps it out of the state where the CLI can.
func (m *driven) consumesInSecret() {
	if !m.c.knows(ephemeralResources) {
		return
	}
	sum := sha256.Sum256([]byte(m.w.string(this, "access_token")))
	user := m.w.sibling()
	opens := ephemeral("crm", fmt.Sprintf(`lifecycle {
    postcondition {
      condition     = sha256(self.access_token) == %q
      error_message = "Another token."
    }
  }`, hex.EncodeToString(sum[:])))
	if !m.c.knows(writeOnlyArguments) {
		user.write(opens)
		user.apply()
		return
	}
	user.write(secretless + opens + m.s.copied(1) + m.s.secretlessPair("secretless", m.s.issue().RefreshToken, 1))
	user.apply().mustSay(m.t, "2 added, 0 changed, 0 destroyed")
	user.expect(this, values{"status": "active", "generation": 2, "access_token": nil, "refresh_token": nil})
	for _, secret := range []string{clientSecret, m.w.string(this, "access_token"), m.s.family(1, 2).RefreshToken} {
		if strings.Contains(user.stateText(), secret) {
			m.t.Errorf("the state holds the secret %s", secret)
		}
	}
	m.s.expectCalls(calls{exchanges: 1, refreshes: 2})
}

// actsAndLists invokes an action, and lists what the store holds.
func (m *driven) actsAndLists() {
	if !m.c.knows(actionsAndLists) {
		return
	}
	m.w.query("").expectListed(m.t, "crm", "secretless")
	writeFile(m.t, filepath.Join(m.w.dir, "action.tf"), action("rotate", `"crm"`, ""))
	m.w.invoke("rotate").mustSay(m.t, "was refreshed: generation 3.")
}

func (m *driven) destroys() {
	m.w.ok("destroy", "-no-color", "-auto-approve", "-input=false").mustSay(m.t, "2 destroyed")
	if m.s.Counters().Revocations != 1 {
		m.t.Errorf("the server was asked %d times to revoke", m.s.Counters().Revocations)
	}
}

// A credential goes on with a newer version on the same state and store, with the older one again, with OpenTofu after Terraform, and back:
// nobody authorizes, and no token is sent twice.
func TestFromCLIToCLI(t *testing.T) {
	t.Parallel()
	var terraforms, tofus []cli
	for _, c := range slices.SortedFunc(slices.Values(clis(t)), func(a, b cli) int { return cmp.Compare(a.minor, b.minor) }) {
		if c.tofu {
			tofus = append(tofus, c)
		} else {
			terraforms = append(terraforms, c)
		}
	}
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("travels", s.issue().RefreshToken, strict, ""))
	runs := 0
	apply := func(c cli) {
		runs++
		w.tf = c.path
		s.later(time.Hour, w)
		w.apply().mustSay(t, fmt.Sprintf("%d added, 0 changed, 0 destroyed", map[bool]int{true: 1}[runs == 1]))
		w.expectLive(s, runs+1)
		s.expect(runs, 0)
	}
	for _, kind := range [][]cli{terraforms, tofus} {
		for _, c := range kind {
			apply(c)
		}
		if len(kind) > 1 {
			apply(kind[0])
		}
	}
	if len(terraforms) > 0 && len(tofus) > 0 {
		w.tf = terraforms[0].path
		w.ok("state", "replace-provider", "-auto-approve", "registry.opentofu.org/seed-55355b43/oauth", "registry.terraform.io/seed-55355b43/oauth")
		apply(terraforms[0])
	}
}
