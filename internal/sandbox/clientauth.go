package sandbox

import (
	"crypto/subtle"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// presented is the client authentication that a request carries.
type presented struct {
	method    string
	id        string
	secret    string
	assertion string
}

// readClient finds the client authentication in header and body.
func readClient(header http.Header, body url.Values) (presented, reason) {
	id, secret := body.Get("client_id"), body.Get("client_secret")
	values := header.Values("Authorization")
	if assertion := body.Get("client_assertion"); assertion != "" {
		return readAsserted(assertion, body.Get("client_assertion_type"), id, len(values) > 0 || secret != "")
	}
	switch {
	case len(values) == 0 && secret != "":
		return presented{method: AuthPost, id: id, secret: secret}, ""
	case len(values) == 0 && id != "":
		return presented{method: AuthNone, id: id}, ""
	case len(values) == 0:
		return presented{}, clientMissing
	case len(values) > 1 || secret != "":
		// RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
		return presented{}, clientTwoMethods
	}
	basicID, basicSecret, ok := parseBasic(values[0])
	switch {
	case !ok:
		return presented{}, clientBadHeader
	case id != "" && id != basicID:
		return presented{}, clientTwoIDs
	}
	return presented{method: AuthBasic, id: basicID, secret: basicSecret}, ""
}

// readAsserted reads the authentication by a signed assertion. RFC 7521 §4.2: client_id may be there, and then is the same.
func readAsserted(assertion, kind, id string, more bool) (presented, reason) {
	subject, method, ok := readAssertion(assertion)
	switch {
	case more:
		return presented{}, clientTwoMethods
	case !ok || kind != assertionType:
		return presented{}, assertionMalformed
	case id != "" && id != subject:
		return presented{}, clientTwoIDs
	}
	return presented{method: method, id: subject, assertion: assertion}, ""
}

// parseBasic reads an Authorization header. RFC 6749 §2.3.1: id and secret are form-encoded before they go into
// Basic, so a client that leaves this out fails as soon as its secret has a plus or a percent sign.
func parseBasic(value string) (id, secret string, ok bool) {
	scheme, encoded, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(raw), ":")
	if !ok {
		return "", "", false
	}
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	if idErr != nil || secretErr != nil {
		return "", "", false
	}
	return id, secret, true
}

// authenticate finds and checks the client of a request to /token, /revoke or /introspect. Server.mu is held.
func (s *Server) authenticate(c *call) (Client, reason) {
	given, why := readClient(c.r.Header, c.params)
	c.entry.ClientID, c.entry.AuthMethod = given.id, given.method
	c.entry.Parameters = strings.Join(slices.Sorted(maps.Keys(c.params)), " ")
	if why != "" {
		return Client{}, why
	}
	client, known := s.clients[given.id]
	if given.method == AuthNone && known && (client.AuthMethod == AuthTLS || client.AuthMethod == AuthSelfSignedTLS) {
		given.method = client.AuthMethod // RFC 8705 §2: client_id is all that the request says
		c.entry.AuthMethod = given.method
	}
	switch {
	case !known:
		return Client{}, clientUnknown
	case client.AuthMethod == AuthAny && given.method == AuthNone,
		client.AuthMethod != AuthAny && client.AuthMethod != given.method,
		!s.manners.takesMethod(c.r.URL.Path, given.method):
		return Client{}, clientBadMethod
	}
	switch client.AuthMethod {
	case AuthSecretJWT, AuthPrivateKeyJWT:
		why = s.checkAssertion(c, client, given.assertion)
	case AuthTLS, AuthSelfSignedTLS:
		why = s.checkCertificate(c.r, client)
	default:
		if subtle.ConstantTimeCompare([]byte(client.Secret), []byte(given.secret)) != 1 {
			why = clientBadSecret
		}
	}
	if why == "" && s.registered[given.id].secretExpired(s.Now()) {
		why = clientSecretExpired
	}
	if why != "" {
		return Client{}, why
	}
	return client, ""
}
