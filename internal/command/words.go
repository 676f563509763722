package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// words puts what the engine says of a credential into words.
type words struct {
	name     string
	location string
}

// credential is what w speaks of.
func (w words) credential() string { return "credential " + w.name }

// needsPerson tells whether there will be no token before somebody has done something.
func needsPerson(err error) bool {
	if of := (*credential.SubjectError)(nil); errors.As(err, &of) {
		return errors.Is(of.Err, credential.ErrCircle) || needsPerson(of.Err)
	}
	switch e := credential.AsError(err); e.Kind {
	case credential.KindAuthorize, credential.KindBadClient, credential.KindConfiguration, credential.KindNotFound, credential.KindMoved:
		return true
	case credential.KindUnknown:
		return e.Reason == credential.ReasonUnknownFinal
	case credential.KindStrategy:
		return e.Reason == credential.ReasonNever
	case credential.KindStore:
		return recordOnly(e)
	default:
		return false
	}
}

// recordOnly tells whether the store works, and it is the record that cannot be used as it is.
func recordOnly(e *credential.Error) bool {
	for _, is := range []error{
		seal.ErrNoKey, seal.ErrWrongPlace, seal.ErrMalformed, store.ErrMalformed, seal.ErrNewerVersion, credential.ErrNewerRecord,
	} {
		if errors.Is(e, is) {
			return true
		}
	}
	return false
}

// failure says what was tried, whether the credential still works, what to do, and what the server said: a line each.
func (w words) failure(err error) []string {
	if e := (*credential.Error)(nil); !errors.As(err, &e) && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return []string{"stopped before there was a token. Nothing that was sent is lost: what came back is stored. Run it again."}
	}
	e := credential.AsError(err)
	lines := w.explain(e)
	if said := e.Verdict.Words(); e.Verdict.Class != "" && said != "" {
		lines = append(lines, "The server's own words: "+said)
	}
	return lines
}

const (
	unused  = "The stored credential was not used up, and still works."
	nothing = "Nothing was sent."
	damaged = "A record that is damaged must be put right by a person, or the access be authorized anew under another name."
)

func (w words) explain(e *credential.Error) []string {
	why := "no reason is known"
	if e.Err != nil {
		why = e.Err.Error()
	}
	switch e.Kind {
	case credential.KindStore:
		return w.store(e, why)
	case credential.KindSubject:
		return w.subject(e)
	case credential.KindNotFound:
		return []string{fmt.Sprintf("the token store %s holds no %s.", w.location, w.credential()), nothing,
			"terraform-provider-oauth status lists what it holds. Give the store that Terraform uses by --store or OAUTH_TOKEN_STORE."}
	case credential.KindMoved:
		return []string{fmt.Sprintf("%s was moved to %s.", w.credential(), e.Record.MovedTo.Location), nothing + " It still works there.", "Give that store by --store or OAUTH_TOKEN_STORE."}
	case credential.KindMoving:
		return []string{fmt.Sprintf("%s is between two token stores: a move was begun and not finished.", w.credential()), nothing + " The credential is good.",
			"Run that terraform-provider-oauth move again: it goes on where it was interrupted."}
	case credential.KindAuthorize:
		return w.authorize(e)
	case credential.KindUnknown:
		return w.unknown(e)
	case credential.KindNotSent:
		return []string{fmt.Sprintf("the authorization server was not reached for %s: %s.", w.credential(), why), nothing + " " + unused, "Check the network, then run it again."}
	case credential.KindBadClient:
		return []string{fmt.Sprintf("the authorization server does not accept the client of %s.", w.credential()), unused,
			"Check the client_id and the secret or key of the client in its configuration, and apply it."}
	case credential.KindConfiguration:
		return []string{fmt.Sprintf("%s cannot be refreshed as it is configured: %s.", w.credential(), why), unused, "Correct its configuration, and apply it."}
	case credential.KindLater:
		return []string{fmt.Sprintf("%s cannot be refreshed before %s: %s.", w.credential(), stamp(e.Until), e.Reason.Words()), unused, "Run it again after that time."}
	case credential.KindStrategy:
		what := fmt.Sprintf("the access token of %s has expired, or there is none, and its configuration lets nobody refresh it here: %s.", w.credential(), e.Reason.Words())
		if e.Reason == credential.ReasonNever {
			return []string{what, unused, "Choose another refresh.strategy, or bring another access token, in its configuration, and apply it."}
		}
		return []string{what, unused, "Apply its configuration, or choose another refresh.strategy there."}
	case credential.KindRefused:
		return []string{fmt.Sprintf("the API does not take the access token of %s, although it has just been refreshed.", w.credential()), "The credential is good.",
			"Check that refresh.probe.url in its configuration belongs to this platform and account."}
	case credential.KindShuttingDown:
		return []string{"stopped before anything was sent.", unused, "Run it again."}
	default:
		return []string{fmt.Sprintf("there is no token of %s: %s.", w.credential(), e.Error())}
	}
}

