package sandbox

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// reason says why a request was refused, more exactly than an OAuth error code can. It stands in the log.
type reason string

// refusal is the answer to one reason.
type refusal struct {
	status      int
	code        string
	description string
	header      map[string]string
	more        object // members beyond error and error_description
	codeIn      string // the member that says the code; empty: error
	textIn      string // the member that describes it; empty: error_description
}

// says is a refusal that consists of what RFC 6749 §5.2 names.
func says(status int, code, description string) refusal {
	return refusal{status: status, code: code, description: description}
}

const (
	badBody          reason = "bad_body"
	badQuery         reason = "parameters_in_query"
	repeated         reason = "repeated_parameter"
	missing          reason = "missing_parameter"
	pushedReference  reason = "pushed_reference"
	grantUnsupported reason = "grant_unsupported"

	clientTwoMethods reason = "client_two_methods"
	clientTwoIDs     reason = "client_two_ids"
	clientMissing    reason = "client_missing"
	clientUnknown    reason = "client_unknown"
	clientBadHeader  reason = "client_bad_header"
	clientBadMethod  reason = "client_bad_method"
	clientBadSecret  reason = "client_bad_secret"
	clientIsPublic   reason = "client_is_public"

	assertionMalformed    reason = "assertion_malformed"
	assertionBadAlgorithm reason = "assertion_bad_algorithm"
	assertionBadSignature reason = "assertion_bad_signature"
	assertionOtherClient  reason = "assertion_other_client"
	assertionAudience     reason = "assertion_audience"
	assertionExpired      reason = "assertion_expired"
	assertionTooLong      reason = "assertion_too_long"
	assertionEarly        reason = "assertion_early"
	assertionReplayed     reason = "assertion_replayed"
	certificateMissing    reason = "certificate_missing"
	certificateUnknown    reason = "certificate_unknown"
	certificateUntrusted  reason = "certificate_untrusted"

	clientSecretExpired reason = "client_secret_expired"
	scopeExceeded       reason = "scope_exceeded"
	tokenForeignClient  reason = "token_foreign_client"

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
	refreshWithScope     reason = "refresh_with_scope"

	deviceUnknown reason = "device_unknown"
	deviceUsed    reason = "device_used"
	deviceExpired reason = "device_expired"
	deviceDenied  reason = "device_denied"
	deviceTooFast reason = "device_too_fast"
	devicePending reason = "device_pending"

	passwordWrong     reason = "password_wrong"
	grantingMalformed reason = "granting_malformed"
	grantingUnsigned  reason = "granting_unsigned"
	grantingForeign   reason = "granting_foreign"
	grantingExpired   reason = "granting_expired"
	grantingReplayed  reason = "granting_replayed"
	subjectDead       reason = "subject_dead"
	extensionRefused  reason = "extension_refused"

	revokeUnknown     reason = "revoke_unknown"
	revokeUnsupported reason = "revoke_unsupported"
	introspectRefused reason = "introspect_refused"
	lockedOut         reason = "locked_out"
	tooManyCalls      reason = "too_many_calls"

	proofMissing   reason = "proof_missing"
	proofMalformed reason = "proof_malformed"
	proofNonce     reason = "proof_nonce"
	proofOtherKey  reason = "proof_other_key"

	noRandomness reason = "no_randomness"
)

