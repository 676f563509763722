package credential

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Attempt is all that a commit needs to know of the call whose reply it keeps. A rescue file holds it beside the reply.
type Attempt struct {
	Key       string
	ID        string
	Purpose   Purpose
	Minted    bool   // by the record's grant, not by a refresh token
	Renewable bool   // with Minted: a refresh token in the reply is kept
	Subject   string // likewise: the family of the pair whose access token is exchanged; empty: none is
	Family    string // of the record when it was claimed
	Base      int64  // its generation then
	ClientID  string // that made the call
	NewFamily string // of the pair that a code exchange makes
	State     string // the pending authorization that a code exchange used
	Code      string // SHA-256 of the code
	Scopes    []string
	ClaimedAt time.Time
	TTL       time.Duration
	SentAt    time.Time
	Resend    bool
	Apart     bool // as in Claim
	Timed     bool // likewise
	// How the reply is to be read: of the preset, which the finder of a rescue file need not know.
	TokenPath, ScopeSeparator string
	Expiries                  []oauth.Expiry
	Lifetime                  time.Duration
	Wait                      time.Duration     // as in oauth.Token
	ReplyMembers              []string          // of the reply: what belongs into the connection
	Callback                  map[string]string // of the callback: likewise

	binding                  // what bind needs
	ProofKey   secret.String // that the request was proved with, and the tokens are bound to; empty: none
	ProofNonce string        // that the server has given last
	// Of a call that registers or updates a client.
	Endpoint string                   // where it is registered
	Wanted   map[string]secret.String // the metadata that were sent
}

// manages tells whether the call is about the registration of a client.
func (a Attempt) manages() bool { return a.Purpose.manages() }

type commitOutcome int

const (
	commitNow      commitOutcome = iota // the record must be written
	commitDone                          // it shows already: by an earlier write, or the finder of our rescue file
	commitObsolete                      // somebody else's successor is newer
	commitMoved                         // the credential went to another store without this successor
)

// overtaken tells whether cur has gone on without this attempt: its successor, or its refusal, is of no use any more.
func (a Attempt) overtaken(cur Record) bool {
	otherClient := a.ClientID != "" && a.Family == "" && cur.Client.ClientID != a.ClientID // no family tells them apart
	counted := a.Purpose == PurposeRefresh || a.manages()
	return cur.Family != a.Family || cur.IsTombstone() || counted && cur.Generation > a.Base || otherClient
}

// late tells whether cur was revoked while this refresh was under way. What it brings may work: it is kept, so that it can be revoked
// as well, and is of no use to anybody.
func (a Attempt) late(cur Record) bool {
	own := cur.Claim != nil && cur.Claim.Attempt == a.ID
	return cur.Status == StatusRevoked && a.Purpose == PurposeRefresh && !own && !cur.IsTombstone()
}

// fills tells whether the successor of this attempt is the very generation that cur names and has no tokens of.
func (a Attempt) fills(cur Record) bool {
	return cur.Family == a.Family && !cur.IsTombstone() && cur.Unknown != nil && cur.Unknown.Behind && cur.Generation == a.Base+1
}

// dropClaim takes this attempt's claim out of cur. It returns false if cur has another one, or none.
func (a Attempt) dropClaim(cur *Record) bool {
	if cur.Claim == nil || cur.Claim.Attempt != a.ID {
		return false
	}
	cur.Claim = nil
	return true
}

// exonerate ends an unknown outcome that a takeover made of this attempt, which certainly spent nothing. It returns false
// if there is none, or if somebody has acted on it since.
func (a Attempt) exonerate(cur *Record) bool {
	u := cur.Unknown
	if a.overtaken(*cur) || cur.Claim != nil || u == nil || u.Attempt != a.ID || u.Resends > 0 || !u.RejectedAt.IsZero() {
		return false
	}
	if cur.Unknown = nil; cur.Registered == nil {
		cur.Status = StatusActive
	}
	return true
}

