package provider

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/action"
	actionschema "github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	dataschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	ephemeralschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

func TestProtocolSchemaIsValid(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	for _, d := range p.schemas.Diagnostics {
		t.Errorf("%s: %s", d.Summary, d.Detail)
	}
	names := func(m any) []string {
		switch m := m.(type) {
		case map[string]*tfprotov6.Schema:
			return slices.Sorted(maps.Keys(m))
		case map[string]*tfprotov6.ActionSchema:
			return slices.Sorted(maps.Keys(m))
		default:
			return nil
		}
	}
	for what, got := range map[string][]string{
		"resources":           names(p.schemas.ResourceSchemas),
		"data sources":        names(p.schemas.DataSourceSchemas),
		"ephemeral resources": names(p.schemas.EphemeralResourceSchemas),
		"actions":             names(p.schemas.ActionSchemas),
		"lists":               names(p.schemas.ListResourceSchemas),
	} {
		want := map[string][]string{
			"resources":           {"oauth_app_registration", "oauth_token_pair"},
			"data sources":        {"oauth_access_token", "oauth_authorization_server", "oauth_platform", "oauth_token_introspection", "oauth_token_pair", "oauth_token_pairs"},
			"ephemeral resources": {"oauth_access_token", "oauth_api_proxy", "oauth_token_introspection"},
			"actions":             {"oauth_authorize", "oauth_revoke", "oauth_rotate"},
			"lists":               {"oauth_token_pair"},
		}[what]
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v. What is new has a line here once it is meant to stay: its name is a contract", what, got, want)
		}
	}
	identities, err := p.server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	must(t, err)
	for _, name := range []string{"oauth_app_registration", "oauth_token_pair"} {
		s := identities.IdentitySchemas[name]
		if s == nil || len(s.IdentityAttributes) != 1 || s.IdentityAttributes[0].Name != "name" || !s.IdentityAttributes[0].RequiredForImport {
			t.Errorf("the identity of %s is not its name alone: %+v", name, s)
		}
	}
	p.world.mustBeUntouched(t)
}

// everyAttribute calls each with every attribute of the provider, at any depth, under a name that tells where it stands.
func everyAttribute(t *testing.T, each func(where string, a *tfprotov6.SchemaAttribute)) {
	t.Helper()
	var walk func(prefix string, attributes []*tfprotov6.SchemaAttribute)
	walk = func(prefix string, attributes []*tfprotov6.SchemaAttribute) {
		for _, a := range attributes {
			each(prefix+a.Name, a)
			if a.NestedType != nil {
				walk(prefix+a.Name+".", a.NestedType.Attributes)
			}
		}
	}
	all := newPeer(t, nil).schemas
	walk("provider ", all.Provider.Block.Attributes)
	actions := map[string]*tfprotov6.Schema{}
	for name, a := range all.ActionSchemas {
		actions[name] = a.Schema
	}
	for kind, schemas := range map[string]map[string]*tfprotov6.Schema{
		"resource ": all.ResourceSchemas, "data ": all.DataSourceSchemas, "ephemeral ": all.EphemeralResourceSchemas,
		"action ": actions, "list ": all.ListResourceSchemas,
	} {
		for name, s := range schemas {
			if len(strings.Fields(s.Block.Description)) < 8 {
				t.Errorf("%s%s is hardly described: %q", kind, name, s.Block.Description)
			}
			walk(kind+name+" ", s.Block.Attributes)
		}
	}
}

func TestEveryAttributeIsDescribed(t *testing.T) {
	t.Parallel()
	everyAttribute(t, func(where string, a *tfprotov6.SchemaAttribute) {
		switch {
		case a.DescriptionKind != tfprotov6.StringKindMarkdown:
			t.Errorf("%s is not described in Markdown", where)
		case !strings.HasSuffix(a.Description, "."):
			t.Errorf("the description of %s is no sentence: %q", where, a.Description)
		case (a.Optional || a.Required) && len(strings.Fields(a.Description)) < 4:
			t.Errorf("the input %s is hardly described: %q", where, a.Description)
		}
	})
}

