package sandbox

import (
	"net/http"
	"strings"
)

// reason says why a request was refused, more exactly than an OAuth error code can. It stands in the log.
type reason string

// refusal is the standard answer to one reason.
type refusal struct {
	status      int
	code        string
	description string
}

const (
	badBody          reason = "bad_body"
	badQuery         reason = "parameters_in_query"
	repeated         reason = "repeated_parameter"
	missing          reason = "missing_parameter"
	grantUnsupported reason = "grant_unsupported"

	clientTwoMethods   reason = "client_two_methods"
	clientTwoIDs       reason = "client_two_ids"
	clientMissing      reason = "client_missing"
	clientUnknown      reason = "client_unknown"
	clientBadHeader    reason = "client_bad_header"
	clientBadMethod    reason = "client_bad_method"
	clientBadSecret    reason = "client_bad_secret"
	clientIsPublic     reason = "client_is_public"
	scopeExceeded      reason = "scope_exceeded"
	tokenForeignClient reason = "token_foreign_client"

	codeUnknown       reason = "code_unknown"
	codeForeignClient reason = "code_foreign_client"
	codeReplayed      reason = "code_replayed"
	codeExpired       reason = "code_expired"
	redirectMismatch  reason = "redirect_uri_mismatch"
	pkceMissing       reason = "pkce_missing"
	pkceMalformed     reason = "pkce_malformed"
	pkceMismatch      reason = "pkce_mismatch"
	pkceUnexpected    reason = "pkce_unexpected"

	refreshUnknown       reason = "refresh_unknown"
	refreshForeignClient reason = "refresh_foreign_client"
	refreshRevoked       reason = "refresh_revoked"
	refreshReused        reason = "refresh_reused"
	refreshExpired       reason = "refresh_expired"
	refreshTooEarly      reason = "refresh_too_early"

	noRandomness reason = "no_randomness"
)

// standardRefusals returns the answers that RFC 6749 §5.2, RFC 7009 and RFC 7636 give.
func standardRefusals() map[reason]refusal {
	return map[reason]refusal{
		badBody:          {400, "invalid_request", "the body is not application/x-www-form-urlencoded"},
		badQuery:         {400, "invalid_request", "parameters belong in the body, not in the URL"},
		repeated:         {400, "invalid_request", "a parameter is there more than once"},
		missing:          {400, "invalid_request", "a required parameter is missing"},
		grantUnsupported: {400, "unsupported_grant_type", "this grant type is not supported"},

		clientTwoMethods:   {400, "invalid_request", "more than one way of client authentication in one request"},
		clientTwoIDs:       {400, "invalid_request", "header and body name different clients"},
		clientMissing:      {401, "invalid_client", "no client authentication"},
		clientUnknown:      {401, "invalid_client", "unknown client"},
		clientBadHeader:    {401, "invalid_client", "the Authorization header cannot be read as Basic"},
		clientBadMethod:    {401, "invalid_client", "the client must authenticate in another way"},
		clientBadSecret:    {401, "invalid_client", "wrong client secret"},
		clientIsPublic:     {400, "unauthorized_client", "public clients may not use this grant"},
		scopeExceeded:      {400, "invalid_scope", "a scope goes beyond what may be granted"},
		tokenForeignClient: {400, "invalid_grant", "the token was issued to another client"},

		codeUnknown:       {400, "invalid_grant", "unknown code"},
		codeForeignClient: {400, "invalid_grant", "the code was issued to another client"},
		codeReplayed:      {400, "invalid_grant", "the code was used before; its tokens are revoked"},
		codeExpired:       {400, "invalid_grant", "the code has expired"},
		redirectMismatch:  {400, "invalid_grant", "redirect_uri differs from the authorization request"},
		pkceMissing:       {400, "invalid_grant", "the code needs its code_verifier"},
		pkceMalformed:     {400, "invalid_grant", "code_verifier is not 43 to 128 unreserved characters"},
		pkceMismatch:      {400, "invalid_grant", "code_verifier does not match code_challenge"},
		pkceUnexpected:    {400, "invalid_grant", "code_verifier for a code that was asked for without code_challenge"},

		refreshUnknown:       {400, "invalid_grant", "unknown refresh token"},
		refreshForeignClient: {400, "invalid_grant", "the refresh token was issued to another client"},
		refreshRevoked:       {400, "invalid_grant", "the refresh token was revoked"},
		refreshReused:        {400, "invalid_grant", "the refresh token was used before"},
		refreshExpired:       {400, "invalid_grant", "the refresh token has expired"},
		refreshTooEarly:      {400, "too_early", "it is too early to refresh; the current tokens stay valid"},

		noRandomness: {500, "server_error", "the source of randomness failed"},
	}
}

// refuse answers a request to /token or /revoke for the given reason. Server.mu is held.
func (s *Server) refuse(why reason) reply {
	answer := s.refusals[why]
	body := ""
	if why == refreshTooEarly {
		answer.status, answer.code, body = s.settings.TooEarlyStatus, s.settings.TooEarlyError, s.settings.TooEarlyBody
	}
	r := tokenReply(answer.status, object{{"error", quote(answer.code)}, {"error_description", quote(answer.description)}})
	r.error, r.reason = answer.code, why
	if body != "" {
		r.body, r.members = []byte(body), nil
		if !strings.HasPrefix(body, "{") && !strings.HasPrefix(body, "[") {
			r.header.Set("Content-Type", "text/plain; charset=utf-8")
		}
	}
	if answer.status == http.StatusUnauthorized {
		// RFC 6749 §5.2; RFC 9110 §11.6.1 wants a challenge with every 401.
		r.header.Set("WWW-Authenticate", `Basic realm="sandbox"`)
	}
	return r
}
