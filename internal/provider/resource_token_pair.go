package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

var (
	_ resource.ResourceWithConfigure      = (*tokenPairResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*tokenPairResource)(nil)
	_ resource.ResourceWithValidateConfig = (*tokenPairResource)(nil)
	_ resource.ResourceWithImportState    = (*tokenPairResource)(nil)
	_ resource.ResourceWithIdentity       = (*tokenPairResource)(nil)
)

// tokenPairResource is spread over files by lifecycle: token_pair_schema, _plan, _read and _apply.
type tokenPairResource struct{ configuredResource }

type tokenPairModel struct {
	Name              types.String `tfsdk:"name"`
	Client            types.Object `tfsdk:"client"`
	AuthorizationCode types.Object `tfsdk:"authorization_code"`
	Preauthenticated  types.Object `tfsdk:"preauthenticated"`
	ClientCredentials types.Object `tfsdk:"client_credentials"`
	DeviceCode        types.Object `tfsdk:"device_code"`
	Password          types.Object `tfsdk:"password"`
	Implicit          types.Object `tfsdk:"implicit"`
	JWTBearer         types.Object `tfsdk:"jwt_bearer"`
	TokenExchange     types.Object `tfsdk:"token_exchange"`
	ExtensionGrant    types.Object `tfsdk:"extension_grant"`
	Refresh           types.Object `tfsdk:"refresh"`
	RevokeOnDestroy   types.Bool   `tfsdk:"revoke_on_destroy"`

	ID            types.String `tfsdk:"id"`
	StoreID       types.String `tfsdk:"store_id"`
	StoreLocation types.String `tfsdk:"store_location"`

	// The rest is volatile: any update leaves it unknown.
	Status                    types.String `tfsdk:"status"`
	AuthorizationURL          types.String `tfsdk:"authorization_url"`
	AuthorizationURLExpiresAt types.String `tfsdk:"authorization_url_expires_at"`
	UserCode                  types.String `tfsdk:"user_code"`
	VerificationURI           types.String `tfsdk:"verification_uri"`
	VerificationComplete      types.String `tfsdk:"verification_uri_complete"`
	AccessToken               types.String `tfsdk:"access_token"`
	RefreshToken              types.String `tfsdk:"refresh_token"`
	IDToken                   types.String `tfsdk:"id_token"`
	DPoPPrivateKey            types.String `tfsdk:"dpop_private_key"`
	TokenType                 types.String `tfsdk:"token_type"`
	Scopes                    types.Set    `tfsdk:"scopes"`
	IssuedAt                  types.String `tfsdk:"issued_at"`
	ExpiresAt                 types.String `tfsdk:"expires_at"`
	RefreshTokenExpiresAt     types.String `tfsdk:"refresh_token_expires_at"`
	ReauthorizeBy             types.String `tfsdk:"reauthorize_by"`
	Generation                types.Int64  `tfsdk:"generation"`
	LastRotatedAt             types.String `tfsdk:"last_rotated_at"`
	Connection                types.Map    `tfsdk:"connection_details"`
	Extra                     types.Map    `tfsdk:"extra"`
}

func newTokenPairResource() resource.Resource { return &tokenPairResource{} }

func (*tokenPairResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token_pair"
}

func (*tokenPairResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = nameIdentity("The name of the token pair in the token store.")
}

func (*tokenPairResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A token pair: an access token and the refresh token behind it. Terraform keeps it fresh: every plan and apply refreshes an access token " +
			"that is about to expire. A refresh token that works only once is not lost by that, whether the plan is applied or thrown away.",
		Attributes: tokenPairAttributes(),
	}
}

func (r *tokenPairResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByName(ctx, r.session, req, resp)
}

// engine is the credential engine as one resource instance sees it: over the token store, or over its own private state.
type engine struct {
	*credential.Manager
	memory store.Store // not nil with token_store = "state"
	name   string
}

// engineFor returns the engine for a token pair. With token_store = "state" the record comes from the private state and
// goes back there by keep.
func (s *session) engineFor(ctx context.Context, name string, mem memory) (engine, error) {
	if !s.stateOnly {
		return engine{Manager: s.manager, name: name}, readable(mem.Record)
	}
	inMemory := s.deps.NewMemory(wiring.StateStore)
	if len(mem.Record) > 0 && (mem.StoreID == wiring.StateStore || mem.StoreID == "") { // else it was left behind by an earlier change of stores
		if _, err := inMemory.Create(ctx, credential.PairKey(name), mem.Record); err != nil {
			return engine{}, err
		}
	}
	o := s.options
	o.Store = inMemory
	m, err := credential.New(o)
	return engine{Manager: m, memory: inMemory, name: name}, err
}

// readable refuses a record that a newer version has left in the private state, when the state was the store. Another store would get what
// the attributes show, and the rest of the record would be lost.
func readable(record []byte) error {
	if len(record) == 0 {
		return nil
	}
	_, err := credential.DecodeRecord(record)
	if !errors.Is(err, credential.ErrNewerRecord) {
		return nil
	}
	return fmt.Errorf("the credential was kept in the state alone, and its record there cannot be used: %w. "+
		"The credential is intact: nothing was sent, and the state is unchanged. "+
		"Upgrade the provider here: raise its version in required_providers, then run terraform init -upgrade", err)
}

// keep puts the record into mem where there is no store.
func (e engine) keep(ctx context.Context, mem *memory) error {
	if e.memory == nil {
		return nil
	}
	entry, err := e.memory.Get(context.WithoutCancel(ctx), credential.PairKey(e.name))
	if err != nil {
		return err
	}
	mem.Record = entry.Value
	return nil
}

func (r *tokenPairResource) about(name types.String) subject {
	return subject{kind: "oauth_token_pair", name: name.ValueString(), session: r.session}
}

func pathName() path.Path { return path.Root("name") }
