package provider

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

var (
	_ list.ListResourceWithConfigure     = (*tokenPairList)(nil)
	_ provider.ProviderWithListResources = (*oauthProvider)(nil)
)

// ListResources need Terraform 1.14. Older ones, and OpenTofu, do not ask for them.
func (p *oauthProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newTokenPairList}
}

// beginsName tells whether a name can begin so. The empty text begins all.
func beginsName(text string) bool { return text == "" || credential.ValidName(text) }

type tokenPairList struct{ configuredResource }

type tokenPairListModel struct {
	NamePrefix types.String `tfsdk:"name_prefix"`
	Status     types.String `tfsdk:"status"`
}

func newTokenPairList() list.ListResource { return &tokenPairList{} }

func (*tokenPairList) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token_pair"
}

func (*tokenPairList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the token pairs of the token store, for `terraform query`: by name, with their status. It sends nothing and refreshes nothing. " +
			"Destroyed pairs, and those that were moved to another store, are left out; what cannot be read is a warning. " +
			"With `include_resource` the attributes of the resource come along as an import would find them, without tokens and secrets. Terraform 1.14 or newer.",
		Attributes: map[string]schema.Attribute{
			"name_prefix": schema.StringAttribute{MarkdownDescription: "Only pairs whose name begins so. Default: all.", Optional: true, Validators: []validator.String{
				naming{beginsName, "must be the beginning of a name: up to 100 letters, digits, dots, underscores and hyphens, the first a letter or digit"},
			}},
			"status": schema.StringAttribute{
				MarkdownDescription: "Only pairs of this status: `active`, `authorization_required`, `outcome_unknown` or `revoked`. Default: all.", Optional: true,
				Validators: []validator.String{stringvalidator.OneOf(string(credential.StatusActive), string(credential.StatusAuthorizationRequired),
					string(credential.StatusOutcomeUnknown), string(credential.StatusRevoked))},
			},
		},
	}
}

func (l *tokenPairList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config tokenPairListModel
	diags := req.Config.Get(ctx, &config)
	if !diags.HasError() {
		l.session.needStore("list.oauth_token_pair", orAttributes, &diags)
	}
	var names []string
	var storeID string
	if !diags.HasError() {
		var err error
		if storeID, err = l.session.storeID(ctx); err == nil {
			names, err = l.session.manager.Names(ctx)
		}
		if err != nil {
			addEngineError(&diags, path.Empty(), "Unable to List Token Pairs", subject{kind: "oauth_token_pair", session: l.session}, err)
		}
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = l.results(ctx, req, config, storeID, names)
}

// results reads one credential after the other, as they are asked for. Terraform shows one of several warnings with the same summary,
// so what cannot be read is told once: at the end, or before the last result that is taken.
func (l *tokenPairList) results(
	ctx context.Context, req list.ListRequest, config tokenPairListModel, storeID string, names []string,
) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		var unreadable []string
		found := int64(0)
		for _, name := range names {
			if !strings.HasPrefix(name, config.NamePrefix.ValueString()) {
				continue
			}
			record, err := l.session.manager.Peek(ctx, name)
			now := l.session.now()
			switch {
			case err != nil && ctx.Err() != nil:
				return // nobody listens any more
			case credential.IsKind(err, credential.KindNotFound), err == nil && (record.IsTombstone() || record.IsMoved()):
				continue
			case err != nil:
				unreadable = append(unreadable, fmt.Sprintf("%s: %s", name, clause(err)))
				continue
			case !config.Status.IsNull() && config.Status.ValueString() != string(record.StatusAt(now)):
				continue
			}
			if found++; found == req.Limit && !l.tellUnreadable(unreadable, push) {
				return
			}
			if !push(l.result(ctx, req, name, record, storeID, now)) || found == req.Limit {
				return
			}
		}
		l.tellUnreadable(unreadable, push)
	}
}

// tellUnreadable returns false if nobody listens any more.
func (l *tokenPairList) tellUnreadable(unreadable []string, push func(list.ListResult) bool) bool {
	if len(unreadable) == 0 {
		return true
	}
	var diags diag.Diagnostics
	warnUnreadable(l.session, unreadable, &diags)
	return push(list.ListResult{Diagnostics: diags})
}

