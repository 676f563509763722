package credential

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Setup is what a configuration says of a credential besides its tokens.
type Setup struct {
	Client  Client
	Refresh RefreshSettings
	// Grant: the client asks for its tokens by itself. nil: they come from an authorization.
	Grant *Grant
	// Resource and Source are those of the Record.
	Resource []string
	Source   string
	// Inputs are the codes and tokens that the configuration brings. They tell a resource whose apply died from another one
	// that wants the same name.
	Inputs []secret.String
	// Spent are hashes of what former configurations have brought, for a store that has never seen it.
	Spent []string

	family string // of what the client will get for itself
}

// Setup is what the record keeps of its configuration.
func (r Record) Setup() Setup {
	return Setup{Client: r.Client, Refresh: r.Refresh, Grant: r.Grant, Resource: r.Resource, Source: r.Source}
}

// configured is r by what s says of it besides its grant. A device code that was offered for another purpose is dropped.
func (r Record) configured(s Setup) Record {
	if r.Source != "" && r.Source != s.Source {
		r.Device = nil
	}
	if sameClient(r.Client, s.Client) {
		s.Client.Rest = r.Client.Rest
	}
	if r.Refresh.same(s.Refresh) {
		s.Refresh.Rest = r.Refresh.Rest
	}
	r.Client, r.Refresh, r.Resource, r.Source = s.Client, s.Refresh, slices.Clone(s.Resource), s.Source
	return r
}

// ErrOtherApp says that a record left by an apply that died belongs to another app.
var ErrOtherApp = errors.New("the name holds tokens of another client_id or token_endpoint")

// Attach makes a record for a new resource, or adopts one that an apply left behind before any Read has seen it. A
// record that another resource manages is an error of KindAttached. used are inputs that must not be taken for new ones.
func (m *Manager) Attach(ctx context.Context, name, attachment string, s Setup, used ...secret.String) (Record, error) {
	key := PairKey(name)
	s, err := m.prepared(s)
	if err != nil {
		return Record{}, err
	}
	m.prepareQuietly(ctx)
	var next Record
	err = m.insist(ctx, aFew, func() error {
		snap, err := m.load(ctx, key)
		if err != nil && !IsKind(err, KindNotFound) {
			return err
		}
		if next, err = attach(snap.record, attachment, s, m.Now()); err != nil {
			return err
		}
		next.remember(used)
		next.rememberSpent(s.Spent)
		return m.write(ctx, key, snap.revision, next)
	})
	if err != nil {
		return Record{}, writeError(ctx, err)
	}
	return next, nil
}

// prepared completes a setup with what a change of a record needs and may not find by itself.
func (m *Manager) prepared(s Setup) (Setup, error) {
	s.Client = m.known(s.Client)
	if s.Grant == nil {
		return s, nil
	}
	var err error
	if s.family, err = m.newID(); err != nil {
		return s, storeError("writing the token store", err)
	}
	return s, nil
}

// attach is the pure part of Attach. The zero record stands for none.
func attach(cur Record, attachment string, s Setup, now time.Time) (Record, error) {
	fresh := Record{Status: StatusAuthorizationRequired, Attachment: Attachment{ID: attachment}}.configured(s)
	nothing := cur.Mints() && cur.Tokens.Access.IsEmpty() // its client has asked, and got none
	holds := cur.Generation > 0 && !nothing && !cur.refusedAtOnce(now) || len(cur.Aside) > 0
	switch {
	case cur.Status == "":
		return fresh.granted(s, s.Client), nil
	case cur.IsTombstone():
		if now.Sub(cur.DeletedAt) < TombstoneFor {
			fresh.Consumed, fresh.History = slices.Clone(cur.Consumed), slices.Clone(cur.History)
		}
		return fresh.granted(s, s.Client), nil
	case cur.Moving():
		return Record{}, &Error{Kind: KindMoving, Reason: ReasonMoving, Record: cur}
	case cur.Attachment.Attached:
		return Record{}, &Error{Kind: KindAttached, Record: cur}
	case holds && cur.Attachment.ID != attachment && !cur.Client.SameApp(s.Client):
		return Record{}, &Error{Kind: KindAttached, Record: cur, Err: ErrOtherApp}
	case holds && cur.Attachment.ID != attachment && !cur.Reserved() && !cur.is(s):
		return Record{}, &Error{Kind: KindAttached, Record: cur}
	}
	next := cur.clone()
	if !cur.Client.SameApp(s.Client) {
		next.Pending, next.Device = nil, nil // offered for another client; an answer to one would go to the wrong server
	}
	if next.Mints() && s.Grant == nil {
		next = next.resumed()
	}
	next = next.configured(s)
	next.Attachment = Attachment{ID: attachment}
	return next.granted(s, cur.Client), nil
}

