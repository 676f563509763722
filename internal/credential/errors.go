package credential

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// Kind classifies an Error by what its reader can do.
type Kind string

// The kinds. The comment says what is known of the stored credential.
const (
	KindStore         Kind = "store"          // nothing was spent; the store could not be read or written
	KindConfiguration Kind = "configuration"  // nothing was spent; client or endpoint is wrong
	KindBadClient     Kind = "bad_client"     // the credential is good; client id or secret is wrong
	KindNotSent       Kind = "not_sent"       // the credential is good; the server was not reached
	KindLater         Kind = "later"          // the credential is good; nothing may be sent before Until
	KindStrategy      Kind = "strategy"       // the credential is good; the strategy forbids to refresh here
	KindAuthorize     Kind = "authorize"      // the credential is dead or was never made; a person must authorize
	KindUnknown       Kind = "unknown"        // a request was sent and its reply never came
	KindNotFound      Kind = "not_found"      // the store holds no such credential
	KindConsumed      Kind = "consumed"       // the input was used before and is not sent again
	KindAttached      Kind = "attached"       // another resource manages the name
	KindState         Kind = "state"          // the state (RFC 6749 §10.12) or issuer of a callback is not ours
	KindDenied        Kind = "denied"         // the authorization server answered the person's visit with an error
	KindShuttingDown  Kind = "shutting_down"  // the process is ending; nothing was spent
	KindForeignFamily Kind = "foreign_family" // the record belongs to a later authorization
	KindRefused       Kind = "refused"        // the credential is good; the API does not take its fresh access token
	KindMoving        Kind = "moving"         // the credential is good; a move to or from another store is not finished
	KindSubject       Kind = "subject"        // nothing was sent; the pair that its tokens are derived from gives none
	KindMoved         Kind = "moved"          // the credential is good; it is in another store: Record.MovedTo
)

// Error is what the engine returns when it has no good token to give.
type Error struct {
	Kind    Kind
	Reason  Reason
	Record  Record        // as last read; zero if it could not be read
	Until   time.Time     // when it is worth trying again; zero: not by waiting
	Verdict oauth.Verdict // the server's answer, if there was one
	Err     error         // the cause, if there was one
}

// Error tells kind, cause and the server's own words. It holds no secret.
func (e *Error) Error() string {
	text := string(e.Kind)
	if e.Reason != ReasonNone {
		text += " (" + string(e.Reason) + ")"
	}
	if words := e.Verdict.Words(); e.Verdict.Class != "" && words != "" {
		text += ": " + words
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// AsError returns err as an *Error; anything else becomes one of KindStore.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: KindStore, Err: err}
}

// IsKind tells whether err is an Error of that kind.
func IsKind(err error, k Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == k
}

// Causes that tests and the provider tell apart.
var (
	// ErrLate says that the process was held up between claim and call; an old token must not be sent late.
	ErrLate = errors.New("the request was not sent: too much time had passed since the claim")
	// ErrShuttingDown says that the process was asked to end before anything was spent.
	ErrShuttingDown = errors.New("the provider is shutting down")
)

// NoticeCode says what a successful result still has to tell.
type NoticeCode string

// The notices.
const (
	NoticePutOff     NoticeCode = "put_off"     // a refresh was due and was not done; Reason and Until say why
	NoticeFailed     NoticeCode = "failed"      // a refresh failed, the current token still works; Err says why
	NoticeNotStored  NoticeCode = "not_stored"  // the successor is in hand but not in the store; Err says why
	NoticeRescued    NoticeCode = "rescued"     // a successor was found in a rescue file and stored
	NoticeNoRescue   NoticeCode = "no_rescue"   // no rescue file can be written
	NoticeSalvaged   NoticeCode = "salvaged"    // the reply was broken; its refresh token could be read
	NoticeNotRevoked NoticeCode = "not_revoked" // the token could not be revoked; Err says why
	// NoticeAccessLeft: the refresh token was revoked, or could not be; the access token was not, and works until Until at most;
	// Err says why.
	NoticeAccessLeft NoticeCode = "access_left"
	// NoticeInputRefused: the server refused the tokens that the configuration brought, in the words of Text; the ones in
	// use before are in use again.
	NoticeInputRefused NoticeCode = "input_refused"
	// NoticeNotLookedUp: the part Text of the connection could not be looked up, and is not asked for before Until; Err says
	// why. Empty: it could not be stored.
	NoticeNotLookedUp NoticeCode = "not_looked_up"
	// NoticeUnprobed: the API did not say whether the access token works, or was not asked until Until; Reason and Err say why.
	NoticeUnprobed NoticeCode = "unprobed"
	// NoticeUnchecked: what the server knows of a registered client could not be asked; Err says why.
	NoticeUnchecked NoticeCode = "unchecked"
	// NoticeOrphan: the reply to an earlier registration was lost, and may have brought a client that nobody knows. It was
	// asked for at Until.
	NoticeOrphan NoticeCode = "orphan"
	// NoticeNotManaged: the server offers no management of the registration, or has refused it; Err says which.
	NoticeNotManaged NoticeCode = "not_managed"
	// NoticeGone: the server does not know the registration that was to be deleted, or its token; Err has its words.
	NoticeGone NoticeCode = "gone"
)

// Notice is something to tell beside a success.
type Notice struct {
	Code   NoticeCode
	Reason Reason
	Until  time.Time
	Err    error
	Text   string // what else helps a person: a file's path, the server's words
	Minted bool   // it is about a token that the client got for itself
	Of     string // the token pair that it is about; empty: the one that was asked for

	Managing bool // it is about an app registration
}

// answerError is the error for an answer that is no success, to a request that neither a token nor a code hangs on. r is what it speaks
// of.
func answerError(v oauth.Verdict, r Record, now time.Time) *Error {
	e := &Error{Kind: KindConfiguration, Record: r, Verdict: v, Err: v.Err}
	switch v.Class {
	case oauth.NotSent:
		e.Kind = KindNotSent
	case oauth.TooEarly, oauth.RateLimited:
		e.Kind, e.Reason, e.Until = KindLater, ReasonNotBefore, notBefore(v, now)
	case oauth.BadClient:
		e.Kind = KindBadClient
	case oauth.OutcomeUnknown:
		e.Kind = KindUnknown
	}
	return e
}

func storeError(what string, err error) *Error {
	return &Error{Kind: KindStore, Err: fmt.Errorf("%s: %w", what, err)}
}
