// Command bare is the smallest useful framework provider: what benchmarks measure the real one against.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
)

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return bare{} },
		providerserver.ServeOpts{Address: "registry.terraform.io/seed-55355b43/bare"})
	if err != nil {
		log.Fatal(err)
	}
}

type bare struct{}

func (bare) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "bare"
}
func (bare) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (bare) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (bare) DataSources(context.Context) []func() datasource.DataSource                        { return nil }
func (bare) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return thing{} },
		func() resource.Resource { return thing{wide: true} },
	}
}

// thing is a resource that does nothing. A wide one has about as many attributes as a token pair, nested likewise.
type thing struct{ wide bool }

func (t thing) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "bare_thing"
	if t.wide {
		resp.TypeName = "bare_wide"
	}
}

func (t thing) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"name": schema.StringAttribute{Required: true},
		"id":   schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
	}}
	if !t.wide {
		return
	}
	for i := range computed {
		resp.Schema.Attributes[fmt.Sprintf("computed_%d", i)] = schema.StringAttribute{
			Computed: true, Sensitive: i%4 == 0, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		}
	}
	client := strings(16)
	client["policy"] = schema.SingleNestedAttribute{Optional: true, Attributes: strings(5)}
	resp.Schema.Attributes["client"] = schema.SingleNestedAttribute{Required: true, Attributes: client}
	resp.Schema.Attributes["grant_a"] = schema.SingleNestedAttribute{Optional: true, Attributes: strings(12)}
	resp.Schema.Attributes["grant_b"] = schema.SingleNestedAttribute{Optional: true, Attributes: strings(7)}
	resp.Schema.Attributes["refresh"] = schema.SingleNestedAttribute{Optional: true, Attributes: strings(3)}
}

// computed is how many computed attributes a wide thing has.
const computed = 16

// strings makes n optional attributes s0, s1 …
func strings(n int) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for i := range n {
		attributes[fmt.Sprintf("s%d", i)] = schema.StringAttribute{Optional: true, Sensitive: i%4 == 0}
	}
	return attributes
}

func (t thing) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.State.Raw = req.Plan.Raw
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), "thing")...)
	for i := range computed {
		if t.wide {
			resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(fmt.Sprintf("computed_%d", i)), "a value of some length")...)
		}
	}
}
func (thing) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}
func (thing) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}
func (thing) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