// applyTokens puts the tokens of a reply into the current record, whatever its claim or status says by now: a
// successor in hand overrides outcome_unknown and authorization_required.
func applyTokens(cur Record, a Attempt, t oauth.Token, e Event) (Record, commitOutcome) {
	if a.homeless(cur) {
		cur.Aside = append(slices.Clone(cur.Aside), a.home(cur))
		i := len(cur.Aside) - 1
		next, outcome := putTokens(cur.swapped(i), a, t, e)
		return next.swapped(i), outcome
	}
	direct := cur.Family == a.Family
	next, outcome := of(cur, a, func(cur Record) (Record, commitOutcome) { return putTokens(cur, a, t, e) })
	if direct && outcome == commitNow && !a.Minted { // what was kept in case the brought tokens were no good
		next.Aside = slices.DeleteFunc(slices.Clone(next.Aside), func(h Record) bool { return h.Client.ClientID == next.Client.ClientID })
	}
	if outcome == commitNow && a.Purpose == PurposeRefresh { // what an older generation has left anywhere is spent
		next.Aside = slices.DeleteFunc(slices.Clone(next.Aside), func(h Record) bool {
			return h.Family != "" && h.Family == a.Family && h.LastAttempt != a.ID && h.Generation <= a.Base
		})
	}
	return next, outcome
}

func putTokens(cur Record, a Attempt, t oauth.Token, e Event) (Record, commitOutcome) {
	switch {
	case cur.LastAttempt == a.ID:
		return cur, commitDone
	case a.stranded(cur):
		return cur, commitMoved
	case a.overtaken(cur) && !a.fills(cur), a.late(cur) && cur.Mints():
		return cur, commitObsolete
	}
	status := StatusActive
	if a.late(cur) {
		status = StatusRevoked
	}
	old := cur.Tokens
	spent := old.Refresh
	if a.Minted {
		old.afresh()
		if !a.Renewable {
			t = minted(t)
		}
	}
	next := newTokens(a, t)
	next.Connection = a.connection(t, spent, old.Access, cur.Client.ClientSecret)
	if a.Purpose == PurposeRefresh {
		next.inherit(old)
		cur.Generation = a.Base + 1
		if e.Verdict = "refreshed"; a.Base > 0 {
			cur.LastRotatedAt = a.SentAt
		}
		if a.Renewable {
			cur.AuthorizedAt = a.SentAt
		}
	} else {
		cur.Family, cur.Generation = a.NewFamily, 1
		cur.AuthorizedAt, cur.LastRotatedAt, cur.LookUpAfter = a.SentAt, time.Time{}, time.Time{}
		cur.consumeInput(a.Code)
		cur.Pending = slices.DeleteFunc(cur.Pending, func(p Pending) bool { return p.State == a.State })
		if d := cur.Device; d != nil && d.Code.SHA256() == a.Code {
			cur.Device = d.over()
		}
		e.Verdict = "authorized"
	}
	if !a.Minted {
		next.endlessAlone(t.SuccessorLost || t.ExpiryUnusable)
	}
	if !next.Refresh.Equal(spent) {
		cur.consume(spent, false)
	}
	if t.Salvaged {
		e.Verdict += ", from a broken reply"
	}
	cur.Tokens = next
	if cur.Status = status; status == StatusRevoked {
		e.Verdict += verdictLate
	}
	cur.Claim, cur.Unknown = nil, nil
	if t.SuccessorLost && (a.Purpose != PurposeRefresh || cur.Client.EffectivePolicy().SingleUse()) {
		// What was sent is spent, and what came instead cannot be sent: the access token is the last one.
		cur = dead(cur)
		cur.Tokens.Refresh = secret.String{}
		if e.Verdict += ", with a refresh token that cannot be read"; cur.Status == StatusAuthorizationRequired {
			e.Verdict += ": authorization required"
		}
	}
	cur.NotBefore = time.Time{}
	if t.Wait > 0 {
		cur.NotBefore = a.SentAt.Add(t.Wait)
		e.Verdict += ", with a successor although it was too early"
	}
	cur.LastAttempt = a.ID
	e.Attempt, e.Generation = a.ID, cur.Generation
	cur.note(e)
	return cur, commitNow
}

