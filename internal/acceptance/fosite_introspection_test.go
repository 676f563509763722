//go:build unix

package acceptance_test

import "testing"

// The server is asked about tokens of the store, which uses none of them up, and about one from elsewhere. Once somebody has revoked them
// there, the answer is that they are not active, and no error.
func TestFositeIntrospection(t *testing.T) {
	t.Parallel()
	f := startFosite(t, fositeOptions{AccessTokenTTL: 3600})
	w, callback := f.authorized()
	refresh := w.string(this, "refresh_token")
	asked := `
data "oauth_token_introspection" "access" {
  token_pair      = oauth_token_pair.this.id
  token_type_hint = "access_token"
}
data "oauth_token_introspection" "refresh" {
  token_pair = oauth_token_pair.this.id
}
data "oauth_token_introspection" "foreign" {
  client = ` + f.client("observer", "observer-secret") + `
  token  = "` + w.string(this, "access_token") + `"
}
`
	w.write(f.pair(acceptanceSecret, callback) + asked)
	w.apply()
	for _, name := range []string{"access", "refresh", "foreign"} {
		w.expect("data.oauth_token_introspection."+name, values{"active": true, "scope": "read", "client_id": "acceptance", "sub": "alice"})
	}
	mustBe(t, "the refresh token", f.introspect(refresh)["active"], true)
	f.expect(fositeCounters{Token: 1})

	_, _ = caller{t: t, client: newBrowser(t)}.post(f.issuer+"/revoke", "token", refresh, "client_id", "acceptance", "client_secret", acceptanceSecret)
	w.apply()
	for _, name := range []string{"access", "refresh", "foreign"} {
		w.expect("data.oauth_token_introspection."+name, values{"active": false, "scope": nil, "sub": nil})
	}
	w.expect(this, values{"status": "active", "refresh_token": refresh}) // an answer changes nothing
	f.expect(fositeCounters{Token: 1, Revoked: 1})
}
