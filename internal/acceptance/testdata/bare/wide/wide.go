// Package wide is a resource that does nothing and has the attributes of a token pair: beside it, a plan of token pairs shows what
// the provider costs, and not what core and framework spend on attributes.
package wide

import (
	"context"
	_ "embed"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Attribute is what core and framework know of an attribute.
type Attribute struct {
	Kind       string               `json:"kind"` // string, bool, int64, object, or a list, set or map of strings
	Required   bool                 `json:"required,omitempty"`
	Optional   bool                 `json:"optional,omitempty"`
	Computed   bool                 `json:"computed,omitempty"`
	Sensitive  bool                 `json:"sensitive,omitempty"`
	WriteOnly  bool                 `json:"write_only,omitempty"`
	Attributes map[string]Attribute `json:"attributes,omitempty"`
}

// pairJSON are the attributes of oauth_token_pair; TestWideIsATokenPair compares them.
//
//go:embed pair.json
var pairJSON []byte

// given are the computed attributes that are not null, as they are in a pair that was obtained elsewhere.
var given = map[string]any{
	"id": "pair", "status": "active", "generation": 1, "connection_details": map[string]tftypes.Value{}, "store_id": "0123456789abcdef", "store_location": "file:///a/folder",
	"access_token": "access", "refresh_token": "refresh", "issued_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T00:00:00Z",
}

// never are those that a plan of such a pair knows to stay null.
var never = []string{"authorization_url_expires_at", "dpop_private_key", "user_code", "verification_uri", "verification_uri_complete"}

// wide has neither validators nor descriptions.
type wide struct{}

// New returns the resource.
func New() resource.Resource { return wide{} }

func (wide) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "bare_wide"
}

func (wide) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	var attributes map[string]Attribute
	if err := json.Unmarshal(pairJSON, &attributes); err != nil {
		resp.Diagnostics.AddError("pair.json", err.Error())
		return
	}
	resp.Schema = schema.Schema{Attributes: declared(attributes)}
	for _, name := range never {
		if a, ok := attributes[name]; ok {
			resp.Schema.Attributes[name] = schema.StringAttribute{Computed: true, Sensitive: a.Sensitive, PlanModifiers: []planmodifier.String{staysNull{}}}
		}
	}
}

type staysNull struct{}

func (staysNull) Description(context.Context) string         { return "" }
func (staysNull) MarkdownDescription(context.Context) string { return "" }
func (staysNull) PlanModifyString(_ context.Context, _ planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	resp.PlanValue = types.StringNull()
}

// declared leaves out what is of no known kind, and TestWideIsATokenPair misses it.
func declared(attributes map[string]Attribute) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for name, a := range attributes {
		switch a.Kind {
		case "string":
			all[name] = schema.StringAttribute{Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly}
		case "int64":
			all[name] = schema.Int64Attribute{Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly}
		case "bool":
			b := schema.BoolAttribute{Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly}
			if a.Optional && a.Computed {
				b.Default = booldefault.StaticBool(true)
			}
			all[name] = b
		case "list":
			all[name] = schema.ListAttribute{ElementType: types.StringType, Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly}
		case "set":
			all[name] = schema.SetAttribute{ElementType: types.StringType, Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive}
		case "map":
			all[name] = schema.MapAttribute{ElementType: types.StringType, Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly}
		case "object":
			all[name] = schema.SingleNestedAttribute{
				Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly, Attributes: declared(a.Attributes),
			}
		}
	}
	return all
}

func (wide) Create(_ context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var values map[string]tftypes.Value
	if err := req.Plan.Raw.As(&values); err != nil {
		resp.Diagnostics.AddError("the plan", err.Error())
		return
	}
	for name, v := range values {
		if !v.IsKnown() {
			values[name] = tftypes.NewValue(v.Type(), given[name])
		}
	}
	resp.State.Raw = tftypes.NewValue(req.Plan.Raw.Type(), values)
}

func (wide) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}
func (wide) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}
func (wide) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
