package sandbox

import "time"

// twinfield is Twinfield, with the login of Wolters Kluwer.
func twinfield() profile {
	return profile{
		name: "twinfield",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationNone                                  // Wolters Kluwer help; php-twinfield/twinfield#203
			s.AccessTokenLifetime = time.Hour                          // developers.twinfield.com, openid-connect-auth
			s.RefreshTokenAbsoluteLifetime = 25 * 365 * 24 * time.Hour // Wolters Kluwer help; Invantive forum 1412
		}),
		manners: manners{
			paths: map[string]string{ // developers.twinfield.com
				"/auth/authentication/connect/authorize": pathAuthorize, "/auth/authentication/connect/token": pathToken,
			},
			// developers.twinfield.com, openid-connect-auth
			needs:         map[string]string{"nonce": "", "state": ""},
			needsScopes:   []string{"openid", "twf.user", "twf.organisation", "twf.organisationUser"},
			offlineScopes: []string{"offline_access"}, // the same
			tokenMethods:  []string{AuthBasic},        // Wolters Kluwer help
			pkce:          pkceRefused,                // undocumented; Nango switches it off
			chains:        1,                          // Wolters Kluwer help: per user and organisation
			noRevocation:  true,                       // not documented
			introspection: introspectionAbsent,        // the same page: accesstokenvalidation stands in for it
			omitsIssuer:   true,                       // not documented
			resources: map[string]resource{ // developers.twinfield.com, the same page
				"/auth/authentication/connect/accesstokenvalidation": {
					body:      `{"client_id": "app", "scope": ["openid"], "twf.clusterUrl": "https://api.accounting1.twinfield.com"}`,
					parameter: "token", refusal: 400,
				},
			},
		},
		variants: []variant{
			{"credentials_in_body", func(p *profile) { // php-twinfield and other clients of php-league
				p.manners.tokenMethods = []string{AuthBasic, AuthPost}
			}},
			{"value_changes", func(p *profile) { // php-twinfield stores what comes back; whether it ever differs is unconfirmed
				p.settings.Rotation = RotationServerDecides
			}},
			{"validation_wants_basic", func(p *profile) { // whether the client must authenticate there is not told
				for path, r := range p.manners.resources {
					r.never = true
					p.manners.resources[path] = r
				}
			}},
			{"twenty_years", func(p *profile) { // older reports
				p.settings.RefreshTokenAbsoluteLifetime = 20 * 365 * 24 * time.Hour
			}},
			{"pkce_ignored", func(p *profile) { p.manners.pkce = pkceIgnored }}, // undocumented
		},
	}
}
