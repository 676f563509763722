package sandbox

import "time"

// zoho is Zoho Accounts, of the data centre for Europe. What is not said otherwise is from zoho.com/accounts.
func zoho() profile {
	dead := says(0, "invalid_code", "") // the documentation: for codes, and for a refresh token that was revoked
	return profile{
		name: "zoho",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationNone             // the documentation: it never ends, either
			s.AccessTokenLifetime = time.Hour     // the documentation
			s.CodeLifetime = 2 * time.Minute      // the documentation: 2 to 3 minutes
			s.TokenCalls = 10                     // the documentation: access tokens that a refresh token gives
			s.TokenCallsWindow = 10 * time.Minute // the same
		}),
		manners: manners{
			separator:    ",",                                                                       // the documentation
			offline:      map[string]string{"access_type": "offline", "prompt": "consent"},          // the documentation
			tokenMethods: []string{AuthPost},                                                        // the documentation, which takes the query string, too
			chains:       20,                                                                        // the documentation: the 21st ends the oldest
			callsByToken: true,                                                                      // the documentation
			omitsIssuer:  true,                                                                      // not documented
			callback:     []string{"location", "eu", "accounts-server", "https://accounts.zoho.eu"}, // the documentation
			more:         object{{"api_domain", `"https://www.zohoapis.eu"`}},                       // the documentation
			refusals: in200(map[reason]refusal{ // the documentation: errors come with HTTP 200
				codeUnknown: dead, codeReplayed: dead, codeExpired: dead,
				refreshUnknown: dead, refreshRevoked: dead,
				// the documentation; the status is not told
				tooManyCalls: {
					code: "Access Denied", description: "You have made too many requests continuously.", more: object{{"status", `"failure"`}},
				},
			}),
		},
		variants: []variant{
			{"throttled_400", func(p *profile) { // the status is not told
				r := p.manners.refusals[tooManyCalls]
				r.status = 400
				p.manners.refusals[tooManyCalls] = r
			}},
			{"refresh_token_once", func(p *profile) { p.settings.OmitRefreshToken = true }}, // what a refresh repeats is not told
			{"pkce_ignored", func(p *profile) { p.manners.pkce = pkceIgnored }},             // undocumented
		},
	}
}
