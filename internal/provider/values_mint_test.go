package provider

import "testing"

func mintingPair() object {
	return object{"name": "x", "client": with(pairClient(), "client_secret", "s"), "client_credentials": object{}}
}

func badMintValues() []badValue {
	base, at := mintingPair(), "client_credentials.extra_parameters"
	const scope = "must be a scope without spaces: it is empty, too long, or holds a space"
	rows := []badValue{
		{base: base, at: "client_credentials", value: nil, path: "authorization_code", says: "client_credentials = {} for a client that gets tokens for itself"},
		{base: base, at: "preauthenticated", value: object{"refresh_token": "r"}, path: "client_credentials", says: "preauthenticated and client_credentials cannot be used together."},
		{
			base: with(codePair(), "client.client_secret", "s"), at: "client_credentials", value: object{}, says: "authorization_code and client_credentials cannot be used together.",
		},
		{base: base, at: "client_credentials.scopes", value: []any{"read write"}, path: "client_credentials.scopes[*]", says: scope},
		{base: base, at: "client_credentials.scopes", value: []any{nil}, says: "must not hold null."},
		{base: base, at: "client_credentials.scopes", value: manyScopes(501), says: "must contain at most 500 elements"},
		{base: base, at: at, value: object{"audience": ""}, path: at + `["audience"]`, says: "must be 1 to 4096 printable ASCII characters: it is empty."},
		{base: base, at: at, value: object{"a\n": "x"}, path: at + `["a\n"]`, says: "must be 1 to 200 printable ASCII characters: it holds other characters"},
		{base: base, at: at, value: object{"audience": nil}, says: "must not hold null."},
		{base: base, at: at, value: many(51), says: "must contain at most 50 elements"},
		{base: base, at: "client.client_secret", value: nil, says: "client.client_secret is needed, or client.private_key, or a tls_client_certificate: client_credentials is for clients that authenticate themselves (RFC 6749 §4.4)."},
		{
			base: with(with(base, "client.client_secret", nil), "client.registration", "r"), at: "client.token_endpoint_auth_method", value: "none",
			says: `client.token_endpoint_auth_method cannot be "none": client_credentials is for clients that authenticate themselves (RFC 6749 §4.4).`,
		},
	}
	for _, name := range []string{"grant_type", "scope", "client_id", "client_secret", "client_assertion"} {
		rows = append(rows, badValue{base: base, at: at, value: object{name: "x"}, says: `extra parameter "` + name + `" belongs to the protocol.`})
	}
	visma := with(with(base, "client", object{"platform": "visma_connect", "client_id": "id", "client_secret": "s"}), at, object{"tenant_id": "t"})
	lacks := `client_credentials.extra_parameters lacks "tenant_id": Visma Connect gives a client no token without it.`
	told := with(with(base, "client.platform_overrides", `{"client_credentials_parameters": ["audience"]}`), at, object{"audience": "a"})
	rows = append(rows, badRequestValues(base, "client_credentials")...)
	return append(rows, []badValue{
		{base: visma, at: at, value: nil, says: lacks},
		{base: visma, at: at, value: object{"tenant": "t"}, says: lacks},
		{base: told, at: at, value: object{}, says: `client_credentials.extra_parameters lacks "audience": the server gives a client no token without it.`},
	}...)
}

// The platform may be overruled, also in what a client must say; what is not known yet is no mistake.
func TestClientCredentialsThatAreGood(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	visma := object{"platform": "visma_connect", "client_id": "id", "client_secret": "s"}
	for name, config := range map[string]object{
		"nothing needed":           mintingPair(),
		"no such rule":             with(with(mintingPair(), "client", visma), "client.platform_overrides", `{"client_credentials_parameters": null}`),
		"value not known":          with(with(mintingPair(), "client", visma), "client_credentials.extra_parameters", object{"tenant_id": unknown}),
		"parameters not known":     with(with(mintingPair(), "client", visma), "client_credentials.extra_parameters", unknown),
		"platform not known":       with(with(mintingPair(), "client", visma), "client.platform", unknown),
		"secret brought earlier":   with(with(mintingPair(), "client.client_secret", nil), "client.client_secret_wo_version", 1),
		"secret of a registration": with(with(mintingPair(), "client.client_secret", nil), "client.registration", "r"),
	} {
		if phase, all := tryResource(t, p, "oauth_token_pair", nil, config); len(all) > 0 {
			t.Errorf("%s, in %s: %v", name, phase, all)
		}
	}
	p.world.mustBeUntouched(t)
}
