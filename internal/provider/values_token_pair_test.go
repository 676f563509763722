package provider

import (
	"strings"
	"testing"
)

func pairClient() object {
	return object{"client_id": "id", "token_endpoint": "https://as.example.com/token", "authorization_endpoint": "https://as.example.com/authorize"}
}

// A token pair of each grant.
func codePair() object {
	return object{"name": "x", "client": pairClient(), "authorization_code": object{"redirect_uri": "https://app.example.com/callback"}}
}

func broughtPair() object {
	return object{"name": "x", "client": pairClient(), "preauthenticated": object{"refresh_token": "r"}}
}

func badTokenPairValues() []badValue {
	rows := badClientValues(broughtPair(), "client.")
	rows = append(rows, badPairValues()...)
	rows = append(rows, badCodeGrantValues()...)
	rows = append(rows, badBroughtValues()...)
	rows = append(rows, badMintValues()...)
	rows = append(rows, badGrantValues()...)
	rows = append(rows, badRequestValues(codePair(), "authorization_code")...)
	return append(rows, badModes()...)
}

func badPairValues() []badValue {
	base := broughtPair()
	margin := "refresh.before_expiry must be a duration like 30s, 5m or 1h, from 5s to 1h: "
	probing := with(base, "refresh", object{"strategy": "on_rejection", "probe": object{"url": "https://api.example.com/me"}})
	contradicts := `refresh.probe is for strategy = "on_rejection"; no other strategy calls an API. Remove it, or choose that strategy.`
	probeURL := "refresh.probe.url must be an absolute https:// URL (http:// only to this machine, or with allow_insecure_http): "
	earliest := "refresh.earliest must be a duration like 30s, 5m or 1h, from 1s to 24h: "
	return []badValue{
		{base: base, at: "name", value: "", says: nameRule},
		{base: base, at: "name", value: "-x", says: nameRule},
		{base: base, at: "name", value: "pair/x", says: nameRule},
		{base: base, at: "name", value: "ex\n", says: nameRule},
		{base: base, at: "client.registration", value: "a b", says: nameRule},
		{base: base, at: "refresh.strategy", value: "sometimes", says: `value must be one of: ["before_expiry" "on_rejection" "every_read" "at_apply" "never"]`},
		{base: base, at: "refresh.before_expiry", value: "4s", says: margin + "it is 4s."},
		{base: base, at: "refresh.before_expiry", value: "2h", says: margin + "it is 2h."},
		{base: base, at: "refresh.earliest", value: "0.5s", says: earliest + "it is 500ms."},
		{base: base, at: "refresh.earliest", value: "24h1s", says: earliest + "it is 24h0m1s."},
		{base: probing, at: "refresh.probe", value: nil, says: "refresh.probe is needed: the strategy on_rejection calls refresh.probe.url to learn whether the access token still works."},
		{base: probing, at: "refresh.strategy", value: nil, path: "refresh.probe", says: contradicts},
		{base: probing, at: "refresh.strategy", value: "never", path: "refresh.probe", says: contradicts},
		{base: probing, at: "refresh.probe.url", value: nil, says: "Must set a configuration value for the refresh.probe.url attribute"},
		{base: probing, at: "refresh.probe.url", value: "", says: probeURL + "unusable request: the endpoint: it is empty."},
		{base: probing, at: "refresh.probe.url", value: "me", says: probeURL + "unusable request: the endpoint: it is not an absolute URL with a host."},
		{base: probing, at: "refresh.probe.url", value: "ftp://api.example.com/me", says: probeURL + "unusable request: the endpoint: its scheme is not https."},
		{base: probing, at: "refresh.probe.url", value: "https://me:" + hidden + "@api.example.com/me", says: probeURL + "unusable request: the endpoint: it carries user information.", hidden: []string{hidden}},
		{base: probing, at: "refresh.probe.url", value: "https://api.example.com/me#top", says: probeURL + "unusable request: the endpoint: it has a fragment."},
		{base: probing, at: "refresh.probe.url", value: "https://api.example.com/" + strings.Repeat("x", 2048), says: probeURL + "it is longer than 2048 bytes."},
		{
			base: probing, at: "refresh.probe.url", value: "http://api.example.com/me", phase: inPlan,
			says: "refresh.probe.url uses http:// to another machine, which would send the access token in clear text. Use https://, or set allow_insecure_http = true in the provider. Nothing was sent.",
		},

		{base: base, at: "preauthenticated", value: nil, path: "authorization_code", says: "A token pair needs to know where its tokens come from"},
		{base: base, at: "authorization_code", value: object{"redirect_uri": "https://app.example.com/callback"}, path: "preauthenticated", says: "authorization_code and preauthenticated cannot be used together."},
	}
}

