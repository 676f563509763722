package sandbox

import "time"

// atlassian is Atlassian Cloud with an OAuth 2.0 (3LO) app.
func atlassian() profile {
	const day = 24 * time.Hour
	dead := says(403, "invalid_grant", "Unknown or invalid refresh token.") // Nango on Jira refresh tokens; Auth0's own words
	return profile{
		name: "atlassian",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationSingleUseGrace        // Atlassian on refresh tokens, quoted in microsoft/generative-ai-for-beginners#342
			s.GracePeriod = 10 * time.Minute           // Atlassian staff, community.developer.atlassian.com/t/83103
			s.OnReuse = ReuseRevokeFamily              // inferred from Auth0, on which this login runs
			s.AccessTokenLifetime = time.Hour          // developer.atlassian.com
			s.RefreshTokenIdleLifetime = 90 * day      // microsoft/generative-ai-for-beginners#342
			s.RefreshTokenAbsoluteLifetime = 365 * day // the same
		}),
		manners: manners{
			paths: map[string]string{"/oauth/token": pathToken, "/oauth/revoke": pathRevoke}, // developer.atlassian.com; revoke: the metadata for MCP
			// developer.atlassian.com
			needs:         map[string]string{"audience": "api.atlassian.com", "prompt": "consent", "state": ""},
			offlineScopes: []string{"offline_access"}, // developer.atlassian.com
			tokenMethods:  []string{AuthPost},         // developer.atlassian.com
			oldAccess:     10 * time.Minute,           // community.developer.atlassian.com/t/83103
			introspection: introspectionAbsent,        // not documented
			omitsIssuer:   true,                       // not documented
			resources: map[string]resource{ // developer.atlassian.com
				"/oauth/token/accessible-resources": {body: `[
					{"id": "1324a887-45db-1bf4-1e99-ef0ff456d421", "url": "https://acme.atlassian.net", "name": "acme", "scopes": ["read:x"]},
					{"id": "8594f221-9797-5f78-1fa4-485e198d7cd0", "url": "https://other.atlassian.net", "name": "other", "scopes": []}
				]`},
			},
			refusals: map[reason]refusal{
				refreshUnknown:  dead,
				refreshReused:   dead,
				refreshRevoked:  dead,
				refreshExpired:  dead,
				clientBadSecret: says(401, "access_denied", "Unauthorized"), // jira.js oauthError.ts; the status is unconfirmed
			},
		},
		variants: []variant{
			{"reuse_rejected", func(p *profile) { p.settings.OnReuse = ReuseReject }}, // what follows after the leeway is inferred
			{"dead_token_unauthorized_client", func(p *profile) { // the other words that Nango reports
				for _, why := range []reason{refreshUnknown, refreshReused, refreshRevoked, refreshExpired} {
					p.manners.refusals[why] = says(403, "unauthorized_client", "refresh_token is invalid")
				}
			}},
			{"wrong_secret_403", func(p *profile) { // the status is unconfirmed
				p.manners.refusals[clientBadSecret] = says(403, "access_denied", "Unauthorized")
			}},
			{"no_revocation", func(p *profile) { p.manners.noRevocation = true }},                           // it is undocumented for such apps
			{"thirty_days", func(p *profile) { p.settings.RefreshTokenIdleLifetime = 30 * 24 * time.Hour }}, // older reports
			{"pkce_refused", func(p *profile) { p.manners.pkce = pkceRefused }},                             // likewise
			{"pkce_ignored", func(p *profile) { p.manners.pkce = pkceIgnored }},                             // it is undocumented for such apps
		},
	}
}
