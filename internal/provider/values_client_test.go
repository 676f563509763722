package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const hidden = "hidden-secret"

// badClientValues are the mistakes in a client, at the top of a registration or below "client." in a token pair.
func badClientValues(base object, prefix string) []badValue {
	endpoint := func(name, why string) string {
		return fmt.Sprintf("%s%s must be an absolute https:// URL (http:// only to this machine, or with allow_insecure_http): %s", prefix, name, why)
	}
	text := func(name string, most int, why string) string {
		return fmt.Sprintf("%s%s must be 1 to %d printable ASCII characters: %s", prefix, name, most, why)
	}
	duration := func(name, most, least, why string) string {
		return fmt.Sprintf("%srefresh_token_policy.%s must be a duration like 30s, 5m or 1h, from %s to %s: %s", prefix, name, least, most, why)
	}
	one := testProof()
	rows := []badValue{
		{at: "client_id", value: nil, says: prefix + "client_id is needed."},
		{at: "client_id", value: "", says: text("client_id", 2048, "it is empty.")},
		{at: "client_id", value: "id\n", says: text("client_id", 2048, "it holds other characters; a line break is often copied along.")},
		{at: "client_id", value: strings.Repeat("a", 2049), says: text("client_id", 2048, "it is longer.")},

		{at: "client_secret", value: "", says: text("client_secret", 16384, "it is empty.")},
		{at: "client_secret", value: hidden + "\n", says: text("client_secret", 16384, "it holds other characters; a line break is often copied along."), hidden: []string{hidden}},
		{at: "client_secret", value: hidden + "é", says: "it holds other characters", hidden: []string{hidden}},
		{at: "client_secret", value: strings.Repeat(hidden, 2000), says: text("client_secret", 16384, "it is longer."), hidden: []string{hidden}},
		{at: "client_secret_wo", value: hidden, says: `"` + prefix + "client_secret_wo_version" + `" must be specified when "` + prefix + "client_secret_wo" + `" is specified`, hidden: []string{hidden}},
		{at: "client_secret_wo_version", value: -1, says: "must be at least 0"},
		{at: "private_key", value: "", says: prefix + "private_key must be a private key, as PEM or as a JWK: it is empty."},
		{at: "private_key", value: hidden, says: "it is neither PEM nor a JWK; if it is the name of a file, give what is in it: file(…).", hidden: []string{hidden}},
		{at: "private_key", value: strings.Repeat(hidden, 2000), says: "it is longer than 16384 bytes.", hidden: []string{hidden}},
		{at: "private_key", value: one.certificate, says: "it is a certificate, which holds a public key only."},
		{at: "private_key_wo", value: one.key, hidden: []string{one.line}, says: `"` + prefix + "private_key_wo_version" + `" must be specified when "` + prefix + "private_key_wo" + `" is specified`},
		{at: "private_key_wo_version", value: -1, says: "must be at least 0"},
		{at: "private_key_id", value: "", says: text("private_key_id", 1024, "it is empty.")},
		{at: "tls_client_private_key_wo_version", value: -1, says: "must be at least 0"},
		{at: "token_endpoint_auth_signing_alg", value: "none", says: `value must be one of: ["RS256"`},
		{at: "token_endpoint_auth_method", value: "bearer", says: `value must be one of: ["client_secret_basic" "client_secret_post" "client_secret_jwt" "private_key_jwt" "tls_client_auth" "self_signed_tls_client_auth" "none"]`},
		{at: "token_endpoint_auth_method", value: "", says: "value must be one of:"},
		{
			at: "token_endpoint_auth_method", value: "client_secret_basic", path: prefix + "client_secret",
			says: prefix + `client_secret is needed: token_endpoint_auth_method is "client_secret_basic".`,
		},
		{
			at: "token_endpoint_auth_method", value: "client_secret_jwt", path: prefix + "client_secret",
			says: prefix + `client_secret is needed: token_endpoint_auth_method is "client_secret_jwt".`,
		},
		{
			at: "token_endpoint_auth_method", value: "private_key_jwt", path: prefix + "private_key",
			says: prefix + `private_key is needed: token_endpoint_auth_method is "private_key_jwt".`,
		},
		{
			at: "token_endpoint_auth_method", value: "tls_client_auth", path: prefix + "tls_client_certificate",
			says: prefix + `tls_client_certificate is needed: token_endpoint_auth_method is "tls_client_auth".`,
		},
		{
			at: "tls_client_private_key", value: one.key, path: prefix + "tls_client_certificate", hidden: []string{one.line},
			says: prefix + `tls_client_certificate is needed: there is a tls_client_private_key.`,
		},

		{at: "platform", value: "exact", says: `there is no preset of the platform "exact" in this version of the provider; known are `},
		{at: "platform", value: "exact_online", path: prefix + "platform_parameters", says: prefix + `platform_parameters lacks "country": it is needed: the country of the Exact Online site`},
		{at: "platform_parameters", value: object{"country": "nl"}, says: prefix + "platform_parameters goes with platform, which is not set."},
		{at: "platform_overrides", value: "[]", says: prefix + "platform_overrides cannot be used: it is no JSON object."},
		{at: "platform_overrides", value: "", says: "string length must be between 1 and 16384"},
		{at: "platform_overrides", value: "{", says: prefix + "platform_overrides cannot be used: it is no JSON object."},
		{at: "platform_overrides", value: `{"issuer":"https://as.example.com"}`, says: prefix + "platform_overrides cannot be used: issuer: without a platform it stands in the client's attribute issuer, not here."},
		{at: "platform_overrides", value: `{"lifetime":"1h"}`, says: prefix + `platform_overrides cannot be used: there is no fact "lifetime"; there are `},
		{at: "platform_overrides", value: `{"token_endpoint":"https://{tenant}/token"}`, says: prefix + "platform_overrides cannot be used: token_endpoint: "},
		{at: "issuer", value: "as.example.com", says: prefix + "issuer must be an https:// URL without query and fragment: unusable request: the endpoint: it is not an absolute URL with a host."},
		{at: "issuer", value: "https://as.example.com/?tenant=1", says: "issuer must be an https:// URL without query and fragment: it has a query."},
		{at: "issuer", value: "https://as.example.com/#x", says: "it has a fragment."},

		{at: "token_endpoint", value: nil, says: prefix + "token_endpoint is needed. Write it, or set issuer to have it discovered, or set platform to one that the provider knows."},
		{at: "refresh_token_policy.rotation", value: "sometimes", says: `value must be one of: ["none" "new_old_valid" "server_decides" "single_use" "single_use_grace" "until_successor_used" "app_setting" "unknown"]`},
		{at: "refresh_token_policy.on_reuse", value: "revoke", says: `value must be one of: ["reject" "revoke_family" "revoke_client_user" "unknown"]`},
		{at: "refresh_token_policy.grace_period", value: "30s", says: prefix + `refresh_token_policy.grace_period goes with rotation = "single_use_grace" only.`},
		{at: "refresh_token_policy", value: object{"rotation": "single_use_grace", "grace_period": "0s"}, path: prefix + "refresh_token_policy.grace_period", says: duration("grace_period", "24h", "1s", "it is 0s.")},
		{at: "refresh_token_policy", value: object{"rotation": "single_use", "grace_period": "30s"}, path: prefix + "refresh_token_policy.grace_period", says: prefix + `refresh_token_policy.grace_period goes with rotation = "single_use_grace" only.`},
		{at: "refresh_token_policy", value: object{"rotation": "single_use_grace"}, path: prefix + "refresh_token_policy.grace_period", says: prefix + `refresh_token_policy.grace_period is needed: rotation is "single_use_grace".`},
		{at: "refresh_token_policy.idle_lifetime", value: "59s", says: duration("idle_lifetime", "262800h", "1m", "it is 59s.")},
		{at: "refresh_token_policy.idle_lifetime", value: "30d", says: duration("idle_lifetime", "262800h", "1m", "it is not a duration.")},
		{at: "refresh_token_policy.error_budget", value: "ten/1h", says: prefix + "refresh_token_policy.error_budget must be a number of refusals and a time, like 10/1h, from 2/1m to 1000/24h: it is not of that form."},
		{at: "refresh_token_policy.error_budget", value: "10", says: "it is not of that form."},
		{at: "refresh_token_policy.error_budget", value: "+10/1h", says: "it is not of that form."},
		{at: "refresh_token_policy.error_budget", value: "10/hour", says: "what stands behind the slash is not a duration."},
		{at: "refresh_token_policy.error_budget", value: "1/1h", says: "its number is 1."},
		{at: "refresh_token_policy.error_budget", value: "1001/1h", says: "its number is 1001."},
		{at: "refresh_token_policy.error_budget", value: "10/25h", says: "its time is 25h."},
		{at: "refresh_token_policy.token_calls", value: "many", says: prefix + "refresh_token_policy.token_calls must be a number of calls and a time, like 200/24h, from 1/1m to 1000/24h: it is not of that form."},
		{at: "refresh_token_policy.token_calls", value: "0/24h", says: "its number is 0."},
		{at: "refresh_token_policy.token_calls", value: "1001/24h", says: "its number is 1001."},
		{at: "refresh_token_policy.token_calls", value: "200/59s", says: "its time is 59s."},
		{at: "refresh_token_policy.absolute_lifetime", value: "262801h", says: duration("absolute_lifetime", "262800h", "1m", "it is 262801h.")},
	}
	for _, name := range []string{
		"authorization_endpoint", "token_endpoint", "revocation_endpoint", "introspection_endpoint", "registration_endpoint",
		"device_authorization_endpoint", "pushed_authorization_request_endpoint", "issuer",
	} {
		insecure := fmt.Sprintf("%s%s uses http:// to another machine, which would send tokens in clear text. Use https://, or set allow_insecure_http = true in the provider. Nothing was sent.", prefix, name)
		rows = append(rows, badValue{at: name, value: "http://as.example.com/x", phase: inPlan, says: insecure},
			badValue{at: name, value: "http://[2001:db8::1]/x", phase: inPlan, says: insecure, provider: object{"allow_insecure_http": false}})
		if name == "issuer" {
			continue // has rows above
		}
		rows = append(rows,
			badValue{at: name, value: "", says: endpoint(name, "unusable request: the endpoint: it is empty.")},
			badValue{at: name, value: "as.example.com/x", says: endpoint(name, "unusable request: the endpoint: it is not an absolute URL with a host.")},
			badValue{at: name, value: "https://as.example.com/x#y", says: endpoint(name, "unusable request: the endpoint: it has a fragment.")},
			badValue{at: name, value: "https://me:" + hidden + "@as.example.com/x", says: endpoint(name, "unusable request: the endpoint: it carries user information."), hidden: []string{hidden}},
			badValue{at: name, value: "file:///etc/passwd", says: endpoint(name, "unusable request: the endpoint: it is not an absolute URL with a host.")},
			badValue{at: name, value: "https://as.example.com/" + strings.Repeat("x", 2026), says: endpoint(name, "it is longer than 2048 bytes.")},
		)
	}
	for i := range rows {
		rows[i].base, rows[i].at = base, prefix+rows[i].at
	}
	later := with(base, prefix+"platform", unknown) // then parameters are checked as such
	exact := with(with(base, prefix+"platform", "exact_online"), prefix+"platform_parameters", object{"country": "nl"})
	xero := with(base, prefix+"platform", "xero")
	rows = append(rows,
		badValue{base: exact, at: prefix + "refresh_token_policy", value: object{"grace_period": "30s"}, path: prefix + "refresh_token_policy.grace_period",
			says: prefix + `refresh_token_policy.grace_period goes with rotation = "single_use_grace" only.`},
		badValue{base: xero, at: prefix + "refresh_token_policy", value: object{"rotation": "single_use", "grace_period": "30s"}, path: prefix + "refresh_token_policy.grace_period",
			says: prefix + `refresh_token_policy.grace_period goes with rotation = "single_use_grace" only.`},
		badValue{base: later, at: prefix + "platform_parameters", value: object{"country": ""}, path: prefix + `platform_parameters["country"]`, says: "must be 1 to 2048 printable ASCII characters: it is empty."},
		badValue{base: later, at: prefix + "platform_parameters", value: object{"country": nil}, says: "must not hold null."},
		badValue{base: later, at: prefix + "platform_parameters", value: many(51), says: "must contain at most 50 elements"},
		badValue{base: exact, at: prefix + "platform_overrides", value: `{"rotation":"often"}`, says: prefix + "platform_overrides cannot be used: rotation: \"often\" is not among its values; one of none, "},
		badValue{base: exact, at: prefix + "platform_overrides", value: `{"earliest_refresh":"601s"}`, says: prefix + "platform_overrides cannot be used: earliest_refresh: 10m1s is above access_token_lifetime, which is 10m; "},
		badValue{base: exact, at: prefix + "platform_parameters", value: object{"country": "at"}, path: prefix + `platform_parameters["country"]`,
			says: prefix + `platform_parameters["country"] cannot be used: it must be one of be, de, es, fr, nl, uk, us.`},
		badValue{base: exact, at: prefix + "platform_parameters", value: object{"country": "nl", "tenant": "x"}, path: prefix + `platform_parameters["tenant"]`,
			says: prefix + `platform_parameters["tenant"] cannot be used: the platform exact_online has no such parameter; it takes country.`},
	)
	return slices.Concat(rows, badClientPairs(base, prefix), badProofs(base, prefix))
}

