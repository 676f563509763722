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
	method string
	id     string
	secret string
}

// readClient finds the client authentication in header and body.
func readClient(header http.Header, body url.Values) (presented, reason) {
	id, secret := body.Get("client_id"), body.Get("client_secret")
	values := header.Values("Authorization")
	switch {
	case len(values) == 0 && secret != "":
		return presented{AuthPost, id, secret}, ""
	case len(values) == 0 && id != "":
		return presented{AuthNone, id, ""}, ""
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
	return presented{AuthBasic, basicID, basicSecret}, ""
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
	switch {
	case !known:
		return Client{}, clientUnknown
	case client.AuthMethod == AuthAny && given.method == AuthNone,
		client.AuthMethod != AuthAny && client.AuthMethod != given.method,
		!s.manners.takesMethod(c.r.URL.Path, given.method):
		return Client{}, clientBadMethod
	case subtle.ConstantTimeCompare([]byte(client.Secret), []byte(given.secret)) != 1:
		return Client{}, clientBadSecret
	case s.registered[given.id].secretExpired(s.Now()):
		return Client{}, clientSecretExpired
	}
	return client, ""
}
