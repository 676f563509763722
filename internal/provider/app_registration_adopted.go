package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// A registration that was made elsewhere: what the store keeps of it comes from the configuration, and nothing is sent.

// adopted fills what only a server gives that has registered the client.
func (m *appRegistrationModel) adopted(config appRegistrationModel) {
	m.ClientID, m.ClientSecret = config.ClientID, config.ClientSecret
	m.RegistrationClientURI, m.RegistrationAccessToken, m.ClientIDIssuedAt = types.StringNull(), types.StringNull(), types.StringNull()
	m.ClientSecretExpiresAt, m.RegisteredMetadata = types.StringNull(), types.StringNull()
}

// client is the client of a configuration, with its write-only secrets.
func (m appRegistrationModel) client() credential.Client {
	c := clientFrom(m.inputs())
	c.Registration = ""
	for _, s := range clientSecrets() {
		if wo := m.member(s.name + "_wo").ValueString(); wo != "" {
			*s.of(&c) = secret.New(wo)
		}
	}
	return c
}

// put writes the registration into the store and returns the store's id.
func (r *appRegistrationResource) put(ctx context.Context, config appRegistrationModel, a credential.Attachment, diags *diag.Diagnostics) string {
	c := config.client()
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

// compare looks the registration up. One that is missing is written again by the next apply, from configuration and state.
func (r *appRegistrationResource) compare(ctx context.Context, state *appRegistrationModel, mem *memory, diags *diag.Diagnostics) {
	name, about := state.Name.ValueString(), r.about(state.Name)
	imported := state.ID.IsNull()
	reg, err := r.session.manager.Registration(ctx, name)
	switch {
	case err == nil && imported && reg.Dynamic != nil && !reg.IsRegistered():
		addEngineError(diags, path.Root("name"), "Unable to Import App Registration", about, &credential.Error{Kind: credential.KindNotFound})
		return
	case credential.IsKind(err, credential.KindNotFound) && imported:
		addEngineError(diags, path.Root("name"), "Unable to Import App Registration", about, err)
		return
	case credential.IsKind(err, credential.KindNotFound) && mem.Registered && credential.AsError(err).Reason == credential.ReasonDeleted:
		warnDeregistered(about, diags)
		return
	case credential.IsKind(err, credential.KindNotFound):
		mem.Verdict = verdictSeed
		return
	case err != nil:
		addEngineError(diags, path.Root("name"), "Unable to Read App Registration", about, err)
		return
	}
	id, err := r.session.storeID(ctx)
	if err != nil {
		diags.AddError("Unable to Read Token Store", sentence(err))
		return
	}
	if imported {
		mem.StoreID, mem.Attachment, mem.Registered = id, reg.Attachment.ID, reg.Dynamic != nil
		state.fill(reg)
	}
	if mem.Registered {
		r.readRegistered(ctx, state, reg, mem, id, diags)
	} else {
		mem.StoreID = id
	}
	if reg.Attachment.ID == mem.Attachment && !reg.Attachment.Attached {
		if err := r.session.manager.MarkRegistrationAttached(ctx, name, mem.Attachment); err != nil {
			diags.AddWarning("App Registration Not Marked As Managed", "The token store could not be written: "+err.Error()+". Nothing is lost; the next plan tries again.")
		}
	}
}
