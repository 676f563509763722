package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// exactOnline is Exact Online. Its server speaks OAuth with words and limits of its own, and wants nobody early.
func exactOnline() profile {
	const day = 24 * time.Hour
	return profile{
		name: "exact_online",
		settings: settings(func(s *Settings) {
			s.Rotation = RotationSingleUse            // picqer/exact-php-client#300, #311
			s.OnReuse = ReuseReject                   // picqer/exact-php-client#549, #606: a refusal, the newest goes on
			s.AccessTokenLifetime = 600 * time.Second // picqer/exact-php-client Connection.php; ossobv/exactonline rawapi.py
			s.RefreshTokenIdleLifetime = 30 * day     // Invantive forum 1419; websmurf/laravel-exact-online#19
			s.RefreshTokenAbsoluteLifetime = 0        // Invantive forum 1419: each refresh brings 30 days more
			s.CodeLifetime = 3 * time.Minute          // Invantive forum 2903
			s.EarliestRefresh = 570 * time.Second     // the official page quoted in ossobv/exactonline autorefresh.py
			s.TooEarlyStatus = 400                    // websmurf/laravel-exact-online#31; NangoHQ/nango#748
			s.TooEarlyError = "access_denied"         // the same
			s.TokenCalls = 200                        // Invantive forum 3507, 1336: by app, user and day
			s.TokenCallsWindow = day                  // the same
		}),
		manners: manners{
			paths: map[string]string{ // picqer, ossobv: the same in every country
				"/api/oauth2/auth": pathAuthorize, "/api/oauth2/token": pathToken,
			},
			ignoresScopes: true,                          // no client sends any: rights are set at the app
			tokenMethods:  []string{AuthPost, AuthBasic}, // picqer, ossobv and the official .NET sample; Nango uses Basic
			expiresIn:     expiresInText,                 // "600": picqer Connection.php (ctype_digit), ossobv rawapi.py
			chains:        1,                             // Invantive forum 1838
			noRevocation:  true,                          // Invantive forum 219: a user revokes in the security centre
			introspection: introspectionAbsent,           // none documented
			omitsIssuer:   true,                          // no client library knows of iss
			// Invantive forum 3507, 1336, 1229: 10 answers of 400, 401, 403 or 404 within an hour shut the key out for one. What the
			// answers are then is not told: 429 here, and another in a variant.
			lockOut: lockOut{errors: 10, within: time.Hour, lasts: time.Hour},
			// exactonline/exactonline-api-dotnet-client ApiConnector.cs (GetCurrentDivision); picqer/exact-php-client Me.php
			resources: map[string]resource{"/api/v1/current/Me": {answer: exactMe}},
			refusals: map[reason]refusal{
				// websmurf/laravel-exact-online#31, NangoHQ/nango#748. Status and code are in the settings.
				refreshTooEarly: {
					description: "Rate limit exceeded: access_token not expired",
					header:      map[string]string{"Reason": "TooEarlyToRefreshTokens: the access token has not expired"},
				},
				// picqer/exact-php-client README, #255, #646: on 429 only the set that is exceeded, in milliseconds. The body is not known.
				tooManyCalls: {status: 429, code: "slow_down", header: map[string]string{
					"X-RateLimit-Limit": "{limit}", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "{reset_ms}",
				}},
				// picqer/exact-php-client#549, #606, #640, #644
				refreshReused:   says(401, "unauthorized_client", "Old refresh token used."),
				refreshExpired:  says(400, "invalid_request", "The refresh token expired at {now} and it is now {now}"),  // websmurf/laravel-exact-online#23
				refreshRevoked:  says(400, "invalid_grant", "Token is not allowed, because of invalid or empty chainId"), // picqer/exact-php-client#471
				codeUnknown:     says(400, "invalid_request", "Signed data extraction has failed"),                       // picqer/exact-php-client#579
				clientBadSecret: says(400, "invalid_client", ""),                                                         // websmurf/laravel-exact-online#28
				clientUnknown:   says(400, "invalid_client", "Client with identifier 'x' not found"),                     // picqer/exact-php-client#617
			},
		},
		variants: []variant{
			{"too_early_401", func(p *profile) { // the official page quoted in ossobv/exactonline autorefresh.py
				p.settings.TooEarlyStatus = 401
				p.manners.refusals[refreshTooEarly] = refusal{description: "Access Token not expired"}
			}},
			{"too_early_invalid_request", func(p *profile) { // a fixture of a client's tests
				p.settings.TooEarlyError = "invalid_request"
			}},
			{"too_early_until_expiry", func(p *profile) { // three integrators; picqer/exact-php-client#475, #476
				p.settings.EarliestRefresh = 600 * time.Second
			}},
			{"too_early_brings_token", func(p *profile) { // maintainers in picqer/exact-php-client#559, unconfirmed
				p.manners.rotatesTooEarly = true
			}},
			{"old_token_400", func(p *profile) { // Invantive itgenoda494
				p.manners.refusals[refreshReused] = says(400, "unauthorized_client", "Old refresh token used.")
			}},
			{"old_token_until_successor_used", func(p *profile) { // Invantive forum 1419, 2903
				p.settings.Rotation = RotationUntilSuccessorUsed
			}},
			{"old_token_stays", func(p *profile) { // old apps could have reuse switched on
				p.settings.Rotation = RotationNewOldValid
			}},
			{"locked_out_403", func(p *profile) { // nobody tells how
				p.manners.refusals[lockedOut] = says(403, "access_denied", "This key is blocked.")
			}},
			{"pkce_refused", func(p *profile) { // the same silence
				p.manners.pkce = pkceRefused
			}},
			{"pkce_ignored", func(p *profile) { // no client uses PKCE, and nothing says what becomes of it
				p.manners.pkce = pkceIgnored
			}},
		},
	}
}

// exactMe tells a user who he is, and in which of his administrations.
func exactMe(c *call) reply {
	me := c.issuer + "/api/v1/current/Me(guid'00000000-0000-0000-0000-000000000001')"
	if !strings.Contains(c.r.Header.Get("Accept"), "application/json") { // OData's own default; a fixture of a client's tests
		r := plainReply(http.StatusOK, "<feed><entry><id>"+me+"</id><content><d:CurrentDivision>7095</d:CurrentDivision></content></entry></feed>")
		r.header.Set("Content-Type", "application/atom+xml;type=feed;charset=utf-8")
		return r
	}
	// The form of an answer in NangoHQ/integration-templates, exact-online/tests/get-current-user.test.json.
	entity := object{
		{"CurrentDivision", "7095"}, {"DossierDivision", "null"}, {"AccountingDivision", "7095"}, {"FullName", `"A User"`},
		{"UserID", `"00000000-0000-0000-0000-000000000001"`},
	}
	if selected := c.params.Get("$select"); selected != "" && selected != "*" { // OData 2, system query option $select
		entity = slices.DeleteFunc(entity, func(m member) bool { return !slices.Contains(strings.Split(selected, ","), m.name) })
	}
	metadata := object{{"uri", quote(me)}, {"type", `"Exact.Web.Api.Models.System.Me"`}}
	entity = append(object{{"__metadata", string(metadata.json())}}, entity...)
	results := object{{"results", "[" + string(entity.json()) + "]"}}
	return jsonReply(http.StatusOK, object{{"d", string(results.json())}})
}
