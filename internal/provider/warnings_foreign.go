package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// refuseForeignRecord stops a run against a wrong store that happens to hold a token pair of the same name: taking that one
// over would hand its tokens to this configuration's consumers, and destroying it would revoke them.
func refuseForeignRecord(at path.Path, about subject, state tokenPairModel, diags *diag.Diagnostics) {
	diags.AddAttributeError(at, "Credential Lives in Another Token Store",
		fmt.Sprintf("The state says that %s lives in the token store %s. The token store in use, %s, holds another token pair of the same name, which another resource manages.\n\n"+
			"Nothing was sent or changed. Both credentials still work where they are.\n\n"+
			"Set token_store or OAUTH_TOKEN_STORE to the store it lives in. To manage the other one from here instead: terraform state rm, then terraform import.",
			about, state.StoreLocation.ValueString(), about.session.location))
}

// refuseOthersRecord stops a state that is older than the resource which made the name anew.
func refuseOthersRecord(at path.Path, about subject, diags *diag.Diagnostics) {
	diags.AddAttributeError(at, "Another Resource Manages the Name",
		fmt.Sprintf("The token store %s holds another %s than the one in this state: it was destroyed since, and made anew by another resource.\n\n"+
			"Nothing was sent or changed. The other one still works.\n\n"+
			"If this state is an old copy, use the current one. To forget the resource here: terraform state rm. To manage the other one from here instead: terraform import.",
			about.session.location, about))
}

func refuseForeignDestroy(about subject, state tokenPairModel, storeID string, diags *diag.Diagnostics) {
	what := "another store"
	if storeID == "" {
		what = "a store that was never written to"
	}
	diags.AddAttributeError(path.Root("store_id"), "Credential Lives in Another Token Store",
		fmt.Sprintf("%s lives in the token store %s with the id %s, and %s is %s.\n\nNothing was revoked or removed. The credential still works.\n\n"+
			"Set token_store or OAUTH_TOKEN_STORE to the store it lives in and destroy again. To forget it without revoking: terraform state rm.",
			capital(about.String()), state.StoreLocation.ValueString(), state.StoreID.ValueString(), about.session.location, what))
}

func warnForeignFamily(about subject, failed error, diags *diag.Diagnostics) {
	next := "The next oauth_token_pair of this name and client takes it over; nobody has to authorize again."
	if failed != nil {
		next = fmt.Sprintf("It still counts as managed: %s To take it over: terraform import ADDRESS %s.", clause(failed), about.name)
	}
	diags.AddWarning("Token Pair Left in the Token Store", fmt.Sprintf(
		"The token store %s holds a later authorization of %s than the state does: made from elsewhere, or by an action of this apply. It was neither revoked nor removed. %s",
		about.session.location, about, next))
}