// badClientPairs are members that are right alone and wrong together.
func badClientPairs(base object, prefix string) []badValue {
	secret := with(base, prefix+"client_secret", hidden)
	writeOnly := with(with(base, prefix+"client_secret_wo", hidden), prefix+"client_secret_wo_version", 1)
	quiet := base
	if prefix != "" {
		quiet = with(base, "preauthenticated", object{"refresh_token_wo": "r", "refresh_token_wo_version": 1})
	}
	return []badValue{
		{
			base: with(writeOnly, prefix+"client_secret", nil), at: prefix + "client_secret", value: hidden, hidden: []string{hidden},
			says: `Attribute "` + prefix + "client_secret_wo" + `" cannot be specified when "` + prefix + "client_secret" + `" is specified`,
		},
		{
			base: secret, at: prefix + "token_endpoint_auth_method", value: "none", path: prefix + "client_secret", hidden: []string{hidden},
			says: prefix + `client_secret is not used: token_endpoint_auth_method is "none". Remove one of them.`,
		},
		{
			base: writeOnly, at: prefix + "token_endpoint_auth_method", value: "none", path: prefix + "client_secret_wo", hidden: []string{hidden},
			says: prefix + `client_secret_wo is not used: token_endpoint_auth_method is "none". Remove one of them.`,
		},
		{
			base: quiet, at: prefix + "client_secret", value: hidden, provider: object{"secrets_in_state": false}, phase: inPlan, hidden: []string{hidden},
			says: "The provider has secrets_in_state = false, and " + prefix + "client_secret is kept in state and plan. Use client_secret_wo and client_secret_wo_version instead. Nothing was read or sent.",
		},
		{
			base: with(writeOnly, prefix+"client_secret_wo", nil), at: prefix + "client_secret_wo", value: hidden, provider: object{"token_store": "state"}, phase: inPlan, hidden: []string{hidden},
			says: prefix + `client_secret_wo is kept in the token store alone, and token_store = "state" has none. Use the plain attribute, or set token_store to a folder.`,
		},
	}
}

