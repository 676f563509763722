package sandbox

import "time"

// xero is Xero with a web app.
func xero() profile {
	const day = 24 * time.Hour
	return profile{
		name: "xero",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationSingleUseGrace      // WorkOS on fourteen providers; XeroAPI/xero-node#370
			s.GracePeriod = 30 * time.Minute         // WorkOS: the same token may be sent again
			s.OnReuse = ReuseReject                  // not documented: see the variants
			s.AccessTokenLifetime = 30 * time.Minute // XeroAPI/xero-node#382; clients
			s.RefreshTokenIdleLifetime = 60 * day    // WorkOS
			s.CodeLifetime = 5 * time.Minute         // clients
		}),
		manners: manners{
			offlineScopes: []string{"offline_access"}, // clients
			tokenMethods:  []string{AuthBasic},        // clients: of web apps
			omitsIssuer:   true,                       // not documented
			resources: map[string]resource{ // XeroAPI/Xero-OpenAPI xero-identity.yaml
				"/connections": {body: `[
					{"id": "e1eede29-f875-4a5d-8470-17f6a29a88b1", "tenantId": "70784a63-d24b-46a9-a4db-0e70a274b056", "tenantType": "ORGANISATION"},
					{"id": "32587c85-a9b3-4306-ac30-b416e8f2c841", "tenantId": "e0da6937-de07-4a14-adee-37abfac298ce", "tenantType": "ORGANISATION"}
				]`},
			},
		},
		variants: []variant{
			{"idle_30_days", func(p *profile) { p.settings.RefreshTokenIdleLifetime = 30 * day }}, // an older FAQ
			{"reuse_revokes_family", func(p *profile) { p.settings.OnReuse = ReuseRevokeFamily }}, // undocumented
			{"pkce_ignored", func(p *profile) { p.manners.pkce = pkceIgnored }},                   // of use for apps without a secret
		},
	}
}
