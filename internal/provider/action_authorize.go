package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/login"
)

var (
	_ action.ActionWithConfigure      = (*authorizeAction)(nil)
	_ action.ActionWithModifyPlan     = (*authorizeAction)(nil)
	_ action.ActionWithValidateConfig = (*authorizeAction)(nil)
)

type authorizeAction struct{ configuredAction }

type authorizeModel struct {
	Name              types.String `tfsdk:"name"`
	Client            types.Object `tfsdk:"client"`
	AuthorizationCode types.Object `tfsdk:"authorization_code"`
	DeviceCode        types.Object `tfsdk:"device_code"`
	Wait              types.String `tfsdk:"wait"`
	OpenBrowser       types.Bool   `tfsdk:"open_browser"`
}

func newAuthorizeAction() action.Action { return &authorizeAction{} }

func (*authorizeAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_authorize"
}

func (*authorizeAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Has a person authorize a token pair while the run waits: in a browser on this machine, whose answer comes back here (RFC 8252 §7.3), or by a device code (RFC 8628). " +
			"The address to open is shown as progress. The tokens go into the token store under the pair's name. A pair that no resource manages yet is made: the `oauth_token_pair` of that name and client, created later, takes its tokens over, and nobody has to authorize again. " +
			"One that works is authorized anew, in place; its former tokens are used until then. A run that is stopped or killed loses nothing: what it has offered stays good, and the next run finds it. Terraform 1.14 or newer; `terraform-provider-oauth authorize` does the same on a command line.",
		Attributes: authorizeAttributes(),
	}
}

func authorizeAttributes() map[string]schema.Attribute {
	client := clientOfAsker("", describeSecretOfAction).Attributes
	code := authorizationCodeAttributes()
	for _, name := range []string{"callback_url", "code", "code_verifier"} {
		for _, suffix := range []string{"", "_wo", "_wo_version"} {
			delete(code, name+suffix)
		}
	}
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			MarkdownDescription: "The name of the token pair in the token store: that of its `oauth_token_pair`, which need not exist yet. 1 to 100 letters, digits, `.`, `_` and `-`, beginning with a letter or digit.",
			Required:            true, Validators: nameValidators(),
		},
		"client": schema.SingleNestedAttribute{
			MarkdownDescription: "The client, as that of the `oauth_token_pair`: needed for a pair that does not exist yet. Of one that a resource manages, the resource's client is used, and this one must be of the same `client_id` and token endpoint. Null: that of the pair in the token store, with its secret. Actions have no write-only arguments.",
			Optional:            true, Attributes: actionAttributes(client),
		},
		"authorization_code": schema.SingleNestedAttribute{
			MarkdownDescription: "What the person is asked for in a browser. `redirect_uri` must be `http://` to `127.0.0.1`, `[::1]` or `localhost`: the run listens there until the answer has come. With a port it is that one; without a port it is any that is free, which servers have to take for the two addresses (RFC 8252 §7.3), and some do not. Not together with `device_code`. Null, with `device_code` null too: what the last apply of the pair has offered.",
			Optional:            true, Attributes: actionAttributes(code),
		},
		"device_code": schema.SingleNestedAttribute{
			MarkdownDescription: "The person authorizes on any device (RFC 8628), by a code that the run shows. `{}` will do for most servers.",
			Optional:            true, Attributes: actionAttributes(requestInputs(personsScopes, "they go to the device authorization endpoint")),
		},
		"wait": schema.StringAttribute{
			MarkdownDescription: "How long the person is waited for, from `10s` to `1h`. Default: `5m`. When it is over the action fails, and what was offered stays good for the next run.",
			Optional:            true, Validators: []validator.String{durationBetween(login.MinWait, login.MaxWait)},
		},
		"open_browser": schema.BoolAttribute{
			MarkdownDescription: "Whether a browser is asked to open the address. Default: `true` where there is a display, and not in a pipeline (the environment variable `CI`). The address is shown in any case.",
			Optional:            true,
		},
	}
}

