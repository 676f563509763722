package login

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// Reason says why nobody has authorized.
type Reason string

// The reasons. None of them costs anything: what was offered stays good, unless the server says otherwise.
const (
	ReasonNoLoopback     Reason = "no_loopback"     // the answer goes to an address that this program does not serve
	ReasonPort           Reason = "port"            // it would, and cannot listen there
	ReasonTime           Reason = "time"            // the person did not come
	ReasonStopped        Reason = "stopped"         // the program was asked to end
	ReasonExpired        Reason = "expired"         // the device code, or the pushed request, is over
	ReasonLost           Reason = "lost"            // likewise, and an answer to a poll was lost before
	ReasonTries          Reason = "tries"           // nothing usable was pasted
	ReasonNoInput        Reason = "no_input"        // nothing can be read
	ReasonNoPerson       Reason = "no_person"       // the client gets its tokens by itself
	ReasonNothingOffered Reason = "nothing_offered" // the record does not say what to ask for
)

// Error is why nobody has authorized.
type Error struct {
	Reason  Reason
	Name    string
	Address string // of the listener, or the redirect URI
	Wait    time.Duration
	Device  bool  // a device code was offered, not a URL
	Err     error // the cause, if there was one
}

// Error tells the reason and the cause.
func (e *Error) Error() string {
	text := "not authorized (" + string(e.Reason) + ")"
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Parts are what to tell a person: what was tried, what is left, what to do.
func (e *Error) Parts() []string {
	pair := fmt.Sprintf("token pair %q", e.Name)
	offered, stays := "URL", "The URL stays good"
	if e.Device {
		offered, stays = "device code", "The device code stays good for as long as the server has said"
	}
	const unchanged = "Nothing was sent. What the store holds is unchanged."
	switch e.Reason {
	case ReasonNoLoopback:
		return []string{
			fmt.Sprintf("The answer for %s would go to %s, and nothing here can receive it: that takes http:// to 127.0.0.1, [::1] or localhost.", pair, e.Address), unchanged,
			"Register a redirect URI such as http://127.0.0.1:8912/callback with the app and set it as redirect_uri; or use device_code; " +
				"or run terraform-provider-oauth authorize, which lets you paste the address that the browser ends up at; " +
				"or apply an oauth_token_pair twice, the second time with that address as authorization_code.callback_url.",
		}
	case ReasonPort:
		return []string{
			fmt.Sprintf("The answer for %s would come to %s, and nothing can listen there: %v.", pair, e.Address, e.Err), unchanged,
			"Another run may be waiting there for the same answer: use that one, or end it. If another program has the port, end that, or register a redirect URI with another port. " +
				"Where the server takes any port of a loopback address (RFC 8252 §7.3), write the redirect URI without one.",
		}
	case ReasonTime:
		return []string{
			fmt.Sprintf("Nobody has authorized %s within %s.", pair, credential.ShortDuration(e.Wait)),
			stays + ", and nothing is lost.", "Run it again: it shows the same " + offered + ", if that is still good, and waits again.",
		}
	case ReasonStopped:
		return []string{
			fmt.Sprintf("The run was stopped while it waited for a person to authorize %s.", pair),
			stays + ", and nothing is lost.", "Run it again: it shows the same " + offered + ", if that is still good, and waits again.",
		}
	case ReasonExpired:
		return []string{
			fmt.Sprintf("The server has ended what it offered for %s before anybody had authorized it.", pair), "What the store holds is unchanged otherwise.",
			"Run it again: that gets a new " + offered + ".",
		}
	case ReasonLost:
		return []string{
			fmt.Sprintf("A reply to a request for the tokens of %s never came, and now the server does not take its device code any more. If the person had confirmed it, the tokens were in that reply, and nobody has them.", pair),
			"What the store holds is unchanged otherwise. The code is not sent again.", "Run it again: that gets a new device code, for the person to confirm.",
		}
	case ReasonTries:
		return []string{fmt.Sprintf("None of the addresses that were pasted answers the request for %s.", pair), stays + ". Nothing was sent.", "Run it again, open the URL, and paste the whole address that the browser ends up at."}
	case ReasonNoInput:
		return []string{
			fmt.Sprintf("The answer for %s goes to %s, and the address that the browser ends up at could not be read from standard input: %v.", pair, e.Address, e.Err),
			stays + ". Nothing was sent.", "Run it in a terminal, or hand the address in on standard input.",
		}
	case ReasonNoPerson:
		return []string{
			fmt.Sprintf("The client of %s gets its tokens by itself: there is nothing that a person could authorize.", pair), unchanged,
			"Use the token pair as it is, or choose another name.",
		}
	}
	return []string{
		fmt.Sprintf("The token store does not say what a person is to be asked for %s: no authorization URL that can be opened now, and no device code, was offered.", pair), unchanged,
		"Say it with authorization_code or device_code, or apply the oauth_token_pair, which offers one.",
	}
}

func (a *attempt) fail(why Reason) *Error { return &Error{Reason: why, Name: a.Name, Wait: a.Wait} }

func (a *attempt) noLoopback(uri string) *Error {
	e := a.fail(ReasonNoLoopback)
	e.Address = uri
	return e
}

// ended says why a bounded context has ended.
func (a *attempt) ended(bound context.Context) *Error {
	if errors.As(context.Cause(bound), &timeUp{}) {
		return a.fail(ReasonTime)
	}
	return a.fail(ReasonStopped)
}