// refusedAtOnce tells whether r holds nothing but tokens that a configuration has brought and the server has refused at their first
// use: the first apply failed with them, and the next one may bring others. Where another holder has used them before, a successor may
// still lie in a rescue file of another machine.
func (r Record) refusedAtOnce(now time.Time) bool {
	return r.Status == StatusAuthorizationRequired && r.Input != "" && r.Generation == 1 && r.Tokens.Refresh.IsEmpty() && !r.Tokens.Alive(now, 0) &&
		!slices.ContainsFunc(r.History, func(e Event) bool { return e.Verdict == verdictNoSuccessor })
}

// is tells whether r is what an apply of s left behind: s brings the same code or token, or has the same client ask for
// the same tokens.
func (r Record) is(s Setup) bool {
	return slices.ContainsFunc(s.Inputs, r.knows) || r.Mints() && r.Grant.equal(s.Grant)
}

// MarkAttached notes that the apply which made or adopted the record was kept: a Read has found its attachment in state.
func (m *Manager) MarkAttached(ctx context.Context, name, attachment string) (Record, error) {
	m.prepareQuietly(ctx)
	return m.change(ctx, PairKey(name), func(r Record) (Record, bool) {
		if r.IsTombstone() || r.Attachment.Attached || (attachment != "" && r.Attachment.ID != attachment) {
			return r, false
		}
		r.Attachment.Attached = true
		return r, true
	})
}

// Configure writes a changed setup into the record. Tokens stay; those of another client_id, or of an authorization that
// is not used any more, are set aside. A token that the client got for itself stays only if nothing of it would change.
func (m *Manager) Configure(ctx context.Context, name string, s Setup) (Record, error) {
	s, err := m.prepared(s)
	if err != nil {
		return Record{}, err
	}
	m.prepareQuietly(ctx)
	return m.change(ctx, PairKey(name), func(r Record) (Record, bool) { return m.reconfigured(r, s) })
}

// reconfigured is r with another setup; false: there is nothing to change.
func (m *Manager) reconfigured(r Record, s Setup) (Record, bool) {
	if r.IsTombstone() {
		return r, false
	}
	if sameClient(r.Client, s.Client) && r.Refresh.same(s.Refresh) && r.Grant.equal(s.Grant) &&
		slices.Equal(r.Resource, s.Resource) && r.Source == s.Source {
		return r, false
	}
	was, minted := r.Client, r.Mints()
	if minted && s.Grant == nil {
		r = r.resumed()
	}
	switch {
	case r.Client.ClientID != s.Client.ClientID && r.Client.ClientID != "":
		r = r.switchClient(s.Client.ClientID)
		r.note(m.event("", r.Generation, "client_id changed: "+string(r.Status)))
	case r.Client.ClientID != "" && r.Client.noPreset == "" && s.Client.noPreset == "" && !r.Client.SameApp(s.Client):
		r = r.switchEndpoint(s.Client)
		r.note(m.event("", r.Generation, "token_endpoint changed: "+string(r.Status)))
	}
	r = r.configured(s)
	if r = r.granted(s, was); minted != r.Mints() {
		r.note(m.event("", r.Generation, "grant changed: "+string(r.Status)))
	}
	return r, true
}

func sameClient(a, b Client) bool {
	a.Rest, b.Rest = nil, nil
	textA, errA := EncodeRecord(Record{Status: StatusActive, Client: a})
	textB, errB := EncodeRecord(Record{Status: StatusActive, Client: b})
	return errA == nil && errB == nil && secret.New(string(textA)).Equal(secret.New(string(textB)))
}