func (w words) store(e *credential.Error, why string) []string {
	const unchanged = "Nothing was sent. What the store holds is unchanged, and was not used up."
	if recordOnly(e) {
		next := "Give the key that sealed it."
		switch {
		case errors.Is(e, seal.ErrWrongPlace):
			next = "It was copied from another name or another store. Put it back, or move the whole store."
		case errors.Is(e, seal.ErrMalformed), errors.Is(e, store.ErrMalformed):
			next = damaged
		case errors.Is(e, seal.ErrNewerVersion), errors.Is(e, credential.ErrNewerRecord):
			next = "The credential is intact. Use a newer version of terraform-provider-oauth."
		}
		return []string{fmt.Sprintf("%s cannot be opened: %s.", w.credential(), why), unchanged, next}
	}
	return []string{fmt.Sprintf("the token store %s could not be used for %s: %s.", w.location, w.credential(), why), unchanged,
		"Make the store reachable and writable for this user, then run it again."}
}

// subject speaks of the pair whose access token is to be exchanged.
func (w words) subject(e *credential.Error) []string {
	of := (*credential.SubjectError)(nil)
	if !errors.As(e, &of) {
		return []string{fmt.Sprintf("there is no token of %s: %s.", w.credential(), e.Error())}
	}
	if errors.Is(of.Err, credential.ErrCircle) {
		return []string{fmt.Sprintf("%s gets its token in exchange for that of credential %s, and cannot: %s.", w.credential(), of.Name, of.Err), nothing, "Correct its configuration, and apply it."}
	}
	first := fmt.Sprintf("%s gets its token in exchange for that of credential %s, which gives none.", w.credential(), of.Name)
	return append([]string{first}, words{name: of.Name, location: w.location}.failure(of.Err)...)
}

func (w words) authorize(e *credential.Error) []string {
	r := e.Record
	if r.Mints() && !r.IsTombstone() {
		what := fmt.Sprintf("the authorization server refuses what the grant of %s sends.", w.credential())
		if e.Reason == credential.ReasonRevoked {
			what = fmt.Sprintf("%s was revoked.", w.credential())
		}
		return []string{what, "Nobody has to authorize; it is not tried again here, since repeated refusals may lock an account.", "Correct the client or the grant in its configuration, if they are wrong, and apply it."}
	}
	what, left := fmt.Sprintf("%s no longer works: the authorization server has refused it.", w.credential()), "Nothing else was used up."
	switch {
	case r.IsTombstone():
		what = fmt.Sprintf("%s was destroyed.", w.credential())
	case e.Reason == credential.ReasonRevoked:
		what, left = fmt.Sprintf("%s was revoked.", w.credential()), "Its tokens do not work any more."
	case e.Reason == credential.ReasonNoRefreshToken:
		what = fmt.Sprintf("the access token of %s has expired, and there is no refresh token.", w.credential())
	case r.Generation == 0 && e.Verdict.Class == "":
		what, left = fmt.Sprintf("nobody has authorized %s yet.", w.credential()), "Nothing is wrong; there is no token until a person has done that."
	}
	return []string{what, left, fmt.Sprintf("A person must authorize: run terraform-provider-oauth authorize --name %s, or apply its configuration.", w.name)}
}

