package sandbox

import "time"

// vismaConnect is Visma Connect with an app whose refresh tokens are for one use, with the shortest grace.
func vismaConnect() profile {
	return profile{
		name: "visma_connect",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationSingleUseGrace // oauth.developers.visma.com: "one-time", set per app
			s.GracePeriod = 5 * time.Second     // developer.dinero.dk, grace period on refresh tokens: 5 to 60 seconds
			s.OnReuse = ReuseRevokeClientUser   // oauth.developers.visma.com
			s.AccessTokenLifetime = time.Hour   // Visma and Viskan documentation
		}),
		manners: manners{
			paths: map[string]string{ // the discovery document of connect.visma.com
				"/connect/authorize": pathAuthorize, "/connect/token": pathToken, "/connect/revocation": pathRevoke, "/connect/introspect": pathIntrospect,
			},
			offlineScopes: []string{"offline_access"}, // docs.connect.visma.com, offline access
			tokenMethods:  []string{AuthPost},         // docs.connect.visma.com; all clients
			revokeMethods: []string{AuthBasic},        // docs.connect.visma.com, token revocation
			clientNeeds:   []string{"tenant_id"},      // docs.connect.visma.com, client credentials: a body parameter on top
			formPost:      true,                       // docs.connect.visma.com: recommended, and the default
			omitsIssuer:   true,                       // not documented
		},
		variants: []variant{
			{"reuse", func(p *profile) { p.settings.Rotation = RotationNone }},           // "re-use", set per app: the same token
			{"longest_grace", func(p *profile) { p.settings.GracePeriod = time.Minute }}, // developer.dinero.dk
			{"revokes_refresh_tokens_only", func(p *profile) { // the newer of two pages of the documentation
				p.manners.revokesRefreshOnly = true
			}},
			{"other_errors", func(p *profile) { // error bodies are not documented
				other := refusal{status: 400, more: object{{"message", `"The token is not valid."`}}}
				p.manners.refusals = map[reason]refusal{refreshUnknown: other, refreshReused: other, refreshRevoked: other, refreshExpired: other}
			}},
			{"post_only", func(p *profile) { p.manners.postOnly = true }},        // whether each app takes response_mode=query is not told
			{"sends_issuer", func(p *profile) { p.manners.omitsIssuer = false }}, // as IdentityServer can
		},
	}
}
