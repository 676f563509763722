//go:build unix

package acceptance_test

// noStandard are things of the schema that no specification is about.
const noStandard = `
	resource.oauth_token_pair data.oauth_token_pair data.oauth_token_pairs data.oauth_platform
	grant.preauthenticated client.registration client.platform client.platform_parameters client.platform_overrides client.refresh_token_policy client.client_id`

// supported are the rows of the page "What is supported", which "make generate" writes. TestSupportedIsShown holds each to its tests.
func supported() []standard {
	return []standard{
		rfc6749(),
		{"RFC 6750", "Bearer Token Usage", "https://www.rfc-editor.org/rfc/rfc6750", []part{
			{
				section: "2.1", what: "Authorization header", here: "Tokens are handed out, not used: whoever calls the API sends them. Where this provider itself calls it (`refresh.probe`, look-ups of a platform), it does so in the header.",
				sandbox: "TestStrategyOnRejection", alone: "The others have no API that a probe could ask and that rejects a token before its expiry.",
			},
			{
				section: "2.1, 3.1", what: "A fresh token in each request of another provider", here: "Ephemeral resource `oauth_api_proxy`: an address on this machine whose requests get it, for as long as the run takes. A request that is refused (401) goes once more, with another token.",
				names: "ephemeral.oauth_api_proxy", sandbox: "TestProxyOutlivesTokens TestProxyRefreshesOnce TestProxyEndsWithTheRun TestProxyOfAClient TestProxyKeepsTheErrorBudget", oidc: "TestIndependentServerProxy",
			},
			{section: "2.2, 2.3", what: "Token in the body or the query", here: "Never.", no: true},
		}},
		{"RFC 7009", "Token Revocation", "https://www.rfc-editor.org/rfc/rfc7009", []part{
			{
				section: "2", what: "Revocation of refresh and access token", here: "On destroy, unless `revoke_on_destroy = false`, and by the action `oauth_revoke`: the refresh token, and then the access token if it is still alive, since not every server ends it along. A busy server (503) is waited for. Without a `revocation_endpoint` a warning says where a person revokes.",
				names: "client.revocation_endpoint", sandbox: "TestDestroyAndMakeAgain TestDestroyRevokesEitherToken TestDestroyWaitsForABusyServer TestPlatformRevocations TestRevokeAction", oidc: "TestIndependentServerRevocation TestIndependentServerActions", fosite: "TestFositeRevocation",
			},
		}},
		{"RFC 7519", "JSON Web Token", "https://www.rfc-editor.org/rfc/rfc7519", []part{
			{
				section: "7.2", what: "Reading of a JWT, signature unchecked", here: "Function `decode_jwt`: header and claims, to look at. Nothing that this provider decides rests on the contents of a token.",
				names: "function.decode_jwt", oidc: "TestIndependentServerIDToken",
			},
		}},
		{"RFC 7521, RFC 7523", "Assertions: JWT for client authentication and grants", "https://www.rfc-editor.org/rfc/rfc7523", []part{
			{
				section: "2.1", what: "Grant `jwt_bearer`", here: "`jwt_bearer` of `oauth_token_pair`: an assertion that is signed here, with a key, anew for each token; or one that was signed elsewhere, which is sent once.",
				names: "grant.jwt_bearer", sandbox: "TestSignedAssertions TestBroughtAssertion TestLostReplyToAnAssertion", oidc: "TestIndependentServerFurtherGrants", fosite: "TestFositeJWTBearer",
			},
			{
				section: "2.2, 3", what: "`private_key_jwt`", here: "`token_endpoint_auth_method`; RSA, EC and Ed25519 keys as PEM or JWK. An assertion of its own for each request, made out to the issuer, else to the token endpoint.",
				names: "client.private_key client.private_key_id client.token_endpoint_auth_signing_alg", sandbox: "TestClientProvesItself TestWrongPrivateKey TestAssertionsByAWrongClock",
				oidc: "TestIndependentServerClientAuthentication", fosite: "TestFositePrivateKeyJWT",
			},
			{
				section: "2.2, 3", what: "`client_secret_jwt`", here: "Likewise, signed with a `client_secret` of at least 32 characters.",
				sandbox: "TestClientProvesItself", oidc: "TestIndependentServerClientAuthentication",
			},
			{section: "RFC 7522", what: "SAML assertions", here: "No. An assertion that something else made can be sent by a custom grant.", no: true},
		}},
		{"RFC 7591", "Dynamic Client Registration", "https://www.rfc-editor.org/rfc/rfc7591", []part{
			{
				section: "2", what: "Client metadata", here: "By their names as attributes of `oauth_app_registration` without `client_id`; all others, and those in other languages, in `extra_metadata`. `jwks` or `jwks_uri`. What the server registers in the place of what it was asked for is told.",
				names: "resource.oauth_app_registration", sandbox: "TestRegistrationLife TestRegistrationDrift", oidc: "TestIndependentServerRegistration",
			},
			{
				section: "2.3", what: "Software statements", here: "`software_statement`, also write-only; with the registration and every update.",
				sandbox: "TestRegistrationWithoutManagement TestRegistrationWithoutSecretsInState", alone: "oidc-provider takes none.",
			},
			{
				section: "3", what: "Registration", here: "By `registration_endpoint`, of the configuration, the platform or the metadata of the issuer. `initial_access_token`, also write-only. A reply that is lost may have left a client that nobody knows, which is told.",
				names: "client.registration_endpoint", sandbox: "TestRegistrationReplyLost TestRegistrationCrashes TestRegistrationByIssuer", oidc: "TestIndependentServerRegistration TestIndependentServerRegistrationUnmanaged",
			},
			{
				section: "3.2.1", what: "End of the client secret", here: "`client_secret_expires_at`: a warning from 30 days before, `rotate_before`, and nothing is sent with a secret that has expired.",
				sandbox: "TestRegistrationSecretExpires", alone: "The secrets of oidc-provider do not expire.",
			},
			{
				section: "3.2.2", what: "Errors", here: "Told at the attribute that they are about.",
				sandbox: "TestRegistrationMetadataRefused", oidc: "TestIndependentServerRegistrationUnmanaged",
			},
		}},
		{"RFC 7592", "Client Registration Management", "https://www.rfc-editor.org/rfc/rfc7592", []part{
			{
				section: "2", what: "Read, update, delete", here: "One read in each plan, with drift shown attribute by attribute; updates send all metadata; destroy deletes the client, unless `deregister_on_destroy = false`. Without management the resource says what it cannot do.",
				sandbox: "TestRegistrationLife TestRegistrationDrift TestRegistrationGone TestRegistrationDeleteLost", oidc: "TestIndependentServerRegistration TestIndependentServerRegistrationUnmanaged",
			},
			{
				section: "3", what: "Another registration access token", here: "With every update at oidc-provider, with reads too in the sandbox; the former one is dead at once. None is lost to a discarded plan, or to a process that dies once it has kept the reply.",
				sandbox: "TestRegistrationLife TestRegistrationCrashes TestRegistrationCrashesWithRescueFile TestRegistrationReadLost TestRegistrationStoreRestored", oidc: "TestIndependentServerRegistration TestIndependentServerRegistrationReplyLost",
			},
			{
				section: "2, 3", what: "Another client secret", here: "Token pairs take the one in the token store. `rotate_when_changed` asks for another by an update, and a warning says where the server keeps the old one.",
				sandbox: "TestRegisteredClientHasTokenPairs TestRegistrationSecretExpires", alone: "oidc-provider keeps the secret.",
			},
		}},
		{"RFC 7636", "PKCE", "https://www.rfc-editor.org/rfc/rfc7636", []part{
			{
				section: "4", what: "`S256`", here: "With every authorization URL, unless the platform is known to refuse it. The verifier stays in the token store. One that was made elsewhere: `authorization_code.code_verifier`.",
				sandbox: "TestAuthorizeInTwoApplies TestPlatformPKCE", oidc: "TestIndependentServer TestIndependentServerCodeReplayedByOthers", fosite: "TestFositeDiscardedPlans",
			},
			{section: "4.2", what: "`plain`", here: "Never.", no: true},
		}},
		{"RFC 7662", "Token Introspection", "https://www.rfc-editor.org/rfc/rfc7662", []part{
			{
				section: "2", what: "The expiry of an access token whose reply told none", here: "Asked once for each new access token, where the platform is known to answer, or `platform_overrides` says so.",
				names: "client.introspection_endpoint", sandbox: "TestPlatformIntrospection TestPlatformIntrospectionInVain", oidc: "TestIndependentServerIntrospectedLifetime", fosite: "TestFositeIntrospectedLifetime",
			},
			{
				section: "2", what: "Asking about any token", here: "Data source and ephemeral resource `oauth_token_introspection`: a token of the store, or one that is given. It uses nothing up, so it is the health check of a credential. That a token is not active is an answer and no error.",
				names: "data.oauth_token_introspection ephemeral.oauth_token_introspection", sandbox: "TestIntrospectionAsHealthCheck TestIntrospectionOfAPair TestIntrospectionRefused TestIntrospectionWithoutSecretsInState", oidc: "TestIndependentServerTellsOfTokens", fosite: "TestFositeIntrospection",
			},
			{section: "RFC 9701", what: "Answers as JWT", here: "No.", no: true},
		}},
		{"RFC 8414", "Authorization Server Metadata", "https://www.rfc-editor.org/rfc/rfc8414", []part{
			{
				section: "3", what: "Discovery by the issuer, which must match", here: "`issuer` of a client, where an endpoint is missing; data source `oauth_authorization_server`.",
				names: "client.issuer data.oauth_authorization_server client.authorization_endpoint client.token_endpoint", sandbox: "TestDiscoverWholeLife TestDiscoverAnotherIssuer", oidc: "TestIndependentServerByIssuer TestIndependentServerMetadata",
			},
			{section: "2.1", what: "Signed metadata", here: "No.", no: true},
		}},
		{"OpenID Connect", "Discovery and Core", "https://openid.net/specs/openid-connect-discovery-1_0.html", []part{
			{
				section: "Discovery 4", what: "`/.well-known/openid-configuration`", here: "Asked where RFC 8414's place has nothing.",
				sandbox: "TestDiscoverByOpenID", alone: "oidc-provider answers at the first of the two places, and fosite brings no metadata of its own.",
			},
			{
				section: "Core 3.1", what: "ID token", here: "Kept as `id_token`, sensitive, as the server sent it. Its signature and claims are not checked: nobody is logged in here.",
				sandbox: "TestNoSecretIsLeftBehind", oidc: "TestIndependentServerIDToken",
			},
			{section: "Core 5.3", what: "UserInfo", here: "No: a matter for whoever uses the token.", no: true},
		}},
		{"RFC 8252", "OAuth 2.0 for Native Apps", "https://www.rfc-editor.org/rfc/rfc8252", []part{
			{
				section: "7.3", what: "Loopback redirect, with PKCE", here: "Action `oauth_authorize` and subcommand `authorize`: on 127.0.0.1, [::1] or localhost, at the port of the redirect URI, else at any that is free. One answer, with the right `state`; the browser is left at a page without a query.",
				sandbox: "TestAuthorizeAction TestAuthorizeActionBeforeCreate TestAuthorizeActionAsOffered TestAuthorizeActionStopped TestCommandAuthorize TestAuthorizeInBrowser", oidc: "TestIndependentServerLogin",
			},
			{section: "7.1, 7.2", what: "Private-use and https redirect URIs", here: "No: the subcommand has the person paste the address.", no: true},
		}},
		{"RFC 8628", "Device Authorization Grant", "https://www.rfc-editor.org/rfc/rfc8628", []part{
			{
				section: "3", what: "Grant `device_code`", here: "In two applies: the first shows `user_code` and `verification_uri`, the second collects, and waits for up to a minute. Plans ask nobody. The action `oauth_authorize` and the subcommand `authorize` show a code and wait.",
				names: "grant.device_code client.device_authorization_endpoint", sandbox: "TestDeviceCode TestDeviceCodeExpires TestDeviceCodeRefused TestDeviceCodeAgain TestDeviceCodeForSomethingElse TestAuthorizeActionDevice", oidc: "TestIndependentServerDeviceCode TestIndependentServerDeviceCodeExpires TestIndependentServerLogin",
			},
			{
				section: "3.5", what: "`slow_down`, and replies that are lost", here: "The interval grows by 5 seconds for good, and doubles after a connection that failed. A lost reply may have been the tokens: that is told, and the next apply gets another code.",
				sandbox: "TestDeviceCodeTakesTime TestDeviceCodeLost", alone: "oidc-provider never asks to slow down, and a reply is not lost there on purpose.",
			},
		}},
		{"RFC 8693", "Token Exchange", "https://www.rfc-editor.org/rfc/rfc8693", []part{
			{
				section: "2", what: "Grant `token_exchange`", here: "Of a token that is given, or of the access token of another token pair, which is not rotated for it. `actor_token`, `requested_token_type`, `resource`, `audience`.",
				names: "grant.token_exchange", sandbox: "TestTokenExchangeOfAPair TestTokenExchangeOfAToken TestTokenExchangeInACircle", oidc: "TestIndependentServerFurtherGrants",
			},
		}},
		{"RFC 8705", "Mutual-TLS Client Authentication and Certificate-Bound Tokens", "https://www.rfc-editor.org/rfc/rfc8705", []part{
			{
				section: "2", what: "`tls_client_auth`, `self_signed_tls_client_auth`", here: "`token_endpoint_auth_method`, with the certificate in the TLS handshake of every request of the client.",
				names: "client.tls_client_certificate client.tls_client_private_key", sandbox: "TestClientProvesItself TestCertificateRefusedInTheHandshake TestCertificateThatEnds",
				oidc: "TestIndependentServerClientAuthentication",
			},
			{
				section: "3, 4", what: "Certificate-bound tokens", here: "A certificate is shown with any other method, too, `none` included; the server binds the tokens. Whoever uses one shows the certificate himself; `refresh.probe` does.",
				sandbox: "TestClientProvesItself", oidc: "TestIndependentServerClientAuthentication",
			},
			{
				section: "5", what: "`mtls_endpoint_aliases`", here: "Used for each discovered endpoint that has one and that the client calls itself, by a client with a certificate.",
				sandbox: "TestClientProvesItself", oidc: "TestIndependentServerClientAuthentication",
			},
		}},
		{"RFC 8707", "Resource Indicators", "https://www.rfc-editor.org/rfc/rfc8707", []part{
			{
				section: "2", what: "`resource`", here: "In every grant, with the authorization request and with each token request.",
				sandbox: "TestResourceOfAnAuthorization TestExtensionGrant", oidc: "TestIndependentServerResource TestIndependentServerResourceOfAnAuthorization",
			},
		}},
		{"RFC 9068", "JWT Access Tokens", "https://www.rfc-editor.org/rfc/rfc9068", []part{
			{section: "4", what: "Validation", here: "No: a matter for the API that gets the token. To this provider every access token is opaque; `decode_jwt` shows what is in one.", no: true},
		}},
		{"RFC 9126", "Pushed Authorization Requests", "https://www.rfc-editor.org/rfc/rfc9126", []part{
			{
				section: "2, 4", what: "Pushed requests", here: "With `require_pushed_authorization_requests`: pushed by an apply, with the client's authentication; the URL holds `client_id` and `request_uri` alone. When it has expired, the next apply pushes the same request again.",
				names: "client.require_pushed_authorization_requests client.pushed_authorization_request_endpoint", sandbox: "TestPushedAuthorization TestPushRefused", oidc: "TestIndependentServerPushed", fosite: "TestFositePushed",
			},
			{section: "5", what: "Servers that require it", here: "Found in discovered metadata, and pushed without a word in the configuration.", sandbox: "TestPushedAuthorizationByMetadata", oidc: "TestIndependentServerPushed"},
			{section: "3, RFC 9101", what: "Request objects (JAR)", here: "No: requests are pushed as plain parameters.", no: true},
		}},
		{"RFC 9207", "Issuer Identification", "https://www.rfc-editor.org/rfc/rfc9207", []part{
			{
				section: "2.4", what: "`iss` of a callback", here: "Another issuer than the client's is refused, in errors too, and so is none where the metadata say that it is always there. Nothing is sent then, and the code is not lost.",
				sandbox: "TestCallbackRefused TestDiscoverKeepsTheCode", oidc: "TestIndependentServerIssuer",
			},
		}},
		{"RFC 9449", "DPoP", "https://www.rfc-editor.org/rfc/rfc9449", []part{
			{
				section: "4, 5", what: "Bound tokens", here: "With `dpop_bound_access_tokens` every token request carries a proof. One key for each authorization (ES256; EdDSA or RS256 where the metadata lack it), in the token store beside the tokens; consumers get it as `dpop_private_key`.",
				names: "client.dpop_bound_access_tokens", sandbox: "TestBoundTokens TestBoundTokensOfPublicClient TestBoundTokensOfMachines TestBoundTokensOfDevices TestBoundTokensStayOutOfTheState", oidc: "TestIndependentServerBindsTokens",
			},
			{section: "5", what: "A server that answers with bearer tokens", here: "They are kept, and each run warns.", sandbox: "TestUnboundTokens", alone: "the other servers bind whatever comes with a proof"},
			{section: "7, 9", what: "Use at an API", here: "A matter for whoever gets the token; `oauth_api_proxy`, `refresh.probe` and look-ups of a platform do it, with `ath` and the API's own nonces.", sandbox: "TestBoundTokensAreProbed TestProxyOfBoundTokens", oidc: "TestIndependentServerProxyOfBoundTokens"},
			{section: "8", what: "Nonces", here: "A request that is refused for want of a nonce goes once more with it, in the same attempt. The nonce is remembered with the tokens.", sandbox: "TestBoundTokens TestNonceThatIsNeverGoodEnough TestNonceThenLostReply TestKilledAroundTheNonce", oidc: "TestIndependentServerBindsTokens"},
			{section: "10", what: "`dpop_jkt`", here: "In every authorization request of such a client, pushed or not.", sandbox: "TestBoundTokens", oidc: "TestIndependentServerBindsTokens"},
		}},
		rfc9700(),
		beyond(),
	}
}