// newTokens reads a reply. Lifetimes count from the sending, which is never later than the issue.
func newTokens(a Attempt, t oauth.Token) Tokens {
	next := Tokens{
		Access: t.AccessToken, Refresh: t.RefreshToken, ID: t.IDToken, Type: t.TokenType, Scopes: t.Scopes,
		IssuedAt: a.SentAt, Extra: t.Extra, ProofKey: a.ProofKey, ProofNonce: a.ProofNonce, Proved: !a.ProofKey.IsEmpty(),
		DerivedFrom: a.Subject,
	}
	if t.ExpiresIn > 0 {
		next.ExpiresAt = a.SentAt.Add(t.ExpiresIn)
	} else {
		next.Lifetime = a.Lifetime
	}
	if t.RefreshToken.IsEmpty() && t.RefreshTokenExpiresIn == oauth.NoEnd {
		t.RefreshTokenExpiresIn = 0 // of a token that is not there; the one at hand keeps its deadline
	}
	next.RefreshTokenExpiresAt = deadlineFrom(a.SentAt, t.RefreshTokenExpiresIn)
	next.AuthorizationEndsAt = deadlineFrom(a.SentAt, t.AuthorizationEndsIn)
	if next.Scopes == nil {
		next.Scopes = slices.Clone(a.Scopes) // RFC 6749 §5.1: unsaid means as asked
	}
	return next
}

// deadlineFrom is the deadline that a reply names; zero: it names none.
func deadlineFrom(sent time.Time, left time.Duration) time.Time {
	switch left {
	case 0:
		return time.Time{}
	case oauth.NoEnd:
		return sent.Add(Endless)
	}
	return sent.Add(left)
}

// endlessAlone takes an access token as one without end that came without a refresh token, where nobody has said how long it
// lives: servers that give no refresh token often mean that, and to hold it back would help nobody.
func (t *Tokens) endlessAlone(unclear bool) {
	if t.Refresh.IsEmpty() && !unclear && t.ExpiresAt.IsZero() && t.Lifetime == 0 {
		t.Lifetime = Endless
	}
}

// afresh forgets what a new authorization does not take over from a former one.
func (t *Tokens) afresh() {
	t.Refresh, t.ID = secret.String{}, secret.String{}
	t.RefreshTokenExpiresAt, t.AuthorizationEndsAt, t.RefreshIssuedAt = time.Time{}, time.Time{}, time.Time{}
}

// inherit takes over what a reply to a refresh may leave out.
func (t *Tokens) inherit(old Tokens) {
	if t.Access.IsEmpty() { // a successor alone says nothing of the access token at hand
		t.RefreshIssuedAt = t.IssuedAt
		t.Access, t.Type, t.IssuedAt, t.ExpiresAt, t.Lifetime = old.Access, old.Type, old.IssuedAt, old.ExpiresAt, old.Lifetime
		t.Scopes, t.Extra, t.ProofKey, t.Proved = old.Scopes, old.Extra, old.ProofKey, old.Proved
	}
	if t.Refresh.IsEmpty() { // RFC 6749 §6: the old one goes on
		t.Refresh = old.Refresh
		if t.RefreshTokenExpiresAt.IsZero() {
			t.RefreshTokenExpiresAt = old.RefreshTokenExpiresAt
		}
	}
	if t.AuthorizationEndsAt.IsZero() {
		t.AuthorizationEndsAt = old.AuthorizationEndsAt
	}
	if t.ID.IsEmpty() {
		t.ID = old.ID
	}
	for name, value := range old.Connection { // said once, with the authorization
		if _, ok := t.Connection[name]; !ok {
			if t.Connection == nil {
				t.Connection = map[string]string{}
			}
			t.Connection[name] = value
		}
	}
	t.LookedUp = maps.Clone(old.LookedUp)
	t.DerivedFrom = cmp.Or(t.DerivedFrom, old.DerivedFrom)
}

