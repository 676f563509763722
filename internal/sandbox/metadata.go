package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// serveMetadata is the authorization server's metadata (RFC 8414, RFC 9207 §3). Server.mu is held.
func (s *Server) serveMetadata(c *call) reply {
	members := object{
		{"issuer", quote(c.issuer)},
		{"authorization_endpoint", quote(c.issuer + pathAuthorize)},
		{"token_endpoint", quote(c.issuer + pathToken)},
		{"device_authorization_endpoint", quote(c.issuer + pathDeviceAuth)},
		{"response_types_supported", s.responseTypes()},
		{"response_modes_supported", `["query"]`},
		{"grant_types_supported", s.grantTypes()},
		{"token_endpoint_auth_methods_supported", s.methodList(s.manners.tokenMethods)},
		{"code_challenge_methods_supported", `["S256"]`},
		{"authorization_response_iss_parameter_supported", strconv.FormatBool(!s.manners.omitsIssuer)},
	}
	members = append(members, member{"pushed_authorization_request_endpoint", quote(c.issuer + pathPush)},
		member{"require_pushed_authorization_requests", strconv.FormatBool(s.settings.RequirePushedRequests)})
	if !s.settings.IgnoreProofs {
		members = append(members, member{"dpop_signing_alg_values_supported", `["ES256","EdDSA","RS256"]`})
	}
	if !s.manners.noRevocation {
		members = append(members, member{"revocation_endpoint", quote(c.issuer + pathRevoke)},
			member{"revocation_endpoint_auth_methods_supported", s.methodList(s.manners.revokeMethods)})
	}
	if s.manners.introspection != introspectionAbsent {
		methods := s.manners.tokenMethods
		if methods == nil {
			methods = s.spoken([]string{AuthBasic, AuthPost})
		}
		members = append(members, member{"introspection_endpoint", quote(c.issuer + pathIntrospect)},
			member{"introspection_endpoint_auth_methods_supported", s.methodList(methods)})
	}
	if s.signingAlgs != nil {
		members = append(members, member{"token_endpoint_auth_signing_alg_values_supported", list(s.signingAlgs)})
	}
	if s.mtlsURL != "" {
		members = append(members, member{"mtls_endpoint_aliases", fmt.Sprintf(
			`{"token_endpoint":%s,"revocation_endpoint":%s,"introspection_endpoint":%s,"pushed_authorization_request_endpoint":%s}`,
			quote(s.mtlsURL+pathToken), quote(s.mtlsURL+pathRevoke), quote(s.mtlsURL+pathIntrospect), quote(s.mtlsURL+pathPush))})
	}
	if s.settings.Registration.Enabled {
		members = append(members, member{"registration_endpoint", quote(c.issuer + pathRegister)})
	}
	return jsonReply(http.StatusOK, members)
}

// responseTypes is a JSON list of what the authorization endpoint answers with.
func (s *Server) responseTypes() string {
	if s.grants.Implicit {
		return `["code","token"]`
	}
	return `["code"]`
}

// grantTypes is a JSON list of what the token endpoint takes.
func (s *Server) grantTypes() string {
	types := []string{"authorization_code", "refresh_token", "client_credentials", grantDevice}
	if s.grants.Implicit {
		types = append(types, "implicit")
	}
	if s.grants.Users != nil {
		types = append(types, "password")
	}
	if s.grants.AssertionKeys != nil {
		types = append(types, grantJWTBearer)
	}
	if s.grants.Exchange {
		types = append(types, grantTokenExchange)
	}
	return `["` + strings.Join(append(types, sortedNames(s.grants.Extensions)...), `","`) + `"]`
}

// methodList is a JSON list of methods of client authentication; nil stands for all that clients have. Server.mu is held.
func (s *Server) methodList(methods []string) string {
	if methods == nil {
		methods = s.spoken([]string{AuthBasic, AuthPost, AuthNone})
	}
	return list(methods)
}

// spoken adds the methods of clients with keys and certificates, if there are any. Server.mu is held.
func (s *Server) spoken(methods []string) []string {
	for _, id := range slices.Sorted(maps.Keys(s.clients)) {
		c := s.clients[id]
		if c.AuthMethod != AuthAny && c.AuthMethod != AuthNone && !slices.Contains(methods, c.AuthMethod) {
			methods = append(methods, c.AuthMethod)
		}
	}
	return methods
}

func list(texts []string) string { return `["` + strings.Join(texts, `","`) + `"]` }

// serveRedirected is where the redirect fault leads. A client that follows a redirect of the token endpoint has
// handed its refresh token to another address; it gets something that looks like success, so that its mistake cannot
// go unseen. Server.mu is held.
func (s *Server) serveRedirected(*call) reply {
	s.counters.RedirectedHits++
	return jsonReply(http.StatusOK, object{{"access_token", `"from-the-wrong-address"`}, {"token_type", `"Bearer"`}})
}
