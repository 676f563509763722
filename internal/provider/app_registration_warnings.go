package provider

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// warnClientSecret is how long before a client secret ends every plan warns.
const warnClientSecret = 30 * 24 * time.Hour

// explainRegistration says what became of a call about a registration. It returns nil for an error that is not special to one.
func explainRegistration(about subject, e *credential.Error) []string {
	r := e.Record
	works := fmt.Sprintf("The client %s is as it was: its client_id and client_secret still work.", r.Client.ClientID)
	what, again := fmt.Sprintf("the registration of %s", about), "apply again"
	switch {
	case about.destroying:
		what, again = "the request to delete "+about.String(), "destroy again"
	case r.Client.ClientID == "":
		works = "No client was made."
	default:
		what = "the request for " + about.String()
	}
	switch {
	case e.Kind == credential.KindAttached && errors.Is(e, credential.ErrOtherRegistrar):
		return []string{fmt.Sprintf("The token store %s holds %s, left by an apply that did not finish, with a client of another server.", about.session.location, about),
			"It was left alone and still works.", fmt.Sprintf("Take it over with the former configuration: terraform import ADDRESS %s. Or choose another name.", about.name)}
	case errors.Is(e, credential.ErrManagementAddress):
		how := "If the server is at fault, have that corrected."
		if about.destroying {
			how = "To forget it here alone, set deregister_on_destroy = false, apply, and destroy then; a person deletes the client at the server."
		}
		return []string{fmt.Sprintf("%s cannot be read, updated or deleted: the server wants that at %s. But %s",
			capital(about.String()), r.Registered.Dynamic.URI, clause(e.Err)), "Nothing was sent there. " + works, how}
	case errors.Is(e, credential.ErrNotManageable):
		return []string{fmt.Sprintf("The token store %s holds %s, left by an apply that did not finish: it had registered the client %s with other metadata, and the server offers no management (RFC 7592) to change them.",
			about.session.location, about, r.Client.ClientID), "Nothing was sent. That client still works.", fmt.Sprintf(
			"Apply with the former metadata to take it over. Or to register another client with the new ones: terraform import ADDRESS %s, then terraform apply -replace=ADDRESS; a person deletes the old client at the server.", about.name)}
	case e.Kind == credential.KindConfiguration && e.Verdict.Class != "":
		return []string{capital(what) + " was refused.", works, whatToCorrect(e)}
	case e.Kind == credential.KindBadClient:
		return []string{capital(what) + " was refused: the server wants an initial access token, or does not accept the one that it was given.", works,
			"Give the token that the server's operator has issued as initial_access_token (or initial_access_token_wo), then apply again."}
	case e.Kind == credential.KindAuthorize:
		return explainManagement(about, e)
	case e.Kind == credential.KindUnknown:
		return explainLostReply(about, what, again, r)
	case e.Kind == credential.KindLater:
		return []string{fmt.Sprintf("The server takes %s not before %s.", what, moment(e.Until)), works, capital(again) + " after that."}
	case e.Kind == credential.KindNotSent:
		return []string{fmt.Sprintf("The server was not reached for %s: %s", what, cause(e, "no connection.")), "Nothing was sent. " + works,
			fmt.Sprintf("Check the network and the endpoint, then %s.", again)}
	}
	return nil
}

// whatToCorrect follows from the error codes of RFC 7591 §3.2.2.
func whatToCorrect(e *credential.Error) string {
	switch e.Verdict.Code {
	case "invalid_redirect_uri":
		return "Correct redirect_uris to what the server allows, then apply again."
	case "invalid_software_statement":
		return "Give a software_statement that the server accepts, then apply again."
	case "unapproved_software_statement":
		return "Have the software approved at this server, or give a software_statement that is, then apply again."
	case "invalid_client_metadata":
		return "Correct the metadata, then apply again; what the server objects to stands in its own words, or in its documentation."
	}
	switch e.Verdict.Status {
	case 403:
		return "Ask the server's operator whether this may be registered, and what is needed for it."
	case 404, 405, 501:
		if e.Record.Client.ClientID != "" {
			return "The server takes no such call for a client that it has made. If this is no fault of it, that cannot be done from here; whoever runs the server can tell."
		}
		return "Check registration_endpoint, or issuer: no such call is taken there."
	}
	return "Correct what the server objects to, then apply again."
}