// keep stores the successor in reply. It ends in success even where the store is gone: the token is in hand, and the
// notice says where else it lies.
func (m *Manager) keep(ctx context.Context, c *claimed, reply oauth.Reply, v oauth.Verdict) step {
	c.attempt.Wait = v.Token.Wait
	return m.keepSuccessor(ctx, successor{attempt: c.attempt, token: v.Token, base: &c.record}, reply)
}

func (m *Manager) keepSuccessor(ctx context.Context, s successor, reply oauth.Reply) step {
	var notices []Notice
	shared := s.base != nil && s.base.Shared
	if s.token.Salvaged {
		notices = append(notices, Notice{Code: NoticeSalvaged})
	}
	if r, ok := m.store.(store.Remote); ok && r.Remote() && !shared {
		var err error
		if s.path, err = m.saveRescue(ctx, s.attempt, reply); err != nil {
			notices = append(notices, Notice{Code: NoticeNoRescue, Err: err, Minted: s.attempt.Minted, Managing: s.attempt.manages()})
		}
	}
	record, err := m.commit(ctx, s, m.forCommit())
	if err == nil {
		m.removeRescue(ctx, s.path)
		return step{record: record, rotated: true, notices: notices}
	}
	m.log.Error("a successor could not be stored", "key", s.attempt.Key, "attempt", s.attempt.ID, "error", err)
	err = fmt.Errorf("writing the token store: %w", err)
	if s.path == "" && !shared {
		var rescueErr error
		if s.path, rescueErr = m.saveRescue(ctx, s.attempt, reply); rescueErr != nil {
			err = errors.Join(err, rescueErr)
		}
	}
	if s.path != "" {
		m.rescue.LetGo(s.path)
	}
	m.away(s)
	m.searchAgain()
	notices = append(notices, Notice{Code: NoticeNotStored, Err: err, Text: s.path, Minted: s.attempt.Minted, Managing: s.attempt.manages()})
	return step{record: m.ought(s), rotated: true, notices: notices}
}

// commit writes the successor by (family, base generation), again and again until it holds or enough says so.
func (m *Manager) commit(ctx context.Context, s successor, enough enough) (Record, error) {
	ctx = context.WithoutCancel(ctx)
	var r Record
	err := m.insist(ctx, enough, func() (err error) {
		r, err = m.commitOnce(ctx, s)
		return err
	})
	return r, err
}

// commitOnce reads the record and replaces it. After an ambiguous error, or one of another process that has found the rescue
// file, it finds its own attempt id; what can be read is not safe for that: the write may have failed at the very end, on its
// way to the disk. It is written once more. Where the record is gone meanwhile, the successor is worth a new one, made from
// the record as claimed; without that it is an error.
func (m *Manager) commitOnce(ctx context.Context, s successor) (Record, error) {
	a := s.attempt
	snap, err := m.stored(ctx, a.Key) // not load: what this process has in memory is not in the store
	switch {
	case IsKind(err, KindNotFound) && s.base != nil:
		snap.record = s.base.clone()
	case err != nil:
		return Record{}, err
	}
	next, outcome := s.apply(snap.record.clone(), m.event(a.ID, 0, ""))
	switch outcome {
	case commitMoved:
		return Record{}, MovedAway(next)
	case commitObsolete:
		m.log.Warn("dropped a successor: the store holds a newer one", "key", a.Key, "attempt", a.ID)
		if !a.dropClaim(&next) {
			return next, nil
		}
	}
	return next, m.write(ctx, a.Key, snap.revision, next)
}
