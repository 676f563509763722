package credential

import (
	"context"
	"encoding/json"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Registration is an app registration as the store keeps it: what token pairs of other configurations need of it, and what
// is known of a client that the server has made for this program.
type Registration struct {
	Client       Client
	RedirectURIs []string
	Attachment   Attachment
	Dynamic      *Dynamic // nil: the client was made elsewhere
	Record       Record   // as it lies in the store: claim, unknown outcome, history
}

func (r Record) registration() Registration {
	reg := Registration{Client: r.Client, Attachment: r.Attachment, Record: r}
	if r.Registered != nil {
		reg.RedirectURIs, reg.Dynamic = r.Registered.RedirectURIs, r.Registered.Dynamic
	}
	if reg.Dynamic != nil {
		for _, m := range []map[string]secret.String{reg.Dynamic.Wanted, reg.Dynamic.Current} {
			if len(reg.RedirectURIs) == 0 {
				_ = json.Unmarshal([]byte(m["redirect_uris"].Reveal()), &reg.RedirectURIs) // not a list: none
			}
		}
	}
	return reg
}

// IsRegistered tells whether the server has given a client.
func (r Registration) IsRegistered() bool { return r.Client.ClientID != "" }

// Registration reads a registration; a missing one is an *Error of KindNotFound.
func (m *Manager) Registration(ctx context.Context, name string) (Registration, error) {
	r, _, err := m.registration(ctx, name)
	if s, ok := m.unsavedOf(RegistrationKey(name)); ok && IsKind(err, KindStore) { // the store is gone, and what it lacks is here
		return m.ought(s).registration(), nil
	}
	return r, err
}

func (m *Manager) registration(ctx context.Context, name string) (Registration, store.Revision, error) {
	snap, err := m.load(ctx, RegistrationKey(name))
	switch {
	case err != nil:
		return Registration{}, "", err
	case snap.record.IsMoved():
		return Registration{}, snap.revision, MovedAway(snap.record)
	case snap.record.IsTombstone():
		return Registration{}, snap.revision, &Error{Kind: KindNotFound, Reason: ReasonDeleted}
	}
	return snap.record.registration(), snap.revision, nil
}

// PutRegistration makes the registration of that name, of a client that was made elsewhere, or changes it. accept sees the
// stored one, nil if there is none, and may refuse. One whose client the server has made for this program is never replaced:
// its registration access token would be lost.
func (m *Manager) PutRegistration(ctx context.Context, name string, next Registration, accept func(*Registration) error) error {
	var refused error
	err := m.insist(ctx, aFew, func() error {
		cur, revision, err := m.registration(ctx, name)
		stored := &cur
		switch {
		case IsKind(err, KindNotFound):
			stored = nil
		case err != nil:
			return err
		}
		if refused = accept(stored); refused == nil && stored != nil && stored.Dynamic != nil && (stored.IsRegistered() || stored.Record.Claim != nil) {
			refused = &Error{Kind: KindAttached, Record: stored.Record}
		}
		if refused != nil {
			return refused
		}
		r := Record{
			Status: StatusActive, Client: next.Client, Attachment: next.Attachment, Registered: &Registered{RedirectURIs: next.RedirectURIs},
		}
		if stored != nil {
			r.keepRests(stored.Record)
		}
		return m.write(ctx, RegistrationKey(name), revision, r)
	})
	switch {
	case refused != nil:
		return refused
	case err != nil:
		return writeError(ctx, err)
	}
	return nil
}

// keepRests takes over what a later version has put into old, but for what it has said of another client or attachment.
func (r *Record) keepRests(old Record) {
	r.Rest, r.Refresh.Rest, r.Tokens.Rest = old.Rest, old.Refresh.Rest, old.Tokens.Rest
	if sameClient(r.Client, old.Client) {
		r.Client.Rest = old.Client.Rest
	}
	if r.Attachment.ID == old.Attachment.ID {
		r.Attachment.Rest = old.Attachment.Rest
	}
}

// MarkRegistrationAttached notes that the apply which made or adopted the registration was kept.
func (m *Manager) MarkRegistrationAttached(ctx context.Context, name, attachment string) error {
	_, err := m.change(ctx, RegistrationKey(name), func(r Record) (Record, bool) {
		if r.IsTombstone() || r.Attachment.Attached || r.Attachment.ID != attachment {
			return r, false
		}
		r.Attachment.Attached = true
		return r, true
	})
	return err
}

// DeleteRegistration forgets the registration, of a client that was made elsewhere, of that name, if it is still the given attachment's.
func (m *Manager) DeleteRegistration(ctx context.Context, name, attachment string) error {
	err := m.insist(ctx, aFew, func() error {
		cur, revision, err := m.registration(ctx, name)
		if IsKind(err, KindNotFound) || IsKind(err, KindMoved) || err == nil && attachment != "" && cur.Attachment.ID != attachment {
			return nil
		}
		if err != nil {
			return err
		}
		return m.remove(ctx, RegistrationKey(name), revision)
	})
	if err != nil {
		return writeError(ctx, err)
	}
	return nil
}
