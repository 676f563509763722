package sandbox

import "time"

// slack is Slack with an app whose token rotation is on. What is not said otherwise is from api.slack.com.
func slack() profile {
	dead := says(0, "invalid_refresh_token", "")
	return profile{
		name: "slack",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationSingleUse              // opt-in for an app, and for good
			s.OnReuse = ReuseReject                     // not documented: see the variants
			s.AccessTokenLifetime = 43200 * time.Second // the documentation
			s.CodeLifetime = 10 * time.Minute           // general knowledge
		}),
		manners: manners{
			separator:    ",",                           // the documentation
			userScopes:   "user_scope",                  // the documentation
			userPath:     "authed_user",                 // the documentation: there the token of a user stands
			tokenMethods: []string{AuthBasic, AuthPost}, // general knowledge
			pkce:         pkceRefused,                   // undocumented; Nango switches it off
			noRevocation: true,                          // auth.revoke is no such endpoint
			omitsIssuer:  true,                          // not documented
			more:         object{{"ok", "true"}},        // what stands for the contrary of the refusals'
			refusals: in200(map[reason]refusal{ // the documentation: HTTP 200, "ok":false and this code
				refreshUnknown: dead, refreshReused: dead, refreshRevoked: dead, refreshExpired: dead,
			}, member{"ok", "false"}),
		},
		variants: []variant{
			{"rotation_off", func(p *profile) { // the documentation: then a token never ends, and is not refreshed
				p.settings.AccessTokenLifetime, p.manners.offlineScopes = 0, []string{}
			}},
			{"reuse_revokes_family", func(p *profile) { p.settings.OnReuse = ReuseRevokeFamily }}, // undocumented
			{"user_refreshed_at_top", func(p *profile) { p.manners.userPathOnce = true }},         // undocumented for refreshes
			{"pkce_ignored", func(p *profile) { p.manners.pkce = pkceIgnored }},                   // undocumented
		},
	}
}