// explainManagement says what it means that the server does not take the registration access token.
func explainManagement(about subject, e *credential.Error) []string {
	id := e.Record.Client.ClientID
	if errors.Is(e, credential.ErrManagementLost) {
		return []string{
			fmt.Sprintf("A reply of the server about %s was lost, and since then it refuses the registration access token: that reply may have brought another one, which nobody has.", about),
			fmt.Sprintf("The client %s itself may well go on: token pairs use its client_id and client_secret as before, unless the lost reply has brought another secret too. It cannot be read, updated or deleted from here any more.", id),
			fmt.Sprintf("Nothing needs to be done as long as it works. To register another client in its place: set deregister_on_destroy = false, apply, then terraform apply -replace=ADDRESS; and have the client %s deleted at the server.", id),
		}
	}
	return []string{
		fmt.Sprintf("The server does not know the client %s of %s any more, or does not accept its registration access token: somebody has deleted it or reset its token there.", id, about),
		"If it was deleted, its client_id and client_secret do not work any more either. Nothing was changed here.",
		"If this is a fault of the server, run again later. Else register the client anew: terraform apply -replace=ADDRESS. It has another client_id, so the token pairs that use it are replaced too, and must be authorized again.",
	}
}

func explainLostReply(about subject, what, again string, r credential.Record) []string {
	switch {
	case about.destroying:
		return []string{capital(what) + " was sent, or may have been, and no usable reply came.", "Whether the client is deleted is not known. Nothing was removed here.",
			"Destroy again: a client that is gone by then is fine. To forget it here alone, set deregister_on_destroy = false, apply, and destroy then."}
	case r.Client.ClientID == "":
		return []string{capital(what) + " was sent, or may have been, and no usable reply came. The server may have made a client whose client_id nobody knows.",
			"Nothing else was used up.",
			"Apply again: it registers another client. If the server lists its clients, have the one deleted that was made just now and is not used."}
	}
	return []string{capital(what) + " was sent, or may have been, and no usable reply came.",
		fmt.Sprintf("The client %s goes on. If that reply has brought another client_secret or registration access token, those are lost.", r.Client.ClientID),
		fmt.Sprintf("%s: the same is sent once more.", capital(again))}
}

// warnManaging tells what a call about a registration still has to say.
func warnManaging(about subject, n credential.Notice, diags *diag.Diagnostics) {
	switch n.Code {
	case credential.NoticeUnchecked:
		summary := "Registration Not Checked"
		switch e := credential.AsError(n.Err); {
		case errors.Is(e, credential.ErrManagementLost):
			summary = "Management of the Registration Lost"
		case e.Kind == credential.KindAuthorize:
			summary = "Registration Refused by the Server"
		}
		diags.AddWarning(summary, engineDetail(about, n.Err))
	case credential.NoticeOrphan:
		diags.AddWarning("A Client May Have Been Left at the Server", fmt.Sprintf(
			"%s was asked for at %s, and the reply was lost. The server may have made a client then whose client_id nobody knows. This apply registers another one. "+
				"If the server lists its clients, have the one of that time deleted.", capital(about.String()), moment(n.Until)))
	case credential.NoticeSalvaged:
		diags.AddWarning("Broken Reply About a Registration", fmt.Sprintf("The reply of the server about %s was not well-formed. What could be read of it is kept; the next plan asks the server for the rest.", about))
	case credential.NoticeNotStored:
		where := "It is in this run's result only: let the run finish, and apply it."
		if !about.session.secretsInState {
			where = "It could be kept nowhere, and is lost when this run ends: the registration cannot be managed then, and its client_secret may be lost with it."
		}
		if n.Text != "" {
			where = fmt.Sprintf("It is kept in %s; the next run on this machine, by the same user, puts it into the store. Do not delete that file.", n.Text)
		}
		diags.AddWarning("Registration Not in the Token Store", fmt.Sprintf("The server has answered about an app registration, but the token store %s could not be written: %s\n\n%s", about.session.location, clause(n.Err), where))
	case credential.NoticeRescued:
		diags.AddWarning("Registration Recovered", fmt.Sprintf("A run that ended early had left what the server said of an app registration in %s. It is in the token store now. Nothing needs to be done.", n.Text))
	case credential.NoticeNoRescue:
		diags.AddWarning("No Rescue File", fmt.Sprintf("Before what the server says of a registration goes to the token store it is kept in a local file, in case that the store fails. That file could not be written: %s The call itself went well.", clause(n.Err)))
	case credential.NoticeGone:
		diags.AddWarning("Client Was Gone Already", fmt.Sprintf("%s was removed here. The server did not delete its client, because it does not know it, or not the registration access token: %s "+
			"If the client is still listed there, have it deleted.", capital(about.String()), clause(n.Err)))
	case credential.NoticeNotManaged:
		diags.AddWarning("Client Not Deleted at the Server", fmt.Sprintf("%s was removed here, but its client is still at the server: %s Have it deleted there; it works until then.", capital(about.String()), clause(n.Err)))
	}
}

