package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/provider"
)

var _ provider.ProviderWithActions = (*oauthProvider)(nil)

// Actions need Terraform 1.14. Older ones, and OpenTofu, do not ask for them.
func (p *oauthProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{}
}

// configuredAction is embedded by every action.
type configuredAction struct{ configured }

func (c *configuredAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	c.take(req.ProviderData, resp.Diagnostics.AddError)
}
