package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
)

var _ datasource.DataSource = (*platformDataSource)(nil)

// platformDataSource needs no configured provider: all that it tells is part of the program.
type platformDataSource struct{}

type platformModel struct {
	ID         types.String `tfsdk:"id"`
	Parameters types.Map    `tfsdk:"parameters"`

	Name           types.String   `tfsdk:"name"`
	Kind           types.String   `tfsdk:"kind"`
	Usable         types.Bool     `tfsdk:"usable"`
	Docs           []string       `tfsdk:"docs"`
	Notes          []string       `tfsdk:"notes"`
	ParameterNames []string       `tfsdk:"parameter_names"`
	Facts          []factModel    `tfsdk:"facts"`
	Unknown        []string       `tfsdk:"unknown"`
	Sources        []sourceModel  `tfsdk:"sources"`
	Policy         types.Object   `tfsdk:"refresh_token_policy"`
	Endpoints      endpointsModel `tfsdk:"endpoints"`
}

// endpointsModel are the endpoints of a server, as a platform is known to have them or as the server names them itself.
type endpointsModel struct {
	Issuer                             types.String `tfsdk:"issuer"`
	AuthorizationEndpoint              types.String `tfsdk:"authorization_endpoint"`
	TokenEndpoint                      types.String `tfsdk:"token_endpoint"`
	RevocationEndpoint                 types.String `tfsdk:"revocation_endpoint"`
	IntrospectionEndpoint              types.String `tfsdk:"introspection_endpoint"`
	RegistrationEndpoint               types.String `tfsdk:"registration_endpoint"`
	DeviceAuthorizationEndpoint        types.String `tfsdk:"device_authorization_endpoint"`
	PushedAuthorizationRequestEndpoint types.String `tfsdk:"pushed_authorization_request_endpoint"`
	UserinfoEndpoint                   types.String `tfsdk:"userinfo_endpoint"`
}

type factModel struct {
	Name       types.String `tfsdk:"name"`
	Value      types.String `tfsdk:"value"`
	Confidence types.String `tfsdk:"confidence"`
	Note       types.String `tfsdk:"note"`
	Sources    []string     `tfsdk:"sources"`
}

type sourceModel struct {
	Name  types.String `tfsdk:"name"`
	Title types.String `tfsdk:"title"`
	URL   types.String `tfsdk:"url"`
	Read  types.String `tfsdk:"verified_at"`
}

func newPlatformDataSource() datasource.DataSource { return &platformDataSource{} }

func (*platformDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_platform"
}

func (*platformDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	texts := func(description string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Computed: true}
	}
	endpoints := map[string]schema.Attribute{}
	for _, name := range []string{
		"issuer", "authorization_endpoint", "token_endpoint", "revocation_endpoint", "introspection_endpoint", "registration_endpoint",
		"device_authorization_endpoint", "pushed_authorization_request_endpoint", "userinfo_endpoint",
	} {
		endpoints[name] = computedText("Null if there is none, or if it is not known: `unknown` tells.")
	}
	policy := map[string]schema.Attribute{}
	for name := range policyType() {
		policy[name] = computedText("As in the `refresh_token_policy` of a client. Null if it is not known, or does not apply.")
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What the provider knows of a platform: endpoints, what a refresh does to the refresh token, deadlines and limits; each fact with its sources and how sure it is. " +
			"`platform` in a client uses just this. It reads nothing but the provider itself.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "The platform, such as `exact_online`.", Required: true, Validators: []validator.String{anyPlatform()},
			},
			"parameters": schema.MapAttribute{
				MarkdownDescription: "What the endpoints depend on, as in `platform_parameters` of a client. Needed where one of them has no default.",
				ElementType:         types.StringType, Optional: true,
				Validators: []validator.Map{mapvalidator.SizeAtMost(50), noNulls{}},
			},
			"name":            computedText("How the platform calls itself, such as `Exact Online`."),
			"kind":            computedText("`oauth2`; `custom_grant`: a grant that is the platform's own; `not_oauth`: something else."),
			"usable":          schema.BoolAttribute{MarkdownDescription: "Whether this version keeps token pairs of the platform.", Computed: true},
			"docs":            texts("The platform's own pages."),
			"notes":           texts("What a person must know: what to register where, what to do and when, what is not certain."),
			"parameter_names": texts("The names that `parameters` takes, such as `country`. Empty if the endpoints depend on nothing."),
			"unknown":         texts("The names of the facts that are not known. Not known is not the same as none."),
			"endpoints": schema.SingleNestedAttribute{
				MarkdownDescription: "The endpoints by their RFC 8414 names.", Computed: true, Attributes: endpoints,
			},
			"refresh_token_policy": schema.SingleNestedAttribute{
				MarkdownDescription: "What is known of refresh tokens, in the form that a client takes.", Computed: true, Attributes: policy,
			},
			"facts": schema.ListNestedAttribute{
				MarkdownDescription: "Every fact that is known.", Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":       computedText("Its name, such as `rotation`; the guide \"Facts of platforms\" says what each means."),
					"value":      computedText("A text as it is, anything else as compact JSON. Null: it is known that there is none."),
					"confidence": computedText("`high`: the platform's own documentation says so; `medium`: client libraries or several reports do; `low`: one report, an inference, or contradicting ones."),
					"note":       computedText("What contradicts it, or for whom it does not hold. Null if there is nothing to say."),
					"sources":    texts("The names of its `sources`."),
				}},
			},
			"sources": schema.ListNestedAttribute{
				MarkdownDescription: "Where the facts come from.", Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":        computedText("The short name by which `facts` refer to it."),
					"title":       computedText("The title of the page or document."),
					"url":         computedText("Where it is. Null if it has no page of its own."),
					"verified_at": computedText("The day on which it was read."),
				}},
			},
		},
	}
}

