package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// defaultUser is who consents: the sandbox has one user and no login.
const defaultUser = "sandbox-user"

// authorization is a checked authorization request.
type authorization struct {
	client        Client
	redirectURI   string
	redirectGiven bool
	scopes        []string
	state         string
	challenge     string
	thumbprint    string // dpop_jkt
	offline       bool   // with a refresh token
	forUser       bool   // with the tokens of the user
	implicit      bool   // an access token instead of a code
}

// denial is why an authorization request fails. Without a redirectURI it is shown to the person: nothing may be sent
// to an address that is not known to be the client's (RFC 6749 §4.1.2.1).
type denial struct {
	redirectURI string
	state       string
	code        string
	description string
}

// serveAuthorize is the authorization endpoint: GET shows the consent page, POST takes its decision. Server.mu is held.
func (s *Server) serveAuthorize(c *call) reply {
	c.entry.ClientID = c.params.Get("client_id")
	if c.badForm != nil {
		return s.denialReply(c.issuer, denial{code: "invalid_request", description: "the parameters cannot be decoded"})
	}
	if c.r.Method == http.MethodPost {
		return s.decide(c.params, c.issuer, c.params.Get(decisionField), c.entry)
	}
	request, refused := s.checkAuthorization(c.params, c.issuer)
	if refused != nil {
		return s.denialReply(c.issuer, *refused)
	}
	s.counters.AuthorizeViews++
	return consentPage(request, c.params)
}

// decide carries out what the person chose. Server.mu is held.
func (s *Server) decide(params url.Values, issuer, decision string, entry *Entry) reply {
	request, refused := s.checkAuthorization(params, issuer)
	switch {
	case refused != nil:
		return s.denialReply(issuer, *refused)
	case decision == decisionDeny:
		s.useUp(params)
		return s.denialReply(issuer, denial{request.redirectURI, request.state, "access_denied", "the user said no"})
	case decision != decisionAllow:
		return s.denialReply(issuer, denial{code: "invalid_request", description: "neither Allow nor Deny was chosen"})
	}
	s.useUp(params)
	if request.implicit {
		return s.implicit(request, issuer, entry)
	}
	code, err := s.consent(request)
	if err != nil {
		return s.denialReply(issuer, denial{request.redirectURI, request.state, "server_error", "no randomness"})
	}
	entry.TokenID = TokenID(code)
	if s.manners.formPost && params.Get("response_mode") != "query" {
		return postPage(request.redirectURI, url.Values{"code": {code}, "state": {request.state}})
	}
	answer := append([]string{"code", code}, s.manners.callback...)
	return found(callbackURL(request.redirectURI, s.manners.iss(issuer), request.state, answer...))
}

// checkAuthorization checks an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3) in the order that decides where
// its errors go.
func (s *Server) checkAuthorization(params url.Values, issuer string) (authorization, *denial) {
	params, refused := s.unfold(params)
	if refused != nil {
		return authorization{}, refused
	}
	return s.checkRequest(params, issuer)
}

// checkRequest does so with a request as it is.
func (s *Server) checkRequest(params url.Values, issuer string) (authorization, *denial) {
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(params[name]) > 1 {
			return authorization{}, &denial{code: "invalid_request", description: name + " is there more than once"}
		}
	}
	client, known := s.clients[params.Get("client_id")]
	if !known {
		return authorization{}, &denial{code: "invalid_request", description: "client_id is missing or unknown"}
	}
	request := authorization{client: client, state: params.Get("state"), challenge: params.Get("code_challenge")}
	if !s.settings.IgnoreProofs {
		request.thumbprint = params.Get("dpop_jkt")
	}
	registered := client.redirectURIs(issuer)
	request.redirectURI = params.Get("redirect_uri")
	request.redirectGiven = request.redirectURI != ""
	if !request.redirectGiven && len(registered) == 1 {
		request.redirectURI = registered[0] // RFC 6749 §3.1.2.3
	}
	if !slices.ContainsFunc(registered, func(uri string) bool { return uri == request.redirectURI || isLoopbackOf(uri, request.redirectURI) }) {
		return authorization{}, &denial{code: "invalid_request", description: "redirect_uri is not registered for this client"}
	}
	code, description := s.checkTrusted(&request, params)
	if code != "" {
		return authorization{}, &denial{request.redirectURI, request.state, code, description}
	}
	return request, nil
}

