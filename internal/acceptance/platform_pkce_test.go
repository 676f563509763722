//go:build unix

package acceptance_test

import (
	"strings"
	"testing"
)

// Whether a platform refuses PKCE is not known of some. Where it does, the person is told at the authorization endpoint, nothing is
// spent, and one override of the fact goes on from there, in place.
func TestPlatformPKCERefused(t *testing.T) {
	t.Parallel()
	for _, a := range []app{exactOnline().as("pkce_refused", ""), atlassian().as("pkce_refused", "")} {
		t.Run(a.profile, func(t *testing.T) {
			t.Parallel()
			s := newTenancy(t, a)
			s.write("authorization_code = {}")
			s.w.apply()
			callback := attribute("callback_url", s.consent(s.w.string(this, "authorization_url")))
			s.write("authorization_code = { " + callback + " }")
			s.w.fails([]string{"Unable to Authorize Token Pair", "code_challenge is not known here"}, "apply", "-no-color", "-auto-approve", "-input=false")
			s.expectCalls(calls{})
			s.overrides = `pkce = "unsupported"`
			s.write("authorization_code = {}")
			s.w.apply()
			s.authorize()
			s.expectStored(alive, "")
			s.expectCalls(calls{exchanges: 1})
			if sent := s.last().Parameters; strings.Contains(sent, "code_verifier") {
				t.Errorf("the exchange sent %s", sent)
			}
		})
	}
}

// An app that answers browsers by POST only gives nobody an address to copy. Who runs the redirect URI passes the code on by itself,
// with one override; before that the person is told, and nothing is spent.
func TestPlatformPostOnly(t *testing.T) {
	t.Parallel()
	s := newTenancy(t, vismaConnect().as("post_only", ""))
	s.write("authorization_code = {}")
	s.w.apply()
	callback := attribute("callback_url", s.consent(s.w.string(this, "authorization_url")))
	s.write("authorization_code = { " + callback + " }")
	s.w.fails([]string{"Unable to Authorize Token Pair", "response_mode query is not enabled"}, "apply", "-no-color", "-auto-approve", "-input=false")
	s.expectCalls(calls{})
	s.overrides = `response_mode = "query"` // as the server's own default is left alone then
	s.write("authorization_code = {}")
	s.w.apply()
	posted, err := s.ApprovePosted(s.w.string(this, "authorization_url"))
	if err != nil {
		t.Fatal(err)
	}
	s.write("authorization_code = { " + attribute("code", posted.Get("code")) + " }")
	s.w.apply()
	s.expectStored(alive, "")
	s.expectCalls(calls{exchanges: 1})
}
