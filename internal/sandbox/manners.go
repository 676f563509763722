package sandbox

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// manners are what a profile adds to Settings: how a server departs from the standard in ways that do not change while
// it runs. The zero value departs in nothing.
type manners struct {
	refusals map[reason]refusal // in place of the standard ones

	// The authorization endpoint.
	needs         map[string]string // parameters that must be there; the empty value stands for any
	needsScopes   []string          // all of them must be asked for
	offlineScopes []string          // a refresh token is given for one of these only; nil: always
	offline       map[string]string // parameters without which no refresh token is given
	ignoresScopes bool              // they are neither checked nor granted
	separator     string            // between scopes, in requests and replies; empty: a space
	userScopes    string            // the parameter that asks for scopes of the user, if there are such
	pkce          pkceManner
	formPost      bool     // answers by HTTP POST unless response_mode=query
	postOnly      bool     // and refuses response_mode=query
	omitsIssuer   bool     // sends no iss (RFC 9207)
	callback      []string // names and values, in turn, that a callback has besides a code

	// The token endpoint.
	tokenMethods          []string          // of client authentication; nil: the client's own
	header                map[string]string // of every answer
	formUnlessJSON        bool              // answers in a form, unless the request accepts application/json
	userPath              string            // the member of a reply that holds the tokens, if scopes of the user alone were asked for
	userPathOnce          bool              // it is so in the answer to a code, and not in that to a refresh
	expiring              map[string]string // parameters with a code, without which its tokens have no end and are not refreshed
	expiresIn             expiresInManner
	idleEndsIn            string // a member that says how long the refresh token lives unused
	hardEndsIn            string // a member that says how long it lives at most
	more                  object // members that every successful reply has on top
	refusesScopeOnRefresh bool
	callsByToken          bool          // Settings.TokenCalls counts the refreshes of an authorization, not calls by client and user
	clientNeeds           []string      // parameters of a client_credentials request that must be there
	rotatesTooEarly       bool          // a refusal as too early brings a successor of the refresh token
	chains                int           // so many authorizations of a user and client live; the oldest makes room; 0: no limit
	oldAccess             time.Duration // so long an access token lives on after a refresh; 0: to its end
	lockOut               lockOut

	// The revocation endpoint.
	noRevocation          bool
	revokeMethods         []string // as tokenMethods
	revokesRefreshOnly    bool     // an access token is refused
	refusesDeadRevocation bool     // a token that is unknown or dead is refused, which RFC 7009 §2.2 does not do

	introspection introspectionManner

	resources map[string]resource // of the API, by path
	paths     map[string]string   // the platform's own, and what is served there
}

// pkceManner is what becomes of a code_challenge.
type pkceManner string

const (
	pkceIgnored pkceManner = "ignored" // like any parameter that is not known (RFC 6749 §3.1)
	pkceRefused pkceManner = "refused"
)

// expiresInManner is how a reply tells the lifetime of the access token, if not by a number.
type expiresInManner string

const (
	expiresInText   expiresInManner = "text" // a JSON string
	expiresInAbsent expiresInManner = "absent"
)

// introspectionManner is what the introspection endpoint does, if not what RFC 7662 says.
type introspectionManner string

const (
	introspectionAbsent     introspectionManner = "absent"
	introspectionRefused    introspectionManner = "refused" // the client may not ask
	introspectionWithoutExp introspectionManner = "without_exp"
)

// checkAuthorization checks what only some platforms ask for.
func (m manners) checkAuthorization(request *authorization, params url.Values) (code, description string) {
	for _, name := range slices.Sorted(maps.Keys(m.needs)) {
		if value := params.Get(name); value == "" || m.needs[name] != "" && value != m.needs[name] {
			return "invalid_request", name + " is missing or wrong"
		}
	}
	switch {
	case m.postOnly && params.Get("response_mode") == "query":
		return "invalid_request", "response_mode query is not enabled"
	case m.pkce == pkceRefused && request.challenge != "":
		return "invalid_request", "code_challenge is not known here"
	case !within(m.needsScopes, request.scopes):
		return "invalid_scope", "a required scope is missing"
	case strings.Contains(strings.Join(request.scopes, ""), " "):
		return "invalid_scope", "a scope has a space in it"
	}
	return "", ""
}

// scopes returns the scopes of a request, nil if it names none that count.
func (m manners) scopes(params url.Values) []string {
	switch {
	case m.ignoresScopes:
		return nil
	case m.forUser(params):
		return m.scopeList(params.Get(m.userScopes))
	}
	return m.scopeList(params.Get("scope"))
}

// forUser tells whether a request asks for scopes of the user and no others.
func (m manners) forUser(params url.Values) bool {
	return m.userScopes != "" && params.Get("scope") == "" && params.Get(m.userScopes) != ""
}

// scopeList reads a list of scopes, nil if it is empty.
func (m manners) scopeList(text string) []string {
	scopes := strings.Fields(text)
	if m.separator != "" {
		scopes = strings.FieldsFunc(text, func(r rune) bool { return string(r) == m.separator })
	}
	if len(scopes) == 0 {
		return nil
	}
	return scopes
}

// givesRefreshToken tells whether an authorization that was asked for so comes with one.
func (m manners) givesRefreshToken(request authorization, params url.Values) bool {
	asks := func(s string) bool { return slices.Contains(request.scopes, s) }
	return has(params, m.offline) && (m.offlineScopes == nil || slices.ContainsFunc(m.offlineScopes, asks))
}

// has tells whether a request has all these parameters.
func has(params url.Values, wanted map[string]string) bool {
	for name, value := range wanted {
		if params.Get(name) != value {
			return false
		}
	}
	return true
}

// takesMethod tells whether a client may authenticate so at this path.
func (m manners) takesMethod(path, method string) bool {
	methods := m.tokenMethods
	if path == pathRevoke {
		methods = m.revokeMethods
	}
	return methods == nil || slices.Contains(methods, method)
}

// iss returns what the callback names as issuer.
func (m manners) iss(issuer string) string {
	if m.omitsIssuer {
		return ""
	}
	return issuer
}

// makeRoom ends the oldest authorizations of the same user and client for the new one f. Server.mu is held.
func (s *Server) makeRoom(f *family) {
	if s.manners.chains == 0 {
		return
	}
	lives := 0
	for _, other := range slices.Backward(s.families) {
		if other.clientID != f.clientID || other.user != f.user || other.revoked != "" {
			continue
		}
		if lives++; lives > s.manners.chains {
			s.kill(other, RevokedByLimit)
		}
	}
}

// endOldAccess shortens the life of what f has by way of access tokens, before it gets another. Server.mu is held.
func (s *Server) endOldAccess(f *family) {
	if s.manners.oldAccess == 0 {
		return
	}
	end := s.Now().Add(s.manners.oldAccess)
	for _, t := range f.accessTok {
		if t.expiresAt.IsZero() || t.expiresAt.After(end) {
			t.expiresAt = end
		}
	}
}

// stamp fills the time into a text of a profile: {now} for people, {now_ms} in milliseconds since 1970.
func (s *Server) stamp(text string) string {
	now := s.Now().UTC()
	return strings.NewReplacer("{now}", now.Format("2006-01-02 15:04:05Z"), "{now_ms}", strconv.FormatInt(now.UnixMilli(), 10)).Replace(text)
}

func (s *Server) stamped(members object) object {
	var all object
	for _, m := range members {
		all = append(all, member{m.name, s.stamp(m.value)})
	}
	return all
}
