package sandbox

import "time"

// quickBooks is QuickBooks Online. The blog is blogs.intuit.com of 12 November 2025, the SDK intuit/oauth-jsclient with its
// issues 77 and 138.
func quickBooks() profile {
	const day = 24 * time.Hour
	return profile{
		name: "quickbooks",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationServerDecides             // the blog: the value changes about every 24 hours
			s.AccessTokenLifetime = 3600 * time.Second     // the SDK
			s.RefreshTokenIdleLifetime = 100 * day         // the blog
			s.RefreshTokenAbsoluteLifetime = 5 * 365 * day // the blog
		}),
		manners: manners{
			needs:        map[string]string{"state": ""},                         // general knowledge
			needsScopes:  []string{"com.intuit.quickbooks.accounting"},           // the SDK
			tokenMethods: []string{AuthBasic},                                    // the SDK
			callback:     []string{"realmId", "9130350000000001"},                // the SDK
			idleEndsIn:   "x_refresh_token_expires_in",                           // the SDK
			hardEndsIn:   "x_refresh_token_hard_expires_in",                      // the blog: the newer one
			header:       map[string]string{"intuit_tid": "1-00000000-sandbox0"}, // the SDK
			omitsIssuer:  true,                                                   // not documented
		},
		variants: []variant{
			{"no_hard_end", func(p *profile) { // before the policy of 2023 and 2025
				p.settings.RefreshTokenAbsoluteLifetime = 0
			}},
			{"new_value_each_time", func(p *profile) { // the SDK's issues: take what comes; how long the old one lives is unconfirmed
				p.settings.Rotation = RotationNewOldValid
			}},
			{"pkce_ignored", func(p *profile) { p.manners.pkce = pkceIgnored }}, // undocumented
		},
	}
}
