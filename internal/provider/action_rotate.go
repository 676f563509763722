package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

var (
	_ action.ActionWithConfigure  = (*rotateAction)(nil)
	_ action.ActionWithModifyPlan = (*rotateAction)(nil)
)

type rotateAction struct{ configuredAction }

type rotateModel struct {
	TokenPair types.String `tfsdk:"token_pair"`
}

const describeActionPair = "The `id` of an `oauth_token_pair` of this configuration, or the name of one that another configuration manages."

// withoutAction is what can be done without a token store.
const withoutAction = "Set token_store to a folder or a PostgreSQL database."

func newRotateAction() action.Action { return &rotateAction{} }

func (*rotateAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_rotate"
}

func (*rotateAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Refreshes a token pair now, however long its access token still lives: after a leak, or when scopes were changed at the server. It goes through the same " +
			"steps as every other refresh, so a refresh token that works only once is not lost, and two runs at once make one refresh. " +
			"What keeps it from refreshing is an error: the server's waits, `refresh.earliest`, the platform's error budget, a pair that has still to be authorized, " +
			"and `refresh.strategy = \"never\"`, which leaves refreshing to somebody else. `at_apply` does not, for an action is part of an apply. " +
			"A token that was handed out before may work until it expires. Terraform 1.14 or newer.",
		Attributes: map[string]schema.Attribute{
			"token_pair": schema.StringAttribute{MarkdownDescription: describeActionPair, Required: true, Validators: nameValidators()},
		},
	}
}

func (a *rotateAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	a.session.planAction(ctx, "action.oauth_rotate", a, req.Config, &resp.Diagnostics)
}

func (a *rotateAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model rotateModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if !a.session.mayInvoke(ctx, "action.oauth_rotate", a, req.Config, &resp.Diagnostics) {
		return
	}
	about := subject{kind: "oauth_token_pair", name: model.TokenPair.ValueString(), session: a.session, rotating: true}
	tell := progress(ctx, resp)
	tell(fmt.Sprintf("Refreshing %s.", about))
	result, err := a.session.manager.Rotate(ctx, about.name, a.session.ask(credential.AskerApply))
	warnNotices(about, result.Notices, &resp.Diagnostics)
	if err != nil {
		addEngineError(&resp.Diagnostics, path.Root("token_pair"), "Unable to Rotate Token Pair", about, err)
		return
	}
	tell(rotated(about, result))
}

// rotated says what a rotation has come to. No secret.
func rotated(about subject, result credential.Result) string {
	r := result.Record
	what := fmt.Sprintf("%s was refreshed: generation %d.", capital(about.String()), r.Generation)
	if !result.Rotated {
		what = fmt.Sprintf("Another run has refreshed %s meanwhile: generation %d.", about, r.Generation)
	}
	if expiry := r.Tokens.ExpiresAt; !expiry.IsZero() {
		what += fmt.Sprintf(" Its access token expires at %s.", moment(expiry))
	}
	return what + " A state shows that with the next plan or apply."
}

// explainRotation says what kept an action from refreshing. It returns nil for an error that is not special to one.
func explainRotation(about subject, e *credential.Error) []string {
	works := "The stored credential was not used up, and its access token has expired."
	if e.Record.Tokens.ExpiresAt.IsZero() {
		works = "The stored credential was not used up."
	}
	if e.Record.Tokens.Alive(about.session.now(), 0) {
		works = fmt.Sprintf("The stored credential was not used up, and its access token works%s.", until(e.Record.Tokens))
	}
	switch {
	case e.Kind == credential.KindStrategy:
		return []string{fmt.Sprintf("%s is not refreshed: its refresh.strategy is never, which leaves that to somebody else. A second use of its refresh token may end the authorization.", capital(about.String())),
			works, "Refresh it where that is done, or choose another refresh.strategy and apply."}
	case e.Kind == credential.KindAuthorize && e.Reason == credential.ReasonNoRefreshToken:
		return []string{fmt.Sprintf("%s cannot be refreshed: the authorization server has given no refresh token.", capital(about.String())), works, authorizeAgain(about, e.Record)}
	}
	return nil
}
