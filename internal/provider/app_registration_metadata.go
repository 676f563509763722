package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// metadataField is a member of client metadata (RFC 7591 §2) that has an attribute of the same name. Exactly one of the
// functions is set.
type metadataField struct {
	name string
	text func(*appRegistrationModel) *types.String
	json func(*appRegistrationModel) *types.String // the text is JSON itself
	list func(*appRegistrationModel) *types.List
	set  func(*appRegistrationModel) *types.Set
	flag func(*appRegistrationModel) *types.Bool
}

// metadataFields are all of them; what is sent, shown as drift and imported comes from here.
func metadataFields() []metadataField {
	type m = appRegistrationModel
	text := func(name string, of func(*m) *types.String) metadataField { return metadataField{name: name, text: of} }
	return []metadataField{
		{name: "redirect_uris", list: func(m *m) *types.List { return &m.RedirectURIs }},
		{name: "grant_types", set: func(m *m) *types.Set { return &m.GrantTypes }},
		{name: "response_types", set: func(m *m) *types.Set { return &m.ResponseTypes }},
		{name: "contacts", set: func(m *m) *types.Set { return &m.Contacts }},
		text("client_name", func(m *m) *types.String { return &m.ClientName }),
		text("client_uri", func(m *m) *types.String { return &m.ClientURI }),
		text("logo_uri", func(m *m) *types.String { return &m.LogoURI }),
		text("scope", func(m *m) *types.String { return &m.Scope }),
		text("tos_uri", func(m *m) *types.String { return &m.TOSURI }),
		text("policy_uri", func(m *m) *types.String { return &m.PolicyURI }),
		text("jwks_uri", func(m *m) *types.String { return &m.JWKSURI }),
		{name: "jwks", json: func(m *m) *types.String { return &m.JWKS }},
		text("software_id", func(m *m) *types.String { return &m.SoftwareID }),
		text("software_version", func(m *m) *types.String { return &m.SoftwareVersion }),
		text("software_statement", func(m *m) *types.String { return &m.SoftwareStatement }),
		text("token_endpoint_auth_method", func(m *m) *types.String { return &m.TokenEndpointAuthMethod }),
		text("token_endpoint_auth_signing_alg", func(m *m) *types.String { return &m.TokenEndpointAuthSigningAlg }),
		{name: "require_pushed_authorization_requests", flag: func(m *m) *types.Bool { return &m.RequirePushedAuthorizationRequests }},
		{name: "dpop_bound_access_tokens", flag: func(m *m) *types.Bool { return &m.DPoPBoundAccessTokens }},
	}
}

// notMetadata are members of a client information response that are no metadata (RFC 7591 §3.2.1, RFC 7592 §3).
func notMetadata() []string {
	return []string{
		"client_id", "client_secret", "client_id_issued_at", "client_secret_expires_at", "registration_access_token", "registration_client_uri",
	}
}

func (f metadataField) value(m *appRegistrationModel) attr.Value {
	switch {
	case f.text != nil:
		return *f.text(m)
	case f.json != nil:
		return *f.json(m)
	case f.list != nil:
		return *f.list(m)
	case f.set != nil:
		return *f.set(m)
	}
	return *f.flag(m)
}

// read returns the member as JSON; empty: it is not configured.
func (f metadataField) read(m *appRegistrationModel) secret.String {
	if !isGiven(f.value(m)) {
		return secret.String{}
	}
	var elements []attr.Value
	switch {
	case f.text != nil:
		return secret.New(oauth.JSONText(f.text(m).ValueString()))
	case f.json != nil:
		return secret.New(f.json(m).ValueString())
	case f.flag != nil:
		return secret.New(fmt.Sprint(f.flag(m).ValueBool()))
	case f.list != nil:
		elements = f.list(m).Elements()
	default:
		elements = f.set(m).Elements()
	}
	texts := make([]string, 0, len(elements))
	for _, e := range elements {
		if s, ok := e.(types.String); ok {
			texts = append(texts, oauth.JSONText(s.ValueString()))
		}
	}
	return secret.New("[" + strings.Join(texts, ",") + "]")
}

