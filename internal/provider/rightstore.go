package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// foreign tells whether a record in a store other than the state's is another resource's.
func foreign(record credential.Record, mem memory) bool {
	return record.Attachment.ID != mem.Attachment && (record.Family == "" || record.Family != mem.Family)
}

// rightStore stops an apply whose plan was made for another store than the one in use, before anything is written or sent.
// Only a plan that shows store_id changing may move a credential. err is what reading the record came to.
func rightStore(
	record credential.Record, err error, storeID string, state, plan tokenPairModel, mem memory, about subject, diags *diag.Diagnostics,
) bool {
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
		planned, now := state.StoreLocation.ValueString(), fmt.Sprintf("The one in use is %s.", about.session.location)
		if planned == about.session.location {
			now = "It was lost or changed since."
		}
		diags.AddAttributeError(pathName(), "Token Store Changed Since the Plan",
			fmt.Sprintf("The plan was made for %s in the token store %s. %s\n\nNothing was sent or changed.\n\n"+
				"If this is the wrong store, set token_store or OAUTH_TOKEN_STORE to the right one. Else plan again without -refresh=false, and see what the plan says.",
				about, planned, now))
		return false
	}
	return true
}

// refuseAsideMove keeps a credential in the state that has more than its state shows: a store would get the tokens in use alone.
func refuseAsideMove(at path.Path, about subject, diags *diag.Diagnostics) {
	diags.AddAttributeError(at, "Tokens Wait Beside the State", fmt.Sprintf(
		"%s was kept in the state alone, and beside its tokens others wait there, which an earlier client_id or grant has left. They would not come along to a token store. "+
			"Nothing was sent, and nothing changed. Set token_store back to \"state\", take back the change of client_id or grant, and apply; then change token_store. "+
			"If they are not needed any more, remove the resource and make it again in the token store.", capital(about.String())))
}
