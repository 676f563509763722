package command

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
)

// Notes that the guide shows.
const (
	noteUnused     = "the refresh token dies unless a run uses it before the deadline, and none has lately"
	noteAuthorize  = "; run terraform-provider-oauth authorize --name %s, or apply its configuration"
	noteSecretSoon = "its client_secret expires soon; apply its configuration, which asks the server for another one"
)

// judge turns records into what is told of them. It is pure.
type judge struct {
	now    time.Time
	within time.Duration // how long before its end a credential needs somebody soon
	host   string
}

// when is a time as it is told; nil: not known.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// credential tells of a token pair; err is what reading it came to.
func (j judge) credential(name string, r credential.Record, err error, history bool) credentialStatus {
	c := credentialStatus{Name: name, Needs: needsNothing, Generation: r.Generation}
	switch {
	case err != nil:
		c.Status, c.Error, c.Needs = statusUnreadable, reason(err), needsNow
		c.note(unreadable(err))
		return c
	case r.IsMoved():
		c.Status, c.MovedTo = statusMoved, r.MovedTo.Location
		c.note("it was moved to " + r.MovedTo.Location)
		return c
	}
	c.Status = string(r.StatusAt(j.now))
	c.Platform, c.Issuer, c.ClientID, c.server = r.Client.Platform, r.Client.Issuer, r.Client.ClientID, serverOf(r.Client)
	c.Grant, c.Strategy = r.Source, cmp.Or(string(r.Refresh.Strategy), string(credential.StrategyBeforeExpiry))
	c.Scopes = r.Tokens.Scopes
	c.IssuedAt, c.ExpiresAt, c.LastRotatedAt = when(r.Tokens.IssuedAt), when(r.Tokens.ExpiresAt), when(r.LastRotatedAt)
	c.RefreshTokenExpiresAt, c.ReauthorizeBy = when(r.IdleDeadline()), when(r.AbsoluteDeadline())
	j.deadline(&c, r)
	j.strategy(&c, r)
	j.claim(&c, r)
	j.person(&c, r)
	j.unknown(&c, r)
	if history {
		for _, e := range r.History {
			at := e.At.UTC().Truncate(time.Second)
			c.History = append(c.History, eventStatus{At: at, Host: e.Host, Attempt: e.Attempt, Generation: e.Generation, Verdict: e.Verdict})
		}
	}
	return c
}

func (c *credentialStatus) note(text string) { c.Notes = append(c.Notes, text) }

// deadline finds what ends first, and who must care. A refresh token that dies idle is used in time by any run, so it needs
// somebody only when the runs have failed to come: keep_alive has passed.
func (j judge) deadline(c *credentialStatus, r credential.Record) {
	if c.Status != string(credential.StatusActive) && c.Status != string(credential.StatusOutcomeUnknown) {
		return
	}
	idle, absolute, token := r.IdleDeadline(), r.AbsoluteDeadline(), time.Time{}
	if r.Mints() {
		idle = time.Time{} // the grant is asked again
	} else if r.Tokens.Refresh.IsEmpty() && r.Refresh.Strategy != credential.StrategyOnRejection {
		token = r.Tokens.ExpiresAt
	}
	last := token
	if r.Refresh.Strategy == credential.StrategyNever {
		last = r.Tokens.ExpiresAt
	}
	for _, d := range []struct {
		kind string
		at   time.Time
	}{{deadlineIdle, idle}, {deadlineAbsolute, absolute}, {deadlineToken, last}} {
		if !d.at.IsZero() && (c.DeadlineAt == nil || d.at.Before(*c.DeadlineAt)) {
			c.Deadline, c.DeadlineAt = d.kind, when(d.at)
		}
	}
	left := idle.Sub(j.now)
	switch keep := r.KeepAliveAt(); {
	case idle.IsZero():
	case left <= 0:
		c.Needs = needsNow
		c.note("the refresh token has not been used in time, and is dead by what is known of the server; a person must authorize again, " +
			"unless a run shows that it still works")
	case left < j.within && !keep.IsZero() && !j.now.Before(keep):
		c.Needs = c.Needs.or(needsSoon)
		c.note(noteUnused)
	}
	for _, end := range []time.Time{absolute, token} {
		if left := end.Sub(j.now); !end.IsZero() && left <= 0 {
			c.Needs = needsNow
			c.note("its authorization has ended; a person must authorize again")
		} else if !end.IsZero() && left < j.within {
			c.Needs = c.Needs.or(needsSoon)
			c.note("its authorization ends at " + stamp(end) + ", however often it is refreshed; a person must authorize again by then")
		}
	}
}

// strategy tells of an access token that the next run does not replace by itself. Where there is no refresh token, deadline has.
func (j judge) strategy(c *credentialStatus, r credential.Record) {
	if c.Status != string(credential.StatusActive) || r.Tokens.Refresh.IsEmpty() && !r.Mints() {
		return
	}
	const next = "; choose another refresh.strategy, or bring another access token, in its configuration, and apply"
	left, ends := r.Tokens.ExpiresAt.Sub(j.now), !r.Tokens.ExpiresAt.IsZero()
	over := r.Tokens.Access.IsEmpty() || ends && left <= 0
	switch r.Refresh.Strategy {
	case credential.StrategyNever:
		if over {
			c.Needs = needsNow
			c.note("it has no access token that works, and refresh.strategy is never" + next)
		} else if ends && left < j.within {
			c.Needs = c.Needs.or(needsSoon)
			c.note("its access token ends at the deadline, and refresh.strategy is never" + next)
		}
	case credential.StrategyAtApply:
		if over {
			c.note("it has no access token that works, and refresh.strategy is at_apply: only an apply of its configuration gets one")
		}
	}
}

