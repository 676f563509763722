package credential

import (
	"context"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Replica is what a Terraform state knows of a credential.
type Replica struct {
	Family     string
	Generation int64
	Tokens     Tokens // without secrets if the state keeps none
	// Used are the codes and tokens that a configuration brought for this credential in the past, and still holds. A store
	// that has never seen them must not take them for new ones.
	Used []secret.String
	// Unauthorized: by the state a person must authorize.
	Unauthorized bool
	// StoreID is that of the store the state was made with. Empty: not known.
	StoreID string
	// Minted: the client got the tokens for itself.
	Minted bool
}

// HasTokens tells whether the state holds secrets at all.
func (p Replica) HasTokens() bool { return !p.Tokens.Access.IsEmpty() || !p.Tokens.Refresh.IsEmpty() }

// tokens are those of the state, of client c. What a state does not say of an access token without a known expiry is as for one
// that has just come.
func (p Replica) tokens(c Client) Tokens {
	t := p.Tokens.told(c.EffectivePolicy())
	if t.ExpiresAt.IsZero() {
		t.Lifetime = c.Preset().Lifetime
	}
	if !p.Unauthorized && !p.Minted {
		t.endlessAlone(false)
	}
	return t
}

// Heal puts a state that is further on than the store into the record, which happens after the store was restored from a backup.
// Nothing is sent. A state without tokens cannot heal: what the store holds is known to be spent, but not by what; the
// outcome is unknown. A state of another family, or one that is not ahead, changes nothing: the store wins.
func (m *Manager) Heal(ctx context.Context, name string, p Replica) (Record, error) {
	m.prepareQuietly(ctx) // what looks lost may lie in a rescue file
	left, err := m.leftBehind(ctx, PairKey(name), "", p)
	if err != nil {
		return Record{}, err
	}
	stranded := false
	r, err := m.change(ctx, PairKey(name), func(r Record) (Record, bool) {
		healed, changed := m.heal(r, p)
		for _, s := range left {
			next, outcome := applyTokens(healed, s.attempt, s.token, m.event(s.attempt.ID, 0, ""))
			switch outcome {
			case commitNow:
				healed, changed = next, true
			case commitMoved:
				stranded = true
			}
		}
		return healed, changed
	})
	if err != nil || stranded || len(left) == 0 {
		return r, err
	}
	return m.bring(ctx, left)
}

// heal is the pure part of Heal. It returns false if the state is not ahead.
func (m *Manager) heal(r Record, p Replica) (Record, bool) {
	waits := func(h Record) bool { return h.Family == p.Family && p.Family != "" && p.Family != r.Family }
	if i := lastIndex(r.Aside, waits); i >= 0 && !r.IsTombstone() { // a backup of a time when these tokens were set aside
		healed, changed := m.heal(r.swapped(i), p)
		if !changed {
			return r, false
		}
		healed = healed.swapped(i)
		healed.consume(p.Tokens.Refresh, false) // as for whatever is set aside
		return healed, true
	}
	costsNothing := r.Mints() && r.Tokens.Refresh.IsEmpty() && p.Tokens.Refresh.IsEmpty() // and needs no healing
	if r.IsTombstone() || costsNothing || p.Family == "" ||
		r.Family != p.Family || p.Generation <= r.Generation {
		return r, false
	}
	revoked := r.Status == StatusRevoked // by who did not know of the later ones
	if revoked && !p.HasTokens() {
		return r, false
	}
	if !p.HasTokens() {
		now := m.Now().Round(0).UTC()
		r.Status = StatusOutcomeUnknown
		o := m.observer()
		r.Unknown = &Unknown{Attempt: "state", Host: o.host, Timed: o.timed, Apart: !o.timed, ClaimedAt: now, TTL: m.timings.ClaimTTL(), Behind: true}
		r.Generation = p.Generation
		r.note(m.event("", r.Generation, "the state is ahead of the store and holds no token: outcome unknown"))
		return r, true
	}
	r.consume(r.Tokens.Refresh, false)
	old := r.Tokens
	r.Tokens = p.tokens(r.Client)
	r.Tokens.AuthorizationEndsAt = old.AuthorizationEndsAt // which no state says
	r.Tokens.DerivedFrom = old.DerivedFrom                 // likewise
	if r.Tokens.ProofKey.IsEmpty() {                       // one for each authorization
		r.Tokens.ProofKey = old.ProofKey
	}
	r.Generation = p.Generation
	r.Status, r.Unknown, r.NotBefore = StatusActive, nil, time.Time{}
	if r.Claim != nil && r.Claim.Purpose == PurposeRefresh {
		r.Claim = nil // on a token that is spent anyhow
	}
	if r.Tokens.Refresh.IsEmpty() && !r.Mints() && (p.Unauthorized || !r.Tokens.Alive(m.Now(), 0)) {
		r.Status = StatusAuthorizationRequired
	}
	verdict := "healed from the state"
	if revoked {
		r.Status = StatusRevoked
		verdict += verdictLate
	}
	r.note(m.event("", r.Generation, verdict))
	return r, true
}

const verdictSeeded = "written into this store from the state"

// SeededEmpty tells whether the record came from a state without tokens, and nothing has come since: the server was never asked about it.
func (r Record) SeededEmpty() bool {
	return len(r.History) > 0 && r.History[len(r.History)-1].Verdict == verdictSeeded && r.Tokens.Refresh.IsEmpty() && r.Tokens.Access.IsEmpty()
}

// Seed writes a credential that only the state knows into this store: after a store was lost, or changed on purpose. It
// spends nothing. What a rescue file of the former store holds of it is newer than the state, and comes along. A record
// that came meanwhile stays, if it is of the same family; a tombstone stays if the state's token was used up under it.
func (m *Manager) Seed(ctx context.Context, name, attachment string, s Setup, p Replica) (Record, error) {
	s, err := m.prepared(s)
	if err != nil {
		return Record{}, err
	}
	r := Record{
		Family: p.Family, Generation: p.Generation, Status: StatusActive,
		Tokens: p.tokens(s.Client), Attachment: Attachment{ID: attachment, Attached: true},
	}.configured(s)
	if r.Tokens.Refresh.IsEmpty() && (p.Unauthorized || !r.Tokens.Alive(m.Now(), 0)) {
		r.Status = StatusAuthorizationRequired
	}
	if p.Minted { // for what the state has forgotten: it is asked for anew
		r.Grant, r.Tokens, r.Status = &Grant{}, Tokens{}, StatusActive
	}
	r.remember(p.Used)
	r.rememberSpent(s.Spent)
	r.note(m.event("", r.Generation, verdictSeeded))
	m.prepareQuietly(ctx)
	left, err := m.leftBehind(ctx, PairKey(name), s.Client.ClientID, p)
	if err != nil {
		return Record{}, err
	}
	for _, s := range left { // in the same write: the state's own token is spent, and must never be what the store holds
		r, _ = applyTokens(r, s.attempt, s.token, m.event(s.attempt.ID, 0, ""))
	}
	brought := r.Tokens.Refresh
	if r.Mints() && s.Grant == nil {
		r = r.resumed()
	}
	r = r.granted(s, s.Client)
	err = m.insist(ctx, aFew, func() error {
		snap, err := m.load(ctx, PairKey(name))
		switch {
		case IsKind(err, KindNotFound):
			return m.write(ctx, PairKey(name), "", r)
		case err != nil:
			return err
		case snap.record.IsTombstone() && !snap.record.HasConsumed(brought):
			// Something of this name was deleted in this store, and that is not what the state holds.
			r.recall(snap.record)
			return m.write(ctx, PairKey(name), snap.revision, r)
		case !snap.record.IsTombstone() && snap.record.Family != p.Family:
			return &Error{Kind: KindForeignFamily, Record: snap.record}
		}
		r = snap.record
		return nil
	})
	if err != nil {
		return Record{}, writeError(ctx, err)
	}
	if len(left) == 0 {
		return r, nil
	}
	return m.bring(ctx, left)
}

// bring commits what was left behind, also where the record seems to have it, and removes the rescue files. It returns the
// record with the last of them.
func (m *Manager) bring(ctx context.Context, left []successor) (r Record, err error) {
	for _, s := range left {
		if r, err = m.commit(ctx, s, aFew); err != nil {
			return Record{}, writeError(ctx, err)
		}
	}
	for _, s := range left {
		m.removeRescue(ctx, s.path)
	}
	return r, nil
}
