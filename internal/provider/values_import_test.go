package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// An import takes the name of a credential. What is none, and a mode that has no names, is told before anything is read.
func TestBadImports(t *testing.T) {
	t.Parallel()
	const rule = "The import ID is the name in the token store: 1 to 100 letters, digits, dots, underscores and hyphens."
	for _, c := range []struct {
		id       string
		provider object
		says     string
	}{
		{id: "a/b", says: rule},
		{id: "pair/x", says: rule},
		{id: "x\n", says: rule},
		{id: " ", says: rule},
		{id: strings.Repeat("a", 101), says: rule},
		{id: "x", provider: object{"token_store": "state"}, says: `An import looks tokens up by name in a token store, and token_store = "state" has none.`},
		{id: "x", provider: object{"token_store": unknown}, says: "An import needs the provider's token_store, which is known only after apply. Nothing was read or sent."},
	} {
		for _, typeName := range []string{"oauth_token_pair", "oauth_app_registration"} {
			p := newPeer(t, nil)
			if all := p.configure(c.provider); len(all) > 0 {
				t.Fatal(all)
			}
			resp, err := p.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: c.id})
			must(t, err)
			errs := errorsOf(problems(resp.Diagnostics))
			if len(errs) != 1 || !strings.Contains(errs[0].text, c.says) {
				t.Errorf("%s %q: got %v, want %s", typeName, c.id, errs, c.says)
			}
			p.world.mustBeUntouched(t)
		}
	}
}
