package platform

import "github.com/seed-55355b43/terraform-provider-oauth/internal/credential"

// Guide tells people how to write a fact.
type Guide struct {
	Name    string
	Meaning string
	Form    string // an example, in JSON
	Allowed string // a clause; empty: anything of that form
	None    string // what null comes to, a clause; empty: there is none of it
	NoNull  string // what to write where null would say nothing; empty: null is fine
}

// GuideTo says how the fact of that name is written.
func GuideTo(name string) Guide {
	for _, g := range Guides() {
		if g.Name == name {
			return g
		}
	}
	return Guide{}
}

// Guides are those to all facts, in the order of the data.
func Guides() []Guide {
	all := allGuides()
	for i, g := range all {
		if values := allowed(g.Name); values != nil && g.Allowed == "" {
			all[i].Allowed = oneOf(values)
		}
	}
	return all
}

func allGuides() []Guide {
	var all []Guide
	for _, part := range [][]Guide{guidesToEndpoints(), guidesToRequests(), guidesToTokens(), guidesToLimits(), guidesToReplies()} {
		all = append(all, part...)
	}
	return all
}

func guidesToEndpoints() []Guide {
	const https = "an https address"
	return []Guide{
		{Name: "issuer", Meaning: "the issuer, from which endpoints that nothing names are discovered", Form: `"https://login.example.com"`,
			Allowed: https + "; not without `platform`, where it is an attribute of the client", None: "nothing is discovered"},
		{Name: "authorization_endpoint", Meaning: "where a person gives consent", Form: `"https://login.example.com/authorize"`, Allowed: https},
		{Name: "token_endpoint", Meaning: "where codes and refresh tokens are exchanged for tokens", Form: `"https://login.example.com/token"`,
			Allowed: https, None: "refused with `platform`, which has one"},
		{Name: "revocation_endpoint", Meaning: "where tokens are revoked (RFC 7009)", Form: `"https://login.example.com/revoke"`, Allowed: https},
		{Name: "introspection_endpoint", Meaning: "where the server tells about a token (RFC 7662)", Form: `"https://login.example.com/introspect"`,
			Allowed: https},
		{Name: "registration_endpoint", Meaning: "where clients are registered (RFC 7591)",
			Form: `"https://login.example.com/register"`, Allowed: https},
		{Name: "device_authorization_endpoint", Meaning: "where devices begin an authorization (RFC 8628)", Form: `"https://login.example.com/device"`,
			Allowed: https},
		{Name: "pushed_authorization_request_endpoint", Meaning: "where authorization requests are pushed (RFC 9126)",
			Form:    `"https://login.example.com/par"`,
			Allowed: https},
		{Name: "userinfo_endpoint", Meaning: "where the server tells about the person", Form: `"https://login.example.com/userinfo"`, Allowed: https},
	}
}

func guidesToRequests() []Guide {
	const parameters = "none that belongs to the protocol, such as `state` or `grant_type`"
	return []Guide{
		{Name: "grant_types_supported", Meaning: "the grants that the server knows", Form: `["authorization_code","refresh_token"]`},
		{Name: "token_endpoint_auth_methods_supported", Meaning: "how a client may authenticate at the token endpoint; of those that use " +
			"a client secret the first is used",
			Form:    `["client_secret_post","client_secret_basic"]`,
			Allowed: "at least " + oneOf(allowed("token_endpoint_auth_methods_supported")),
			None:    "as the discovered metadata say, else `client_secret_basic`"},
		{Name: "revocation_endpoint_auth_method", Meaning: "how a client with a secret authenticates at the revocation endpoint, where that differs",
			Form:    `"client_secret_basic"`,
			Allowed: oneOf(spokenSecrets()), None: "as at the token endpoint"},
		{Name: "client_assertion_audience", Meaning: "whom the signed assertion of `private_key_jwt` and `client_secret_jwt` is made out to",
			Form: `"token_endpoint"`, None: "the issuer, if it is known, else the token endpoint"},
		{Name: "client_secret_lifetime", Meaning: "how long a client secret lives", Form: `"8760h"`, Allowed: durationBounds()},
		{Name: "pkce", Meaning: "whether the server takes part in PKCE (RFC 7636); it is sent unless this says `unsupported`", Form: `"unsupported"`,
			NoNull: `"unsupported"`},
		{Name: "response_mode", Meaning: "how the answer comes back to the browser; one by `form_post` is asked for as `query`", Form: `"form_post"`},
		{Name: "authorization_parameters", Meaning: "what every `authorization_url` carries besides", Form: `{"audience":"books"}`,
			Allowed: parameters},
		{Name: "token_parameters", Meaning: "what every exchange of a code carries besides", Form: `{"audience":"books"}`, Allowed: parameters},
		{Name: "refresh_parameters", Meaning: "what every refresh carries besides", Form: `{"audience":"books"}`,
			Allowed: parameters + "; `redirect_uri` is allowed"},
		{Name: "client_credentials_parameters", Meaning: "the parameters that must stand in `extra_parameters` with the grant `client_credentials`",
			Form:    `["tenant_id"]`,
			Allowed: parameters},
		{Name: "default_scopes", Meaning: "the scopes to ask for where the user names none", Form: `["read"]`},
		{Name: "required_scopes", Meaning: "the scopes without which there is no token pair, asked for where the user names none",
			Form: `["offline_access"]`},
		{Name: "scope_separator", Meaning: "what stands between scopes", Form: `","`, None: "a space"},
		{Name: "scopes_ignored", Meaning: "whether rights are set at the app, so that sending no scopes is right", Form: `true`},
		{Name: "send_scope_on_refresh", Meaning: "whether a refresh may carry `scope`", Form: `false`},
		{Name: "redirect_uri", Meaning: "what the server asks of redirect URIs",
			Form:    `{"https_required":true,"exact_match":true,"loopback":"allowed","max_count":5}`,
			Allowed: "`loopback` " + oneOf(loopbacks())},
		{Name: "code_lifetime", Meaning: "how long the code in a callback lives", Form: `"3m"`, Allowed: durationBounds()},
	}
}