func rfc6749() standard {
	return standard{"RFC 6749", "The OAuth 2.0 Authorization Framework", "https://www.rfc-editor.org/rfc/rfc6749", []part{
		{
			section: "2.3.1", what: "Client secret, in the header or the body", here: "`token_endpoint_auth_method`: `client_secret_basic` (id and secret encoded as the section says), `client_secret_post`, `none`. Function `basic_auth` makes the header.",
			names: "client.client_secret client.token_endpoint_auth_method function.basic_auth", sandbox: "TestAuthorizeInTwoApplies TestBasicAuthAtAServer", oidc: "TestIndependentServer", fosite: "TestFositeDiscardedPlans TestFositeSecretRotation",
		},
		{
			section: "4.1", what: "Authorization code", here: "`authorization_code` of `oauth_token_pair`, in two applies. Function `parse_callback` reads the address at which the browser ends up.",
			names: "grant.authorization_code function.parse_callback", sandbox: "TestAuthorizeInTwoApplies", oidc: "TestIndependentServer", fosite: "TestFositeDiscardedPlans",
		},
		{
			section: "4.1.2.1, 10.12", what: "Error answers and `state`", here: "A callback with an error, or without a `state` that is waiting, is refused before anything is sent.",
			sandbox: "TestCallbackRefused", oidc: "TestIndependentServerDenied TestIndependentServerIssuer",
		},
		{
			section: "4.1.2, 10.5", what: "A code works once", here: "A code is never sent twice, whoever brings it again, under whatever name.",
			sandbox: "TestCallbackReplayed TestApplyDiedAfterExchange", oidc: "TestIndependentServerCodeOnce TestIndependentServerCodeReplayedByOthers",
		},
		{
			section: "4.2", what: "Implicit (legacy)", here: "`implicit` of `oauth_token_pair`: the token is read from the fragment of the address. There is no refresh token.",
			names: "grant.implicit", sandbox: "TestImplicitGrant", fosite: "TestFositeImplicit",
		},
		{
			section: "4.3", what: "Resource owner password (legacy)", here: "`password` of `oauth_token_pair`: sent again where there is no refresh token, and never by a plan after a refusal.",
			names: "grant.password", sandbox: "TestPasswordGrant TestPasswordGrantRefused TestPasswordGrantLost", oidc: "TestIndependentServerFurtherGrants", fosite: "TestFositePassword",
		},
		{
			section: "4.4", what: "Client credentials", here: "`client_credentials` of `oauth_token_pair`, and of the data source and ephemeral resource `oauth_access_token`: one token for all askers until it expires.",
			names: "grant.client_credentials data.oauth_access_token ephemeral.oauth_access_token", sandbox: "TestClientCredentials TestClientTokenIsShared TestManyAskersOfAClientToken", oidc: "TestIndependentServerClientCredentials TestIndependentServerClientToken", fosite: "TestFositeClientCredentials",
		},
		{
			section: "4.5", what: "Extension grants", here: "`extension_grant` of `oauth_token_pair`: any `grant_type` with any parameters, secret ones apart.",
			names: "grant.extension_grant", sandbox: "TestExtensionGrant", oidc: "TestIndependentServerFurtherGrants",
		},
		{
			section: "5.2", what: "Errors of the token endpoint", here: "`invalid_grant` ends the credential, `invalid_client` costs nothing but a warning, anything else leaves it as it is. The server's own words are shown.",
			sandbox: "TestDeadCredential TestWrongClientSecret", oidc: "TestIndependentServerReuseByOthers", fosite: "TestFositeSecretRotation",
		},
		{
			section: "6", what: "Refresh, with rotation", here: "In every plan and apply that finds it due, each token once, discarded plans included.",
			sandbox: "TestTwelveDiscardedPlans TestParallelPlans", oidc: "TestIndependentServer TestIndependentServerByIssuer", fosite: "TestFositeDiscardedPlans",
		},
		{
			section: "6", what: "A reply that was lost", here: "By `refresh_token_policy`: where a second use ends the family, the token is sent again once, after the access token has expired.",
			sandbox: "TestOutcomeUnknown", oidc: "TestIndependentServerRequestLost TestIndependentServerReplyLost", fosite: "TestFositeRequestLost TestFositeReplyLost",
		},
	}}
}

