//go:build unix

package acceptance_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// Import takes a pair of any grant over as it is: nothing is asked for, and what was used once is not used again.
func TestGrantsImported(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	all := func(g *sandbox.Grants) {
		withUser(true)(g)
		g.Exchange, g.Implicit = true, true
		g.Extensions = map[string]map[string]string{"urn:example:grant": {"pin": ""}}
		g.AssertionKeys = map[string]crypto.PublicKey{"me": public}
	}
	for name, grant := range map[string]func(s *server) string{
		"password": func(*server) string { return userGrant },
		"token_exchange": func(s *server) string {
			return fmt.Sprintf("token_exchange = { subject_token = %q }", s.issue().AccessToken)
		},
		"extension_grant": func(*server) string {
			return `extension_grant = { grant_type = "urn:example:grant", sensitive_parameters = { pin = "1" } }`
		},
		"jwt_bearer": func(*server) string {
			return fmt.Sprintf("jwt_bearer = { private_key = %q, issuer = \"me\" }", keyPEM(t, key))
		},
		"device_code": func(*server) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := newServer(t, quick), newWorkspace(t)
			s.UpdateGrants(all)
			config, id := "", "user"
			if name == "device_code" {
				config, id = s.device("", ""), "tv"
				config, _, _ = strings.Cut(config, "output ")
			} else {
				config = s.granted("user", grant(s), "")
			}
			w.write(config)
			w.apply()
			if name == "device_code" {
				if err := s.ConfirmDevice(w.userCode()); err != nil {
					t.Fatal(err)
				}
				w.apply()
			}
			token, before := w.string(this, "access_token"), s.Counters().TokenRequests
			w.ok("state", "rm", this)
			w.ok("import", "-no-color", "-input=false", this, id)
			w.apply().mustSay(t, "1 changed")
			w.expect(this, values{"access_token": token, "generation": 1, "status": "active"})
			w.plan("-detailed-exitcode").mustSay(t, "No changes.")
			if after := s.Counters().TokenRequests; after != before {
				t.Errorf("%d requests", after-before)
			}
		})
	}
}
