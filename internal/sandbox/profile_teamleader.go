package sandbox

import "time"

// teamleader is Teamleader Focus. Its documentation is teamleadercrm/api, src/authentication.apib, commit 439b4206.
func teamleader() profile {
	return profile{
		name: "teamleader",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationSingleUse    // the documentation
			s.OnReuse = ReuseReject           // not documented: see the variants
			s.AccessTokenLifetime = time.Hour // the documentation
			s.CodeLifetime = 10 * time.Minute // the documentation
		}),
		manners: manners{
			paths: map[string]string{ // the documentation
				"/oauth2/authorize": pathAuthorize, "/oauth2/access_token": pathToken,
			},
			ignoresScopes: true,                // the documentation: rights are set at the integration
			tokenMethods:  []string{AuthPost},  // the documentation: credentials in the body, and no other way
			pkce:          pkceIgnored,         // not documented
			noRevocation:  true,                // none documented
			introspection: introspectionAbsent, // none documented
			omitsIssuer:   true,                // none documented
		},
		variants: []variant{
			{"reuse_revokes_family", func(p *profile) { p.settings.OnReuse = ReuseRevokeFamily }}, // undocumented
			{"grace", func(p *profile) { // undocumented
				p.settings.Rotation, p.settings.GracePeriod = RotationSingleUseGrace, 30*time.Second
			}},
			{"errors_list", func(p *profile) { // its API answers so; what the token endpoint does is not documented
				list := refusal{status: 400, more: object{{"errors", `[{"code":0,"title":"The refresh token is invalid.","status":400}]`}}}
				p.manners.refusals = map[reason]refusal{refreshUnknown: list, refreshReused: list, refreshRevoked: list, refreshExpired: list}
			}},
			{"pkce_refused", func(p *profile) { p.manners.pkce = pkceRefused }}, // undocumented
		},
	}
}
