package platform

import (
	"fmt"
	"strings"
	"testing"
)

// registering says what to register where, what a redirect URI has to be, and which scopes to name. Of each it says so, too, if
// nothing is known.
func registering(e Entry) []string {
	where := "Register an app with the platform; where that is done is not known here."
	if a, ok := e.AppRegistration.Get(); ok {
		switch {
		case a.Portal != "":
			where = fmt.Sprintf("Register an app at <%s>.", a.Portal)
		case a.API == "rfc7591":
			where = "Clients are registered with the server: by its administrator, or by the `oauth_app_registration` itself, where the server lets it (RFC 7591) and `client_id` is left out."
		default:
			where = "Register an app with the platform, in its own developer pages."
		}
	}
	all := []string{where + " Its `client_id` and `client_secret` go into the `oauth_app_registration`.", redirecting(e)}
	return append(all, scoping(e))
}

func redirecting(e Entry) string {
	r, ok := e.RedirectURI.Get()
	if !ok {
		return "Redirect URI: what the platform asks of it is not known here. An `https://` address that is registered letter by letter is right almost everywhere."
	}
	var rules []string
	if r.HTTPS != nil {
		rules = append(rules, map[bool]string{true: "it must be `https://`", false: "it may be `http://`"}[*r.HTTPS])
	}
	if r.Exact != nil {
		rules = append(rules, map[bool]string{true: "it must be registered letter by letter", false: "it need not match what is registered in full"}[*r.Exact])
	}
	if text := map[string]string{
		"allowed": "an address on this machine is allowed", "port_ignored": "an address on this machine is allowed, on any port", "refused": "an address on this machine is refused",
	}[r.Loopback]; text != "" {
		rules = append(rules, text)
	}
	if r.Max > 0 {
		rules = append(rules, fmt.Sprintf("an app has at most %d", r.Max))
	}
	return "Redirect URI: " + strings.Join(rules, "; ") + "."
}

func scoping(e Entry) string {
	own := e.scopes()
	switch {
	case e.ScopesIgnored.Or(false):
		return "Scopes: none are asked for. What the app may do is set where it is registered."
	case len(own) > 0:
		return fmt.Sprintf("Scopes: where the grant names none, the provider asks for `%s`, which is enough for a token pair and may open no API. "+
			"Name those that your calls need in `authorization_code.scopes`, together with these.", strings.Join(own, "`, `"))
	}
	return "Scopes: name those that your calls need in `authorization_code.scopes`."
}

// TestEveryPageSaysHowToRegister: known or not, a reader finds out where, what redirect URI, and which scopes.
func TestEveryPageSaysHowToRegister(t *testing.T) {
	t.Parallel()
	for _, id := range IDs() {
		e, _ := Find(id)
		if e.Usable() != nil {
			continue
		}
		all := strings.Join(registering(e), "\n")
		for _, want := range []string{"egister", "Redirect URI: ", "Scopes: "} {
			if !strings.Contains(all, want) {
				t.Errorf("%s: %q is not said", id, want)
			}
		}
		if strings.Contains(all, ": .") || strings.Contains(all, ": ;") {
			t.Errorf("%s: an empty sentence: %s", id, all)
		}
	}
}
