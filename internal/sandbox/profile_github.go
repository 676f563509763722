package sandbox

import "time"

// gitHubApp is GitHub with a GitHub App whose user tokens expire. The source is github/docs.
func gitHubApp() profile {
	dead := says(0, "bad_refresh_token", "")
	code := says(0, "bad_verification_code", "")
	client := says(0, "incorrect_client_credentials", "")
	return profile{
		name: "github_app",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationSingleUse                    // user access tokens
			s.OnReuse = ReuseReject                           // a plain refusal
			s.AccessTokenLifetime = 8 * time.Hour             // the same
			s.RefreshTokenIdleLifetime = 183 * 24 * time.Hour // six months
			s.CodeLifetime = 10 * time.Minute                 // general knowledge
		}),
		manners: manners{
			ignoresScopes:  true,                       // rights are set at the app
			tokenMethods:   []string{AuthPost},         // the documentation
			formUnlessJSON: true,                       // the documentation
			idleEndsIn:     "refresh_token_expires_in", // the documentation
			oldAccess:      time.Nanosecond,            // a refresh ends the token before, at once
			noRevocation:   true,                       // it is an API call of another form
			omitsIssuer:    true,                       // not documented
			refusals: in200(map[reason]refusal{ // errors come with HTTP 200
				refreshUnknown: dead, refreshReused: dead, refreshRevoked: dead, refreshExpired: dead,
				codeUnknown: code, codeReplayed: code, codeExpired: code,
				clientBadSecret: client, clientUnknown: client,
				redirectMismatch: says(0, "redirect_uri_mismatch", ""), // general knowledge
			}),
		},
		variants: []variant{
			{"tokens_do_not_expire", func(p *profile) { // general knowledge: an app can opt out
				p.settings.AccessTokenLifetime, p.manners.offlineScopes = 0, []string{}
			}},
			{"idle_180_days", func(p *profile) { // what six months are in days is not told
				p.settings.RefreshTokenIdleLifetime = 180 * 24 * time.Hour
			}},
		},
	}
}