// Whatever is named after a secret is marked as one; what is not marked is listed here with its reason.
func TestSecretsAreSensitive(t *testing.T) {
	t.Parallel()
	plain := map[string]string{
		"token_store":              "a URL, shown without user and query",
		"token_endpoint":           "public",
		"token_type":               "Bearer",
		"token_pair":               "a name",
		"token_type_hint":          "one of two words",
		"token_pairs":              "statuses and deadlines",
		"token_calls":              "a number and a time",
		"refresh_token_policy":     "settings",
		"refresh_token_expires_at": "a time",
		"authorization_code":       "an object; its members are marked",
		"device_code":              "an object without secrets",
		"user_code":                "a person has to read it",
		"token_exchange":           "an object; its members are marked",
		"subject_token_pair":       "a name",
		"subject_token_type":       "a URI",
		"actor_token_type":         "a URI",
		"requested_token_type":     "a URI",
		"key_id":                   "public: it stands in the header of every assertion",
		"private_key_id":           "public: it stands in the header of every assertion",
		"dpop_bound_access_tokens": "a choice",
		"client_secret_expires_at": "a time",
		"extra_metadata":           "public: metadata of the client",

		"token_endpoint_auth_methods_supported": "public",
		"token_endpoint_auth_signing_alg":       "a name",
		"code_challenge_methods_supported":      "public",

		"token_endpoint_auth_signing_alg_values_supported": "public",
	}
	markers := []string{"secret", "token", "code", "callback", "verifier", "key", "extra"}
	everyAttribute(t, func(where string, a *tfprotov6.SchemaAttribute) {
		named := slices.ContainsFunc(markers, func(m string) bool { return strings.Contains(a.Name, m) })
		_, exempt := plain[a.Name]
		switch {
		case !named || exempt || a.Sensitive:
		case a.Type != nil && (strings.HasSuffix(a.Name, "_wo_version") || a.Name == "secrets_in_state" || a.Name == "token_endpoint_auth_method"):
		case where == "action oauth_revoke token": // a word that says which is meant
		case strings.HasPrefix(where, "action oauth_authorize client."): // an action's schema has no such mark; see TestSecretsOfAuthorize
		case a.Name == "extra_parameters": // they stand in the authorization URL, which is shown
		default:
			t.Errorf("%s is not sensitive", where)
		}
	})
}

// Every write-only attribute has a plain twin and a version, and needs the version; no version stands alone.
func TestWriteOnlyAttributesHaveTwins(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	p := newPeer(t, nil)
	for name, s := range p.schemas.ResourceSchemas {
		siblings := map[string]map[string]*tfprotov6.SchemaAttribute{}
		attributesOf("", s.Block.Attributes, func(path string, a *tfprotov6.SchemaAttribute) {
			parent := strings.TrimSuffix(path, a.Name)
			if siblings[parent] == nil {
				siblings[parent] = map[string]*tfprotov6.SchemaAttribute{}
			}
			siblings[parent][a.Name] = a
		})
		for parent, group := range siblings {
			for _, a := range group {
				if strings.HasSuffix(a.Name, "_wo") != a.WriteOnly {
					t.Errorf("%s %s%s: its name and its write-only mark do not agree", name, parent, a.Name)
				}
				base, isVersion := strings.CutSuffix(a.Name, "_wo_version")
				if isVersion && group[base+"_wo"] == nil {
					t.Errorf("%s %s%s is the version of nothing", name, parent, a.Name)
				}
				if !a.WriteOnly {
					continue
				}
				found[name+" "+parent+a.Name] = true
				plain, version := group[strings.TrimSuffix(a.Name, "_wo")], group[a.Name+"_version"]
				if plain == nil || !plain.Sensitive || version == nil || !a.Sensitive {
					t.Errorf("%s %s%s lacks its plain twin, its version, or the sensitive mark", name, parent, a.Name)
				}
			}
		}
	}
	want := []string{
		"oauth_app_registration client_secret_wo",
		"oauth_app_registration initial_access_token_wo",
		"oauth_app_registration private_key_wo",
		"oauth_app_registration software_statement_wo",
		"oauth_app_registration tls_client_private_key_wo",
		"oauth_token_pair authorization_code.callback_url_wo",
		"oauth_token_pair authorization_code.code_verifier_wo",
		"oauth_token_pair authorization_code.code_wo",
		"oauth_token_pair client.client_secret_wo",
		"oauth_token_pair client.private_key_wo",
		"oauth_token_pair client.tls_client_private_key_wo",
		"oauth_token_pair extension_grant.sensitive_parameters_wo",
		"oauth_token_pair implicit.callback_url_wo",
		"oauth_token_pair jwt_bearer.assertion_wo",
		"oauth_token_pair jwt_bearer.private_key_wo",
		"oauth_token_pair password.password_wo",
		"oauth_token_pair preauthenticated.access_token_wo",
		"oauth_token_pair preauthenticated.dpop_private_key_wo",
		"oauth_token_pair preauthenticated.refresh_token_wo",
		"oauth_token_pair token_exchange.actor_token_wo",
		"oauth_token_pair token_exchange.subject_token_wo",
	}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
		t.Errorf("write-only attributes: got %v, want %v", got, want)
	}
}

// The framework's own attribute types, by what they tell of their validators.
type (
	stringInput interface{ StringValidators() []validator.String }
	int64Input  interface{ Int64Validators() []validator.Int64 }
	listInput   interface{ ListValidators() []validator.List }
	setInput    interface{ SetValidators() []validator.Set }
	mapInput    interface{ MapValidators() []validator.Map }
)