// warnRegistered tells what a new registration is not.
func warnRegistered(about subject, reg credential.Registration, diags *diag.Diagnostics) {
	warnReplaced(about, reg.Dynamic, diags)
	if !reg.Dynamic.IsManageable() {
		diags.AddWarning("Registration Cannot Be Managed", fmt.Sprintf(
			"The server has registered %s as %s, and offers no management of the registration (RFC 7592). The client works. What is not possible from here: to see or make changes at the server, to get another client_secret, and to delete the client. "+
				"Changed metadata will need another client (terraform apply -replace=ADDRESS), and a person deletes the old one at the server.", about, reg.Client.ClientID))
	}
}

// warnReplaced tells of metadata that the server has replaced (RFC 7591 §3.2.1 allows that).
func warnReplaced(about subject, d *credential.Dynamic, diags *diag.Diagnostics) {
	for _, name := range d.Replaced() {
		now := d.Answered[name].Reveal()
		switch {
		case name == "software_statement": // servers need not repeat it
			continue
		case now == "":
			now = "nothing"
		}
		diags.AddAttributeWarning(attributeOf(name), "Metadata Replaced by the Server", fmt.Sprintf(
			"The server did not take %s of %s as it is configured, but registered %s. It is not shown as a change again; write that value into the configuration to agree with the server.", name, about, now))
	}
}

// attributeOf is where a member of the metadata is configured.
func attributeOf(name string) path.Path {
	for _, f := range metadataFields() {
		if f.name == name {
			return path.Root(name)
		}
	}
	return path.Root("extra_metadata")
}

func warnNotRotated(about subject, d *credential.Dynamic, diags *diag.Diagnostics) {
	until := ""
	if !d.SecretExpiresAt.IsZero() {
		until = fmt.Sprintf(" It ends at %s.", moment(d.SecretExpiresAt))
	}
	diags.AddWarning("Client Secret Not Rotated", fmt.Sprintf("The server was asked for another client_secret of %s by an update (RFC 7592 §2.2), and kept the one in use.%s "+
		"That is the server's to decide; ask its operator how secrets are renewed there, or register another client: terraform apply -replace=ADDRESS.", about, until))
}

// warnEndpointChanged tells that another registration_endpoint does not move a client.
func warnEndpointChanged(about subject, state appRegistrationModel, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root("registration_endpoint"), "Client Stays Where It Is Registered", fmt.Sprintf(
		"registration_endpoint is used when a client is registered. The client %s of %s was registered at %s, and stays there. If the new address is the same server's, nothing needs to be done. If it is another server's: terraform apply -replace=ADDRESS.",
		state.ClientID.ValueString(), about, state.RegistrationEndpoint.ValueString()))
}

func unknownClientID(diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("client_id"), "Client ID Not Known Yet",
		"The client of this resource was registered by it, and client_id, which names another one, is known only after apply. Replacing it now would delete the client at the server, so nothing is planned. "+
			"Apply first what client_id comes from (terraform apply -target=ADDRESS), or give this client another resource and another name.")
}

// warnEndlessRotation tells that no secret of the server lives as long as rotate_before.
func warnEndlessRotation(about subject, reg credential.Registration, before time.Duration, text string, diags *diag.Diagnostics) {
	began := reg.Record.AuthorizedAt
	if reg.Record.LastRotatedAt.After(began) {
		began = reg.Record.LastRotatedAt
	}
	lives := reg.Dynamic.SecretExpiresAt.Sub(began)
	if reg.Dynamic.SecretExpiresAt.IsZero() || began.IsZero() || before == 0 || lives > before || !reg.Dynamic.IsManageable() {
		return
	}
	diags.AddAttributeWarning(path.Root("rotate_before"), "Client Secret Rotated by Every Apply", fmt.Sprintf(
		"rotate_before is %s, and the client_secret that the server has given for %s lives %s from its beginning: every apply asks for another one. Set rotate_before to less than that.",
		text, about, lives.Round(time.Second)))
}

