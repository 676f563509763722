package oauth

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Dialect is how a server departs from RFC 6749 in what it answers. The zero value is plain OAuth.
type Dialect struct {
	TokenPath      string // the member of the reply whose object holds the tokens where the top level has none; empty: none
	ScopeSeparator string // between the scopes of a reply; empty: white space
	Rules          []Rule // the first one that fits an answer without a token decides its class
	Resets         []ResetHeader
	Expiries       []Expiry // of refresh tokens, besides refresh_expires_in and refresh_token_expires_in
}

// Expiry is a member of a reply that says for how many seconds a refresh token lives from now on.
type Expiry struct {
	Member   string `json:"member"`
	Absolute bool   `json:"absolute,omitempty"` // in all, its successors too; else unless it is used
}

// ResetHeader says when a limit ends, on servers that do not use Retry-After for it.
type ResetHeader struct {
	Name string
	Unit ResetUnit
}

// ResetUnit is how a ResetHeader says it.
type ResetUnit string

// The units.
const (
	ResetSeconds      ResetUnit = "seconds" // from now on
	ResetEpochSeconds ResetUnit = "epoch_seconds"
	ResetEpochMillis  ResetUnit = "epoch_milliseconds"
	ResetTime         ResetUnit = "rfc3339"
)

// wait is how long the limits in header last that are given: the shortest, at most 24 hours, for which of them was met is
// not said. A point in time counts from the server's own Date, since the clocks may differ.
func (d Dialect) wait(header http.Header) time.Duration {
	var shortest time.Duration
	now, dateErr := http.ParseTime(header.Get("Date"))
	for _, h := range d.Resets {
		text := strings.TrimSpace(header.Get(h.Name))
		n, err := strconv.ParseInt(text, 10, 64)
		at, timeErr := time.Parse(time.RFC3339, text)
		var left time.Duration
		switch {
		case h.Unit == ResetSeconds && err == nil && n > 0 && n <= int64(maxRetryAfter/time.Second):
			left = time.Duration(n) * time.Second
		case dateErr != nil:
			continue
		case h.Unit == ResetEpochSeconds && err == nil:
			left = time.Unix(n, 0).Sub(now)
		case h.Unit == ResetEpochMillis && err == nil:
			left = time.UnixMilli(n).Sub(now)
		case h.Unit == ResetTime && timeErr == nil:
			left = at.Sub(now)
		}
		if left = min(left, maxRetryAfter); left > 0 && (shortest == 0 || left < shortest) {
			shortest = left
		}
	}
	return shortest
}

// Rule judges an answer that brought no token. What it leaves out may be anything.
type Rule struct {
	Status      []int
	Member      string         // that says the code; empty: error
	Code        string         // what it says
	Description *regexp.Regexp // is found in error_description
	Header      string         // the name of a header
	HeaderValue *regexp.Regexp // is found in it; nil: it is there
	Class       Class
	Wait        time.Duration // of TooEarly and RateLimited, where the server names no time
}

// fits tells whether the rule is for this answer. A server that broke down (5xx) has refused nothing, whatever its words
// are, unless the rule names that very status.
func (r Rule) fits(status int, header http.Header, said content) bool {
	named, code, value := slices.Contains(r.Status, status), said.refusal.code, header.Get(r.Header)
	if r.Member != "" {
		code = said.body.text(r.Member)
	}
	switch {
	case len(r.Status) > 0 && !named, status >= 500 && !named:
		return false
	case r.Code != "" && r.Code != code:
		return false
	case r.Description != nil && !r.Description.MatchString(said.refusal.description):
		return false
	case r.Header != "" && (value == "" || r.HeaderValue != nil && !r.HeaderValue.MatchString(value)):
		return false
	}
	return true
}

// rule returns the first one that fits; nil if none does.
func (d Dialect) rule(r Reply, said content) *Rule {
	i := slices.IndexFunc(d.Rules, func(rule Rule) bool { return rule.fits(r.Status, r.Header, said) })
	if i < 0 {
		return nil
	}
	return &d.Rules[i]
}

// content reads the body of a reply in this dialect.
func (d Dialect) content(r Reply) content {
	o := readObject(r)
	c := content{body: o, refusal: readRefusal(o), whole: o.whole}
	c.token, c.hasToken = d.readToken(o)
	if inner, ok := o.inner(d.TokenPath); ok && !c.hasToken {
		c.token, c.hasToken = d.readToken(inner)
	}
	c.torn = !o.whole && (r.Err != nil || slices.Contains(o.notes, noteDamaged)) || c.token.SuccessorLost
	return c
}

// inner returns the object in the member name.
func (o object) inner(name string) (object, bool) {
	m := o.members[name]
	if name == "" || m.isString || !strings.HasPrefix(m.text, "{") {
		return object{}, false
	}
	in := object{members: map[string]member{}}
	in.readJSON(m.text)
	in.whole = in.whole && o.whole
	in.notes = slices.Concat(o.notes, in.notes)
	return in, true
}

// Judge says what r means as the answer to a token request. It is pure. hidden are the secrets of the request (token,
// code, verifier, client secret): servers quote them in descriptions, plain or encoded.
//
// A 2xx with a token is Success, whatever else is odd about it, and so is any status with a whole pair. The one exception
// is a damaged body that shows an access token only: there may have been a successor. Else a rule of the dialect decides,
// else an error code, under 4xx and 2xx alike; else the status. What shows a token otherwise is never a refusal.
//
// A refusal that a rule calls TooEarly is Success if it brings another refresh token: Token.Wait says so. Torn, it may have
// brought one, and what was sent may be spent.
func (d Dialect) Judge(r Reply, hidden ...secret.String) Verdict {
	if v, ok := unanswered(r); ok {
		return v
	}
	c := d.content(r)
	echoed := slices.ContainsFunc(hidden, func(s secret.String) bool { return !s.IsEmpty() && s.Equal(c.token.RefreshToken) })
	lostSuccessor := c.token.Salvaged && (c.token.RefreshToken.IsEmpty() || echoed)
	// A proxy may have changed the status of a reply that gives a whole pair. A page that quotes the request gives none.
	whatever := c.whole && !echoed && !c.token.AccessToken.IsEmpty() && !c.token.RefreshToken.IsEmpty()
	if (isSuccess(r.Status) || whatever) && c.hasToken && !lostSuccessor {
		return Verdict{Class: Success, Token: c.token, Status: r.Status}
	}
	// "Too early" keeps the tokens at hand, unless another refresh token comes with it: then that is the one to keep.
	if rule := d.rule(r, c); rule != nil && rule.Class == TooEarly && !c.token.RefreshToken.IsEmpty() {
		switch {
		case !echoed:
			c.token.Wait = cmp.Or(retryAfter(r.Header), rule.Wait, time.Minute)
			return Verdict{Class: Success, Token: c.token, Status: r.Status}
		case c.whole && c.token.AccessToken.IsEmpty():
			c.hasToken = false // the one at hand, said again
		}
	}
	v := d.refused(r, c, hidden)
	if v.Class == TooEarly && c.torn {
		v.Class = OutcomeUnknown
	}
	return v
}

// JudgeKept is Judge for a reply that brought a token when it was judged, perhaps in another dialect: who finds it need only read it.
func (d Dialect) JudgeKept(r Reply) Verdict {
	v := d.Judge(r)
	if c := d.content(r); v.Class != Success && r.Sent && c.hasToken {
		return Verdict{Class: Success, Token: c.token, Status: r.Status}
	}
	return v
}
