package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// A token pair of each further grant.
func grantPair(grant string, o object) object {
	client := with(pairClient(), "device_authorization_endpoint", "https://as.example.com/device")
	return object{"name": "x", "client": client, grant: o}
}

// aKey is a private key that signs with ES256.
var aKey = sync.OnceValue(func() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

func devicePair() object { return grantPair("device_code", object{}) }
func passwordPair() object {
	return grantPair("password", object{"username": "u", "password": "p"})
}
func implicitPair() object {
	return grantPair("implicit", object{"redirect_uri": "https://app.example.com/callback"})
}
func assertionPair() object { return grantPair("jwt_bearer", object{"assertion": "a.b.c"}) }
func signingPair() object   { return grantPair("jwt_bearer", object{"private_key": aKey()}) }
func exchangePair() object {
	return grantPair("token_exchange", object{"subject_token": "t"})
}
func extensionPair() object {
	return grantPair("extension_grant", object{"grant_type": "urn:example:grant"})
}

func badGrantValues() []badValue {
	var rows []badValue
	// Whatever the grant: one, and with requests that make sense.
	for grant, base := range map[string]object{
		"device_code": devicePair(), "password": passwordPair(), "implicit": implicitPair(), "jwt_bearer": signingPair(),
		"token_exchange": exchangePair(), "extension_grant": extensionPair(),
	} {
		first := "preauthenticated and " + grant
		rows = append(rows, badValue{base: base, at: "preauthenticated", value: object{"refresh_token": "r"}, path: grant, says: first + " cannot be used together. Keep one of them."})
		for _, row := range badRequestValues(base, grant) {
			if grant == "extension_grant" { // its parameters have a name of their own
				row.at, row.path = strings.Replace(row.at, "extra_parameters", "parameters", 1), strings.Replace(row.path, "extra_parameters", "parameters", 1)
			}
			if row.at == "jwt_bearer.extra_parameters" && row.base["jwt_bearer"].(object)["audience"] != nil {
				continue
			}
			rows = append(rows, row)
		}
	}
	rows = append(rows, badDeviceValues()...)
	rows = append(rows, badPasswordValues()...)
	rows = append(rows, badImplicitValues()...)
	rows = append(rows, badAssertionValues()...)
	rows = append(rows, badExchangeValues()...)
	rows = append(rows, badExtensionValues()...)
	return append(rows, badGrantModes()...)
}

func badDeviceValues() []badValue {
	base := devicePair()
	return []badValue{
		{base: base, at: "device_code", value: nil, path: "authorization_code", says: "device_code = {} for one who does so on another device"},
		{base: base, at: "client.device_authorization_endpoint", value: nil, says: "client.device_authorization_endpoint is needed to get a device code. Write it, or set client.issuer to have it discovered."},
		{base: base, at: "device_code.extra_parameters", value: object{"client_id": "x"}, says: `extra parameter "client_id" belongs to the protocol.`},
	}
}

func badPasswordValues() []badValue {
	base := passwordPair()
	const rule = " must be 1 to 1024 bytes without control characters: "
	rows := []badValue{
		{base: base, at: "password", value: nil, path: "authorization_code", says: "A token pair needs to know where its tokens come from"},
		{base: base, at: "password.username", value: nil, says: "Must set a configuration value for the password.username attribute"},
		{base: base, at: "password.username", value: "", says: "password.username" + rule + "it is empty."},
		{base: base, at: "password.username", value: "a\nb", says: "password.username" + rule + "it holds a control character"},
		{base: base, at: "password.password", value: nil, says: "password.password is needed, or password_wo with password_wo_version."},
		{base: base, at: "password.password", value: hidden + "\n", says: "password.password" + rule + "it holds a control character", hidden: []string{hidden}},
		{base: base, at: "password.password", value: strings.Repeat(hidden, 200), says: "password.password" + rule + "it is longer.", hidden: []string{hidden}},
		{base: base, at: "password.password_wo_version", value: -1, says: "must be at least 0"},
		twins(with(base, "password.password", nil), "password.password", hidden),
		{
			base: with(with(base, "password.password", nil), "password.password_wo_version", 1), at: "password.password_wo", value: "", says: "password.password_wo" + rule + "it is empty.",
		},
	}
	for _, name := range []string{"grant_type", "username", "password", "scope", "client_secret"} {
		rows = append(rows, badValue{base: base, at: "password.extra_parameters", value: object{name: "x"}, says: `extra parameter "` + name + `" belongs to the protocol.`})
	}
	return rows
}

func badImplicitValues() []badValue {
	base := implicitPair()
	const rule = "implicit.callback_url must be the whole address that the browser showed after the consent, with what stands behind the #: unusable callback URL: "
	return []badValue{
		{base: base, at: "implicit", value: nil, path: "authorization_code", says: "A token pair needs to know where its tokens come from"},
		{base: base, at: "implicit.callback_url", value: "https://app.example.com/callback", says: rule + "the answer of the implicit grant stands behind a #, and there is none"},
		{base: base, at: "implicit.callback_url", value: "https://app.example.com/callback?code=" + hidden + "&state=s", says: rule + "it has a code", hidden: []string{hidden}},
		{base: base, at: "implicit.callback_url", value: "#access_token=" + hidden, says: rule + "paste it whole", hidden: []string{hidden}},
		{base: base, at: "implicit.callback_url_wo_version", value: -1, says: "must be at least 0"},
		{base: with(base, "implicit.callback_url_wo_version", 1), at: "implicit.callback_url_wo", value: "x", says: "paste it whole"},
		twins(base, "implicit.callback_url", "https://app.example.com/callback#access_token="+hidden+"&state=s"),
		{base: base, at: "implicit.redirect_uri", value: nil, says: "implicit.redirect_uri is needed: the client names no registration whose first redirect_uris could be used."},
		{base: base, at: "implicit.redirect_uri", value: "/callback", says: "it has no scheme."},
		{base: base, at: "client.authorization_endpoint", value: nil, says: "client.authorization_endpoint is needed to make the authorization_url that a person opens."},
		{base: base, at: "implicit.extra_parameters", value: object{"response_type": "x"}, says: `extra parameter "response_type" belongs to the protocol.`},
	}
}

func badAssertionValues() []badValue {
	brought, signing := assertionPair(), signingPair()
	const key = "jwt_bearer.private_key must be a private key, as PEM or as a JWK: "
	rows := []badValue{
		{base: brought, at: "jwt_bearer", value: nil, path: "authorization_code", says: "jwt_bearer for an assertion"},
		{base: brought, at: "jwt_bearer.assertion", value: nil, path: "jwt_bearer.private_key", says: "jwt_bearer.private_key is needed to sign an assertion, or jwt_bearer.assertion for one that was signed elsewhere."},
		{base: brought, at: "jwt_bearer.assertion", value: hidden + "\n", says: "it holds other characters; a line break is often copied along.", hidden: []string{hidden}},
		{base: brought, at: "jwt_bearer.assertion_wo_version", value: -1, says: "must be at least 0"},
		{base: with(with(brought, "jwt_bearer.assertion", nil), "jwt_bearer.assertion_wo_version", 1), at: "jwt_bearer.assertion_wo", value: "", says: "it is empty."},
		twins(with(brought, "jwt_bearer.assertion", nil), "jwt_bearer.assertion", hidden),
		{base: brought, at: "jwt_bearer.private_key", value: aKey(), path: "jwt_bearer.assertion", says: "jwt_bearer.assertion was signed elsewhere, and jwt_bearer.private_key signs one here. Keep one of them."},
		{base: signing, at: "jwt_bearer.private_key", value: hidden, says: key + "it is neither PEM", hidden: []string{hidden}},
		{base: signing, at: "jwt_bearer.private_key", value: "{\"kty\":\"oct\",\"k\":\"" + hidden + "\"}", says: key, hidden: []string{hidden}},
		{base: signing, at: "jwt_bearer.private_key", value: "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----", says: key + "it is encrypted; decrypt it first"},
		{base: signing, at: "jwt_bearer.private_key_wo_version", value: -1, says: "must be at least 0"},
		{base: with(with(signing, "jwt_bearer.private_key", nil), "jwt_bearer.private_key_wo_version", 1), at: "jwt_bearer.private_key_wo", value: "x", says: "it is neither PEM"},
		twins(with(signing, "jwt_bearer.private_key", nil), "jwt_bearer.private_key", aKey()),
		{base: signing, at: "jwt_bearer.algorithm", value: "none", says: `value must be one of: ["RS256"`},
		{base: signing, at: "jwt_bearer.algorithm", value: "RS256", says: "jwt_bearer.private_key cannot be used with jwt_bearer.algorithm: a key on the curve P-256 does not sign with RS256, but with ES256."},
		{base: signing, at: "jwt_bearer.lifetime", value: "5s", says: "from 10s to 1h: it is 5s."},
		{base: signing, at: "jwt_bearer.lifetime", value: "2h", says: "from 10s to 1h: it is 2h."},
		{base: signing, at: "jwt_bearer.claims", value: "[]", says: "jwt_bearer.claims must be a JSON object of claims: it is not a JSON object."},
		{base: signing, at: "jwt_bearer.claims", value: `{"a":1} x`, says: "something stands behind the JSON object."},
		{base: signing, at: "jwt_bearer.claims", value: `{"exp":1}`, says: "the claim exp is made from an attribute, or by the provider itself."},
		{base: signing, at: "jwt_bearer.issuer", value: "", says: "must be 1 to 2048 bytes without control characters: it is empty."},
		{base: signing, at: "jwt_bearer.subject", value: "a\n", says: "it holds a control character"},
		{base: signing, at: "jwt_bearer.key_id", value: "", says: "must be 1 to 2048 bytes without control characters: it is empty."},
		{base: signing, at: "jwt_bearer.extra_parameters", value: object{"assertion": "x"}, says: `extra parameter "assertion" belongs to the protocol.`},
	}
	for name, value := range map[string]any{
		"algorithm": "ES256", "audience": []any{"a"}, "claims": "{}", "issuer": "i", "key_id": "k", "lifetime": "1m", "subject": "s",
	} {
		rows = append(rows, badValue{base: brought, at: "jwt_bearer." + name, value: value, says: "is for an assertion that is signed here, with jwt_bearer.private_key."})
	}
	return rows
}

func badExchangeValues() []badValue {
	base := exchangePair()
	pair := grantPair("token_exchange", object{"subject_token_pair": "other"})
	uri := " must be an absolute URI, like urn:ietf:params:oauth:token-type:access_token: it is not one."
	rows := []badValue{
		{base: base, at: "token_exchange", value: nil, path: "authorization_code", says: "token_exchange for a token in place of another"},
		{base: base, at: "token_exchange.subject_token", value: nil, says: "token_exchange.subject_token is needed, or token_exchange.subject_token_pair, whose access token is exchanged."},
		{base: base, at: "token_exchange.subject_token", value: hidden + "\n", says: "it holds other characters", hidden: []string{hidden}},
		{base: base, at: "token_exchange.subject_token_pair", value: "other", says: `Attribute "token_exchange.subject_token" cannot be specified when "token_exchange.subject_token_pair" is specified`},
		{base: pair, at: "token_exchange.subject_token_pair", value: "a/b", says: nameRule},
		{base: pair, at: "token_exchange.subject_token_pair", value: "x", says: "token_exchange.subject_token_pair names this very token pair."},
		{base: base, at: "token_exchange", value: object{"subject_token_pair": "other"}, path: "token_exchange.subject_token_pair", provider: object{"token_store": "state"}, phase: inPlan, says: `token_exchange.subject_token_pair looks another token pair up in the token store, and token_store = "state" has none.`},
		{base: base, at: "token_exchange.subject_token_wo_version", value: -1, says: "must be at least 0"},
		{base: with(with(base, "token_exchange.subject_token", nil), "token_exchange.subject_token_wo_version", 1), at: "token_exchange.subject_token_wo", value: "", says: "it is empty."},
		twins(with(base, "token_exchange.subject_token", nil), "token_exchange.subject_token", hidden),
		{base: base, at: "token_exchange.actor_token", value: "", says: "it is empty."},
		{base: base, at: "token_exchange.actor_token_wo_version", value: -1, says: "must be at least 0"},
		{base: with(base, "token_exchange.actor_token_wo_version", 1), at: "token_exchange.actor_token_wo", value: "", says: "it is empty."},
		twins(base, "token_exchange.actor_token", hidden),
		{base: base, at: "token_exchange.actor_token_type", value: "urn:x:y", says: "token_exchange.actor_token_type says what token_exchange.actor_token is, and there is none (RFC 8693 §2.1)."},
		{base: base, at: "token_exchange.subject_token_type", value: "jwt", says: "token_exchange.subject_token_type" + uri},
		{base: base, at: "token_exchange.requested_token_type", value: "jwt", says: "token_exchange.requested_token_type" + uri},
	}
	for _, name := range []string{"subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type"} {
		rows = append(rows, badValue{base: base, at: "token_exchange.extra_parameters", value: object{name: "x"}, says: `extra parameter "` + name + `" belongs to the protocol.`})
	}
	return rows
}

func badExtensionValues() []badValue {
	base := extensionPair()
	rows := []badValue{
		{base: base, at: "extension_grant", value: nil, path: "authorization_code", says: "A token pair needs to know where its tokens come from"},
		{base: base, at: "extension_grant.grant_type", value: nil, says: "Must set a configuration value for the extension_grant.grant_type attribute"},
		{base: base, at: "extension_grant.grant_type", value: "", says: "it is empty."},
		{base: base, at: "extension_grant.grant_type", value: "a b", says: "it holds a space."},
		{base: base, at: "extension_grant.sensitive_parameters", value: object{}, says: "at least 1 elements"},
		{base: base, at: "extension_grant.sensitive_parameters", value: object{"scope": hidden}, says: `extra parameter "scope" belongs to the protocol.`, hidden: []string{hidden}},
		{base: base, at: "extension_grant.sensitive_parameters", value: object{"x": ""}, path: `extension_grant.sensitive_parameters["x"]`, says: "it is empty."},
		{base: with(base, "extension_grant.parameters", object{"pin": "1"}), at: "extension_grant.sensitive_parameters", value: object{"pin": hidden}, path: "extension_grant.parameters", says: `extension_grant.parameters and sensitive_parameters both hold "pin". Keep one of them.`, hidden: []string{hidden}},
		{base: base, at: "extension_grant.sensitive_parameters_wo", value: object{"pin": hidden}, says: `"extension_grant.sensitive_parameters_wo_version" must be specified`, hidden: []string{hidden}},
		{base: base, at: "extension_grant.sensitive_parameters_wo_version", value: -1, says: "must be at least 0"},
	}
	for grant, attribute := range map[string]string{
		"authorization_code": "authorization_code", "refresh_token": "preauthenticated", "client_credentials": "client_credentials", "password": "password",
		"urn:ietf:params:oauth:grant-type:device_code": "device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer": "jwt_bearer",
		"urn:ietf:params:oauth:grant-type:token-exchange": "token_exchange",
	} {
		rows = append(rows, badValue{base: base, at: "extension_grant.grant_type", value: grant, says: "the attribute " + attribute + " is for that grant."})
	}
	return rows
}

// badGrantModes are configurations of the further grants that the provider's settings make wrong.
func badGrantModes() []badValue {
	const callback = "https://app.example.com/callback#access_token=" + hidden + "&state=s"
	var rows []badValue
	for _, c := range []struct {
		base  object
		at    string
		value any
	}{
		{passwordPair(), "password.password", hidden},
		{implicitPair(), "implicit.callback_url", callback},
		{assertionPair(), "jwt_bearer.assertion", hidden},
		{signingPair(), "jwt_bearer.private_key", aKey()},
		{exchangePair(), "token_exchange.subject_token", hidden},
		{exchangePair(), "token_exchange.actor_token", hidden},
		{extensionPair(), "extension_grant.sensitive_parameters", object{"pin": hidden}},
	} {
		name := c.at[strings.LastIndex(c.at, ".")+1:]
		sealed := with(with(with(c.base, c.at, nil), c.at+"_wo", c.value), c.at+"_wo_version", 1)
		if strings.HasPrefix(c.at, "token_exchange.actor") {
			sealed = with(with(with(sealed, "token_exchange.subject_token", nil), "token_exchange.subject_token_wo", "t"), "token_exchange.subject_token_wo_version", 1)
		}
		rows = append(rows, badValue{
			base: with(sealed, c.at+"_wo", nil), at: c.at, value: c.value, provider: object{"secrets_in_state": false}, phase: inPlan, hidden: []string{hidden},
			says: "The provider has secrets_in_state = false, and " + c.at + " is kept in state and plan. Use " + name + "_wo and " + name + "_wo_version instead.",
		}, badValue{
			base: with(with(c.base, c.at+"_wo", nil), c.at+"_wo_version", 1), at: c.at + "_wo", value: c.value, provider: object{"token_store": "state"}, phase: inPlan, hidden: []string{hidden},
			says: c.at + `_wo is kept in the token store alone, and token_store = "state" has none.`,
		})
	}
	// Where both stand, the twin is the error.
	for i := range rows {
		if rows[i].provider["token_store"] == "state" {
			plain := strings.TrimSuffix(rows[i].at, "_wo")
			if at(rows[i].base, plain) != nil {
				rows[i].base = with(rows[i].base, plain, nil)
			}
		}
	}
	return rows
}

// What is good, in every grant, is planned without a word; and what is not known yet is no mistake.
func TestGrantsThatAreGood(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	google := object{"platform": "google", "client_id": "id"}
	for name, config := range map[string]object{
		"device code":                devicePair(),
		"device code of a platform":  {"name": "x", "client": google, "device_code": object{"scopes": []any{"a"}, "resource": []any{"https://r.example"}}},
		"device code by discovery":   {"name": "x", "client": object{"issuer": "https://as.example.com", "client_id": "id"}, "device_code": object{}},
		"password":                   with(passwordPair(), "password.username", "Zoë & Co"),
		"password brought earlier":   with(with(passwordPair(), "password.password", nil), "password.password_wo_version", 1),
		"implicit":                   with(implicitPair(), "implicit.callback_url", "https://app.example.com/callback#access_token=t&state=s"),
		"assertion":                  assertionPair(),
		"signed assertion":           with(signingPair(), "jwt_bearer.claims", `{"scope":"x"}`),
		"key not known":              with(signingPair(), "jwt_bearer.private_key", unknown),
		"key brought earlier":        with(with(signingPair(), "jwt_bearer.private_key", nil), "jwt_bearer.private_key_wo_version", 1),
		"exchange":                   with(exchangePair(), "token_exchange.audience", []any{"a", "b"}),
		"exchange of a pair":         grantPair("token_exchange", object{"subject_token_pair": "other"}),
		"exchange of a pair, later":  grantPair("token_exchange", object{"subject_token_pair": unknown}),
		"exchange with an actor":     with(with(exchangePair(), "token_exchange.actor_token", "a"), "token_exchange.actor_token_type", "urn:x:y"),
		"extension by a name":        with(extensionPair(), "extension_grant.grant_type", "account_credentials"),
		"extension with a secret":    with(with(extensionPair(), "extension_grant.sensitive_parameters", object{"pin": "1"}), "extension_grant.parameters", object{"account": "1"}),
		"extension, not known yet":   with(extensionPair(), "extension_grant.sensitive_parameters", unknown),
		"resource of a code":         with(codePair(), "authorization_code.resource", []any{"https://r.example", "urn:r"}),
		"two of which one is absent": with(devicePair(), "password", unknown),
	} {
		if phase, all := tryResource(t, p, "oauth_token_pair", nil, config); len(all) > 0 {
			t.Errorf("%s, in %s: %v", name, phase, all)
		}
	}
	p.world.mustBeUntouched(t)
}

// badRequestValues are the rows of what every request for tokens may hold.
func badRequestValues(base object, grant string) []badValue {
	at := func(name string) string { return grant + "." + name }
	many := func(n int) []any {
		all := make([]any, n)
		for i := range all {
			all[i] = fmt.Sprintf("https://api.example/%d", i)
		}
		return all
	}
	rows := []badValue{
		{base: base, at: at("resource"), value: []any{"/relative"}, path: at("resource[0]"), says: "must be an absolute URI without a fragment"},
		{base: base, at: at("resource"), value: []any{"https://a.example/#x"}, path: at("resource[0]"), says: "it has a fragment."},
		{base: base, at: at("resource"), value: []any{"https://a.example/\n"}, path: at("resource[0]"), says: "it holds other characters"},
		{base: base, at: at("resource"), value: []any{"https://a.example", "https://a.example"}, path: at("resource[1]"), says: "stands in it twice."},
		{base: base, at: at("resource"), value: []any{nil}, says: "must not hold null."},
		{base: base, at: at("resource"), value: []any{}, says: "at least 1 elements and at most 20 elements"},
		{base: base, at: at("resource"), value: many(21), says: "at least 1 elements and at most 20 elements"},
		{base: base, at: at("audience"), value: []any{""}, path: at("audience[0]"), says: "must be 1 to 2048 printable ASCII characters: it is empty."},
		{base: base, at: at("audience"), value: []any{"a", "a"}, path: at("audience[1]"), says: "stands in it twice."},
		{base: base, at: at("audience"), value: []any{nil}, says: "must not hold null."},
		{base: base, at: at("audience"), value: []any{}, says: "at least 1 elements and at most 20 elements"},
		{base: base, at: at("scopes"), value: []any{"read write"}, path: at("scopes[*]"), says: "must be a scope without spaces"},
		{base: base, at: at("extra_parameters"), value: object{"x": ""}, path: at(`extra_parameters["x"]`), says: "must be 1 to 4096 printable ASCII characters: it is empty."},
		{
			base: with(base, at("resource"), []any{"https://a.example"}), at: at("extra_parameters"), value: object{"resource": "https://b.example"},
			says: `extra parameter "resource" belongs to the protocol.`,
		},
	}
	return rows
}
