package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

var _ datasource.DataSourceWithConfigure = (*tokenPairsDataSource)(nil)

type tokenPairsDataSource struct{ configuredDataSource }

type tokenPairsModel struct {
	StoreID       types.String               `tfsdk:"store_id"`
	StoreLocation types.String               `tfsdk:"store_location"`
	TokenPairs    map[string]tokenPairStatus `tfsdk:"token_pairs"`
	Unreadable    []string                   `tfsdk:"unreadable"`
}

func newTokenPairsDataSource() datasource.DataSource { return &tokenPairsDataSource{} }

func (*tokenPairsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token_pairs"
}

func (*tokenPairsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Status, deadlines and history of every token pair in the token store, without their secrets: for an overview and for alerts on all of them. It sends nothing and changes nothing in the token store.",
		Attributes: map[string]schema.Attribute{
			"store_id":       computedText(describeStoreID + " Null if nothing was ever written to it."),
			"store_location": computedText(describeStoreLocation),
			"token_pairs": schema.MapNestedAttribute{
				MarkdownDescription: "The token pairs by their names. Destroyed ones are left out.", Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: statusAttributes()},
			},
			"unreadable": schema.ListAttribute{
				MarkdownDescription: "The names of those that none of the provider's keys opens, or that this version cannot read; a warning says why. Empty if there are none.",
				ElementType:         types.StringType, Computed: true,
			},
		},
	}
}

func (d *tokenPairsDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.session.needStore("data.oauth_token_pairs", orAttributes, &resp.Diagnostics) {
		return
	}
	about := subject{kind: "oauth_token_pair", session: d.session}
	storeID, err := d.session.storeID(ctx)
	var names []string
	if err == nil {
		names, err = d.session.manager.Names(ctx)
	}
	if err != nil {
		addEngineError(&resp.Diagnostics, path.Empty(), "Unable to List Token Pairs", about, err)
		return
	}
	model := tokenPairsModel{
		StoreID: optionalString(storeID), StoreLocation: optionalString(d.session.location),
		TokenPairs: map[string]tokenPairStatus{}, Unreadable: []string{},
	}
	var why []string
	for _, name := range names {
		record, err := d.session.manager.Peek(ctx, name)
		switch {
		case err == nil && record.IsTombstone(), credential.IsKind(err, credential.KindNotFound):
		case err == nil:
			model.TokenPairs[name] = statusOf(record, d.session.deps.Hostname, d.session.now())
		case ctx.Err() != nil:
			addEngineError(&resp.Diagnostics, path.Empty(), "Unable to List Token Pairs", about, err)
			return
		default:
			model.Unreadable = append(model.Unreadable, name)
			why = append(why, fmt.Sprintf("%s: %s", name, clause(err)))
		}
	}
	if len(why) > 0 {
		warnUnreadable(d.session, why, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// mostUnreadable is how many of the pairs that cannot be read are told one by one: with a wrong key it is all of them.
const mostUnreadable = 20

// warnUnreadable tells which token pairs of the store cannot be read, and why.
func warnUnreadable(s *session, why []string, diags *diag.Diagnostics) {
	if more := len(why) - mostUnreadable; more > 0 {
		why = append(slices.Clone(why[:mostUnreadable]), fmt.Sprintf("… and %d more.", more))
	}
	diags.AddWarning("Token Pairs Not Readable",
		fmt.Sprintf("The token store %s holds token pairs that cannot be read. They are unchanged.\n\n%s", s.location, strings.Join(why, "\n")))
}
