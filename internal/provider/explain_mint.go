package provider

import (
	"cmp"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// explainMint says what went wrong for a client that gets its tokens for itself: there is no refresh token that could be
// used up, and no person who could help by authorizing. It returns nil for an error that is not special to that.
func explainMint(about subject, e *credential.Error) []string {
	const nothing = "Nothing was used up: the client can ask again at any time, and nobody has to authorize."
	switch e.Kind {
	case credential.KindAuthorize:
		return explainGrantRefused(about, e)
	case credential.KindConfiguration:
		if e.Verdict.Class == "" {
			return nil
		}
		return []string{fmt.Sprintf("The authorization server gives the client of %s no token: %s", about, cause(e, "it does not accept the request.")), nothing,
			"Check that the app may use " + grantName(e.Record) + ", and check what the grant sends and the client's endpoints. Then run again."}
	case credential.KindBadClient:
		return []string{notAccepted(about, e), nothing, checkProofOf(e)}
	case credential.KindNotSent:
		return []string{fmt.Sprintf("The authorization server was not reached for %s: %s", about, cause(e, "no connection.")), "Nothing was sent.", "Check the network and the endpoint, then run again."}
	case credential.KindUnknown:
		return []string{fmt.Sprintf("The client of %s asked for a token, and no usable reply came: %s", about, cause(e, "the server seems to be in trouble.")), nothing, "Run again."}
	case credential.KindLater:
		if e.Reason == credential.ReasonBudget {
			return nil
		}
		return []string{fmt.Sprintf("The client of %s can get no token before %s: %s.", about, moment(e.Until), reasonText(e.Reason)), nothing, "Run again after that time."}
	case credential.KindStrategy:
		return explainMintStrategy(about, e)
	case credential.KindRefused:
		return []string{fmt.Sprintf("The API refuses the access token of %s, although the client has just got it: refresh.probe.url answered 401 before and after.", about), nothing,
			"Check that refresh.probe.url belongs to this platform and account, and that the scopes allow to read it. Every run that meets this asks for one token."}
	}
	return nil
}

// grantName is the grant of a record as the configuration has it.
func grantName(r credential.Record) string { return cmp.Or(r.Source, grantClientCredentials) }

// explainGrantRefused says that the server refuses what the grant sends, for good as far as that is known.
func explainGrantRefused(about subject, e *credential.Error) []string {
	if e.Reason == credential.ReasonRevoked {
		return []string{wasRevoked(about, e.Record), "Nobody has to authorize: its grant is good for another token. What depends on this pair fails until then.", "Apply the oauth_token_pair, which asks for one."}
	}
	what := "what " + grantName(e.Record) + " sends"
	if e.Record.Source == grantPassword {
		what = "username and password"
	}
	return []string{
		fmt.Sprintf("The authorization server refuses %s for %s.", what, about),
		"Plans do not try it again, since repeated refusals may lock an account; each apply asks once. What depends on this pair fails meanwhile.",
		fmt.Sprintf("Correct %s in the configuration, or what is wrong at the server, then apply.", grantName(e.Record)),
	}
}

func explainMintStrategy(about subject, e *credential.Error) []string {
	what := "has expired"
	if e.Record.Tokens.Access.IsEmpty() {
		what = "has still to be asked for"
	}
	if e.Reason == credential.ReasonAtApply {
		return []string{fmt.Sprintf("The access token of %s %s, and its refresh.strategy is at_apply: only an apply of the resource gets one.", about, what), "Nothing was sent.",
			"Apply the configuration that holds the oauth_token_pair."}
	}
	return []string{fmt.Sprintf("The access token of %s %s, and its refresh.strategy is never.", about, what), "Nothing was sent.", "Choose another refresh.strategy."}
}

// warnMinted tells what a success still has to say of a token that the client got for itself. Such a token is worth no more
// than another request, so that it was rescued, or could not be, is nothing to tell.
func warnMinted(about subject, n credential.Notice, diags *diag.Diagnostics) {
	switch n.Code {
	case credential.NoticeNotStored:
		diags.AddWarning("New Access Token Not in the Token Store",
			fmt.Sprintf("The client of %s has got an access token, but the token store %s could not be written: %s\n\n"+
				"This run uses it. Should it be lost, the next run asks for another: nothing was used up.", about, about.session.location, clause(n.Err)))
	case credential.NoticeNotRevoked:
		diags.AddWarning("Token Not Revoked",
			fmt.Sprintf("%s was removed here, but its access token was not revoked: %s It ends by itself.", capital(about.String()), notRevoked(n.Err)))
	}
}