func (l *tokenPairList) result(
	ctx context.Context, req list.ListRequest, name string, record credential.Record, storeID string, now time.Time,
) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = displayName(name, record, now)
	result.Diagnostics.Append(result.Identity.SetAttribute(ctx, path.Root("name"), types.StringValue(name))...)
	if !req.IncludeResource {
		return result
	}
	state := tfsdk.State{Schema: result.Resource.Schema, Raw: emptyObject(ctx, result.Resource)}
	var model tokenPairModel
	result.Diagnostics.Append(state.Get(ctx, &model)...)
	model.Name = types.StringValue(name)
	model.fillImported(record)
	model.fill(record, storeID, l.session, now)
	model.dropSecrets()
	model.fillInputs(ctx, record)
	result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
	return result
}

// displayName tells a person which of them needs attention.
func displayName(name string, r credential.Record, now time.Time) string {
	status := r.StatusAt(now)
	switch end := r.AbsoluteDeadline(); {
	case status != credential.StatusActive:
		return fmt.Sprintf("%s (%s)", name, status)
	case !end.IsZero():
		return fmt.Sprintf("%s (%s, generation %d, authorize again by %s)", name, status, r.Generation, moment(end))
	}
	return fmt.Sprintf("%s (%s, generation %d)", name, status, r.Generation)
}

// emptyObject is the object of a resource with every attribute null.
func emptyObject(ctx context.Context, r *tfsdk.Resource) tftypes.Value {
	object, ok := r.Schema.Type().TerraformType(ctx).(tftypes.Object)
	if !ok {
		return r.Raw
	}
	values := map[string]tftypes.Value{}
	for name, t := range object.AttributeTypes {
		values[name] = tftypes.NewValue(t, nil)
	}
	return tftypes.NewValue(object, values)
}

// dropSecrets makes null what a list has no use for: it ends up on screens and in files that are no state.
func (m *tokenPairModel) dropSecrets() {
	for _, s := range []*types.String{&m.AccessToken, &m.RefreshToken, &m.IDToken, &m.DPoPPrivateKey} {
		*s = types.StringNull()
	}
	m.Extra = types.MapNull(types.StringType)
}

// fillInputs makes the configuration that Terraform generates from a list one that can be applied as it is: secrets stay in the token
// store, which a version without a value says. What a person has to fill in (a password, an assertion) is left out.
func (m *tokenPairModel) fillInputs(ctx context.Context, r credential.Record) {
	client := m.Client.Attributes()
	for _, s := range clientSecrets() {
		if !s.of(&r.Client).IsEmpty() {
			client[s.name+"_wo_version"] = types.Int64Value(1)
		}
	}
	m.Client = types.ObjectValueMust(m.Client.AttributeTypes(ctx), client)
	switch r.Source {
	case grantAuthorizationCode:
		given := map[string]attr.Value{}
		if p, ok := r.NewestPending(); ok {
			given["redirect_uri"] = types.StringValue(p.RedirectURI)
		}
		m.AuthorizationCode = objectWith(ctx, m.AuthorizationCode, given)
	case grantDeviceCode:
		m.DeviceCode = objectWith(ctx, m.DeviceCode, nil)
	case grantPreauthenticated:
		m.Preauthenticated = objectWith(ctx, m.Preauthenticated, map[string]attr.Value{"refresh_token_wo_version": types.Int64Value(1)})
	case grantClientCredentials:
		m.ClientCredentials = objectWith(ctx, m.ClientCredentials, requestFrom(r.Grant))
	}
}

// requestFrom is what a grant asks for, as the configuration has it.
func requestFrom(g *credential.Grant) map[string]attr.Value {
	given := map[string]attr.Value{}
	if g == nil {
		return given
	}
	if len(g.Scopes) > 0 {
		given["scopes"] = setOf(g.Scopes)
	}
	for name, texts := range map[string][]string{"resource": g.Resource, "audience": g.Audience} {
		if len(texts) > 0 {
			given[name] = listFrom(texts)
		}
	}
	if len(g.Parameters) > 0 {
		given["extra_parameters"] = mapFrom(g.Parameters)
	}
	return given
}

// objectWith is an object of o's type with these members; the others are null.
func objectWith(ctx context.Context, o types.Object, given map[string]attr.Value) types.Object {
	members := map[string]attr.Value{}
	for name, t := range o.AttributeTypes(ctx) {
		value, err := t.ValueFromTerraform(ctx, tftypes.NewValue(t.TerraformType(ctx), nil))
		if err != nil {
			return o
		}
		members[name] = value
	}
	maps.Copy(members, given)
	return types.ObjectValueMust(o.AttributeTypes(ctx), members)
}