// Brought is a token pair that was obtained elsewhere.
type Brought struct {
	Access, Refresh secret.String
	ExpiresAt       time.Time // of the access token; zero: not known
	Scopes          []string
	ProofKey        secret.String // that they are bound to (RFC 9449), as a JWK; empty: none
}

// Adopt starts a new family from tokens that were obtained elsewhere, and spends nothing. If the refresh token was used
// before, the store is further on and wins; used tells so. Without any token nothing happens.
func (m *Manager) Adopt(ctx context.Context, name string, b Brought) (r Record, used bool, err error) {
	family, err := m.newID()
	if err != nil {
		return Record{}, false, storeError("adopting", err)
	}
	m.prepareQuietly(ctx)
	key := b.Refresh
	if key.IsEmpty() {
		key = b.Access
	}
	if used, err = m.usedElsewhere(ctx, name, key); err != nil {
		return Record{}, false, err
	}
	r, err = m.change(ctx, PairKey(name), func(cur Record) (Record, bool) {
		used = false
		current := cur.Tokens.Refresh
		if b.Refresh.IsEmpty() {
			current = cur.Tokens.Access
		}
		sum := key.SHA256()
		switch {
		case cur.IsTombstone(), key.IsEmpty():
			return cur, false
		case cur.Input == sum && cur.Generation == 1 || key.Equal(current):
			return cur, false
		case cur.Input == sum || cur.HasConsumed(key):
			used = true
			return cur, false
		}
		if former := cur.holding(); !former.Status.Ended() {
			cur.setAside(former) // until the brought ones have proved good: they may be mistyped
		}
		cur.consume(cur.Tokens.Refresh, false)
		cur.Input = sum
		cur.Family, cur.Generation, cur.Status = family, 1, StatusActive
		cur.Claim, cur.Unknown = nil, nil
		cur.NotBefore, cur.AuthorizedAt, cur.LastRotatedAt, cur.LookUpAfter = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		cur.Tokens = Tokens{
			Access: b.Access, Refresh: b.Refresh, Scopes: slices.Clone(b.Scopes), ExpiresAt: b.ExpiresAt,
			IssuedAt: m.broughtAt(b), ProofKey: b.ProofKey,
		}
		if !b.ProofKey.IsEmpty() {
			cur.Tokens.Type = oauth.TokenTypeDPoP
		}
		if b.Refresh.IsEmpty() { // else it is of unknown age, and the refresh token brings another
			cur.Tokens.Lifetime = cur.Client.Preset().Lifetime
			cur.Tokens.endlessAlone(false)
		}
		cur.note(m.event("", 1, "adopted tokens from the configuration"))
		return cur, true
	})
	return r, used, err
}

// usedElsewhere tells whether another pair of this store has taken the input s. Then s is written down as used here too.
func (m *Manager) usedElsewhere(ctx context.Context, name string, s secret.String) (bool, error) {
	var snap snapshot
	err := m.insist(ctx, aFew, func() (err error) {
		snap, err = m.load(ctx, PairKey(name))
		return err
	})
	if err != nil || s.IsEmpty() || snap.record.IsTombstone() || snap.record.knows(s) {
		return false, err
	}
	ours, err := m.reserve(ctx, name, s)
	if err != nil || ours {
		return false, err
	}
	_, err = m.change(ctx, PairKey(name), func(cur Record) (Record, bool) {
		if cur.IsTombstone() || cur.HasConsumed(s) {
			return cur, false
		}
		cur.consume(s, true)
		cur.note(m.event("", cur.Generation, "another token pair has used the token of the configuration"))
		return cur, true
	})
	return true, err
}

// broughtAt is when the tokens count as issued. An access token of unknown age beside a refresh token is not trusted to
// be alive.
func (m *Manager) broughtAt(b Brought) time.Time {
	now := m.Now().Round(0).UTC()
	if b.ExpiresAt.IsZero() && !b.Access.IsEmpty() && !b.Refresh.IsEmpty() {
		return now.Add(-AssumedLifetime)
	}
	return now
}