func badCodeGrantValues() []badValue {
	const (
		callback = "must be the whole address that the browser showed after the consent: unusable callback URL: "
		verifier = "authorization_code.code_verifier must be 43 to 128 letters, digits, hyphens, dots, underscores and tildes (RFC 7636): unusable request: the code verifier "
		scope    = "must be a scope without spaces: "
		uri      = "authorization_code.redirect_uri must be an absolute URI without a fragment: "
		good     = "https://app.example.com/callback?code=" + hidden + "&state=s"
	)
	base := codePair()
	rows := []badValue{
		{at: "callback_url", value: "", says: callback + "it is empty."},
		{at: "callback_url", value: hidden, says: callback + "paste it whole, from the scheme (https://) on."},
		{at: "callback_url", value: "https://app.example.com/callback?" + hidden, says: callback + "it has neither code nor error in its query."},
		{at: "callback_url", value: "https://app.example.com/callback?code=" + hidden + "%", says: callback + "a parameter is not properly percent-encoded."},
		{at: "callback_url", value: "https://app.example.com/callback?code=" + hidden + "\n&state=s", says: callback + "it has white space inside; paste it on one line."},
		{at: "callback_url", value: "https://app.example.com/callback#code=" + hidden, says: callback + "the reply stands after the #"},
		{at: "callback_url", value: "https://[" + hidden, says: callback + "it is not a URL."},
		{at: "callback_url", value: "https://app.example.com/?code=" + strings.Repeat(hidden, 2000), says: callback + "it is longer than 16 KiB."},
		{at: "callback_url_wo", value: good, says: `"authorization_code.callback_url_wo_version" must be specified when "authorization_code.callback_url_wo" is specified`},
		{at: "callback_url_wo_version", value: -1, says: "must be at least 0"},

		{at: "code", value: "", says: "authorization_code.code must be 1 to 8192 printable ASCII characters: it is empty."},
		{at: "code", value: hidden + "\r\n", says: "it holds other characters; a line break is often copied along."},
		{at: "code", value: strings.Repeat(hidden, 1000), says: "it is longer."},
		{at: "code_wo", value: hidden, says: `"authorization_code.code_wo_version" must be specified when "authorization_code.code_wo" is specified`},
		{at: "code_wo_version", value: -5, says: "must be at least 0"},
		{at: "code_verifier", value: strings.Repeat("v", 43), says: "authorization_code.code_verifier goes with authorization_code.code. A callback_url brings the verifier of its own authorization."},
		{at: "code_verifier_wo_version", value: -1, says: "must be at least 0"},

		{at: "redirect_uri", value: nil, says: "authorization_code.redirect_uri is needed: the client names no registration whose first redirect_uris could be used."},
		{at: "redirect_uri", value: "", says: uri + "it has no scheme."},
		{at: "redirect_uri", value: "app.example.com/callback", says: uri + "it has no scheme."},
		{at: "redirect_uri", value: "https://app.example.com/#callback", says: uri + "it has a fragment."},
		{at: "redirect_uri", value: "https:///callback", says: uri + "it names no host."},

		{at: "scopes", value: []any{"read write"}, path: "authorization_code.scopes[*]", says: scope + "it is empty, too long, or holds a space"},
		{at: "scopes", value: []any{""}, path: "authorization_code.scopes[*]", says: scope + "it is empty, too long, or holds a space"},
		{at: "scopes", value: []any{nil}, says: "must not hold null."},
		{at: "scopes", value: manyScopes(501), says: "must contain at most 500 elements"},

		{at: "extra_parameters", value: object{"prompt": ""}, path: `authorization_code.extra_parameters["prompt"]`, says: "must be 1 to 4096 printable ASCII characters: it is empty."},
		{at: "extra_parameters", value: object{"a\n": "x"}, path: `authorization_code.extra_parameters["a\n"]`, says: "must be 1 to 200 printable ASCII characters: it holds other characters"},
		{at: "extra_parameters", value: object{"prompt": nil}, says: "must not hold null."},
		{at: "extra_parameters", value: many(51), says: "must contain at most 50 elements"},
	}
	for _, name := range []string{"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"} {
		rows = append(rows, badValue{at: "extra_parameters", value: object{name: "x"}, says: `extra parameter "` + name + `" belongs to the protocol.`})
	}
	for i := range rows {
		rows[i].base, rows[i].at, rows[i].hidden = base, "authorization_code."+rows[i].at, []string{hidden}
	}
	withCode := with(base, "authorization_code.code", "c")
	return append(rows, []badValue{
		{base: withCode, at: "authorization_code.code_verifier", value: strings.Repeat("v", 42), says: verifier + "must have 43 to 128 characters."},
		{base: withCode, at: "authorization_code.code_verifier", value: strings.Repeat("v", 42) + "é", says: verifier + "may hold only letters, digits and -._~."},
		{base: withCode, at: "authorization_code.code_verifier_wo", value: strings.Repeat("v", 43), says: `"authorization_code.code_verifier_wo_version" must be specified when "authorization_code.code_verifier_wo" is specified`},
		{base: withCode, at: "authorization_code.callback_url", value: good, path: "authorization_code.code", says: "authorization_code.callback_url holds the code already. Remove it, or remove authorization_code.code.", hidden: []string{hidden}},
		{
			base: with(withCode, "authorization_code.callback_url_wo_version", 1), at: "authorization_code.callback_url_wo", value: good, path: "authorization_code.code",
			says: "authorization_code.callback_url holds the code already. Remove it, or remove authorization_code.code.", hidden: []string{hidden},
		},
		twins(with(base, "authorization_code", object{"redirect_uri": "https://app.example.com/callback"}), "authorization_code.code", hidden),
		twins(base, "authorization_code.callback_url", good),
		twins(withCode, "authorization_code.code_verifier", strings.Repeat(hidden, 4)),
		{base: base, at: "client.authorization_endpoint", value: nil, says: "client.authorization_endpoint is needed to make the authorization_url that a person opens."},
		{
			base: with(base, "client.platform", "google"), at: "client.authorization_endpoint", value: "https://as.example.com/authorize?prompt=select_account",
			says: `client.authorization_endpoint cannot be used: unusable request: parameter "prompt" stands in the query of the authorization endpoint already.`,
		},
		{
			base: base, at: "client.authorization_endpoint", value: "https://as.example.com/authorize?state=x",
			says: `client.authorization_endpoint cannot be used: unusable request: parameter "state" stands in the query of the authorization endpoint already.`,
		},
		{
			base: with(base, "client.authorization_endpoint", "https://as.example.com/authorize?prompt=login"), at: "authorization_code.extra_parameters", value: object{"prompt": "consent"},
			says: `authorization_code.extra_parameters cannot be used: unusable request: parameter "prompt" stands in the query of the authorization endpoint already.`,
		},
	}...)
}

