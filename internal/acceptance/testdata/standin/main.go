// Command standin is a provider that does what people do instead of this one, for benchmarks: a data source that runs a
// program, one that sends an HTTP request, and a resource that refreshes a token in Read and keeps it in the state alone.
// The first two behave like those of hashicorp/external and hashicorp/http, as their documentation has it.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return standin{} },
		providerserver.ServeOpts{Address: "registry.terraform.io/seed-55355b43/standin"})
	if err != nil {
		log.Fatal(err)
	}
}

type standin struct{}

func (standin) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "standin"
}
func (standin) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (standin) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (standin) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		func() datasource.DataSource { return external{} },
		func() datasource.DataSource { return request{} },
	}
}
func (standin) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return token{} }}
}