// anyPlatform refuses what has no entry.
func anyPlatform() validator.String {
	return check{wants: "a platform that the provider knows", wrong: func(id string) error {
		if _, ok := platform.Find(id); !ok {
			return platform.UnknownError(id)
		}
		return nil
	}}
}

func (*platformDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model platformModel
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("id"), &model.ID)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("parameters"), &model.Parameters)...)
	if resp.Diagnostics.HasError() {
		return
	}
	e, ok := platform.Find(model.ID.ValueString())
	if !ok {
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Unknown Platform", sentence(platform.UnknownError(model.ID.ValueString())))
		return
	}
	values, _ := stringsOf(model.Parameters)
	resolved, err := e.Resolve(values)
	if err != nil {
		addParameterError(path.Root("parameters"), values, err, &resp.Diagnostics)
		return
	}
	model.fill(resolved)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// fill puts a resolved entry into the model.
func (m *platformModel) fill(e platform.Entry) {
	m.Name, m.Kind, m.Usable = types.StringValue(e.Name), types.StringValue(string(e.Kind)), types.BoolValue(e.Usable() == nil)
	m.Docs, m.Notes = orEmpty(e.Docs), orEmpty(e.Notes)
	m.ParameterNames, m.Unknown, m.Facts, m.Sources = []string{}, []string{}, []factModel{}, []sourceModel{}
	for _, v := range e.Variables {
		m.ParameterNames = append(m.ParameterNames, v.Name)
	}
	for _, f := range e.All() {
		if !f.Known() {
			m.Unknown = append(m.Unknown, f.Name)
			continue
		}
		ev, value := f.Evidence(), types.StringNull()
		if text, ok := f.Text(); ok {
			value = types.StringValue(text)
		}
		m.Facts = append(m.Facts, factModel{
			Name: types.StringValue(f.Name), Value: value, Confidence: types.StringValue(string(ev.Confidence)),
			Note: optionalString(ev.Note), Sources: orEmpty(ev.Sources),
		})
	}
	for _, name := range e.SourceNames() {
		s := e.Sources[name]
		m.Sources = append(m.Sources, sourceModel{
			Name: types.StringValue(name), Title: types.StringValue(s.Title), URL: optionalString(s.URL), Read: types.StringValue(s.Read),
		})
	}
	policy := e.Policy()
	if policy.Rotation != credential.RotationSingleUseGrace {
		policy.GracePeriod = 0 // what an app can be set to; a client takes it with that rotation only
	}
	m.Policy = policyObject(policy)
	text := func(f platform.Fact[string]) types.String { return optionalString(f.Or("")) }
	m.Endpoints = endpointsModel{
		Issuer: text(e.Issuer), AuthorizationEndpoint: text(e.AuthorizationEndpoint), TokenEndpoint: text(e.TokenEndpoint),
		RevocationEndpoint: text(e.RevocationEndpoint), IntrospectionEndpoint: text(e.IntrospectionEndpoint),
		RegistrationEndpoint: text(e.RegistrationEndpoint), DeviceAuthorizationEndpoint: text(e.DeviceAuthorizationEndpoint),
		PushedAuthorizationRequestEndpoint: text(e.PushedAuthorizationRequestEndpoint), UserinfoEndpoint: text(e.UserinfoEndpoint),
	}
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