// write sets the attribute to a JSON value that the server said. What does not fit its type counts as absent.
func (f metadataField) write(m *appRegistrationModel, value secret.String) {
	raw := []byte(value.Reveal())
	var text string
	var texts []string
	var flag bool
	switch {
	case f.text != nil:
		*f.text(m) = types.StringNull()
		if json.Unmarshal(raw, &text) == nil {
			*f.text(m) = optionalString(text)
		}
	case f.json != nil:
		*f.json(m) = optionalString(value.Reveal())
	case f.list != nil:
		*f.list(m) = types.ListNull(types.StringType)
		if json.Unmarshal(raw, &texts) == nil && texts != nil {
			*f.list(m) = listFrom(texts)
		}
	case f.set != nil:
		*f.set(m) = types.SetNull(types.StringType)
		if json.Unmarshal(raw, &texts) == nil && texts != nil {
			slices.Sort(texts)
			*f.set(m) = setOf(slices.Compact(texts))
		}
	default:
		*f.flag(m) = types.BoolNull()
		if json.Unmarshal(raw, &flag) == nil {
			*f.flag(m) = types.BoolValue(flag)
		}
	}
}

// metadata is what the server is to know of the client, JSON by name.
func (m *appRegistrationModel) metadata() map[string]secret.String {
	all := map[string]secret.String{}
	extra, _ := parseExtraMetadata(m.ExtraMetadata.ValueString()) // validated; null stands for none
	for name, raw := range extra {
		all[name] = secret.New(string(raw))
	}
	for _, f := range metadataFields() {
		if value := f.read(m); !value.IsEmpty() {
			all[f.name] = value
		}
	}
	if wo := m.SoftwareStatementWO.ValueString(); wo != "" {
		all["software_statement"] = secret.New(oauth.JSONText(wo))
	}
	return all
}

// drift shows what has changed at the server in the attributes that are configured.
func (m *appRegistrationModel) drift(d *credential.Dynamic) {
	drifted := d.Drifted()
	for _, f := range metadataFields() {
		if slices.Contains(drifted, f.name) && isGiven(f.value(m)) {
			f.write(m, d.Current[f.name])
		}
	}
	extra, err := parseExtraMetadata(m.ExtraMetadata.ValueString())
	if err != nil {
		return
	}
	changed := false
	for name := range maps.Clone(extra) {
		if !slices.Contains(drifted, name) {
			continue
		}
		changed = true
		if now := d.Current[name]; now.IsEmpty() {
			delete(extra, name)
		} else {
			extra[name] = json.RawMessage(now.Reveal())
		}
	}
	if changed {
		m.ExtraMetadata = types.StringValue(jsonObject(extra))
	}
}

// imports fills the attributes from what was sent last, as far as it need not stay out of the state.
func (m *appRegistrationModel) imports(d *credential.Dynamic) {
	rest := maps.Clone(d.Wanted)
	for _, f := range metadataFields() {
		if value := rest[f.name]; !value.IsEmpty() && f.name != "software_statement" {
			f.write(m, value)
		}
		delete(rest, f.name)
	}
	extra := map[string]json.RawMessage{}
	for name, value := range rest {
		extra[name] = json.RawMessage(value.Reveal())
	}
	if len(extra) > 0 {
		m.ExtraMetadata = types.StringValue(jsonObject(extra))
	}
	m.drift(d)
}

// jsonObject is compact JSON with its members in order.
func jsonObject(members map[string]json.RawMessage) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		parts = append(parts, oauth.JSONText(name)+":"+string(members[name]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// registeredMetadata is all that the server says of the client and that is no secret.
func registeredMetadata(d *credential.Dynamic) types.String {
	all := map[string]json.RawMessage{}
	for name, value := range d.Current {
		if name != "software_statement" {
			all[name] = json.RawMessage(value.Reveal())
		}
	}
	return types.StringValue(jsonObject(all))
}

// parseExtraMetadata reads a JSON object of members that have no attribute of their own. The empty text stands for none.
func parseExtraMetadata(text string) (map[string]json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(text), &members); err != nil || members == nil {
		return nil, errors.New("it is not a JSON object")
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		own := slices.ContainsFunc(metadataFields(), func(f metadataField) bool { return f.name == name })
		switch {
		case own:
			return nil, fmt.Errorf("%s has an attribute of its own", name)
		case slices.Contains(notMetadata(), name):
			return nil, fmt.Errorf("%s is the server's to give", name)
		case string(members[name]) == "null":
			return nil, fmt.Errorf("%s is null: leave it out", name)
		}
	}
	return members, nil
}

// checkKeySet refuses what is no JWK set (RFC 7517 §5), and one that gives a private or symmetric key away.
func checkKeySet(text string) error {
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal([]byte(text), &set); err != nil || set.Keys == nil {
		return errors.New("it is not a JSON object with a list keys")
	}
	for _, key := range set.Keys {
		for _, private := range []string{"d", "k", "p", "q"} {
			if _, ok := key[private]; ok {
				return errors.New("it holds a private key, which the server must not know")
			}
		}
	}
	return nil
}
