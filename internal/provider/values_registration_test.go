package provider

import "strings"

// registeringBase has a client registered.
func registeringBase() object {
	return object{"name": "x", "token_endpoint": "https://as.example.com/token", "registration_endpoint": "https://as.example.com/register"}
}

func badMetadataValues() []badValue {
	base, adopted := registeringBase(), registrationBase()
	const page = "must be an absolute https:// or http:// URL: "
	pages := func(name string) []badValue {
		return []badValue{
			{at: name, value: "", says: page + "its scheme is neither https nor http, or it names no host."},
			{at: name, value: "javascript:alert(1)", says: page + "its scheme is neither https nor http, or it names no host."},
			{at: name, value: "https://a.example/" + strings.Repeat("x", 2048), says: page + "it is longer than 2048 bytes."},
		}
	}
	rows := []badValue{
		{at: "grant_types", value: []any{}, says: "must contain at least 1 elements and at most 50 elements"},
		{at: "grant_types", value: []any{nil}, says: "must not hold null."},
		{at: "response_types", value: []any{""}, path: "response_types[*]", says: "it is empty."},
		{at: "contacts", value: []any{"a\nb"}, path: "contacts[*]", says: "it holds a line break or another control character."},
		{at: "client_name", value: "", says: "client_name must be a line of 1 to 1000 bytes: it is empty."},
		{at: "software_id", value: "\x07", says: "it holds a line break or another control character."},
		{at: "software_version", value: strings.Repeat("1", 1001), says: "it is longer than 1000 bytes."},
		{at: "scope", value: "a  b", says: "scope must be scopes separated by single spaces: it is empty, too long,"},
		{at: "scope", value: "a\tb", says: "scope must be scopes separated by single spaces: it is empty, too long,"},
		{at: "jwks_uri", value: "as.example.com", says: "it is not an absolute URL with a host."},
		{at: "jwks", value: "[]", says: "jwks must be a JWK set with public keys only: it is not a JSON object with a list keys."},
		{at: "jwks", value: `{"keys":[{"kty":"OKP","d":"` + hidden + `"}]}`, says: "it holds a private key, which the server must not know.", hidden: []string{hidden}},
		{at: "extra_metadata", value: `[1]`, says: "it is not a JSON object."},
		{at: "extra_metadata", value: `{"client_name":"x"}`, says: "client_name has an attribute of its own."},
		{at: "extra_metadata", value: `{"registration_access_token":"` + hidden + `"}`, says: "registration_access_token is the server's to give.", hidden: []string{hidden}},
		{at: "extra_metadata", value: `{"application_type":null}`, says: "application_type is null: leave it out."},
		{at: "software_statement", value: "a\nb", says: "it holds other characters; a line break is often copied along."},
		{at: "software_statement_wo", value: hidden, path: "software_statement_wo", says: `Attribute "software_statement_wo_version" must be specified when "software_statement_wo" is specified`, hidden: []string{hidden}},
		{at: "software_statement_wo_version", value: -1, says: "must be at least 0"},
		{at: "initial_access_token", value: "a b", says: "initial_access_token must be a token: it holds characters that cannot be sent."},
		{at: "initial_access_token_wo", value: hidden, says: `Attribute "initial_access_token_wo_version" must be specified when "initial_access_token_wo" is specified`, hidden: []string{hidden}},
		{at: "initial_access_token_wo_version", value: -1, says: "must be at least 0"},
		{at: "initial_access_token", value: hidden, provider: object{"secrets_in_state": false}, phase: inPlan, hidden: []string{hidden}, says: "Use initial_access_token_wo and initial_access_token_wo_version instead. Nothing was read or sent."},
		{at: "software_statement", value: hidden, provider: object{"secrets_in_state": false}, phase: inPlan, hidden: []string{hidden}, says: "Use software_statement_wo and software_statement_wo_version instead. Nothing was read or sent."},
		{at: "rotate_when_changed", value: many(51), says: "must contain at most 50 elements"},
		{at: "rotate_when_changed", value: object{"a": nil}, says: "must not hold null."},
		{at: "rotate_before", value: "30s", says: "must be a duration like 30s, 5m or 1h, from 1m to 87600h: it is 30s."},
		{at: "client_secret", value: hidden, says: "client_secret goes with client_id. Without that the client is registered, and the server gives it a secret.", hidden: []string{hidden}},
		{at: "registration_endpoint", value: nil, path: "client_id", says: "client_id is needed. Write that of a client that exists already. To have one registered instead (RFC 7591), leave it out and write registration_endpoint, or set issuer to have that discovered."},
	}
	for _, name := range []string{"client_uri", "logo_uri", "tos_uri", "policy_uri"} {
		rows = append(rows, pages(name)...)
	}
	for i := range rows {
		rows[i].base = base
	}
	other := "is for a client that this resource registers. client_id names one that exists already: nothing about it is sent to the server."
	return append(rows,
		badValue{base: with(base, "jwks_uri", "https://as.example.com/keys"), at: "jwks", value: `{"keys":[]}`, says: `Attribute "jwks_uri" cannot be specified when "jwks" is specified`},
		badValue{base: adopted, at: "client_name", value: "x", says: "client_name " + other},
		badValue{base: adopted, at: "initial_access_token", value: hidden, says: "initial_access_token " + other, hidden: []string{hidden}},
		badValue{base: adopted, at: "deregister_on_destroy", value: true, says: "deregister_on_destroy " + other},
		badValue{
			base: with(adopted, "registration_endpoint", "https://as.example.com/register"), at: "client_id", value: nil, provider: object{"token_store": "state"}, phase: inPlan,
			says: `token_store = "state" would lose those with every plan that is not applied. Nothing was sent. Set token_store to a folder, or give the client_id of a client that exists already.`,
		},
	)
}
