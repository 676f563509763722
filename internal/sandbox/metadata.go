package sandbox

import (
	"net/http"
	"strconv"
)

// serveMetadata is the authorization server's metadata (RFC 8414, RFC 9207 §3). Server.mu is held.
func (s *Server) serveMetadata(c *call) reply {
	const secretMethods = `["client_secret_basic","client_secret_post","none"]`
	return jsonReply(http.StatusOK, object{
		{"issuer", quote(c.issuer)},
		{"authorization_endpoint", quote(c.issuer + pathAuthorize)},
		{"token_endpoint", quote(c.issuer + pathToken)},
		{"revocation_endpoint", quote(c.issuer + pathRevoke)},
		{"response_types_supported", `["code"]`},
		{"response_modes_supported", `["query"]`},
		{"grant_types_supported", `["authorization_code","refresh_token","client_credentials"]`},
		{"token_endpoint_auth_methods_supported", secretMethods},
		{"revocation_endpoint_auth_methods_supported", secretMethods},
		{"code_challenge_methods_supported", `["S256"]`},
		{"authorization_response_iss_parameter_supported", strconv.FormatBool(!s.manners.omitsIssuer)},
	})
}

// serveRedirected is where the redirect fault leads. A client that follows a redirect of the token endpoint has
// handed its refresh token to another address; it gets something that looks like success, so that its mistake cannot
// go unseen. Server.mu is held.
func (s *Server) serveRedirected(*call) reply {
	s.counters.RedirectedHits++
	return jsonReply(http.StatusOK, object{{"access_token", `"from-the-wrong-address"`}, {"token_type", `"Bearer"`}})
}
