package provider

import (
	"strings"
	"testing"
)

func introspectingClient() object {
	return with(pairClient(), "introspection_endpoint", "https://as.example.com/introspect")
}

// badIntrospectionValues are the mistakes of a data source or an ephemeral resource.
func badIntrospectionValues(kind string) []badValue {
	pair, foreign := object{"token_pair": "x"}, object{"client": introspectingClient(), "token": "t"}
	const printable = "token must be 1 to 65536 printable ASCII characters: "
	rows := append(badAskerClientValues(foreign), []badValue{
		{base: foreign, at: "client.registration", value: "a b", says: nameRule},
		{base: pair, at: "token_pair", value: "", says: nameRule},
		{base: pair, at: "token_pair", value: nil, says: "token_pair or token is needed: it says which token the server is asked about."},
		{base: pair, at: "token", value: hidden, says: "token_pair and token cannot be used together. Keep one of them.", hidden: []string{hidden}},
		{base: foreign, at: "client", value: nil, says: "client is needed with token: it says which server is asked, and by whom."},
		{base: foreign, at: "token", value: "", says: printable + "it is empty."},
		{base: foreign, at: "token", value: hidden + "\n", says: printable + "it holds other characters; a line break is often copied along.", hidden: []string{hidden}},
		{base: foreign, at: "token", value: strings.Repeat(hidden, 6000), says: printable + "it is longer.", hidden: []string{hidden}},
		{base: foreign, at: "token_type_hint", value: "id_token", says: `value must be one of: ["access_token" "refresh_token"]`},
		{base: foreign, provider: object{"token_store_key": unknown}, phase: inPlan, path: "-", says: "needs the provider's token_store_key, which is known only after apply."},
		{
			base: pair, provider: object{"token_store": "state"}, phase: inPlan, path: "-",
			says: `oauth_token_introspection looks tokens up by name in a token store, and token_store = "state" has none. Set token_store to a folder, or give client and token.`,
		},
	}...)
	if kind == "ephemeral" {
		return rows
	}
	quiet := object{"secrets_in_state": false}
	return append(rows, []badValue{
		{
			base: with(foreign, "token", nil), at: "token", value: hidden, provider: quiet, phase: inPlan, hidden: []string{hidden},
			says: `a data source keeps token in state and plan. Use the ephemeral resource instead: ephemeral "oauth_token_introspection". Or ask about a token of the store with token_pair.`,
		},
		{
			base: with(pair, "client", introspectingClient()), at: "client.client_secret", value: hidden, provider: quiet, phase: inPlan, hidden: []string{hidden},
			says: "a data source keeps client.client_secret in state and plan. Use client.registration instead: what the registration has is looked up in the token store.",
		},
	}...)
}

func TestIntrospectionsThatAreGood(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	for name, config := range map[string]object{
		"a pair":           {"token_pair": "x"},
		"by somebody else": {"token_pair": "x", "client": introspectingClient(), "token_type_hint": "access_token"},
		"a token":          {"client": introspectingClient(), "token": "t"},
		"not known yet":    {"client": unknown, "token": unknown},
		"either":           {"token_pair": unknown, "token": unknown},
		"discovered":       {"client": object{"issuer": "https://as.example.com", "client_id": "id"}, "token": "t"},
	} {
		for _, validate := range []func(string, object) []problem{p.validateData, p.validateEphemeral} {
			if all := validate("oauth_token_introspection", config); len(all) > 0 {
				t.Errorf("%s: %v", name, all)
			}
		}
	}
	p.world.mustBeUntouched(t)
}
