package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*apiProxyEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*apiProxyEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithClose          = (*apiProxyEphemeral)(nil)
)

// Bounds and defaults of what the proxy keeps and waits.
const (
	maxReplayDefault, maxReplayMost = 1 << 20, 64 << 20
	maxWaitDefault, maxWaitMost     = time.Minute, 10 * time.Minute
)

// keyProxy is where Close finds in the private data which proxy it ends.
const keyProxy = "url"

type apiProxyModel struct {
	tokenAsk
	Upstream  types.String `tfsdk:"upstream"`
	MaxReplay types.Int64  `tfsdk:"max_replay_bytes"`
	MaxWait   types.String `tfsdk:"max_wait"`

	URL    types.String `tfsdk:"url"`
	Bearer types.String `tfsdk:"bearer"`
}

// apiProxyEphemeral has no Renew: what it gives stays good until Close.
type apiProxyEphemeral struct{ configuredEphemeral }

func newAPIProxyEphemeral() ephemeral.EphemeralResource { return &apiProxyEphemeral{} }

func (*apiProxyEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_proxy"
}

func (*apiProxyEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An address on this machine under which an API always gets a fresh access token, for as long as the plan or apply runs. A provider that is configured with it outlives any number of token lifetimes. Terraform 1.10 or newer, OpenTofu 1.11 or newer.",
		Attributes: map[string]schema.Attribute{
			"token_pair": schema.StringAttribute{MarkdownDescription: describeTokenPair, Optional: true, Validators: nameValidators()},
			"upstream": schema.StringAttribute{
				MarkdownDescription: "The address of the API, like `https://start.exactonline.nl` or `https://api.example.com/v2`: `https://`, or `http://` to this machine or with the provider's `allow_insecure_http`. At most 2048 bytes, without query. The access token goes there and below, and nowhere else. The provider's `ca_certificate_pem`, and `HTTPS_PROXY` of the environment, apply.",
				Required:            true,
				Validators:          []validator.String{upstreamURL()},
			},
			"min_validity": schema.StringAttribute{
				MarkdownDescription: "The access token is refreshed when it has less than this left to live. A duration like `60s`, from `1s` to `24h`. Default: the margin of the pair (`refresh.before_expiry`, else the provider's `refresh_before_expiry`), which applies too; the longer one wins. Either is cut to a quarter of the token's lifetime: each request gets a token of its own. Under `on_rejection` only this counts.",
				Optional:            true,
				Validators:          []validator.String{durationBetween(minValidityLeast, minValidityMost)},
			},
			"max_replay_bytes": schema.Int64Attribute{
				MarkdownDescription: fmt.Sprintf("A request whose body is longer than this is not repeated after a refusal of the access token or of a limit: the caller gets the refusal, with the reason in the header `Proxy-Status`. Its body is kept in memory up to this size until the answer is there. From 0 to %d (64 MiB). Default: %d (1 MiB).", maxReplayMost, maxReplayDefault),
				Optional:            true,
				Validators:          []validator.Int64{int64validator.Between(0, maxReplayMost)},
			},
			"max_wait": schema.StringAttribute{
				MarkdownDescription: "How long one request may wait in all where the API asks for it (`Retry-After` of a 429 or 503, `X-RateLimit-…` and `RateLimit` headers). If the API asks for more, the caller gets its answer. A duration like `30s`, from `0s` (never) to `10m`. Default: `60s`. A program that gives up on an answer sooner needs a smaller one.",
				Optional:            true,
				Validators:          []validator.String{durationBetween(0, maxWaitMost)},
			},
			"url":    schema.StringAttribute{MarkdownDescription: "The address of the API on this machine, like `http://127.0.0.1:38211`, without a trailing slash: what is asked for below it is asked for below `upstream`. Another one in each plan and apply.", Computed: true},
			"bearer": schema.StringAttribute{MarkdownDescription: "What a program sends as `Authorization: Bearer …`, or as the password of Basic authentication with any user name, to be answered. The proxy puts the access token in its place. It opens nothing but this proxy.", Computed: true, Sensitive: true},
		},
	}
	maps.Copy(resp.Schema.Attributes, ephemeralAttributes(clientTokenInputs(describeSecretOfEphemeral, "")))
}

func (*apiProxyEphemeral) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var model apiProxyModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); !resp.Diagnostics.HasError() {
		model.validate(true, &resp.Diagnostics)
	}
}

func (e *apiProxyEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model apiProxyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !e.session.needs(&model.tokenAsk, "ephemeral.oauth_api_proxy", &resp.Diagnostics) {
		return
	}
	running := e.session.startProxy(ctx, &model, &resp.Diagnostics)
	if running == nil {
		return
	}
	model.URL, model.Bearer = types.StringValue(running.URL()), secretValue(running.Bearer())
	key, err := json.Marshal(running.URL())
	if err != nil {
		resp.Diagnostics.AddError("Unable to Start the API Proxy", sentence(err))
	} else {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, keyProxy, key)...)
	}
	if resp.Diagnostics.Append(resp.Result.Set(ctx, model)...); resp.Diagnostics.HasError() {
		e.session.stopProxy(ctx, running.URL(), &resp.Diagnostics)
	}
}

func (e *apiProxyEphemeral) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	key, diags := req.Private.GetKey(ctx, keyProxy)
	resp.Diagnostics.Append(diags...)
	var url string
	if err := json.Unmarshal(key, &url); err == nil {
		e.session.stopProxy(ctx, url, &resp.Diagnostics)
	}
}