func rfc9700() standard {
	return standard{"RFC 9700", "Best Current Practice for Security", "https://www.rfc-editor.org/rfc/rfc9700", []part{
		{
			section: "2.1.1", what: "PKCE for every client", here: "Followed.",
			sandbox: "TestAuthorizeInTwoApplies", oidc: "TestIndependentServer", fosite: "TestFositeDiscardedPlans",
		},
		{
			section: "2.1, 4.4", what: "Mix-up", here: "Followed: `iss` is checked, and a pending request belongs to one client.",
			sandbox: "TestCallbackRefused", oidc: "TestIndependentServerIssuer",
		},
		{
			section: "2.2.2, 4.14", what: "Rotation of refresh tokens", here: "Followed, and never in the way: this provider does not trigger reuse detection by a plan, a crash or a second run, and says so when somebody else has.",
			sandbox: "TestTwelveDiscardedPlans TestCrashMatrix", oidc: "TestIndependentServer TestIndependentServerReuseByOthers", fosite: "TestFositeDiscardedPlans",
		},
		{
			section: "2.1.2, 2.4", what: "No implicit grant, no passwords", here: "Not followed where a configuration asks for them: `implicit` and `password` are for servers that offer nothing else, and are marked as legacy.",
			sandbox: "TestImplicitGrant TestPasswordGrant", oidc: "TestIndependentServerFurtherGrants", fosite: "TestFositeImplicit TestFositePassword",
		},
		{
			section: "2.2.1, 2.5", what: "Sender-constrained tokens, asymmetric client authentication", here: "Followed where the server has them and the client is configured so: DPoP, mutual TLS, `private_key_jwt`.",
			sandbox: "TestBoundTokens TestClientProvesItself", oidc: "TestIndependentServerBindsTokens TestIndependentServerClientAuthentication", fosite: "TestFositePrivateKeyJWT",
		},
		{section: "2.6", what: "HTTPS", here: "Followed: `http://` is refused except to the own machine, or with `allow_insecure_http`.", sandbox: "TestMistakesAreToldAtTheirPlace", alone: "A refusal before anything is sent; every other test is on loopback."},
	}}
}