// claim tells who works on the credential. Only a move is never taken over.
func (j judge) claim(c *credentialStatus, r credential.Record) {
	if r.Claim == nil {
		return
	}
	c.ClaimedBy, c.ClaimedAt, c.ClaimedFor = r.Claim.Owner, when(r.Claim.ClaimedAt), string(r.Claim.Purpose)
	c.ClaimStale = j.now.After(r.Claim.ClaimedAt.Add(r.Claim.TTL))
	switch {
	case r.Moving() && c.ClaimStale:
		c.Needs = needsNow
		c.note("a move to or from " + r.Claim.Peer + " was begun and not finished; run terraform-provider-oauth move again, " +
			"with the same --from and --to to finish it, or with both exchanged to take it back")
	case r.Moving():
		c.note("it is being moved to or from " + r.Claim.Peer)
	case c.ClaimStale:
		c.note("who has claimed it has died, or stands still; the next run that needs a token takes over")
	}
}

// person tells what somebody has to do for a credential that has no tokens, or none that work.
func (j judge) person(c *credentialStatus, r credential.Record) {
	if p, ok := r.NewestPending(); ok && r.OffersURL() && p.Usable(j.now) {
		c.AuthorizationURL, c.AuthorizationURLExpiresAt = p.URL, when(p.ExpiresAt)
	}
	if r.Device.Waits(j.now) {
		c.UserCode, c.VerificationURI = r.Device.UserCode, r.Device.VerificationURI
	}
	if !credential.Status(c.Status).Ended() {
		return
	}
	c.Needs = needsNow
	what := "nobody has authorized it yet"
	if r.Generation > 0 {
		what = "it is dead"
		if n := len(r.History); n > 0 {
			what += ", since " + stamp(r.History[n-1].At) + ": " + r.History[n-1].Verdict
		}
	}
	switch {
	case r.Mints() && r.Status == credential.StatusRevoked:
		what += "; an apply gets another token"
	case r.Mints():
		what += "; correct the client or the grant, and apply"
	case c.UserCode != "":
		what += fmt.Sprintf("; enter the code %s at %s, then apply", c.UserCode, c.VerificationURI)
	case c.AuthorizationURL != "":
		what += fmt.Sprintf("; run terraform-provider-oauth authorize --name %s, or open its authorization_url and bring the callback to the "+
			"configuration (--name shows the URL)", c.Name)
	default:
		what += fmt.Sprintf(noteAuthorize, c.Name)
	}
	c.note(what)
}

// unknown tells what comes of a refresh whose reply never came.
func (j judge) unknown(c *credentialStatus, r credential.Record) {
	at, may, known := credential.NextResend(r, j.host, j.now)
	if c.Status != string(credential.StatusOutcomeUnknown) || !known {
		return
	}
	if !may {
		c.Needs = needsNow
		c.note("a refresh was sent and its reply never came; the refresh token is not sent again, since it may be spent. A person must authorize again")
		return
	}
	c.NextAttemptAt = when(at)
	if at.After(j.now) {
		c.note("a refresh was sent and its reply never came; the refresh token may be sent once more from " + stamp(at) + " on")
	} else {
		c.note("a refresh was sent and its reply never came; the next run that needs a token sends the refresh token once more")
	}
}

// registration tells of an app registration; err is what reading it came to.
func (j judge) registration(name string, g credential.Registration, err error) registrationStatus {
	s := registrationStatus{Name: name, Needs: needsNothing}
	if e := (*credential.Error)(nil); errors.As(err, &e) && e.Kind == credential.KindMoved {
		s.Status, s.MovedTo = statusMoved, e.Record.MovedTo.Location
		s.Notes = append(s.Notes, "it was moved to "+s.MovedTo)
		return s
	}
	if err != nil {
		s.Status, s.Error, s.Needs = statusUnreadable, reason(err), needsNow
		s.Notes = append(s.Notes, unreadable(err))
		return s
	}
	s.Status = string(g.Record.Status)
	s.Platform, s.Issuer, s.ClientID, s.server = g.Client.Platform, g.Client.Issuer, g.Client.ClientID, serverOf(g.Client)
	d := g.Dynamic
	if d == nil {
		return s
	}
	s.Registered, s.Managed, s.Drifted, s.ClientSecretExpiresAt = true, d.IsManageable(), d.Drifted(), when(d.SecretExpiresAt)
	switch left := d.SecretExpiresAt.Sub(j.now); {
	case d.SecretExpiresAt.IsZero():
	case left <= 0:
		s.Needs = needsNow
		s.Notes = append(s.Notes, "its client_secret has expired; apply its configuration, which asks the server for another one")
	case left < j.within:
		s.Needs = needsSoon
		s.Notes = append(s.Notes, noteSecretSoon)
	}
	if len(s.Drifted) > 0 {
		s.Notes = append(s.Notes, "the server has changed "+strings.Join(s.Drifted, ", ")+"; an apply sets it back")
	}
	if d.Refused != nil {
		s.Notes = append(s.Notes, fmt.Sprintf("the server has refused to manage it, at %s (HTTP status %d)", stamp(d.Refused.At), d.Refused.Status))
	}
	return s
}

// unreadable says what to do about a record that cannot be read.
func unreadable(err error) string {
	text := "it cannot be read, and is unchanged: " + reason(err)
	if errors.Is(err, seal.ErrNoKey) {
		text += "; give the key that it was sealed with"
	}
	return text
}

// serverOf is what stands for the server in a table: the platform, else the host.
func serverOf(c credential.Client) string {
	if c.Platform != "" {
		return c.Platform
	}
	if u, err := url.Parse(cmp.Or(c.Issuer, c.TokenEndpoint, c.AuthorizationEndpoint)); err == nil {
		return u.Host
	}
	return ""
}
