package oauth

import (
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// ImplicitCallback is what the implicit grant hands over through the browser (RFC 6749 §4.2.2). Either Token or Error is there. The
// caller compares State and Issuer with what it expects.
type ImplicitCallback struct {
	Token            Token // with an access token, and never a refresh token
	State            string
	Issuer           string // RFC 9207; empty: not said
	Error            string // as in Callback
	ErrorDescription string
	ErrorURI         string
}

// ParseImplicit reads the whole URL that the browser was sent to, as pasted. The answer stands in its fragment (RFC 6749 §4.2.2), which
// is decoded exactly once; a server that refuses may also say so in the query. Errors wrap ErrCallback, and none quotes the text.
func ParseImplicit(raw secret.String, d Dialect) (ImplicitCallback, error) {
	encoded, err := callbackFragment(strings.TrimSpace(raw.Reveal()))
	if err != nil {
		return ImplicitCallback{}, err
	}
	parameters, err := callbackParameters(encoded)
	if err != nil {
		return ImplicitCallback{}, err
	}
	take := func(name string) string {
		value := parameters[name]
		delete(parameters, name)
		return value
	}
	c := ImplicitCallback{
		State: take("state"), Issuer: take("iss"), Error: plain(take("error"), maxCode),
		ErrorDescription: plain(take("error_description"), maxDescription), ErrorURI: webAddress(take("error_uri")),
	}
	switch {
	case parameters["code"] != "":
		return ImplicitCallback{}, callbackError("it has a code; the implicit grant is answered by an access token")
	case parameters["access_token"] == "" && c.Error == "":
		return ImplicitCallback{}, callbackError("it has neither access_token nor error in its fragment")
	case parameters["access_token"] != "" && c.Error != "":
		return ImplicitCallback{}, callbackError("it has both access_token and error")
	case c.Error != "":
		return c, nil
	}
	o := object{members: map[string]member{}, whole: true}
	for name, value := range parameters {
		if name != "refresh_token" { // RFC 6749 §4.2.2: it must not be there
			o.members[name] = member{value, true}
		}
	}
	c.Token, _ = d.readToken(o)
	return c, nil
}

// callbackFragment returns the fragment of text, still encoded, or the query of an answer that refuses.
func callbackFragment(text string) (string, error) {
	query, fragment, err := callbackParts(text, maxImplicit)
	if err != nil {
		return "", err
	}
	fragment = strings.TrimPrefix(strings.TrimPrefix(fragment, "/"), "?") // single-page apps put both before it
	switch {
	case hasReply(fragment):
		return fragment, nil
	case hasReply(query):
		return query, nil
	}
	return "", callbackError("the answer of the implicit grant stands behind a #, and there is none; some browsers hide it or cut it off")
}

// maxImplicit bounds a callback URL that holds tokens.
const maxImplicit = 64 << 10
