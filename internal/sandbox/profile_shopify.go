package sandbox

import "time"

// shopify is a Shopify shop with a public app. What is not said otherwise is from shopify.dev.
func shopify() profile {
	return profile{
		name: "shopify",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationUntilSuccessorUsed          // the documentation, since 28 August 2026
			s.AccessTokenLifetime = 60 * time.Minute         // the documentation
			s.RefreshTokenIdleLifetime = 90 * 24 * time.Hour // the documentation
		}),
		manners: manners{
			expiring:     map[string]string{"expiring": "1"}, // the documentation; Nango
			tokenMethods: []string{AuthPost},                 // the documentation
			callback:     []string{"hmac", "00"},             // general knowledge
			noRevocation: true,                               // none documented
			omitsIssuer:  true,                               // not documented
		},
		variants: []variant{
			{"tells_refresh_end", func(p *profile) { p.manners.idleEndsIn = "refresh_token_expires_in" }}, // general knowledge
			{"pkce_ignored", func(p *profile) { p.manners.pkce = pkceIgnored }},                           // undocumented
		},
	}
}