func beyond() standard {
	const faults = "Faults, limits and clocks on demand are not to be had of a real server."
	return standard{"Beyond the standards", "what servers do besides", "", []part{
		{section: "", what: "Crashes at every step", here: "A process killed between claim, call and commit loses no token that a server or disk still has.", sandbox: "TestCrashMatrix TestEngineCrashMatrix TestRescue", alone: faults},
		{section: "", what: "Grace periods, and old tokens that stay valid", here: "`refresh_token_policy`: `single_use_grace`, `new_old_valid` and others.", sandbox: "TestCrashMatrix", alone: "The others know rotation with reuse detection, or none."},
		{section: "", what: "Lockout after too many refusals", here: "`refresh_token_policy.error_budget`.", sandbox: "TestErrorBudget TestPlatformLockedOut", alone: faults},
		{section: "", what: "Limits on token calls, and `429`", here: "`refresh_token_policy.token_calls`; the server's `Retry-After`.", sandbox: "TestTokenCalls TestPlatformThrottled", alone: faults},
		{section: "", what: "Platforms with their own rules", here: "`platform`: other words for errors, members of replies, deadlines and look-ups.", sandbox: "TestPlatform TestPlatformLife TestPlatformEnds", alone: "The platforms themselves cannot be had for a test."},
		{section: "", what: "Races of many processes", here: "Parallel runs spend each token once.", sandbox: "TestParallelPlans TestOtherRunHoldsTheClaim TestTwoConfigurationsShareAStore", alone: "It needs a server that holds requests at will."},
		{section: "", what: "Servers that are down, slow or out of order", here: "Nothing is spent that was not sent, and a token that works is served.", sandbox: "TestScreensClient TestServerAsksToWait TestDestroyServerDown", alone: faults},
		{section: "", what: "Former client secrets", here: "A secret is replaced while the server takes both, without a gap.", fosite: "TestFositeSecretRotation"},
	}}
}
