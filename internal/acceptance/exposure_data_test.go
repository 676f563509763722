//go:build unix

package acceptance_test

// The modes in which a credential may be kept, by the names of provider aliases, as the page tells them.
var exposureModes = []struct{ name, title string }{
	{"plain", "Defaults"},
	{"sealed", "Sealed store"},
	{"secretless", "Sealed, `secrets_in_state = false`, `_wo`"},
	{"state", "`token_store = \"state\"`"},
}

// exposure is where a secret stands in clear, for each mode in turn: places as in exposurePlaces, separated by spaces. "-" is
// nowhere, "n/a" that the mode has no such thing.
type exposure struct {
	kind, what string
	in         [4]string
}

const (
	inFull   = "state plan plan-json store"
	unsealed = "state plan plan-json" // all but the store
)

// exposures are what TestExposure finds, neither more nor less, and what the page shows.
func exposures() []exposure {
	return []exposure{
		{"client secret", "`client_secret`, and other inputs like it: passwords, keys, tokens that you bring", [4]string{inFull, unsealed, "-", unsealed}},
		{"code", "`callback_url`, with its authorization code. It works once, and for minutes", [4]string{unsealed, unsealed, "-", unsealed}},
		{"access token", "Access tokens", [4]string{inFull, unsealed, "-", unsealed}},
		{"refresh token", "Refresh tokens, those that are spent among them in older plans", [4]string{inFull, unsealed, "-", unsealed}},
		{"ID token", "`id_token`", [4]string{inFull, unsealed, "-", unsealed}},
		{"extra member", "`extra`: other members of the reply", [4]string{inFull, unsealed, "-", unsealed}},
		{"PKCE verifier", "PKCE verifier of a pending authorization", [4]string{"store", "-", "-", "state plan"}},
		{"DPoP key", "Key that tokens are bound to (`dpop_bound_access_tokens`), once there are any", [4]string{inFull, unsealed, "-", unsealed}},
		{"token of a data source", "Token that a **data source** hands out (here with `client`)", [4]string{inFull, unsealed, "n/a", unsealed}},
		{"token of an ephemeral resource", "Token that an **ephemeral** resource hands out (here with `client`)", [4]string{"store", "-", "-", "-"}},
		{"store key", "`token_store_key` from an input variable", [4]string{"n/a", "plan plan-json", "-", "n/a"}},
	}
}

// exposurePlaces are where TestExposure looks, and how the page calls them. The last three hold nothing, in any mode.
var exposurePlaces = map[string]string{
	"state": "state", "plan": "plan file", "plan-json": "plan JSON", "store": "store", "log": "log", "screen": "screen", "file": "other files",
}
