package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// foreign tells whether a record in a store other than the state's is another resource's.
func foreign(record credential.Record, mem memory) bool {
	return record.Attachment.ID != mem.Attachment && (record.Family == "" || record.Family != mem.Family)
}

// rightStore stops an apply whose plan was made for another store than the one in use, before anything is written or sent.
// Only a plan that shows store_id changing may move a credential. err is what reading the record came to.
func rightStore(record credential.Record, err error, storeID string, state, plan tokenPairModel, mem memory, about subject, diags *diag.Diagnostics) bool {
	absent := credential.IsKind(err, credential.KindNotFound)
	if err != nil && !absent {
		return true // the caller reports it
	}
	was := state.StoreID.ValueString()
	switch {
	case !absent && !record.IsTombstone() && was != "" && was != storeID && foreign(record, mem):
		refuseForeignRecord(pathName(), about, state, diags)
		return false
	case plan.StoreID.IsUnknown():
		return true
	case absent || plan.StoreID.ValueString() != storeID:
		diags.AddAttributeError(pathName(), "Token Store Changed Since the Plan",
			fmt.Sprintf("The plan was made for %s in the token store %s. The token store in use, %s, is another one or does not hold it.\n\n"+
				"Nothing was sent or changed.\n\nSet token_store or OAUTH_TOKEN_STORE to the store of the plan. Or plan again without -refresh=false, and see what the plan says.",
				about, state.StoreLocation.ValueString(), about.session.location))
		return false
	}
	return true
}