func many(n int) object {
	o := object{}
	for i := range n {
		o[fmt.Sprintf("p%d", i)] = "x"
	}
	return o
}

func registrationBase() object {
	return object{"name": "x", "client_id": "id", "token_endpoint": "https://as.example.com/token"}
}

func badRegistrationValues() []badValue {
	base := registrationBase()
	const rule = "must be an absolute URI without a fragment: "
	return append(append(badClientValues(base, ""), badMetadataValues()...),
		badValue{base: base, at: "name", value: "", says: nameRule},
		badValue{base: base, at: "name", value: "a b", says: nameRule},
		badValue{base: base, at: "name", value: strings.Repeat("a", 101), says: nameRule},
		badValue{base: base, at: "redirect_uris", value: []any{}, says: "must contain at least 1 elements and at most 100 elements"},
		badValue{base: base, at: "redirect_uris", value: []any{"/callback"}, path: "redirect_uris[0]", says: rule + "it has no scheme."},
		badValue{base: base, at: "redirect_uris", value: []any{"https://a.example.com/", "https://a.example.com/#x"}, path: "redirect_uris[1]", says: rule + "it has a fragment."},
		badValue{base: base, at: "redirect_uris", value: []any{"https://a.example.com/", "https://a.example.com/"}, says: "duplicate"},
		badValue{base: base, at: "redirect_uris", value: []any{nil}, says: "must not hold null."},
	)
}

func TestBadRegistrationValues(t *testing.T) {
	t.Parallel()
	checkResource(t, "oauth_app_registration", badRegistrationValues())
}
