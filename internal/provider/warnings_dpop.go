package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// warnUnbound tells that a server does not bind tokens to the key, although it was asked to. To throw them away (RFC 9449 §5
// leaves that to the client) would cost a successor that came for a refresh token which is spent.
func warnUnbound(about subject, record credential.Record, diags *diag.Diagnostics) {
	if !record.Unbound() {
		return
	}
	diags.AddWarning("Access Token Not Bound",
		fmt.Sprintf("client.dpop_bound_access_tokens is true, and the access token of %s is of type %q: the server has not bound it to a key (RFC 9449), and whoever gets hold of it can use it. "+
			"It works and is kept.\n\nCheck that the server does DPoP, and that the app is registered for it. Else take dpop_bound_access_tokens out.", about, record.Tokens.Type))
}

// warnOtherBinding tells what a changed dpop_bound_access_tokens does to the tokens at hand, which stay as they are.
func warnOtherBinding(about subject, before, after credential.Record, diags *diag.Diagnostics) {
	was, is := before.Client.DPoPBoundAccessTokens, after.Client.DPoPBoundAccessTokens
	if was == is || after.Generation == 0 || after.Mints() {
		return
	}
	text := "The tokens of %s are not bound to a key yet, and still work. The next refresh asks for bound ones."
	if was {
		text = "The access token of %s stays bound to its key, which is kept, and still works with it. The next refresh asks for one that is not bound. " +
			"The refresh token of a client that proves itself by nothing else is bound to the key as well: it is used with it until a person authorizes again."
	}
	diags.AddWarning("Binding Changed", fmt.Sprintf(text, about))
}

// proofCode tells whether a server's error code is about the DPoP proof of a request (RFC 9449 §5, §8).
func proofCode(code string) bool { return code == "invalid_dpop_proof" || code == "use_dpop_nonce" }

// explainProof says that a server does not take the proof. What it goes with is not used up.
func explainProof(about subject, e *credential.Error) []string {
	good := "The stored credential was not used up and still works."
	if e.Record.Mints() {
		good = "Nothing was used up: the client can ask again at any time, and nobody has to authorize."
	}
	what := fmt.Sprintf("The authorization server does not take the DPoP proof (RFC 9449) of the request for %s.", about)
	next := "Compare this machine's clock with the server's, and check that token_endpoint is the very URL under which the server knows itself: it stands in the proof. Then run again."
	if e.Verdict.Code == "use_dpop_nonce" {
		what = fmt.Sprintf("The authorization server wants another nonce in the DPoP proof (RFC 9449) of the request for %s than the one that it had just given.", about)
		next = "Run again. If it goes on, several servers may stand behind token_endpoint that do not know each other's nonces; tell who runs it."
	}
	if off := e.Verdict.ClockOff; off != 0 {
		next = fmt.Sprintf("This machine's clock is %s off the server's, which may be why: set it. ", off.Abs()) + next
	}
	return []string{what, good, next}
}