// checkBounds fails for inputs of any size or form: every text, number and collection has validators.
func checkBounds[A interface {
	IsOptional() bool
	IsRequired() bool
}](t *testing.T, prefix string, attributes map[string]A, nested func(A) map[string]A) (inputs int) {
	t.Helper()
	for name, a := range attributes {
		where := prefix + name
		if !a.IsOptional() && !a.IsRequired() {
			continue
		}
		inputs++
		n := -1
		switch a := any(a).(type) {
		case stringInput:
			n = len(a.StringValidators())
		case int64Input:
			n = len(a.Int64Validators())
		case listInput:
			n = len(a.ListValidators())
		case setInput:
			n = len(a.SetValidators())
		case mapInput:
			n = len(a.MapValidators())
		}
		if n == 0 {
			t.Errorf("%s takes anything", where)
		}
		inputs += checkBounds(t, where+".", nested(a), nested)
	}
	return inputs
}

func TestEveryInputHasBounds(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), New("test", Deps{})()
	var ps provider.SchemaResponse
	p.Schema(ctx, provider.SchemaRequest{}, &ps)
	if n := checkBounds(t, "provider ", ps.Schema.Attributes, nothingNested); n != 7 {
		t.Errorf("the provider has %d inputs, want 7", n)
	}
	counts := map[string]int{}
	for _, make := range p.Resources(ctx) {
		var meta resource.MetadataResponse
		make().Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "oauth"}, &meta)
		var s resource.SchemaResponse
		make().Schema(ctx, resource.SchemaRequest{}, &s)
		counts["resource "+meta.TypeName] = checkBounds(t, meta.TypeName+" ", s.Schema.Attributes, nestedInResource)
	}
	for _, make := range p.DataSources(ctx) {
		var meta datasource.MetadataResponse
		make().Metadata(ctx, datasource.MetadataRequest{ProviderTypeName: "oauth"}, &meta)
		var s datasource.SchemaResponse
		make().Schema(ctx, datasource.SchemaRequest{}, &s)
		counts["data "+meta.TypeName] = checkBounds(t, "data "+meta.TypeName+" ", s.Schema.Attributes, nestedInData)
	}
	for _, make := range p.(provider.ProviderWithEphemeralResources).EphemeralResources(ctx) {
		var meta ephemeral.MetadataResponse
		make().Metadata(ctx, ephemeral.MetadataRequest{ProviderTypeName: "oauth"}, &meta)
		var s ephemeral.SchemaResponse
		make().Schema(ctx, ephemeral.SchemaRequest{}, &s)
		counts["ephemeral "+meta.TypeName] = checkBounds(t, "ephemeral "+meta.TypeName+" ", s.Schema.Attributes, nestedInEphemeral)
	}
	for _, make := range p.(provider.ProviderWithActions).Actions(ctx) {
		var meta action.MetadataResponse
		make().Metadata(ctx, action.MetadataRequest{ProviderTypeName: "oauth"}, &meta)
		var s action.SchemaResponse
		make().Schema(ctx, action.SchemaRequest{}, &s)
		counts["action "+meta.TypeName] = checkBounds(t, "action "+meta.TypeName+" ", s.Schema.Attributes, nestedInAction)
	}
	for _, make := range p.(provider.ProviderWithListResources).ListResources(ctx) {
		var s list.ListResourceSchemaResponse
		make().ListResourceConfigSchema(ctx, list.ListResourceSchemaRequest{}, &s)
		counts["list"] += checkBounds(t, "list ", s.Schema.Attributes, nothingNested)
	}
	want := map[string]int{
		"action oauth_authorize": 45, "action oauth_revoke": 2, "action oauth_rotate": 1, "list": 2,
		"resource oauth_app_registration": 60, "resource oauth_token_pair": 140,
		"data oauth_access_token": 76, "data oauth_authorization_server": 1, "data oauth_platform": 2, "data oauth_token_introspection": 34, "ephemeral oauth_token_introspection": 34, "data oauth_token_pair": 1, "data oauth_token_pairs": 0, "ephemeral oauth_access_token": 76, "ephemeral oauth_api_proxy": 78,
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if n, ok := want[name]; !ok || n != counts[name] {
			t.Errorf("%s has %d inputs, and want has %d: count those that are new, once each has bad values in a table (badValue)", name, counts[name], n)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("there is no %s", name)
	}
}

func nothingNested[A any](A) map[string]A { return nil }

func nestedInData(a dataschema.Attribute) map[string]dataschema.Attribute {
	if o, ok := a.(dataschema.SingleNestedAttribute); ok {
		return o.Attributes
	}
	return nil
}

func nestedInAction(a actionschema.Attribute) map[string]actionschema.Attribute {
	if o, ok := a.(actionschema.SingleNestedAttribute); ok {
		return o.Attributes
	}
	return nil
}

func nestedInEphemeral(a ephemeralschema.Attribute) map[string]ephemeralschema.Attribute {
	if o, ok := a.(ephemeralschema.SingleNestedAttribute); ok {
		return o.Attributes
	}
	return nil
}

func nestedInResource(a schema.Attribute) map[string]schema.Attribute {
	if o, ok := a.(schema.SingleNestedAttribute); ok {
		return o.Attributes
	}
	return nil
}
