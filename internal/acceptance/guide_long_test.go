//go:build unix

package acceptance_test

import (
	"testing"
	"time"
)

const (
	longToken = "guides/long-applies/token"
	longProxy = "guides/long-applies/proxy"
)

// Access tokens live for ten minutes. min_validity makes an apply of eight minutes begin with a fresh one; one that takes longer
// fails with the token, however fresh, and not behind the proxy.
func TestLongAppliesGuide(t *testing.T) {
	t.Parallel()
	s, owner := newServer(t, nil), newWorkspace(t)
	a := newAPI(t, s)
	owner.env["OAUTH_TOKEN_STORE_KEY"] = exampleKey
	owner.write(s.pair("crm", s.issue().RefreshToken, strict, ""))
	owner.apply()
	s.later(7*time.Minute, owner)
	begin := func(dir string, each time.Duration) *workspace {
		w := newGuide(t, s, a, dir).shares(owner)
		a.takes(func() { s.later(each, owner) })
		return w
	}

	within := begin(longToken, 2*time.Minute)
	within.apply().mustSay(t, "4 added")
	s.expect(2, 0)
	if a.seen() != 1 {
		t.Errorf("the API saw %d tokens, want one for the whole apply", a.seen())
	}

	beyond := begin(longToken, 8*time.Minute)
	beyond.fails([]string{"was answered with 401 Unauthorized"}, "apply", "-no-color", "-input=false", "-auto-approve")

	made := a.seen()
	proxied := begin(longProxy, 11*time.Minute) // longer than any token lives
	proxied.apply("-parallelism=1").mustSay(t, "4 added")
	if a.seen() < made+3 {
		t.Errorf("the API saw %d more tokens, want another one after each object", a.seen()-made)
	}
	proxied.plan("-detailed-exitcode").mustSay(t, "No changes.")
	for _, secret := range s.Secrets() {
		expectIn(t, proxied.dir, "a "+string(secret.Kind), secret.Value, false)
	}
}
