package credential

import (
	"maps"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// What replies to the calls of RFC 7591 and 7592 make of a record. All of this is pure.
//
// The server may hand out another registration access token or client secret with any of them, the former one dying at once.
// Unlike refresh tokens, a registration access token may be sent again after a lost reply: no server kills anything for that.
// What is refused then is the management; the client itself goes on.

// applyRegistration puts what the server says of a client into the current record, whatever its claim says by now.
func applyRegistration(cur Record, a Attempt, said oauth.Registration, e Event) (Record, commitOutcome) {
	switch {
	case cur.LastAttempt == a.ID:
		return cur, commitDone
	case a.stranded(cur):
		return cur, commitMoved
	case a.overtaken(cur) || cur.Registered == nil || cur.Registered.Dynamic == nil:
		return cur, commitObsolete
	}
	cur = cur.clone()
	d := cur.Registered.Dynamic
	if a.Purpose == PurposeRegister {
		*d = Dynamic{Endpoint: a.Endpoint}
		cur.Client.ClientID, cur.Client.ClientSecret = said.ClientID, secret.String{}
		cur.AuthorizedAt = a.SentAt
	}
	if a.Purpose == PurposeUpdate {
		d.Untold = d.untold(a.Wanted)
	}
	if a.Purpose != PurposeRead {
		d.Wanted, d.Answered = a.Wanted, nil
	}
	e.Verdict = map[Purpose]string{PurposeRegister: "registered", PurposeRead: "registration read", PurposeUpdate: "registration updated"}[a.Purpose]
	if d.take(said, &cur.Client) {
		cur.LastRotatedAt = a.SentAt
		e.Verdict += ", with another client secret"
	}
	if said.Salvaged {
		e.Verdict += ", from a broken reply"
	} else if a.Purpose == PurposeRead {
		d.believe()
	}
	cur.Claim, cur.Unknown, cur.Status = nil, nil, StatusActive
	if said.TokenLost && a.Purpose != PurposeRegister { // a successor of the token at hand may have been in what was lost
		cur.Unknown = a.unknown(e.Host)
	}
	cur.Generation, cur.LastAttempt = a.Base+1, a.ID
	e.Attempt, e.Generation = a.ID, cur.Generation
	cur.note(e)
	return cur, commitNow
}

// take takes over what a reply says, and leaves alone what it leaves out. It tells whether the client secret was replaced.
func (d *Dynamic) take(said oauth.Registration, c *Client) (rotated bool) {
	d.Refused = nil
	if !said.Token.IsEmpty() {
		d.Token = said.Token
	}
	if d.moves(said.URI) {
		d.URI = said.URI
	}
	if !said.IssuedAt.IsZero() {
		d.IssuedAt = said.IssuedAt
	}
	if !said.ClientSecret.IsEmpty() && !said.ClientSecret.Equal(c.ClientSecret) {
		rotated = !c.ClientSecret.IsEmpty()
		c.ClientSecret, d.SecretExpiresAt = said.ClientSecret, time.Time{}
	}
	if said.SecretExpirySaid {
		d.SecretExpiresAt = said.SecretExpiresAt
	}
	if said.Salvaged {
		return rotated
	}
	d.Current = maps.Clone(said.Metadata)
	if d.Answered == nil {
		d.Answered = maps.Clone(said.Metadata)
	}
	none := secret.New(oauth.JSONText(oauth.None))
	if said.ClientSecret.IsEmpty() && oauth.SameMetadata("", d.Current["token_endpoint_auth_method"], none) {
		c.ClientSecret, d.SecretExpiresAt = secret.String{}, time.Time{} // it has none any more
	}
	return rotated
}

// unknown is the mark of this attempt, whose reply never came, or not whole.
func (a Attempt) unknown(host string) *Unknown {
	return &Unknown{Attempt: a.ID, Host: host, Apart: a.Apart, Timed: a.Timed, ClaimedAt: a.ClaimedAt, TTL: a.TTL}
}

// applyManagingRefusal writes an answer that brought nothing into the record that the attempt has claimed. It returns false
// if nothing is new in it.
func applyManagingRefusal(cur Record, a Attempt, v oauth.Verdict, now time.Time, e Event) (Record, bool) {
	own := a.dropClaim(&cur)
	if cur.Registered == nil || cur.Registered.Dynamic == nil || a.overtaken(cur) {
		return cur, own
	}
	d := cur.Registered.Dynamic
	if !own && v.Class != oauth.OutcomeUnknown {
		a.exonerate(&cur)
	}
	e.Verdict = string(a.Purpose) + " refused: " + string(v.Class)
	switch {
	case v.Class == oauth.OutcomeUnknown:
		e.Verdict = "no usable reply, outcome of the " + string(a.Purpose) + " unknown"
		if a.Purpose != PurposeDelete && cur.Unknown == nil {
			cur.Unknown = a.unknown(e.Host)
		}
	case a.Purpose == PurposeRegister || v.Class == oauth.RateLimited: // nothing is known by that of an earlier reply that was lost
	case deniesManagement(v):
		d.Refused = &Refused{
			At: now.Round(0).UTC(), Status: v.Status, Code: v.Code,
			Lost: cur.Unknown != nil || d.Refused != nil && d.Refused.Lost,
		}
		cur.Unknown = nil
	case a.Purpose != PurposeDelete: // the token was good
		d.Refused, cur.Unknown = nil, nil
	}
	if !own && cur.told(e) {
		return cur, false
	}
	cur.note(e)
	return cur, true
}

// deniesManagement tells whether the answer says that the client is gone or its token no good (RFC 7592 §2).
func deniesManagement(v oauth.Verdict) bool {
	return v.Class == oauth.Reauthorize || v.Status == 403 || v.Status == 404 || v.Status == 410
}

// takeOverManaging ends somebody else's claim on a registration.
func takeOverManaging(r Record, c Claim) (Record, string) {
	switch {
	case c.Base != r.Generation:
		return r, "claim on an earlier generation ended"
	case c.Purpose == PurposeDelete: // it can be repeated, and a client that is gone by then is what was wanted
		return r, "claim taken over, outcome of the delete unknown"
	}
	if r.Unknown == nil {
		r.Unknown = &Unknown{Attempt: c.Attempt, Host: c.Owner, Apart: c.Apart, Timed: c.Timed, ClaimedAt: c.ClaimedAt, TTL: c.TTL, TakenOver: true}
	}
	return r, "claim taken over, outcome of the " + string(c.Purpose) + " unknown"
}