// twins gives a secret plain and write-only.
func twins(base object, at, value string) badValue {
	return badValue{
		base: with(with(base, at+"_wo", value), at+"_wo_version", 1), at: at, value: value, hidden: []string{hidden},
		says: `Attribute "` + at + `_wo" cannot be specified when "` + at + `" is specified`,
	}
}

func manyScopes(n int) []any {
	var all []any
	for name := range many(n) {
		all = append(all, name)
	}
	return all
}

// publishedKey is the key of RFC 7515, appendix A.3: good for nothing, since everybody has it.
const publishedKey = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`

func badBroughtValues() []badValue {
	base := broughtPair()
	text := func(name, why string) string {
		return "preauthenticated." + name + " must be 1 to 65536 printable ASCII characters: " + why
	}
	rows := []badValue{
		{at: "refresh_token", value: "", says: text("refresh_token", "it is empty.")},
		{at: "refresh_token", value: hidden + "\n", says: text("refresh_token", "it holds other characters; a line break is often copied along.")},
		{at: "refresh_token", value: strings.Repeat(hidden, 6000), says: text("refresh_token", "it is longer.")},
		{at: "refresh_token", value: nil, says: "preauthenticated.refresh_token is needed, or preauthenticated.access_token, or both."},
		{at: "refresh_token_wo_version", value: -1, says: "must be at least 0"},
		{at: "access_token", value: "", says: text("access_token", "it is empty.")},
		{at: "access_token", value: hidden + "\t", says: text("access_token", "it holds other characters; a line break is often copied along.")},
		{at: "access_token_wo", value: hidden, says: `"preauthenticated.access_token_wo_version" must be specified when "preauthenticated.access_token_wo" is specified`},
		{at: "access_token_wo_version", value: -1, says: "must be at least 0"},
		{at: "dpop_private_key", value: publishedKey, says: "preauthenticated.dpop_private_key goes with client.dpop_bound_access_tokens = true: else no request proves that key."},
		{at: "expires_at", value: "2030-01-31T23:59:59Z", says: "preauthenticated.expires_at is the expiry of preauthenticated.access_token, and there is none."},
	}
	for i := range rows {
		rows[i].base, rows[i].at, rows[i].hidden = base, "preauthenticated."+rows[i].at, []string{hidden}
	}
	bound := with(base, "client.dpop_bound_access_tokens", true)
	for _, row := range []badValue{
		{at: "dpop_private_key", value: hidden, says: "preauthenticated.dpop_private_key must be a private key as a JWK: it is no JSON object."},
		{at: "dpop_private_key", value: `{"kty":"oct","k":"` + hidden + `"}`, says: "preauthenticated.dpop_private_key must be a private key as a JWK: "},
		{at: "dpop_private_key", value: strings.Repeat(hidden, 10000), says: "preauthenticated.dpop_private_key must be a private key as a JWK: it is longer than"},
		{at: "dpop_private_key_wo", value: publishedKey, says: `"preauthenticated.dpop_private_key_wo_version" must be specified when "preauthenticated.dpop_private_key_wo" is specified`},
		{at: "dpop_private_key_wo_version", value: -1, says: "must be at least 0"},
	} {
		row.base, row.at, row.hidden = bound, "preauthenticated."+row.at, []string{hidden}
		rows = append(rows, row)
	}
	withAccess := with(base, "preauthenticated.access_token", "a")
	const times = "preauthenticated.expires_at must be a time like 2030-01-31T23:59:59Z (RFC 3339): "
	return append(rows, []badValue{
		{base: withAccess, at: "preauthenticated.expires_at", value: "tomorrow", says: times + "it is not such a time."},
		{base: withAccess, at: "preauthenticated.expires_at", value: "2030-01-31 23:59:59", says: times + "it is not such a time."},
		{base: withAccess, at: "preauthenticated.expires_at", value: "0001-01-01T00:00:00Z", says: times + "its year is out of bounds."},
		{base: withAccess, at: "preauthenticated.expires_at", value: "", says: times + "it is not such a time."},
		{
			base: with(withAccess, "preauthenticated.refresh_token", nil), at: "preauthenticated.refresh_token_wo", value: hidden, hidden: []string{hidden},
			says: `"preauthenticated.refresh_token_wo_version" must be specified when "preauthenticated.refresh_token_wo" is specified`,
		},
		twins(base, "preauthenticated.access_token", hidden),
		twins(bound, "preauthenticated.dpop_private_key", publishedKey),
		twins(with(withAccess, "preauthenticated.refresh_token", nil), "preauthenticated.refresh_token", hidden),
	}...)
}

// badModes are configurations that the provider's settings make wrong.
func badModes() []badValue {
	var rows []badValue
	const callback = "https://app.example.com/callback?code=" + hidden + "&state=s"
	for _, c := range []struct {
		base  object
		at    string
		value string
	}{
		{codePair(), "authorization_code.callback_url", callback},
		{codePair(), "authorization_code.code", hidden},
		{with(with(codePair(), "authorization_code.code_wo", "c"), "authorization_code.code_wo_version", 1), "authorization_code.code_verifier", strings.Repeat(hidden, 4)},
		{with(broughtPair(), "preauthenticated", object{"access_token_wo": "a", "access_token_wo_version": 1}), "preauthenticated.refresh_token", hidden},
		{with(broughtPair(), "preauthenticated", object{"refresh_token_wo": "r", "refresh_token_wo_version": 1}), "preauthenticated.access_token", hidden},
		{with(with(broughtPair(), "preauthenticated", object{"refresh_token_wo": "r", "refresh_token_wo_version": 1}), "client.dpop_bound_access_tokens", true), "preauthenticated.dpop_private_key", publishedKey},
	} {
		name := c.at[strings.LastIndex(c.at, ".")+1:]
		rows = append(rows, badValue{
			base: c.base, at: c.at, value: c.value, provider: object{"secrets_in_state": false}, phase: inPlan, hidden: []string{hidden},
			says: "The provider has secrets_in_state = false, and " + c.at + " is kept in state and plan. Use " + name + "_wo and " + name + "_wo_version instead. Nothing was read or sent.",
		})
	}
	for _, c := range []struct {
		base  object
		at    string
		value string
	}{
		{codePair(), "authorization_code.callback_url_wo", callback},
		{codePair(), "authorization_code.code_wo", hidden},
		{with(codePair(), "authorization_code.code", "c"), "authorization_code.code_verifier_wo", strings.Repeat(hidden, 4)},
		{broughtPair(), "preauthenticated.access_token_wo", hidden},
		{with(broughtPair(), "preauthenticated", object{"access_token": "a"}), "preauthenticated.refresh_token_wo", hidden},
	} {
		rows = append(rows, badValue{
			base: with(c.base, c.at+"_version", 1), at: c.at, value: c.value, provider: object{"token_store": "state"}, phase: inPlan, hidden: []string{hidden},
			says: c.at + ` is kept in the token store alone, and token_store = "state" has none. Use the plain attribute, or set token_store to a folder.`,
		})
	}
	return append(rows, badValue{
		base: with(codePair(), "client.registration", "r"), at: "authorization_code.redirect_uri", value: nil,
		provider: object{"token_store": "state"}, phase: inPlan, says: `with token_store = "state" there is no store to look the registration's redirect_uris up in.`,
	})
}

func TestBadTokenPairValues(t *testing.T) {
	t.Parallel()
	checkResource(t, "oauth_token_pair", badTokenPairValues())
}
