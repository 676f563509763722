package sandbox

import "time"

// hubSpot is HubSpot. What is not said otherwise is from developers.hubspot.com.
func hubSpot() profile {
	words := func(code, text string) refusal {
		return refusal{status: 400, code: code, codeIn: "status", description: text, textIn: "message"}
	}
	dead := words("BAD_REFRESH_TOKEN", "missing or unknown refresh token") // the documentation: status and code; the text is not told
	return profile{
		name: "hubspot",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationNone                // the documentation: it never ends, either
			s.AccessTokenLifetime = 30 * time.Minute // the documentation
		}),
		manners: manners{
			tokenMethods: []string{AuthPost}, // Nango: nothing else
			noRevocation: true,               // none documented
			omitsIssuer:  true,               // not documented
			refusals: map[reason]refusal{
				refreshUnknown: dead, refreshRevoked: dead,
				codeUnknown: words("BAD_AUTH_CODE", "missing or unknown auth code"), // general knowledge
			},
		},
		variants: []variant{
			{"refresh_token_once", func(p *profile) { p.settings.OmitRefreshToken = true }}, // what a refresh repeats is not told
			{"pkce_ignored", func(p *profile) { p.manners.pkce = pkceIgnored }},             // undocumented
		},
	}
}