// isLoopbackOf tells whether a redirect URI is the registered one at another port: a native app gets whatever port is free when it
// begins to listen (RFC 8252 §7.3).
func isLoopbackOf(registered, given string) bool {
	r, err1 := url.Parse(registered)
	g, err2 := url.Parse(given)
	if err1 != nil || err2 != nil || r.Scheme != "http" || r.Port() != "" || g.Port() == "" || g.Hostname() != r.Hostname() {
		return false
	}
	g.Host = r.Host
	return (r.Hostname() == "127.0.0.1" || r.Hostname() == "::1") && g.String() == r.String()
}

var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// checkTrusted checks what comes after the redirect URI, and fills in the scopes.
func (s *Server) checkTrusted(request *authorization, params url.Values) (code, description string) {
	for name, values := range params {
		if len(values) > 1 && !mayRepeat(name) { // RFC 6749 §3.1
			if name == "state" {
				request.state = ""
			}
			return "invalid_request", fmt.Sprintf("%q is there more than once", name)
		}
	}
	method := params.Get("code_challenge_method")
	responseType := params.Get("response_type")
	var ok bool
	request.scopes, ok = request.client.grant(s.manners.scopes(params))
	request.offline, request.forUser = s.manners.givesRefreshToken(*request, params), s.manners.forUser(params)
	switch {
	case responseType == "":
		return "invalid_request", "response_type is missing"
	case s.grants.Implicit && responseType == "token" && request.challenge == "" && method == "" && ok: // RFC 6749 §4.2.1; PKCE protects codes alone
		request.implicit = true
	case responseType != "code":
		return "unsupported_response_type", "response_type must be code"
	case s.manners.pkce == pkceIgnored:
	case request.challenge == "" && s.settings.RequirePKCE:
		return "invalid_request", "code_challenge is required"
	case request.challenge == "" && method != "":
		return "invalid_request", "code_challenge_method without code_challenge"
	case request.challenge != "" && method != "S256":
		// RFC 7636 §4.3: a missing method means plain, which is not offered.
		return "invalid_request", "code_challenge_method must be S256"
	case request.challenge != "" && !challengePattern.MatchString(request.challenge):
		return "invalid_request", "code_challenge is not the base64url form of a SHA-256"
	case request.thumbprint != "" && !challengePattern.MatchString(request.thumbprint):
		return "invalid_request", "dpop_jkt is not the base64url form of a SHA-256"
	case !ok:
		return "invalid_scope", "a scope is not allowed for this client"
	}
	return s.manners.checkAuthorization(request, params)
}

// consent issues a code. Server.mu is held.
func (s *Server) consent(request authorization) (string, error) {
	code, err := s.mint(SecretCode)
	if err != nil {
		return "", err
	}
	s.codes[code] = &authCode{
		clientID: request.client.ID, user: defaultUser, scopes: request.scopes,
		redirectURI: request.redirectURI, redirectGiven: request.redirectGiven, challenge: request.challenge,
		offline: request.offline, forUser: request.forUser, thumbprint: request.thumbprint,
		expiresAt: deadline(s.Now(), s.settings.CodeLifetime),
	}
	s.counters.Consents++
	return code, nil
}

// denialReply shows or redirects a failed authorization request.
func (s *Server) denialReply(issuer string, d denial) reply {
	if d.redirectURI == "" {
		r := errorPage(d.code, d.description)
		r.error = d.code
		return r
	}
	r := found(callbackURL(d.redirectURI, s.manners.iss(issuer), d.state, "error", d.code, "error_description", d.description))
	r.error = d.code
	return r
}

// callbackURL adds the given names and values, state and, unless it is empty, iss (RFC 9207) to a redirect URI, keeping the query that it
// has.
func callbackURL(redirectURI, issuer, state string, pairs ...string) string {
	query := ""
	for i := 0; i+1 < len(pairs); i += 2 {
		query += "&" + pairs[i] + "=" + url.QueryEscape(pairs[i+1])
	}
	if state != "" {
		query += "&state=" + url.QueryEscape(state)
	}
	if issuer != "" {
		query += "&iss=" + url.QueryEscape(issuer)
	}
	query = query[1:]
	if strings.Contains(redirectURI, "?") {
		return redirectURI + "&" + query
	}
	return redirectURI + "?" + query
}

func found(location string) reply {
	return reply{status: http.StatusFound, header: http.Header{"Location": {location}, "Cache-Control": {"no-store"}}}
}
