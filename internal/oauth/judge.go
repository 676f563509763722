package oauth

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Judge is Dialect.Judge for plain OAuth.
func Judge(r Reply, hidden ...secret.String) Verdict { return Dialect{}.Judge(r, hidden...) }

// JudgeRevocation says what r means as the answer to a RevokeForm. Any 2xx is Success, whatever the body says (RFC 7009
// §2.2: all is in the status). So is a 400 with the code invalid_token: some servers answer so for a token that is dead
// already, and then nothing is left to revoke. For the rest and for hidden see Judge.
func JudgeRevocation(r Reply, hidden ...secret.String) Verdict {
	if v, ok := unanswered(r); ok {
		return v
	}
	c := Dialect{}.content(r)
	if isSuccess(r.Status) || r.Status == 400 && c.refusal.code == "invalid_token" {
		return Verdict{Class: Success, Status: r.Status}
	}
	return Dialect{}.refused(r, c, hidden)
}

// unanswered is the verdict on a reply that is none to the request: nothing of it is kept. ok is false if r is one.
func unanswered(r Reply) (v Verdict, ok bool) {
	switch refused := (errHandshake{}); {
	case r.Status == 0 && errors.As(r.Err, &refused):
		return Verdict{Class: BadClient, AuthMethod: r.method, Err: r.Err}, true
	case !r.Sent:
		return Verdict{Class: NotSent, Err: r.Err}, true
	}
	return Verdict{}, false
}

// minClockOff is how far two clocks must be apart to matter for an assertion.
const minClockOff = 20 * time.Second

// clockOff is how far the clock here is ahead of the server's, if that may be why an assertion or a proof was refused; 0: it is not.
func (r Reply) clockOff() time.Duration {
	date, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil || r.assertion.IsEmpty() && !r.proved || r.at.IsZero() {
		return 0
	}
	off := r.at.Sub(date).Round(time.Second)
	if off.Abs() < minClockOff {
		return 0
	}
	return off
}

func (d Dialect) refused(r Reply, c content, hidden []secret.String) Verdict {
	hide := newHider(append(slices.Clone(hidden), r.assertion, c.token.AccessToken, c.token.RefreshToken, c.token.IDToken))
	code := c.refusal.code
	if c.hasToken || isSuccess(r.Status) && !c.whole {
		code = "" // a refusal that gives a token, or may have gone on to give one, is none
	}
	class, wait := classify(r.Status, code), retryAfter(r.Header)
	var ruled time.Duration
	switch rule := d.rule(r, c); {
	case c.hasToken:
		class = OutcomeUnknown
	case isSuccess(r.Status) && !c.whole:
	case rule != nil:
		class, ruled = rule.Class, rule.Wait
	}
	if class == RateLimited {
		wait = cmp.Or(wait, d.wait(r.Header))
	}
	wait = cmp.Or(wait, ruled)
	var off time.Duration
	if class == BadClient || code == "invalid_dpop_proof" {
		off = r.clockOff()
	}
	method := ""
	if class == BadClient {
		method = r.method
	}
	return Verdict{
		AuthMethod:  method,
		ClockOff:    off,
		Class:       class,
		Status:      r.Status,
		Code:        hide.words(c.refusal.code, maxCode),
		Description: hide.words(c.refusal.description, maxDescription),
		ErrorURI:    webAddress(hide.words(c.refusal.uri, math.MaxInt)),
		RetryAfter:  wait,
		Err:         r.Err,
	}
}

// content is what the body of a reply says.
type content struct {
	body     object
	token    Token
	hasToken bool
	refusal  refusal
	whole    bool
	torn     bool // a token may have stood in what could not be read
}

// refusal is an error reply (RFC 6749 §5.2), not yet fit to be shown.
type refusal struct{ code, description, uri string }

// readRefusal also takes the error objects of some APIs, {"error":{"code":"…","message":"…"}}.
func readRefusal(o object) refusal {
	e := refusal{o.text("error"), o.text("error_description"), o.text("error_uri")}
	nested := o.members["error"]
	if nested.isString || !strings.HasPrefix(nested.text, "{") {
		return e
	}
	var inner object
	inner.members = map[string]member{}
	inner.readJSON(nested.text)
	if e.code = inner.text("code"); e.code == "" {
		e.code = inner.text("type")
	}
	if e.description == "" {
		e.description = inner.text("message")
	}
	return e
}