func guidesToTokens() []Guide {
	return []Guide{
		{Name: "access_token_lifetime", Meaning: "how long an access token lives; used only where the reply does not tell (`expires_in`)",
			Form:    `"15m"`,
			Allowed: durationBounds(), None: "it does not expire"},
		{Name: "access_token_lifetime_source", Meaning: "where the lifetime is learnt: from the reply, by introspection for each new token, or nowhere",
			Form: `"introspection"`,
			None: "from the reply"},
		{Name: "access_token_format", Meaning: "what an access token is", Form: `"jwt"`},
		{Name: "rotation", Meaning: "what a refresh does to the refresh token that was sent, as in `refresh_token_policy`", Form: `"single_use"`,
			NoNull: `"none"`},
		{Name: "on_reuse", Meaning: "what the server does when a spent refresh token comes again, as in `refresh_token_policy`",
			Form:   `"revoke_family"`,
			NoNull: `"reject" where it only refuses the token, or "revoke_family", which counts where nothing is known`},
		{Name: "grace_period", Meaning: "how long a spent refresh token may be sent again; needed with the rotation `single_use_grace`", Form: `"30s"`,
			Allowed: durationBounds()},
		{Name: "idle_lifetime", Meaning: "how long a refresh token lives if nobody uses it", Form: `"720h"`, Allowed: durationBounds()},
		{Name: "absolute_lifetime", Meaning: "how long an authorization lives, however often it is refreshed", Form: `"8760h"`,
			Allowed: durationBounds()},
		{Name: "refresh_token_expiry", Meaning: "the members of a reply that say for how many seconds the refresh token lives: unless it is " +
			"used, or with its successors",
			Form: `[{"name":"refresh_expires_in","meaning":"idle"}]`, Allowed: "`meaning` " + oneOf(expiryMeanings())},
		{Name: "max_live_refresh_tokens", Meaning: "how many refresh tokens live side by side, and for whom they are counted",
			Form:    `{"count":5,"per":"user and client"}`,
			Allowed: "`count` from 1"},
	}
}

func guidesToLimits() []Guide {
	return []Guide{
		{Name: "earliest_refresh", Meaning: "how long after the issue of an access token the server refuses a refresh", Form: `"9m"`,
			Allowed: durationBounds() + ", and not above `access_token_lifetime`"},
		{Name: "error_budget", Meaning: "how many refusals (4xx) lock the client out; `per` is for people", Form: `{"limit":10,"window":"1h"}`,
			Allowed: rateBounds("error_budget")},
		{Name: "token_calls", Meaning: "how many calls of the token endpoint the server takes for one user; `per` is for people",
			Form:    `{"limit":200,"window":"24h"}`,
			Allowed: rateBounds("token_calls")},
		{Name: "limit_headers", Meaning: "the headers that tell of a limit: a count, or when it ends",
			Form:    `[{"name":"X-RateLimit-Reset","unit":"epoch_seconds"}]`,
			Allowed: "`unit` " + oneOf(limitUnits())},
	}
}

func guidesToReplies() []Guide {
	return []Guide{
		{Name: "token_path", Meaning: "the member of the reply that holds the tokens", Form: `"authed_user"`, None: "its top level"},
		{Name: "connection_details", Meaning: "the members of the reply, or parameters of the callback, that API calls need",
			Form: `[{"name":"instance_url","from":"response"}]`, Allowed: "`from` " + oneOf(connectionSources())},
		{Name: "look_ups", Meaning: "the calls after an authorization whose answer names what API calls need; the access token goes into the " +
			"header, or for `{access_token}`",
			Form:    `[{"name":"company","url":"https://api.example.com/me","pick":"$[0].id"}]`,
			Allowed: "`pick` begins with `$`, and goes on with `.name`, `[0]` or `['any name']`"},
		{Name: "errors", Meaning: "what the server's refusals mean; the first rule that fits decides. What it does not name may be anything. " +
			"`member` names the member that " +
			"holds the code of `error`; `error_description` and `header_value` are regular expressions",
			Form:    `[{"status":[400],"error":"slow_down","class":"too_early","wait":"1m"}]`,
			Allowed: "`class` " + oneOf(classes()) + "; `wait` up to " + credential.ShortDuration(maxWait)},
		{Name: "app_registration", Meaning: "how a client comes to be", Form: `{"api":"none","portal":"https://developer.example.com"}`,
			Allowed: "`api` " + oneOf(registrations())},
	}
}
