package provider

import "testing"

const nameRule = "must be 1 to 100 letters, digits, dots, underscores and hyphens, and begin with a letter or digit"

func badDataValues() map[string][]badValue {
	return map[string][]badValue{
		"oauth_access_token":        badAccessTokenValues(),
		"oauth_token_introspection": badIntrospectionValues("data"),
		"oauth_platform": {
			{base: object{"id": "exact_online"}, at: "id", value: "", says: `id must be a platform that the provider knows: there is no preset of the platform ""`},
			{base: object{"id": "exact_online"}, at: "id", value: "exact", says: `id must be a platform that the provider knows: there is no preset of the platform "exact"`},
			{base: object{"id": "exact_online"}, at: "parameters", value: object{"country": nil}, says: "must not hold null."},
			{base: object{"id": "exact_online"}, at: "parameters", value: many(51), says: "must contain at most 50 elements"},
			{base: object{"id": "exact_online"}, at: "parameters", value: nil, phase: inPlan, says: `parameters lacks "country": it is needed: the country of the Exact Online site`},
			{base: object{"id": "exact_online"}, at: "parameters", value: object{"country": "at"}, phase: inPlan, path: `parameters["country"]`,
				says: `parameters["country"] cannot be used: it must be one of be, de, es, fr, nl, uk, us.`},
			{base: object{"id": "exact_online"}, at: "parameters", value: object{"country": "nl", "x": "y"}, phase: inPlan, path: `parameters["x"]`,
				says: `parameters["x"] cannot be used: the platform exact_online has no such parameter; it takes country.`},
		},
		"oauth_authorization_server": {
			{base: object{}, at: "issuer", value: "", says: "issuer must be an https:// URL without query and fragment: "},
			{base: object{}, at: "issuer", value: "as.example.com", says: "issuer must be an https:// URL without query and fragment: "},
			{base: object{}, at: "issuer", value: "https://as.example.com?x", says: "it has a query."},
			{base: object{}, at: "issuer", value: "https://u:" + hidden + "@as.example.com", says: "it carries user information", hidden: []string{hidden}},
			{base: object{}, at: "issuer", value: "http://as.example.com", phase: inPlan,
				says: `issuer cannot be used: unusable request: the endpoint: http to "as.example.com" would send secrets in the clear; use https. Nothing was sent.`},
			{base: object{"issuer": "https://as.example.com"}, provider: object{"ca_certificate_pem": unknown}, phase: inPlan, path: "-",
				says: "data.oauth_authorization_server needs the provider's ca_certificate_pem, which is known only after apply."},
		},
		"oauth_token_pair": {
			{base: object{"name": "x"}, at: "name", value: "", says: nameRule},
			{base: object{"name": "x"}, at: "name", value: "a/b", says: nameRule},
			{
				base: object{"name": "x"}, provider: object{"token_store": "state"}, phase: inPlan, path: "-",
				says: `data.oauth_token_pair looks tokens up by name in a token store, and token_store = "state" has none.`,
			},
		},
	}
}

func badEphemeralValues() map[string][]badValue {
	return map[string][]badValue{
		"oauth_access_token":        badAccessTokenValues(),
		"oauth_api_proxy":           badProxyValues(),
		"oauth_token_introspection": badIntrospectionValues("ephemeral"),
	}
}

// badAccessTokenValues are the same for the data source and the ephemeral resource.
func badAccessTokenValues() []badValue {
	const validity = "min_validity must be a duration like 30s, 5m or 1h, from 1s to 24h: "
	base := object{"token_pair": "x"}
	return append(badClientTokenValues(), []badValue{
		{base: base, at: "token_pair", value: "", says: nameRule},
		{base: base, at: "token_pair", value: ".x", says: nameRule},
		{base: base, at: "token_pair", value: "x y", says: nameRule},
		{base: base, at: "min_validity", value: "0s", says: validity + "it is 0s."},
		{base: base, at: "min_validity", value: "25h", says: validity + "it is 25h."},
		{base: base, at: "min_validity", value: "-1m", says: validity + "it is -1m."},
		{base: base, at: "min_validity", value: "1", says: validity + "it is not a duration."},
		{
			base: base, provider: object{"token_store": "state"}, phase: inPlan, path: "-",
			says: `oauth_access_token looks tokens up by name in a token store, and token_store = "state" has none.`,
		},
	}...)
}

func TestBadDataSourceAndEphemeralValues(t *testing.T) {
	t.Parallel()
	type kind struct {
		tables   map[string][]badValue
		validate func(*peer, string, object) []problem
		read     func(*peer, string, object) []problem
	}
	for _, k := range []kind{
		{badDataValues(), (*peer).validateData, (*peer).readData},
		{badEphemeralValues(), (*peer).validateEphemeral, (*peer).openEphemeral},
	} {
		for name, table := range k.tables {
			for _, b := range table {
				p := newPeer(t, b.env)
				config := b.base
				if b.at != "" {
					config = with(config, b.at, b.value)
				}
				phase, all := inValidate, k.validate(p, name, config)
				if len(errorsOf(all)) == 0 {
					if all := p.configure(b.provider); len(all) > 0 {
						t.Fatal(all)
					}
					phase, all = inPlan, k.read(p, name, config)
				}
				b.check(t, phase, all)
				p.world.mustBeUntouched(t)
			}
		}
	}
}

// A data source would put its token into state and plan; the error names what to use instead.
func TestDataSourceIsRefusedWithoutSecretsInState(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	if all := p.configure(object{"secrets_in_state": false}); len(all) > 0 {
		t.Fatal(all)
	}
	b := badValue{path: "-", phase: inPlan, says: `Use the ephemeral resource instead: ephemeral "oauth_access_token". Nothing was read or sent.`}
	b.check(t, inPlan, p.readData("oauth_access_token", object{"token_pair": "x"}))
	p.world.mustBeUntouched(t)
}
