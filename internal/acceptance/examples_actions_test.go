//go:build unix

package acceptance_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const (
	authorizeExample = "actions/oauth_authorize/action.tf"
	rotateExample    = "actions/oauth_rotate/action.tf"
	revokeExample    = "actions/oauth_revoke/action.tf"
	listExample      = "list-resources/oauth_token_pair/list-resource.tfquery.hcl"
)

// actionExamples goes through the examples of actions and of the list, on the pair of the first example.
func actionExamples(t *testing.T, c cli) {
	t.Helper()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, pairExample, rotateExample)
	w.tf = c.path
	writeFile(t, filepath.Join(w.dir, "pairs.tfquery.hcl"), readFile(t, filepath.Join(exampleDir, listExample)))
	w.ok("validate")
	w.apply()
	w.ok("query", "-no-color").mustSay(t, "list.oauth_token_pair.all name=crm crm (authorization_required)", "list.oauth_token_pair.dead name=crm")
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply().mustNotSay(t, "Action started")
	w.ok("query", "-no-color").mustSay(t, "[list.oauth_token_pair.dead] returned 0 results")

	w.apply("-invoke=action.oauth_rotate.crm").mustSay(t, "generation 2.")
	path := filepath.Join(w.dir, "2.tf")
	writeFile(t, path, strings.Replace(readFile(t, path), "2026-11", "2026-12", 1))
	w.apply().mustSay(t, "triggered by terraform_data.consumer", "generation 3.", "Actions: 1 invoked")
	s.expectCalls(calls{exchanges: 1, refreshes: 2})

	writeFile(t, path, strings.ReplaceAll(readFile(t, filepath.Join(exampleDir, revokeExample)), exampleServer, s.base))
	w.ok("validate")
	w.apply("-invoke=action.oauth_revoke.crm_access_token").mustSay(t, "The next run that needs one refreshes the pair.")
	w.apply("-invoke=action.oauth_revoke.crm").mustSay(t, "It has to be authorized again; the next plan says how.")
	w.plan().mustSay(t, "Token Pair Revoked")
	s.expectCalls(calls{exchanges: 1, refreshes: 3, revocations: 2})
}

// authorizeByAction goes through the example of a first authorization: one apply with a person before a browser, and again by a device code.
func authorizeByAction(t *testing.T, c cli) {
	t.Helper()
	settings := sandbox.DefaultSettings()
	quick(&settings)
	s := startServer(t, sandbox.Options{
		Clients:  []sandbox.Client{{ID: exampleClient, Secret: clientSecret, RedirectURIs: []string{loopbackURI}}},
		Settings: settings,
	}, sandbox.Listen{})
	w := newExample(t, s, providerExample, authorizeExample).desktop()
	w.tf = c.path
	w.ok("validate")
	run := w.start("apply", "-input=false", "-no-color", "-auto-approve")
	visit(t, s.consent(w.address(run)))
	run.wait().mustSay(t, "1 added", "Actions: 1 invoked", `Token pair "crm" is authorized. Granted: contacts.read.`)
	s.expectCalls(calls{exchanges: 1})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")

	device := w.start("apply", "-input=false", "-no-color", "-auto-approve", "-invoke=action.oauth_authorize.crm_by_device")
	_, userCode, _ := strings.Cut(w.address(device), "user_code=")
	if err := s.ConfirmDevice(userCode); err != nil {
		t.Fatal(err)
	}
	device.wait().mustSay(t, "and enter the code "+userCode, `Token pair "crm" is authorized.`)
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
}
