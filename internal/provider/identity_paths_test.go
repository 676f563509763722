package provider

import (
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const unsealed = "Token Store Not Sealed" // stands at every apply of a pair

func TestRule7IdentityOfTokenPair(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	here := object{"token_store": "file:///here"}
	config := e.pair()
	m := &managed{typeName: "oauth_token_pair"}
	wants(t, "create", e.peer(here).change("create", m, config), 1, unsealed)
	wants(t, "read", e.peer(here).refresh("read", m), 0, "")
	wants(t, "update", e.peer(here).change("update", m, with(config, "revoke_on_destroy", false)), 1, unsealed)

	wants(t, "read, unknown provider", e.peer(object{"token_store": unknown}).refresh("read, unknown provider", m), 1, "Provider Configuration Not Known Yet")
	wants(t, "read, other store", e.peer(object{"token_store": "file:///empty"}).refresh("read, other store", m), 1, "Credential Not in the Token Store")
	wants(t, "update, moved", e.peer(object{"token_store": "file:///empty"}).change("update, moved", m, with(config, "revoke_on_destroy", false)), 1, unsealed)
	wants(t, "read, moved", e.peer(object{"token_store": "file:///empty"}).refresh("read, moved", m), 0, "")

	there := object{"token_store": "file:///there"}
	other := &managed{typeName: "oauth_token_pair"}
	wants(t, "create elsewhere", e.peer(there).change("create elsewhere", other, e.pair()), 1, unsealed)
	wants(t, "read, foreign record", e.peer(there).refresh("read, foreign record", m), 1, "Credential Lives in Another Token Store")
	wants(t, "update, foreign record", e.peer(there).change("update, foreign record", m, with(config, "revoke_on_destroy", true)), 1, "Credential Lives in Another Token Store")

	e.stores["file:///there"].broken = true
	wants(t, "read, broken store", e.peer(there).refresh("read, broken store", other), 1, "Unable to Read Token Pair")
	wants(t, "update, broken store", e.peer(there).change("update, broken store", other, with(config, "revoke_on_destroy", true)), 1, "Unable to Update Token Pair")
	e.stores["file:///there"].broken = false

	_, err := e.server.RevokeFamily(sandbox.Revocation{All: true})
	must(t, err)
	for range 2 { // refused, and refused before
		if all := e.peer(there).refresh("read, refused", other); len(errorsOf(all)) > 0 {
			t.Error(all)
		}
	}
}

func TestRule7IdentityOfTokenPairByCode(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	here := object{"token_store": "file:///here"}
	config := object{"name": "x", "client": e.client(), "authorization_code": object{"redirect_uri": "https://app.example.com/callback"}}
	m := &managed{typeName: "oauth_token_pair"}
	wants(t, "create", e.peer(here).change("create", m, config), 2, "Authorization Required")
	wants(t, "read", e.peer(here).refresh("read", m), 1, "Authorization Required")
	for what, callback := range map[string]string{
		"foreign state": "https://app.example.com/callback?code=c&state=foreign",
		"denied":        "https://app.example.com/callback?error=access_denied&state=s",
	} {
		all := e.peer(here).change("update, "+what, m, with(config, "authorization_code.callback_url", callback))
		wants(t, what, all, 1, "Unable to ")
	}
	refused := e.peer(here).change("update, refused", m, with(config, "authorization_code.code", "made-up"))
	wants(t, "refused", refused, 1, "Unable to Exchange Authorization Code")
}

func TestRule7IdentityWhenAReplyIsLost(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	here := object{"token_store": "file:///here"}
	_, err := e.server.AddFault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After})
	must(t, err)
	m := &managed{typeName: "oauth_token_pair"}
	wants(t, "create", e.peer(here).change("create", m, e.pair()), 2, "Outcome of a Refresh Unknown")
	wants(t, "read", e.peer(here).refresh("read", m), 1, "Outcome of a Refresh Unknown")

	state := object{"token_store": "state"}
	alone := &managed{typeName: "oauth_token_pair"}
	config := e.pair()
	wants(t, "create", e.peer(state).change("create, state only", alone, config), 1, "Single-Use Refresh Token")
	wants(t, "read", e.peer(state).refresh("read, state only", alone), 1, "Single-Use Refresh Token")
	wants(t, "update", e.peer(state).change("update, state only", alone, with(config, "revoke_on_destroy", false)), 1, "Single-Use Refresh Token")
}

func TestRule7IdentityOfAppRegistration(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	here, empty := object{"token_store": "file:///here"}, object{"token_store": "file:///empty"}
	config := e.registration()
	m := &managed{typeName: "oauth_app_registration"}
	wants(t, "create", e.peer(here).change("create", m, config), 0, "")
	wants(t, "read", e.peer(here).refresh("read", m), 0, "")
	wants(t, "update", e.peer(here).change("update", m, with(config, "client_secret", "new")), 0, "")
	wants(t, "read, unknown provider", e.peer(object{"token_store": unknown}).refresh("read, unknown provider", m), 1, "Provider Configuration Not Known Yet")
	wants(t, "read, other store", e.peer(empty).refresh("read, other store", m), 0, "")
	wants(t, "update, other store", e.peer(empty).change("update, other store", m, config), 0, "")
	e.stores["file:///empty"].broken = true
	wants(t, "read, broken store", e.peer(empty).refresh("read, broken store", m), 1, "Unable to Read App Registration")
	wants(t, "update, broken store", e.peer(empty).change("update, broken store", m, with(config, "client_secret", "newer")), 1, "Unable to Store App Registration")
}
