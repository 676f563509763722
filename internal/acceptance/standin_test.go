//go:build unix

package acceptance_test

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
)

// standIn is another provider, which this test binary is when terraform starts it by that one's name: one that uses an API with what
// ours gives it, and has one resource.
type standIn struct {
	source, typeName string
	attributes       map[string]schema.Attribute
	configure        func(context.Context, tfsdk.Config, *diag.Diagnostics) any // what the resource gets; nil: not known yet
	newResource      func() resource.Resource
}

// standIns are all of them by the names of their binaries.
func standIns() map[string]standIn {
	return map[string]standIn{consumerBinary: consumerStandIn(), restAPIBinary: restAPIStandIn(), bareBinary: bareStandIn()}
}

func (s standIn) serve() error {
	return providerserver.Serve(context.Background(), func() provider.Provider { return s },
		providerserver.ServeOpts{Address: "registry.terraform.io/" + s.source})
}

func (s standIn) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = s.typeName
}

func (s standIn) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: s.attributes}
}

func (s standIn) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	resp.ResourceData = s.configure(ctx, req.Config, &resp.Diagnostics)
}

func (s standIn) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (s standIn) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{s.newResource}
}
