package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

var _ datasource.DataSourceWithConfigure = (*tokenPairDataSource)(nil)

type tokenPairDataSource struct{ configuredDataSource }

type tokenPairStatusModel struct {
	Name          types.String `tfsdk:"name"`
	ID            types.String `tfsdk:"id"`
	StoreID       types.String `tfsdk:"store_id"`
	StoreLocation types.String `tfsdk:"store_location"`
	tokenPairStatus
}

func newTokenPairDataSource() datasource.DataSource { return &tokenPairDataSource{} }

func (*tokenPairDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token_pair"
}

func (*tokenPairDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := statusAttributes()
	attributes["name"] = schema.StringAttribute{MarkdownDescription: "The name of the token pair in the token store. Of a pair of this configuration give the `id`.", Required: true, Validators: nameValidators()}
	attributes["id"] = computedText("The same as `name`.")
	attributes["store_id"], attributes["store_location"] = computedText(describeStoreID), computedText(describeStoreLocation)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Status, deadlines and history of a token pair, without its secrets: for `check` blocks and alerts. It sends nothing and changes nothing in the token store.",
		Attributes:          attributes,
	}
}

func (d *tokenPairDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model tokenPairStatusModel
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &model.Name)...)
	if resp.Diagnostics.HasError() || !d.session.needStore("data.oauth_token_pair", orAttributes, &resp.Diagnostics) {
		return
	}
	about := subject{kind: "oauth_token_pair", name: model.Name.ValueString(), session: d.session}
	record, err := d.session.manager.Peek(ctx, about.name)
	if err == nil && record.IsMoved() {
		err = credential.MovedAway(record)
	} else if err == nil && record.IsTombstone() {
		err = &credential.Error{Kind: credential.KindNotFound}
	}
	if err != nil {
		addEngineError(&resp.Diagnostics, pathName(), "Unable to Read Token Pair", about, err)
		return
	}
	storeID, err := d.session.storeID(ctx)
	if err != nil {
		addEngineError(&resp.Diagnostics, pathName(), "Unable to Read Token Pair", about, err)
		return
	}
	model.ID, model.StoreID, model.StoreLocation = model.Name, optionalString(storeID), optionalString(d.session.location)
	model.tokenPairStatus = statusOf(record, d.session.deps.Hostname, d.session.now())
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