// standardRefusals returns the answers that RFC 6749 §5.2, RFC 7009, RFC 7636 and RFC 7662 §2.3 give.
func standardRefusals() map[reason]refusal {
	return map[reason]refusal{
		badBody:          says(400, "invalid_request", "the body is not application/x-www-form-urlencoded"),
		badQuery:         says(400, "invalid_request", "parameters belong in the body, not in the URL"),
		repeated:         says(400, "invalid_request", "a parameter is there more than once"),
		missing:          says(400, "invalid_request", "a required parameter is missing"),
		pushedReference:  says(400, "invalid_request", "request_uri cannot be pushed"),
		grantUnsupported: says(400, "unsupported_grant_type", "this grant type is not supported"),

		clientTwoMethods: says(400, "invalid_request", "more than one way of client authentication in one request"),
		clientTwoIDs:     says(400, "invalid_request", "header and body name different clients"),
		clientMissing:    says(401, "invalid_client", "no client authentication"),
		clientUnknown:    says(401, "invalid_client", "unknown client"),
		clientBadHeader:  says(401, "invalid_client", "the Authorization header cannot be read as Basic"),
		clientBadMethod:  says(401, "invalid_client", "the client must authenticate in another way"),
		clientBadSecret:  says(401, "invalid_client", "wrong client secret"),

		assertionMalformed:    says(401, "invalid_client", "the client assertion cannot be read"),
		assertionBadAlgorithm: says(401, "invalid_client", "the client assertion is signed by an algorithm that is not taken"),
		assertionBadSignature: says(401, "invalid_client", "the signature of the client assertion is wrong"),
		assertionOtherClient:  says(401, "invalid_client", "the client assertion is of another client"),
		assertionAudience:     says(401, "invalid_client", "the client assertion is made out to another server"),
		assertionExpired:      says(401, "invalid_client", "the client assertion has expired"),
		assertionTooLong:      says(401, "invalid_client", "the client assertion lives too long"),
		assertionEarly:        says(401, "invalid_client", "the client assertion is not good yet"),
		assertionReplayed:     says(401, "invalid_client", "the client assertion was used before, or has no jti"),
		certificateMissing:    says(401, "invalid_client", "no client certificate was shown"),
		certificateUnknown:    says(401, "invalid_client", "the client certificate is not the one that is registered"),
		certificateUntrusted:  says(401, "invalid_client", "the client certificate is of no known CA, or not valid now"),
		clientSecretExpired:   says(401, "invalid_client", "the client secret has expired"),

		clientIsPublic:     says(400, "unauthorized_client", "public clients may not use this grant"),
		scopeExceeded:      says(400, "invalid_scope", "a scope goes beyond what may be granted"),
		tokenForeignClient: says(400, "invalid_grant", "the token was issued to another client"),

		codeUnknown:       says(400, "invalid_grant", "unknown code"),
		codeForeignClient: says(400, "invalid_grant", "the code was issued to another client"),
		codeReplayed:      says(400, "invalid_grant", "the code was used before; its tokens are revoked"),
		codeExpired:       says(400, "invalid_grant", "the code has expired"),
		redirectMismatch:  says(400, "invalid_grant", "redirect_uri differs from the authorization request"),
		pkceMissing:       says(400, "invalid_grant", "the code needs its code_verifier"),
		pkceMalformed:     says(400, "invalid_grant", "code_verifier is not 43 to 128 unreserved characters"),
		pkceMismatch:      says(400, "invalid_grant", "code_verifier does not match code_challenge"),
		pkceUnexpected:    says(400, "invalid_grant", "code_verifier for a code that was asked for without code_challenge"),

		refreshUnknown:       says(400, "invalid_grant", "unknown refresh token"),
		refreshForeignClient: says(400, "invalid_grant", "the refresh token was issued to another client"),
		refreshRevoked:       says(400, "invalid_grant", "the refresh token was revoked"),
		refreshReused:        says(400, "invalid_grant", "the refresh token was used before"),
		refreshExpired:       says(400, "invalid_grant", "the refresh token has expired"),
		refreshTooEarly:      says(400, "too_early", "it is too early to refresh; the current tokens stay valid"),

		refreshWithScope: says(400, "invalid_request", "scope is not a parameter of a refresh"),

		// RFC 8628 §3.5
		deviceUnknown: says(400, "invalid_grant", "unknown device code"),
		deviceUsed:    says(400, "invalid_grant", "the device code was used before; its tokens are revoked"),
		deviceExpired: says(400, "expired_token", "the device code has expired"),
		deviceDenied:  says(400, "access_denied", "the user said no"),
		deviceTooFast: says(400, "slow_down", "polled faster than the interval"),
		devicePending: says(400, "authorization_pending", "the user has not decided yet"),

		passwordWrong:     says(400, "invalid_grant", "wrong username or password"),
		grantingMalformed: says(400, "invalid_grant", "the assertion is not a signed JWT"),
		grantingUnsigned:  says(400, "invalid_grant", "the assertion is not signed by a key that is known"),
		grantingForeign:   says(400, "invalid_grant", "the assertion is for another audience"),
		grantingExpired:   says(400, "invalid_grant", "the assertion has expired, or lives too long"),
		grantingReplayed:  says(400, "invalid_grant", "the jti of the assertion is missing, or was seen before"),
		subjectDead:       says(400, "invalid_request", "the subject_token or actor_token is not valid"), // RFC 8693 §2.2.2
		extensionRefused:  says(400, "invalid_grant", "a parameter of the grant is missing or wrong"),

		revokeUnknown:     says(400, "invalid_token", "unknown token"),
		revokeUnsupported: says(400, "unsupported_token_type", "tokens of this kind are not revoked here"),
		introspectRefused: says(403, "access_denied", "this client may not introspect"),
		lockedOut:         says(429, "slow_down", "too many refused requests: the client is locked out"),

		tooManyCalls: says(429, "slow_down", "too many calls of the token endpoint"),

		proofMissing:   says(400, "invalid_request", "this client must send a DPoP proof"),
		proofMalformed: says(400, "invalid_dpop_proof", "the DPoP proof does not hold"),
		proofNonce:     says(400, "use_dpop_nonce", "the DPoP proof needs the nonce of this answer"),
		proofOtherKey:  says(400, "invalid_grant", "it is bound to another key than that of the DPoP proof"),

		noRandomness: says(500, "server_error", "the source of randomness failed"),
	}
}

// in200 are the standard refusals, with a platform's own in place of them, as a server sends them that says HTTP 200 to
// everything. more are members that each has on top.
func in200(own map[reason]refusal, more ...member) map[reason]refusal {
	all := standardRefusals()
	maps.Copy(all, own)
	for why, r := range all {
		if r.status < http.StatusInternalServerError {
			r.status, r.more = http.StatusOK, slices.Concat(r.more, more)
			all[why] = r
		}
	}
	return all
}

// refuse answers a request to /token, /revoke or /introspect for the given reason. Server.mu is held.
func (s *Server) refuse(why reason) reply {
	answer := s.refusals[why]
	body := ""
	if why == refreshTooEarly {
		answer.status, answer.code, body = s.settings.TooEarlyStatus, s.settings.TooEarlyError, s.settings.TooEarlyBody
	}
	var members object
	if answer.code != "" || answer.more == nil { // else the body is a platform's own altogether
		members = object{{cmp.Or(answer.codeIn, "error"), quote(answer.code)}}
	}
	if answer.description != "" {
		members = append(members, member{cmp.Or(answer.textIn, "error_description"), quote(s.stamp(answer.description))})
	}
	r := tokenReply(answer.status, append(members, s.stamped(answer.more)...))
	for name, value := range answer.header {
		r.header.Set(name, s.stamp(value))
	}
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
