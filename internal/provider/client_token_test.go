package provider

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// A token that is derived from a pair may have cost a refresh of that pair. What became of its refresh token is told as that, and never as
// something that the next run asks for again.
func TestNoticesOfASubject(t *testing.T) {
	t.Parallel()
	lost := credential.Notice{Code: credential.NoticeNotStored, Of: "crm", Err: errors.New("disk full")}
	kept := lost
	kept.Text = "/rescue/file"
	session := &session{location: "file:///store", secretsInState: true}
	client := subject{kind: kindClient, name: "id", session: session, asks: true}
	derived := subject{kind: "oauth_token_pair", name: "narrow", session: session}
	for name, tt := range map[string]struct {
		tell func(*diag.Diagnostics)
		want string
	}{
		"lost, by a client": {func(d *diag.Diagnostics) {
			warnClientToken(client, credential.Result{Notices: []credential.Notice{lost}}, 0, d)
		}, "is lost when this run ends: a person must authorize again"},
		"kept, by a client": {func(d *diag.Diagnostics) {
			warnClientToken(client, credential.Result{Notices: []credential.Notice{kept}}, 0, d)
		}, "It is kept in /rescue/file"},
		"lost, by a pair": {func(d *diag.Diagnostics) { warnNotices(derived, []credential.Notice{lost}, d) }, "is lost when this run ends: a person must authorize again"},
		"found, by a client": {func(d *diag.Diagnostics) {
			warnClientToken(client, credential.Result{Notices: []credential.Notice{{Code: credential.NoticeRescued, Text: "/rescue/file"}}}, 0, d)
		}, "had left a refresh token in /rescue/file"},
	} {
		var diags diag.Diagnostics
		tt.tell(&diags)
		if len(diags) != 1 {
			t.Errorf("%s: %d warnings", name, len(diags))
			continue
		}
		text := diags[0].Detail()
		if !strings.Contains(text, tt.want) || !strings.HasPrefix(name, "found") && !strings.Contains(text, `Token pair "crm" was refreshed`) || strings.Contains(text, "nothing was used up") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