func (*authorizeAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	var m authorizeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.validate(true, &resp.Diagnostics)
	m.warnWritten(&resp.Diagnostics)
}

// ModifyPlan validates once more: the values of variables are unknown to validate.
func (a *authorizeAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var m authorizeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || a.session == nil {
		return
	}
	a.session.planAction(ctx, "action.oauth_authorize", a, req.Config, &resp.Diagnostics)
	m.validate(a.session.insecure, &resp.Diagnostics)
	m.rejectSecrets(a.session, &resp.Diagnostics)
}

func (a *authorizeAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var m authorizeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if !a.session.mayInvoke(ctx, "action.oauth_authorize", a, req.Config, &resp.Diagnostics) {
		return
	}
	m.validate(a.session.insecure, &resp.Diagnostics)
	m.rejectSecrets(a.session, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	about := subject{kind: "oauth_token_pair", name: m.Name.ValueString(), session: a.session, authorizing: true}
	request, ok := m.request(ctx, a.session, &resp.Diagnostics)
	if !ok {
		return
	}
	out, err := login.Authorize(ctx, login.Options{
		Manager: a.session.manager, Clock: a.session.deps.Clock, Open: m.browser(a.session),
		Say: progress(ctx, resp),
	}, request)
	warnNotices(about, out.Notices, &resp.Diagnostics)
	if err != nil {
		m.fail(about, err, &resp.Diagnostics)
		return
	}
	progress(ctx, resp)(authorized(about, out))
}

// browser is what opens one; nil: nothing does.
func (m *authorizeModel) browser(s *session) func(context.Context, string) error {
	wanted := m.OpenBrowser.ValueBool() || m.OpenBrowser.IsNull() && login.HasBrowser(s.deps.Getenv)
	if !wanted {
		return nil
	}
	if s.deps.Browser == nil {
		return func(context.Context, string) error { return errors.New("there is none") }
	}
	return s.deps.Browser
}

// request is what the person is asked for.
func (m *authorizeModel) request(ctx context.Context, s *session, diags *diag.Diagnostics) (login.Request, bool) {
	r := login.Request{Name: m.Name.ValueString(), Wait: durationOf(m.Wait)}
	if !m.Client.IsNull() {
		r.Setup = &credential.Setup{Client: clientFrom(m.Client)}
	}
	if !m.DeviceCode.IsNull() {
		request := deviceRequestOf(m.DeviceCode)
		r.Device = &request
	}
	if !m.AuthorizationCode.IsNull() {
		uri, ok := m.redirectURI(ctx, s, diags)
		if !ok {
			return r, false
		}
		request := authorizationOf(m.AuthorizationCode, uri)
		r.Code = &request
	}
	return r, true
}

// redirectURI is the grant's, else one of the registration's: the first that can be received here.
func (m *authorizeModel) redirectURI(ctx context.Context, s *session, diags *diag.Diagnostics) (string, bool) {
	if uri := member(m.AuthorizationCode, "redirect_uri").ValueString(); uri != "" {
		return uri, true
	}
	name := member(m.Client, "registration").ValueString()
	if m.Client.IsNull() {
		if r, err := s.manager.Peek(ctx, m.Name.ValueString()); err == nil {
			name = r.Client.Registration
		}
	}
	var uris []string
	if name != "" {
		if reg, err := s.manager.Registration(ctx, name); err == nil {
			uris = reg.RedirectURIs
		}
	}
	for _, uri := range uris {
		if login.Loopback(uri) {
			return uri, true
		}
	}
	found := "no registration with redirect_uris was found in the token store"
	if len(uris) > 0 {
		found = "none of the registration's redirect_uris can be received here: " + joined(uris)
	}
	diags.AddAttributeError(path.Root(grantAuthorizationCode).AtName("redirect_uri"), "Missing Attribute",
		"authorization_code.redirect_uri is needed: "+found+". Register one such as http://127.0.0.1:8912/callback with the app. Nothing was sent.")
	return "", false
}

// at is where the configuration says what to ask for.
func (m *authorizeModel) at() path.Path {
	switch {
	case !m.AuthorizationCode.IsNull():
		return path.Root(grantAuthorizationCode)
	case !m.DeviceCode.IsNull():
		return path.Root(grantDeviceCode)
	}
	return pathName()
}

// fail reports why nobody has authorized.
func (m *authorizeModel) fail(about subject, err error, diags *diag.Diagnostics) {
	const summary = "Unable to Authorize Token Pair"
	var e *login.Error
	if !errors.As(err, &e) {
		about.device = !m.DeviceCode.IsNull()
		addEngineError(diags, m.at(), summary, about, err)
		return
	}
	at := m.at()
	if (e.Reason == login.ReasonNoLoopback || e.Reason == login.ReasonPort) && !m.AuthorizationCode.IsNull() {
		at = at.AtName("redirect_uri")
	}
	diags.AddAttributeError(at, summary, strings.Join(e.Parts(), "\n\n"))
}

// authorized says what has come of it. No secret.
func authorized(about subject, out login.Outcome) string {
	r := out.Record
	what := fmt.Sprintf("%s is authorized.", capital(about.String()))
	if out.Others {
		what = fmt.Sprintf("Another run has collected the tokens of %s: it is authorized.", about)
	}
	if granted := out.Granted(); granted != "" {
		what += fmt.Sprintf(" Granted: %s.", granted)
	}
	if expiry := r.Tokens.ExpiresAt; !expiry.IsZero() {
		what += fmt.Sprintf(" Its access token expires at %s.", moment(expiry))
	}
	if r.Reserved() {
		return what + " An oauth_token_pair of this name and client takes it over when it is created; nobody has to authorize again."
	}
	return what + " A state shows that with the next plan or apply."
}

// explainAuthorizing says what kept an action from having a person authorize. It returns nil for an error that is not special to it.
func explainAuthorizing(about subject, e *credential.Error) []string {
	again := authorizeAgain(about, e.Record)
	switch {
	case e.Kind == credential.KindNotFound:
		return []string{fmt.Sprintf("The token store %s holds no %s.", about.session.location, about), "Nothing was sent.",
			"Say in client, and in authorization_code or device_code, what it is to be made of; or apply its oauth_token_pair first. Check the name, and that token_store (or OAUTH_TOKEN_STORE) is the right one."}
	case e.Kind == credential.KindAttached:
		return []string{fmt.Sprintf("The token store %s holds a %s of another client_id or token_endpoint than the action's client, and a resource manages it.", about.session.location, about),
			"It was left alone and still works.", "Remove client from the action, or make it the one of that oauth_token_pair. For another app choose another name."}
	case e.Kind == credential.KindDenied && !about.device:
		return []string{fmt.Sprintf("The person, or the authorization server, has refused the access for %s: %s.", about, deniedWords(e.Verdict)),
			"Nothing was sent. What the store holds is unchanged.", again}
	case e.Kind == credential.KindDenied:
		return []string{fmt.Sprintf("The device authorization of %s was refused, by the person or by the server.", about),
			"The device code is over. What the store holds is unchanged otherwise.", again}
	case e.Kind == credential.KindState:
		return []string{fmt.Sprintf("The answer for %s was not used: %s", about, cause(e, "it does not prove where it comes from.")),
			"Nothing was sent. What the store holds is unchanged.", "Check the client's issuer: it must be the one that the server names. " + again}
	case about.device:
		return explainDevice(about, e)
	case e.Kind == credential.KindAuthorize && e.Verdict.Class != "":
		return []string{fmt.Sprintf("The authorization server gives no tokens for the consent of %s: it does not accept the code.", about),
			"What the store holds is unchanged. The code is not sent again.", "Check the client and its redirect URI. " + again}
	case e.Kind == credential.KindUnknown && e.Verdict.Class != "":
		return []string{fmt.Sprintf("The code for %s was sent, and no usable reply came: %s", about, cause(e, "the server seems to be in trouble.")),
			"What the store holds is unchanged. The code is not sent again.", again}
	}
	return nil
}
