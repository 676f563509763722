package provider

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ provider.ProviderWithActions = (*oauthProvider)(nil)

// Actions need Terraform 1.14. Older ones, and OpenTofu, do not ask for them.
func (p *oauthProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newAuthorizeAction, newRevokeAction, newRotateAction}
}

// configuredAction is embedded by every action.
type configuredAction struct{ configured }

func (c *configuredAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	c.take(req.ProviderData, resp.Diagnostics.AddError)
}

// planAction tells in a plan what an action would fail for. Settings that are not known yet will be, when it runs.
func (s *session) planAction(ctx context.Context, what string, a action.Action, config tfsdk.Config, diags *diag.Diagnostics) {
	if s == nil || s.isUnknown() || !s.needStore(what, withoutAction, diags) {
		return
	}
	checkTexts(ctx, a, config, diags)
}

// mayInvoke tells whether an action can do its work, with values that a plan may not have known.
func (s *session) mayInvoke(ctx context.Context, what string, a action.Action, config tfsdk.Config, diags *diag.Diagnostics) bool {
	if diags.HasError() || !s.needStore(what, withoutAction, diags) {
		return false
	}
	checkTexts(ctx, a, config, diags)
	return !diags.HasError()
}

// checkTexts validates what is known of an action's texts: the values of variables are unknown to validate, those of resources that an
// apply makes to the plan as well, and Terraform asks neither again.
func checkTexts(ctx context.Context, a action.Action, config tfsdk.Config, diags *diag.Diagnostics) {
	var described action.SchemaResponse
	a.Schema(ctx, action.SchemaRequest{}, &described)
	for _, name := range slices.Sorted(maps.Keys(described.Schema.Attributes)) {
		if text, ok := described.Schema.Attributes[name].(schema.StringAttribute); ok {
			checkText(ctx, path.Root(name), text, config, diags)
		}
	}
}

func checkText(ctx context.Context, at path.Path, attribute schema.StringAttribute, config tfsdk.Config, diags *diag.Diagnostics) {
	var value types.String
	diags.Append(config.GetAttribute(ctx, at, &value)...)
	if value.IsNull() && attribute.Required {
		diags.AddAttributeError(at, "Missing Attribute", at.String()+" is null, and it is needed. Nothing was sent.")
	}
	for _, v := range attribute.Validators {
		var resp validator.StringResponse
		v.ValidateString(ctx, validator.StringRequest{Path: at, ConfigValue: value}, &resp)
		diags.Append(resp.Diagnostics...)
	}
}

// progress hands texts to Terraform until the run is interrupted. One that is stopping ends its listening with the first text, and
// Terraform 1.15 crashes at what comes after it.
func progress(ctx context.Context, resp *action.InvokeResponse) func(string) {
	return func(text string) {
		if ctx.Err() == nil {
			resp.SendProgress(action.InvokeProgressEvent{Message: text})
		}
	}
}
