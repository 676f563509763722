package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
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
	mem := memory{Attachment: attachment, Registered: config.registers()}
	if err := r.session.create(credential.RegistrationKey(plan.Name.ValueString())); err != nil {
		addEngineError(&resp.Diagnostics, path.Root("name"), "Unable to Create App Registration", r.about(plan.Name), err)
		return
	}
	switch {
	case mem.Registered:
		r.register(ctx, &plan, config, &mem, &resp.Diagnostics)
	default:
		plan.adopted(config)
		if !r.session.stateOnly {
			mem.StoreID = r.put(ctx, config, credential.Attachment{ID: attachment}, &resp.Diagnostics)
		}
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.finish(r.clientObject(config, plan.ClientID, false))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(setNameIdentity(ctx, resp.Identity, plan.Name)...)
	writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
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
		state.withoutSecrets()
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
		writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
	}
}

func (r *appRegistrationResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, config, state appRegistrationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(setNameIdentity(ctx, resp.Identity, plan.Name)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.session.needSettings("oauth_app_registration", &resp.Diagnostics) {
		return
	}
	if !r.session.stateOnly && r.session.implicit {
		about := r.about(plan.Name)
		if _, err := r.session.manager.Registration(ctx, about.name); credential.IsKind(err, credential.KindNotFound) {
			refuseImplicitSeed(path.Root("name"), about, "", &resp.Diagnostics)
			return
		}
	}
	switch {
	case mem.Registered:
		r.updateRegistered(ctx, &plan, config, state, &mem, &resp.Diagnostics)
	default:
		plan.adopted(config)
		if !r.session.stateOnly {
			mem.StoreID = r.put(ctx, config, credential.Attachment{ID: mem.Attachment, Attached: true}, &resp.Diagnostics)
		}
	}
	if resp.Diagnostics.HasError() {
		return
	}
	mem.Verdict = verdictNone
	plan.finish(r.clientObject(config, plan.ClientID, false))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	writeMemory(ctx, resp.Private, mem, &resp.Diagnostics)
}

func (r *appRegistrationResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state appRegistrationModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	mem := readMemory(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.session.needSettings("oauth_app_registration", &resp.Diagnostics) {
		return
	}
	if mem.Registered {
		r.deregister(ctx, state, mem, &resp.Diagnostics)
		return
	}
	if r.session.stateOnly {
		return
	}
	if err := r.session.manager.DeleteRegistration(ctx, state.Name.ValueString(), mem.Attachment); err != nil {
		addEngineError(&resp.Diagnostics, path.Root("name"), "Unable to Delete App Registration", r.about(state.Name), err)
	}
}

func (r *appRegistrationResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importByName(ctx, r.session, req, resp)
}

func (r *appRegistrationResource) about(name types.String) subject {
	return subject{kind: "oauth_app_registration", name: name.ValueString(), session: r.session}
}
