package sandbox

import (
	"cmp"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// requestURIPrefix begins the reference to a pushed request (RFC 9126 §2.2).
const requestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// pushedRequest is an authorization request that waits for its person.
type pushedRequest struct {
	clientID  string
	params    url.Values
	expiresAt time.Time
	used      bool
}

// servePush takes an authorization request in advance (RFC 9126 §2.1). Server.mu is held.
func (s *Server) servePush(c *call) reply {
	answer := s.push(c)
	if answer.error == "" {
		s.counters.Pushes++
	}
	return answer
}

func (s *Server) push(c *call) reply {
	if why := c.checkForm(); why != "" {
		return s.refuse(why)
	}
	client, why := s.authenticate(c)
	switch {
	case why != "":
		return s.refuse(why)
	case c.params.Has("request_uri"): // RFC 9126 §2.1
		return s.refuse(pushedReference)
	case c.params.Get("client_id") != client.ID: // a parameter of the authorization request, whatever else proves the client
		return s.refuse(missing)
	}
	params := maps.Clone(c.params)
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		delete(params, name)
	}
	if _, refused := s.checkRequest(params, c.issuer); refused != nil {
		r := tokenReply(http.StatusBadRequest, object{{"error", quote(refused.code)}, {"error_description", quote(refused.description)}})
		r.error = refused.code
		return r
	}
	raw := make([]byte, 24)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return s.refuse(noRandomness)
	}
	lifetime := cmp.Or(s.settings.PushedRequestLifetime, time.Minute)
	reference := requestURIPrefix + base64.RawURLEncoding.EncodeToString(raw)
	s.pushed[reference] = &pushedRequest{clientID: client.ID, params: params, expiresAt: s.Now().Add(lifetime)}
	return tokenReply(http.StatusCreated, object{
		{"request_uri", quote(reference)}, {"expires_in", strconv.Itoa(int(lifetime / time.Second))},
	})
}

// unfold returns the request that params stand for: themselves, or the pushed one that they name. Nothing but client_id may stand
// beside a request_uri: what a person could change in the address bar would be worth nothing.
func (s *Server) unfold(params url.Values) (url.Values, *denial) {
	reference := params.Get("request_uri")
	if reference == "" {
		if s.settings.RequirePushedRequests {
			return nil, &denial{code: "invalid_request", description: "authorization requests have to be pushed (RFC 9126)"}
		}
		return params, nil
	}
	for name := range params {
		if !slices.Contains([]string{"client_id", "request_uri", decisionField}, name) {
			return nil, &denial{code: "invalid_request", description: name + " stands beside a request_uri"}
		}
	}
	p := s.pushed[reference]
	switch {
	case p == nil || p.clientID != params.Get("client_id"):
		return nil, &denial{code: "invalid_request_uri", description: "the request_uri is unknown, or of another client"}
	case p.used:
		return nil, &denial{code: "invalid_request_uri", description: "the request_uri was used before"}
	case past(p.expiresAt, s.Now()):
		return nil, &denial{code: "invalid_request_uri", description: "the request_uri has expired"}
	}
	return p.params, nil
}

// useUp ends a pushed request: it is good for one answer (RFC 9126 §7.3).
func (s *Server) useUp(params url.Values) {
	if p := s.pushed[params.Get("request_uri")]; p != nil {
		p.used = true
	}
}
