package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

var (
	_ resource.ResourceWithConfigure      = (*appRegistrationResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*appRegistrationResource)(nil)
	_ resource.ResourceWithValidateConfig = (*appRegistrationResource)(nil)
	_ resource.ResourceWithImportState    = (*appRegistrationResource)(nil)
	_ resource.ResourceWithIdentity       = (*appRegistrationResource)(nil)
)

type appRegistrationResource struct{ configuredResource }

func newAppRegistrationResource() resource.Resource { return &appRegistrationResource{} }

func (*appRegistrationResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_app_registration"
}

func (*appRegistrationResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = nameIdentity("The name of the registration in the token store.")
}

func (*appRegistrationResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := clientInputAttributes()
	attributes["id"] = schema.StringAttribute{
		MarkdownDescription: "The name.", Computed: true,
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
	attributes["name"] = schema.StringAttribute{
		MarkdownDescription: "The name of the registration: its key in the token store and its import ID. 1 to 100 letters, digits, `.`, `_` and `-`, beginning with a letter or digit. Another name replaces the resource.",
		Required:            true, Validators: nameValidators(),
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	attributes["redirect_uris"] = schema.ListAttribute{
		MarkdownDescription: "The redirection URIs that are registered for the client, 1 to 100. The first one is the default of token pairs.",
		ElementType:         types.StringType, Optional: true,
		Validators: []validator.List{
			listvalidator.SizeBetween(1, 100), listvalidator.UniqueValues(), noNulls{}, listvalidator.ValueStringsAre(redirectURI()),
		},
	}
	attributes["client"] = schema.SingleNestedAttribute{
		MarkdownDescription: "The client as one object, for the `client` of an `oauth_token_pair`.", Computed: true,
		Attributes: clientComputedAttributes(),
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An app registration: the client that an authorization server knows. It keeps client id, secret and endpoints in one place for token pairs to use. " +
			"This version adopts a registration that exists already, made on the platform's developer page.",
		Attributes: attributes,
	}
}

func (*appRegistrationResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config appRegistrationModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Whether http:// is allowed is known to the provider's configuration alone, which validate does not have.
	checkClient(path.Empty(), config.member, config.PlatformParameters, config.RefreshTokenPolicy, true, &resp.Diagnostics)
}

func (r *appRegistrationResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.session == nil {
		return
	}
	var plan, state, config appRegistrationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	creating := req.State.Raw.IsNull()
	if !creating {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !creating && plan.Name.IsUnknown() {
		unknownName(&resp.Diagnostics)
		return
	}
	if !r.session.isUnknown() {
		r.checkAgainstSession(ctx, req, config, &resp.Diagnostics)
	}
	writes := creating || r.session.isUnknown() || readMemory(ctx, req.Private, &resp.Diagnostics).Verdict != verdictNone ||
		!plan.inputs().Equal(state.inputs())
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("client"), r.clientObject(config, writes))...)
}

func (r *appRegistrationResource) checkAgainstSession(
	ctx context.Context, req resource.ModifyPlanRequest, config appRegistrationModel, diags *diag.Diagnostics,
) {
	if !r.session.secretsInState {
		for _, s := range clientSecrets() {
			rejectPlainSecret(ctx, req.Config.GetAttribute, path.Root(s.name), diags)
		}
	}
	for _, s := range clientSecrets() {
		if r.session.stateOnly && isGiven(config.member(s.name+"_wo")) {
			noWriteOnly(path.Root(s.name+"_wo"), diags)
		}
	}
	checkClient(path.Empty(), config.member, config.PlatformParameters, config.RefreshTokenPolicy, r.session.insecure, diags)
}

// clientObject plans the computed client member by member. A whole unknown object would make core complain about
// sensitivity; registration alone is unknown while apply has the record still to write.
func (r *appRegistrationResource) clientObject(config appRegistrationModel, writes bool) types.Object {
	values := map[string]attr.Value{}
	for name, v := range config.inputs().Attributes() {
		if _, ok := clientType()[name]; ok {
			values[name] = v
		}
	}
	if writes {
		values["registration"] = types.StringUnknown()
	}
	if r.session != nil && !r.session.isUnknown() && !r.session.secretsInState {
		for _, s := range clientSecrets() {
			values[s.name] = types.StringNull()
		}
	}
	return types.ObjectValueMust(clientType(), values)
}

func (r *appRegistrationResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config appRegistrationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !r.session.needSettings("oauth_app_registration", &resp.Diagnostics) {
		return
	}
	attachment, err := newAttachment(r.session.deps.Random)
	if err != nil {
		resp.Diagnostics.AddError("Unable to Create App Registration", sentence(err))
		return
	}
	mem := memory{Attachment: attachment}
	if err := r.session.create(credential.RegistrationKey(plan.Name.ValueString())); err != nil {
		addEngineError(&resp.Diagnostics, path.Root("name"), "Unable to Create App Registration", r.about(plan.Name), err)
		return
	}
	if !r.session.stateOnly {
		mem.StoreID = r.put(ctx, config, credential.Attachment{ID: attachment}, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.finish(r.clientObject(config, false))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(setNameIdentity(ctx, resp.Identity, plan.Name)...)
	writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
}

// put writes the registration into the store and returns the store's id.
func (r *appRegistrationResource) put(ctx context.Context, config appRegistrationModel, a credential.Attachment, diags *diag.Diagnostics) string {
	c := clientFrom(config.inputs())
	c.Registration = ""
	for _, s := range clientSecrets() {
		if wo := config.member(s.name + "_wo").ValueString(); wo != "" {
			*s.of(&c) = secret.New(wo)
		}
	}
	if stored, err := r.session.manager.Registration(ctx, config.Name.ValueString()); err == nil {
		keepSecrets(&c, config.inputs(), stored.Client)
	}
	reg := credential.Registration{Client: c, Attachment: a}
	diags.Append(config.RedirectURIs.ElementsAs(ctx, &reg.RedirectURIs, false)...)
	if diags.HasError() {
		return ""
	}
	err := r.session.manager.PutRegistration(ctx, config.Name.ValueString(), reg, func(cur *credential.Registration) error {
		if cur != nil && cur.Attachment.Attached && cur.Attachment.ID != a.ID {
			return &credential.Error{Kind: credential.KindAttached}
		}
		return nil
	})
	if err != nil {
		addEngineError(diags, path.Root("name"), "Unable to Store App Registration", r.about(config.Name), err)
		return ""
	}
	id, err := r.session.storeID(ctx)
	if err != nil {
		diags.AddError("Unable to Read Token Store", sentence(err))
	}
	return id
}

func (r *appRegistrationResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state appRegistrationModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(setNameIdentity(ctx, resp.Identity, state.Name)...)
	if r.session.isUnknown() {
		warnUnknownProvider(r.session, state.Name.ValueString(), &resp.Diagnostics)
		noteUnread(ctx, req.Private, resp.Private, &resp.Diagnostics)
		return
	}
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	mem.Verdict = verdictNone
	if !r.session.stateOnly {
		r.compare(ctx, &state, &mem, &resp.Diagnostics)
	}
	if !r.session.secretsInState {
		state.ClientSecret, state.PrivateKey, state.TLSClientPrivateKey = types.StringNull(), types.StringNull(), types.StringNull()
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
		writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
	}
}

// compare looks the registration up. One that is missing is written again by the next apply, from the configuration.
func (r *appRegistrationResource) compare(ctx context.Context, state *appRegistrationModel, mem *memory, diags *diag.Diagnostics) {
	name := state.Name.ValueString()
	imported := state.ID.IsNull()
	reg, err := r.session.manager.Registration(ctx, name)
	about := r.about(state.Name)
	switch {
	case credential.IsKind(err, credential.KindNotFound) && imported:
		addEngineError(diags, path.Root("name"), "Unable to Import App Registration", about, err)
		return
	case credential.IsKind(err, credential.KindNotFound):
		mem.Verdict = verdictSeed
		return
	case err != nil:
		addEngineError(diags, path.Root("name"), "Unable to Read App Registration", about, err)
		return
	}
	if imported {
		state.fill(reg)
		mem.Attachment = reg.Attachment.ID
	}
	if mem.StoreID, err = r.session.storeID(ctx); err != nil {
		diags.AddError("Unable to Read Token Store", sentence(err))
		return
	}
	if reg.Attachment.ID == mem.Attachment && !reg.Attachment.Attached {
		reg.Attachment.Attached = true
		if err := r.session.manager.PutRegistration(ctx, name, reg, func(*credential.Registration) error { return nil }); err != nil {
			diags.AddWarning("App Registration Not Marked As Managed", "The token store could not be written: "+err.Error()+". Nothing is lost; the next plan tries again.")
		}
	}
}

func (r *appRegistrationResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, config appRegistrationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(setNameIdentity(ctx, resp.Identity, plan.Name)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.session.needSettings("oauth_app_registration", &resp.Diagnostics) {
		return
	}
	if !r.session.stateOnly {
		if r.session.implicit {
			about := r.about(plan.Name)
			if _, err := r.session.manager.Registration(ctx, about.name); credential.IsKind(err, credential.KindNotFound) {
				refuseImplicitSeed(path.Root("name"), about, "", &resp.Diagnostics)
				return
			}
		}
		mem.StoreID = r.put(ctx, config, credential.Attachment{ID: mem.Attachment, Attached: true}, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	mem.Verdict = verdictNone
	plan.finish(r.clientObject(config, false))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
}

func (r *appRegistrationResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state appRegistrationModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.session.needSettings("oauth_app_registration", &resp.Diagnostics) || r.session.stateOnly {
		return
	}
	if err := r.session.manager.DeleteRegistration(ctx, state.Name.ValueString(), mem.Attachment); err != nil {
		addEngineError(&resp.Diagnostics, path.Root("name"), "Unable to Delete App Registration", r.about(state.Name), err)
	}
}

func (r *appRegistrationResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByName(ctx, r.session, req, resp)
}

// nameIdentity is the identity of everything that is known by its name alone.
func nameIdentity(description string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"name": identityschema.StringAttribute{RequiredForImport: true, Description: description},
	}}
}
