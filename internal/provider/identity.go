package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// nameIdentity is the identity of everything that is known by its name alone.
func nameIdentity(description string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"name": identityschema.StringAttribute{RequiredForImport: true, Description: description},
	}}
}

// setNameIdentity sets the identity on every path that has a state. An unknown name has none yet.
func setNameIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, name types.String) diag.Diagnostics {
	if identity == nil || name.IsNull() || name.IsUnknown() {
		return nil
	}
	return identity.SetAttribute(ctx, path.Root("name"), name)
}

// importByName takes the name from the import ID or from the identity.
func importByName(ctx context.Context, s *session, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if s == nil || !s.needStore("An import", "Set token_store to a folder.", &resp.Diagnostics) {
		return
	}
	if req.ID != "" && !credential.ValidName(req.ID) {
		resp.Diagnostics.AddError("Invalid Import ID", "The import ID is the name in the token store: 1 to 100 letters, digits, dots, underscores and hyphens.")
		return
	}
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("name"), path.Root("name"), req, resp)
}
