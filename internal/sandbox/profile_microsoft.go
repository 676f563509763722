package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// microsoft is the Microsoft identity platform (Entra ID), version 2. The source is MicrosoftDocs/entra-docs.
func microsoft() profile {
	return profile{
		name: "microsoft",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationNewOldValid                 // refresh-tokens: the old one is not revoked
			s.AccessTokenLifetime = 3599 * time.Second       // v2-oauth2-auth-code-flow
			s.RefreshTokenIdleLifetime = 90 * 24 * time.Hour // refresh-tokens
			s.CodeLifetime = 10 * time.Minute                // v2-oauth2-auth-code-flow
		}),
		manners: manners{
			paths: map[string]string{ // v2-oauth2-auth-code-flow, of the tenant of these tests
				"/00000000-0000-0000-0000-000000000000/oauth2/v2.0/authorize": pathAuthorize,
				"/00000000-0000-0000-0000-000000000000/oauth2/v2.0/token":     pathToken,
			},
			offlineScopes: []string{"offline_access"},    // v2-oauth2-auth-code-flow
			tokenMethods:  []string{AuthPost, AuthBasic}, // v2-oauth2-auth-code-flow
			noRevocation:  true,                          // there is no such endpoint
			introspection: introspectionAbsent,           // the same
			omitsIssuer:   true,                          // not documented
			refusals: map[reason]refusal{
				refreshUnknown:  aadsts(400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."),
				refreshRevoked:  aadsts(400, "invalid_grant", 50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed."),
				refreshExpired:  aadsts(400, "invalid_grant", 700082, "The refresh token has expired due to inactivity."),
				codeReplayed:    aadsts(400, "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed."),
				codeExpired:     aadsts(400, "invalid_grant", 70008, "The provided authorization code or refresh token has expired due to inactivity."),
				clientBadSecret: aadsts(401, "invalid_client", 7000215, "Invalid client secret provided."), // reference-error-codes
			},
		},
		variants: []variant{
			{"expired_secret", func(p *profile) { // reference-error-codes
				p.manners.refusals[clientBadSecret] = aadsts(401, "invalid_client", 7000222, "The provided client secret keys are expired.")
			}},
			{"single_page_app", func(p *profile) { // Microsoft: 24 hours from the login, and no refresh extends them
				p.settings.RefreshTokenIdleLifetime, p.settings.RefreshTokenAbsoluteLifetime = 0, 24*time.Hour
			}},
			{"interaction_required", func(p *profile) { // v2-oauth2-auth-code-flow: the code; reference-error-codes: the number
				r := aadsts(400, "interaction_required", 50076, "Due to a configuration change made by your administrator")
				p.manners.refusals[refreshRevoked] = r
			}},
			{"blocked", func(p *profile) { // the suberror of @azure/msal-common 15.7.0; reference-error-codes: the number
				r := aadsts(400, "invalid_grant", 53003, "Access has been blocked by Conditional Access policies.")
				r.more = append(r.more, member{"suberror", `"message_only"`})
				p.manners.refusals[refreshRevoked] = r
			}},
		},
	}
}

// aadsts is a refusal in the form of reference-error-codes.
func aadsts(status int, code string, number int, text string) refusal {
	r := says(status, code, fmt.Sprintf("AADSTS%d: %s Trace ID: 0 Correlation ID: 0 Timestamp: {now}", number, text))
	r.more = object{
		{"error_codes", fmt.Sprintf("[%d]", number)},
		{"timestamp", `"{now}"`},
		{"trace_id", `"` + strings.Repeat("0", 8) + `-0000-0000-0000-000000000000"`},
		{"correlation_id", `"` + strings.Repeat("0", 8) + `-0000-0000-0000-000000000000"`},
	}
	return r
}
