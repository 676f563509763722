//go:build unix

package acceptance_test

import (
	"path/filepath"
	"strings"
	"testing"
)

const (
	rotateExample = "actions/oauth_rotate/action.tf"
	revokeExample = "actions/oauth_revoke/action.tf"
	listExample   = "list-resources/oauth_token_pair/list-resource.tfquery.hcl"
)

// The examples of actions and of the list, on the pair of the first example.
func TestActionExamples(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newExample(t, s, providerExample, pairExample, rotateExample)
	w.tf = terraform115(t)
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
