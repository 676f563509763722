package provider

import (
	"slices"
	"strings"
	"testing"
)

// askingClient asks for a token of its own, with the secret of a registration.
func askingClient() object {
	return object{"client": with(pairClient(), "registration", "r"), "client_credentials": object{}}
}

// badAskerClientValues are the mistakes in a client of somebody who manages nothing: those of a token pair's, but for write-only
// arguments and what the pair says of its secret.
func badAskerClientValues(base object) []badValue {
	rows := badClientValues(base, "client.")
	return slices.DeleteFunc(rows, func(b badValue) bool {
		_, hides := b.provider["secrets_in_state"]
		proof := strings.Contains(b.says, " is needed: ") || strings.Contains(b.says, " is not used: ") // which the registration may have
		return hides || proof || strings.Contains(b.at, "_wo") || strings.Contains(b.says, "_wo") || strings.HasSuffix(b.path, "_wo")
	})
}

// askerRows are the rows of a token pair's grant, as they go for somebody who manages nothing.
func askerRows(grant string, rows []badValue) []badValue {
	var kept []badValue
	for _, b := range rows {
		request, has := b.base[grant].(object)
		if _, brought := request["assertion"]; brought {
			continue
		}
		ofWrites := strings.Contains(b.at+b.path+b.says, "_wo") || strings.Contains(b.at+b.says, "jwt_bearer.assertion")
		if !has || b.at == grant || ofWrites || len(b.provider) > 0 || !strings.HasPrefix(b.at, grant) || strings.Contains(b.says, "token pair") {
			continue
		}
		b.base = object{"client": with(pairClient(), "client_secret", "s"), grant: b.base[grant]}
		kept = append(kept, b)
	}
	return kept
}