// warnSecretExpiry tells of the end of the client secret from 30 days before it on. rotates: the next apply asks for another.
func warnSecretExpiry(about subject, d *credential.Dynamic, now time.Time, rotates bool, diags *diag.Diagnostics) {
	at := d.SecretExpiresAt
	if at.IsZero() || at.Sub(now) >= warnClientSecret {
		return
	}
	next := "Set rotate_before, or change a value of rotate_when_changed, and apply: that asks the server for another one."
	switch {
	case rotates:
		next = "The next apply asks the server for another one, as rotate_before says."
	case !d.IsManageable():
		next = "The server offers no management of the registration, so another client is needed: terraform apply -replace=ADDRESS."
	}
	if !now.Before(at) {
		diags.AddAttributeWarning(path.Root("client_secret_expires_at"), "Client Secret Has Expired", fmt.Sprintf(
			"The client_secret of %s expired at %s. Nothing is sent with it: token pairs that need a refresh fail. %s", about, moment(at), next))
		return
	}
	diags.AddAttributeWarning(path.Root("client_secret_expires_at"), "Client Secret Expires Soon", fmt.Sprintf(
		"The client_secret of %s expires at %s; after that, token pairs that use it cannot be refreshed. %s", about, moment(at), next))
}

func warnDeregistered(about subject, diags *diag.Diagnostics) {
	diags.AddWarning("Client Was Deregistered", fmt.Sprintf("%s was destroyed by another run: the token store %s remembers that. Its client is not there any more. "+
		"Nothing was sent. Register it anew with terraform apply -replace=ADDRESS, or forget it with terraform state rm.", capital(about.String()), about.session.location))
}

func refuseUnmanaged(about subject, names []string, rotates bool, diags *diag.Diagnostics) {
	var at path.Path
	if rotates {
		names, at = append(names, "client_secret"), path.Root("rotate_when_changed")
	} else {
		at = attributeOf(names[0])
	}
	diags.AddAttributeError(at, "Registration Cannot Be Updated", fmt.Sprintf(
		"The server offers no management of %s (RFC 7592): it gave no registration access token or address with it. %s cannot be changed there.\n\nNothing was sent. The client is as it was and still works.\n\n%s",
		about, uniqueNames(names), howToReplace()))
}

func refuseRestore(about subject, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("name"), "Registration Lost With Its Token Store", fmt.Sprintf(
		"The token store %s does not hold %s, and with secrets_in_state = false the state keeps neither its client_secret nor its registration access token.\n\nNothing was sent. The client itself goes on at the server.\n\n"+
			"Set token_store or OAUTH_TOKEN_STORE to the store that it lives in, or put that store back from a backup. If it is lost: terraform apply -replace=ADDRESS registers another client, and a person deletes the old one at the server.",
		about.session.location, about))
}

// refuseLostDestroy keeps what only another store, or the state, knows how to delete at the server.
func refuseLostDestroy(about subject, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("name"), "App Registration Lives in Another Token Store", fmt.Sprintf(
		"Destroying %s deletes its client at the server, and the token store %s does not hold what is needed for that.\n\nNothing was sent or removed. The client still works.\n\n"+
			"Set token_store or OAUTH_TOKEN_STORE to the store that it lives in, and destroy again. If that store is lost, apply first: that puts the registration into this store from the state. "+
			"To forget it here alone: terraform state rm; a person deletes the client at the server then.", about, about.session.location))
}

// elsewhere stops a run against a store other than the state's, which holds an old copy of the registration.
func elsewhere(about subject) string {
	return fmt.Sprintf("The state of %s belongs to another token store than %s, which holds a copy of it. That copy may be an old one, whose registration access token is used up.\n\nNothing was sent or changed.\n\n"+
		"Set token_store or OAUTH_TOKEN_STORE to the store that it lives in. If it is to live here: terraform state rm, then terraform import.", about, about.session.location)
}

// explainExpired says that a pair cannot use the secret of its registration any more.
func explainExpired(about subject, e *credential.SecretExpiredError) []string {
	return []string{
		fmt.Sprintf("%s needs the client_secret of the app registration %q, which expired at %s.", capital(about.String()), e.Registration, moment(e.At)),
		"Nothing was sent. The stored credential was not used up.",
		"Have the registration get another secret: change a value of its rotate_when_changed, or set rotate_before, and apply it; then run again.",
	}
}
