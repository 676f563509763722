package sandbox

import "time"

// salesforce is Salesforce with an app as it is made by default: rotation is off.
func salesforce() profile {
	return profile{
		name: "salesforce",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationNone             // Salesforce help 005316711: optional
			s.OmitRefreshToken = true             // without rotation a refresh brings none
			s.AccessTokenLifetime = 2 * time.Hour // the default of the session timeout
			s.CodeLifetime = 15 * time.Minute     // Salesforce help, quoted in community.easymorph.com/t/3104
		}),
		manners: manners{
			paths: map[string]string{ // the discovery document of login.salesforce.com
				"/services/oauth2/authorize": pathAuthorize, "/services/oauth2/token": pathToken,
				"/services/oauth2/revoke": pathRevoke, "/services/oauth2/introspect": pathIntrospect,
			},
			offlineScopes:         []string{"refresh_token", "offline_access"}, // Salesforce help
			tokenMethods:          []string{AuthPost, AuthBasic},               // Salesforce help; the npm package arctic
			expiresIn:             expiresInAbsent,                             // Nango and xkit on Salesforce sessions
			refusesScopeOnRefresh: true,                                        // appsmithorg/appsmith#30239
			chains:                5,                                           // forcedotcom/SalesforceMobileSDK-iOS#2464; jsforce/jsforce#488
			omitsIssuer:           true,                                        // not documented
			refusesDeadRevocation: true,                                        // Salesforce help: 400 invalid_token
			// Introspection is as in RFC 7662: the discovery document names it, Nango and xkit read exp there.
			more: object{ // Salesforce help; issued_at is a text
				{"instance_url", `"https://sandbox.my.salesforce.com"`},
				{"id", `"https://login.salesforce.com/id/00D000000000000AAA/005000000000000AAA"`},
				{"issued_at", `"{now_ms}"`},
				{"signature", `"c2FuZGJveA=="`},
			},
			resources: map[string]resource{
				// Salesforce help: a dead token is a 401 with a list.
				"/services/data/v62.0/limits": {body: `{}`, refused: `[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]`},
				// forcedotcom/SalesforceMobileSDK-iOS#3398: 403 there
				"/services/oauth2/userinfo": {body: `{}`, refusal: 403, refused: "Bad_OAuth_Token"},
			},
			refusals: map[reason]refusal{
				// jsforce/jsforce#1170, #1656: the same words for all ends
				refreshUnknown:  says(400, "invalid_grant", "expired access/refresh token"),
				refreshReused:   says(400, "invalid_grant", "expired access/refresh token"),
				refreshRevoked:  says(400, "invalid_grant", "expired access/refresh token"),
				refreshExpired:  says(400, "invalid_grant", "expired access/refresh token"),
				codeExpired:     says(400, "invalid_grant", "expired authorization code"),     // salesforce.stackexchange 18039
				pkceMismatch:    says(400, "invalid_request", "invalid code verifier"),        // Salesforce help: the code
				pkceMissing:     says(400, "invalid_grant", "missing required code verifier"), // Salesforce help: the code
				clientBadSecret: says(400, "invalid_client", "invalid client credentials"),    // jsforce/jsforce#1656: the code
			},
		},
		variants: []variant{
			{"rotating_grace", func(p *profile) { // whether rotation forgives a second use is not documented
				p.settings.Rotation, p.settings.OnReuse, p.settings.OmitRefreshToken = RotationSingleUseGrace, ReuseRevokeFamily, false
				p.settings.GracePeriod = 30 * time.Second
			}},
			{"rotating", func(p *profile) { // Salesforce help 005316711
				p.settings.Rotation, p.settings.OnReuse, p.settings.OmitRefreshToken = RotationSingleUse, ReuseRevokeFamily, false
			}},
			{"idle_limit", func(p *profile) { // Salesforce help, connected_app_limit_idle_ttl, and the rules of 2026
				p.settings.RefreshTokenIdleLifetime = 30 * 24 * time.Hour
			}},
			{"rate_limited", func(p *profile) { // unconfirmed
				p.manners.refusals[refreshRevoked] = says(400, "rate_limit_exceeded", "too many logins")
			}},
			{"client_gone", func(p *profile) { // unconfirmed
				p.manners.refusals[refreshRevoked] = says(400, "invalid_client_id", "client identifier invalid")
			}},
			{"inactive_user", func(p *profile) { // jsforce/jsforce#1656: the code
				p.manners.refusals[refreshRevoked] = says(400, "inactive_user", "user is inactive")
			}},
			{"inactive_org", func(p *profile) { // unconfirmed
				p.manners.refusals[refreshRevoked] = says(400, "inactive_org", "organization is not active")
			}},
			{"introspection_refused", func(p *profile) { // whether every app may ask is not documented, nor the status
				p.manners.introspection = introspectionRefused
			}},
			{"introspection_without_exp", func(p *profile) { // RFC 7662 §2.2: exp is optional
				p.manners.introspection = introspectionWithoutExp
			}},
			{"wrong_secret_401", func(p *profile) { // RFC 6749 §5.2; the status is unconfirmed
				p.manners.refusals[clientBadSecret] = says(401, "invalid_client", "invalid client credentials")
			}},
		},
	}
}
