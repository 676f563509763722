package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

var (
	_ action.ActionWithConfigure  = (*revokeAction)(nil)
	_ action.ActionWithModifyPlan = (*revokeAction)(nil)
)

type revokeAction struct{ configuredAction }

type revokeModel struct {
	TokenPair types.String `tfsdk:"token_pair"`
	Token     types.String `tfsdk:"token"`
}

const tokenAccess = "access_token"

func newRevokeAction() action.Action { return &revokeAction{} }

func (*revokeAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_revoke"
}

func (*revokeAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Ends the tokens of a token pair at its authorization server (RFC 7009), and keeps the pair: its status becomes `revoked`, plans say so and how to authorize again, and what asks for its token fails. " +
			"A pair whose grant needs no person (`client_credentials` and the like) gets another token with the next apply. " +
			"A server that does not revoke, or was not reached, is an error. To remove the pair as well, destroy its resource. Terraform 1.14 or newer.",
		Attributes: map[string]schema.Attribute{
			"token_pair": schema.StringAttribute{MarkdownDescription: describeActionPair, Required: true, Validators: nameValidators()},
			"token": schema.StringAttribute{
				MarkdownDescription: "`access_token`: only that one is revoked, and the next run refreshes the pair; some servers end the refresh token with it. Default: both tokens, which ends the authorization.",
				Optional:            true, Validators: []validator.String{stringvalidator.OneOf(tokenAccess)},
			},
		},
	}
}

func (a *revokeAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	a.session.planAction(ctx, "action.oauth_revoke", a, req.Config, &resp.Diagnostics)
}

func (a *revokeAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model revokeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if !a.session.mayInvoke(ctx, "action.oauth_revoke", a, req.Config, &resp.Diagnostics) {
		return
	}
	about := subject{kind: "oauth_token_pair", name: model.TokenPair.ValueString(), session: a.session, revoking: true}
	accessOnly := model.Token.ValueString() == tokenAccess
	tell := progress(ctx, resp)
	what := "the tokens"
	if accessOnly {
		what = "the access token"
	}
	tell(fmt.Sprintf("Revoking %s of %s.", what, about))
	done, err := a.session.manager.Revoke(ctx, about.name, accessOnly)
	if err != nil {
		addEngineError(&resp.Diagnostics, path.Root("token_pair"), "Unable to Revoke Token Pair", about, err)
		return
	}
	warnRevoked(about, done.Notices, &resp.Diagnostics)
	tell(revoked(about, what, done))
}

// revoked says what a revocation has come to.
func revoked(about subject, what string, done credential.Revocation) string {
	r := done.Record
	switch {
	case !done.Revoked && r.Status == credential.StatusRevoked:
		return fmt.Sprintf("%s was revoked before. Nothing was sent.", capital(about.String()))
	case !done.Revoked:
		return fmt.Sprintf("There is nothing to revoke: %s of %s do not work any more, or were never there. Nothing was sent.", what, about)
	case r.Status != credential.StatusRevoked:
		return fmt.Sprintf("The server has revoked the access token of %s. %s", about, nextToken(r))
	case r.Mints():
		return fmt.Sprintf("The server has revoked the token of %s. The next apply gets another.", about)
	}
	return fmt.Sprintf("The server has revoked the tokens of %s. It has to be authorized again; the next plan says how.", about)
}

// nextToken says who gets another access token, and when.
func nextToken(r credential.Record) string {
	switch r.Refresh.Strategy {
	case credential.StrategyNever:
		return `Its refresh.strategy is never, so nobody gets another until that is changed, and what depends on it fails.`
	case credential.StrategyAtApply:
		return "The next apply of the oauth_token_pair refreshes it, as refresh.strategy = \"at_apply\" says; until then what depends on it fails."
	}
	return "The next run that needs one refreshes the pair."
}

func warnRevoked(about subject, notices []credential.Notice, diags *diag.Diagnostics) {
	for _, n := range notices {
		switch n.Code {
		case credential.NoticeAccessLeft:
			warnAccessLeft(about, n, diags)
		case credential.NoticeNotRevoked:
			diags.AddWarning("Tokens Not Revoked", fmt.Sprintf("%s was revoked, but not all that it has ever held: %s Revoke the app's access on the platform, where the user's connected apps are listed.",
				capital(about.String()), notRevoked(n.Err)))
		}
	}
}

// explainRevoking says what kept an action from revoking. It returns nil for an error that is not special to one.
func explainRevoking(about subject, e *credential.Error) []string {
	const again = "Run the action again: a revocation can be repeated."
	const byHand = "Revoke the app's access on the platform, where the user's connected apps are listed, or destroy the resource: that removes the pair whether the server revokes or not."
	switch {
	case errors.Is(e, credential.ErrRevokedNotNoted):
		return []string{fmt.Sprintf("The tokens of %s were revoked, but the token store %s could not be written: %s", about, about.session.location, cause(e, "unknown reason.")),
			"They do not work any more. The store does not know that; the next refresh will be refused, and then it does.", "Make the store writable. Nothing else has to be done."}
	case e.Kind == credential.KindUnknown && e.Reason == credential.ReasonNone:
		return []string{fmt.Sprintf("The revocation of %s was sent, or may have been, and no usable reply came: %s", about, cause(e, "the server seems to be in trouble.")),
			"Whether its tokens still work is not known. The token store is unchanged.", again}
	case e.Kind == credential.KindLater:
		return []string{fmt.Sprintf("The server takes no revocation of %s before %s.", about, moment(e.Until)), "Nothing was revoked, and the stored credential still works.", "Run the action again after that time."}
	case e.Kind == credential.KindConfiguration && errors.Is(e, credential.ErrNoRevocation):
		return []string{fmt.Sprintf("%s cannot be revoked from here: %s", capital(about.String()), cause(e, "")), "Nothing was sent, and the stored credential still works.",
			"If the server has one, set client.revocation_endpoint and apply. Else: " + byHand}
	case e.Kind == credential.KindConfiguration && e.Verdict.Class != "":
		return []string{fmt.Sprintf("The authorization server does not revoke the tokens of %s.", about), "They still work, as far as is known.",
			"If the client's id, secret or revocation_endpoint is wrong, correct it and apply. Else: " + byHand}
	}
	return nil
}