// badClientTokenValues are the same for data source and ephemeral resource.
func badClientTokenValues() []badValue {
	base := askingClient()
	rows := append(badAskerClientValues(base), badRequestValues(base, "client_credentials")...)
	for grant, of := range map[string][]badValue{
		"password": badPasswordValues(), "jwt_bearer": badAssertionValues(), "token_exchange": badExchangeValues(), "extension_grant": badExtensionValues(),
	} {
		rows = append(rows, askerRows(grant, of)...)
	}
	client := with(pairClient(), "client_secret", "s")
	person := object{"client": client, "password": object{"username": "u", "password": "p"}}
	signed := object{"client": client, "jwt_bearer": object{"private_key": aKey()}}
	exchanged := object{"client": client, "token_exchange": object{"subject_token": "t"}}
	extension := object{"client": client, "extension_grant": object{"grant_type": "urn:example:grant"}}
	for grant, of := range map[string]object{"password": person, "jwt_bearer": signed, "token_exchange": exchanged, "extension_grant": extension} {
		rows = append(rows, badValue{
			base: object{"token_pair": "x"}, at: grant, value: of[grant], says: grant + " goes with client; a token pair has a grant of its own.",
		})
	}
	rows = append(rows, badRequestValues(person, "password")...)
	rows = append(rows, badRequestValues(signed, "jwt_bearer")...)
	rows = append(rows, badRequestValues(exchanged, "token_exchange")...)
	rows = append(rows, slices.DeleteFunc(badRequestValues(extension, "extension_grant"), func(b badValue) bool { return strings.Contains(b.at, "extra") })...)
	rows = append(rows, []badValue{
		{base: person, at: "password.password", value: nil, says: "password.password is needed."},
		{base: signed, at: "jwt_bearer.private_key", value: nil, says: "jwt_bearer.private_key is needed."},
		{base: exchanged, at: "token_exchange.subject_token_pair", value: "x", says: `"token_exchange.subject_token" cannot be specified when "token_exchange.subject_token_pair" is specified`},
		{base: person, at: "client_credentials", value: object{}, path: "password", says: "client_credentials and password cannot be used together. Keep one of them."},
		{
			base: with(exchanged, "token_exchange.subject_token", nil), at: "token_exchange.subject_token_pair", value: "x", provider: object{"token_store": "state"}, phase: inPlan,
			says: `token_exchange.subject_token_pair looks a token pair up in the token store, and token_store = "state" has none.`,
		},
	}...)
	return append(rows, []badValue{
		{base: base, at: "client.registration", value: "a b", says: nameRule},
		{base: object{}, at: "min_validity", value: "1m", path: "token_pair", says: "An access token comes from a token pair or from a client of its own: set token_pair = oauth_token_pair.NAME.id, or client with client_credentials = {}."},
		{base: object{}, at: "client", value: base["client"], path: "client_credentials", says: "client_credentials is needed: it says what the client asks for; {} will do for most servers."},
		{base: object{}, at: "client_credentials", value: object{}, path: "client", says: "client is needed: it says who asks by client_credentials."},
		{base: base, at: "token_pair", value: "x", path: "client", says: "token_pair and client cannot be used together. Keep one of them."},
		{base: object{"token_pair": "x"}, at: "client_credentials", value: object{}, says: "client_credentials goes with client; a token pair has a grant of its own."},
		{base: base, at: "allow_unauthorized", value: true, says: "allow_unauthorized goes with token_pair: nobody has to authorize a client that gets tokens for itself."},
		{base: base, at: "client_credentials.extra_parameters", value: object{"scope": "x"}, says: `extra parameter "scope" belongs to the protocol.`},
		{base: with(base, "client.registration", nil), at: "min_validity", value: "1m", path: "client.client_secret",
			says: "client.client_secret is needed, or client.private_key, or a tls_client_certificate: client_credentials is for clients that authenticate themselves (RFC 6749 §4.4)."},
		{base: base, at: "client.token_endpoint_auth_method", value: "none", says: `client.token_endpoint_auth_method cannot be "none"`},
		{
			base: with(base, "client.platform", "visma_connect"), at: "client_credentials.extra_parameters", value: object{"tenant": "t"},
			says: `client_credentials.extra_parameters lacks "tenant_id": Visma Connect gives a client no token without it.`,
		},
		{base: base, provider: object{"token_store": unknown}, phase: inPlan, path: "-", says: "needs the provider's token_store, which is known only after apply."},
	}...)
}

// What is not known yet contradicts nothing.
func TestClientTokensThatAreGood(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	for name, config := range map[string]object{
		"by a registration": askingClient(),
		"by its own secret": with(with(askingClient(), "client.registration", nil), "client.client_secret", "s"),
		"client not known":  {"client": unknown, "client_credentials": object{}},
		"grant not known":   {"client": askingClient()["client"], "client_credentials": unknown},
		"pair not known":    {"token_pair": unknown},
		"either":            with(askingClient(), "token_pair", unknown),
		"a person":          {"client": pairClient(), "password": object{"username": "u", "password": "p"}},
		"an assertion":      {"client": pairClient(), "jwt_bearer": object{"private_key": aKey(), "audience": []any{"a"}}},
		"an exchange":       {"client": pairClient(), "token_exchange": object{"subject_token": "t", "actor_token": "a"}},
		"of a pair":         {"client": pairClient(), "token_exchange": object{"subject_token_pair": "x"}},
		"an extension":      {"client": pairClient(), "extension_grant": object{"grant_type": "urn:x", "sensitive_parameters": object{"a": "b"}}},
		"issuer":            {"client": object{"issuer": "https://as.example.com", "client_id": "id", "client_secret": "s"}, "client_credentials": object{"scopes": []any{"a"}}},
	} {
		for _, validate := range []func(string, object) []problem{p.validateData, p.validateEphemeral} {
			if all := validate("oauth_access_token", config); len(all) > 0 {
				t.Errorf("%s: %v", name, all)
			}
		}
	}
	p.world.mustBeUntouched(t)
}