func (w words) unknown(e *credential.Error) []string {
	what := fmt.Sprintf("a refresh of %s was sent, or may have been, and its reply never came: the refresh token may be spent.", w.credential())
	switch {
	case e.Reason == credential.ReasonOwnerAlive:
		return []string{fmt.Sprintf("a process on this machine has begun to refresh %s, and stands still.", w.credential()), "It may have the new refresh token in hand, so nothing was sent.",
			"Let that process go on (kill -CONT), then run it again."}
	case e.Record.Mints():
		return []string{fmt.Sprintf("the client of %s asked for a token, and no usable reply came.", w.credential()), "Nothing was used up: it can ask again.", "Run it again."}
	case e.Reason == credential.ReasonUnknownFinal:
		return []string{what, "It is not sent again, since a second use may end every token of this authorization.", "A person must authorize again."}
	case !e.Until.IsZero():
		return []string{what, fmt.Sprintf("It may be sent once more from %s on.", stamp(e.Until)), "Run it again after that time. If it is urgent, a person must authorize again."}
	}
	return []string{what, "What comes next depends on the server; the next run decides.", "Run it again."}
}

// last says that there is an access token for now, and none after it.
func (w words) last() string {
	return fmt.Sprintf("%s no longer works: the authorization server has refused to refresh it. This access token still works, and is the last one: a person must authorize again. "+
		"Run terraform-provider-oauth authorize --name %s, or apply its configuration.", w.credential(), w.name)
}

// failed says why a refresh has brought nothing, where the access token still works.
func (w words) failed(n credential.Notice, name string) string {
	why, e := "", (*credential.Error)(nil)
	if n.Err != nil {
		why = ": " + reason(n.Err)
	}
	if errors.As(n.Err, &e) && e.Verdict.Class != "" && e.Verdict.Words() != "" {
		why = ": the server says " + e.Verdict.Words()
	}
	text := fmt.Sprintf("%s could not be refreshed%s. The access token still works", name, why)
	if e != nil && e.Kind == credential.KindAuthorize && !e.Record.Mints() {
		return text + fmt.Sprintf(", and is the last one: a person must authorize again. Run terraform-provider-oauth authorize --name %s, or apply its configuration.", cmp.Or(n.Of, w.name))
	}
	return text + "."
}

// notice says what a success has to tell; nothing for what concerns nobody at a shell.
func (w words) notice(n credential.Notice) string {
	name := "credential " + cmp.Or(n.Of, w.name)
	why := ""
	if n.Err != nil {
		why = ": " + n.Err.Error()
	}
	switch n.Code {
	case credential.NoticePutOff:
		until := ""
		if !n.Until.IsZero() {
			until = " before " + stamp(n.Until)
		}
		return fmt.Sprintf("a refresh of %s is due, and is not done%s: %s. The access token still works.", name, until, n.Reason.Words())
	case credential.NoticeFailed:
		return w.failed(n, name)
	case credential.NoticeNotStored:
		where := "It is kept nowhere else, and is lost now: a person must authorize again when the access token ends."
		switch {
		case n.Minted:
			return ""
		case n.Text != "":
			where = fmt.Sprintf("It is kept in %s, from where the next run on this machine, by the same user, puts it into the store. Do not delete that file.", n.Text)
		}
		return fmt.Sprintf("%s was refreshed, but the token store %s could not be written%s. %s", name, w.location, why, where)
	case credential.NoticeRescued:
		return fmt.Sprintf("a refresh token that an earlier run had left in %s is in the token store now.", n.Text)
	case credential.NoticeNoRescue:
		return fmt.Sprintf("no rescue file could be written%s. The refresh itself went well.", why)
	case credential.NoticeSalvaged:
		return fmt.Sprintf("the reply to the refresh of %s was broken; its refresh token could be read and is kept.", name)
	case credential.NoticeUnprobed:
		return fmt.Sprintf("the API of %s did not say whether the access token works%s.", name, why)
	case credential.NoticeNotLookedUp:
		return fmt.Sprintf("a part of the connection details of %s could not be looked up%s. The token works all the same.", name, why)
	case credential.NoticeInputRefused:
		return fmt.Sprintf("the server refused the tokens that the configuration of %s brings; the ones in use before are in use again.", name)
	}
	return ""
}
