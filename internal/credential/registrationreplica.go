package credential

import (
	"context"
	"errors"
	"maps"
)

// RegistrationReplica is what a Terraform state knows of a registration.
type RegistrationReplica struct {
	Family     string
	Generation int64
	Client     Client // its client_id and secret; the rest is the record's
	// Dynamic is what the server has given. Without a token, and without a secret above: the state keeps none.
	Dynamic Dynamic
}

// HealRegistration puts a state that is further on than the store into the record: after the store was restored from a backup, or
// could not be written when the server answered. Nothing is sent. Another family, or a state that is not ahead, changes nothing.
func (m *Manager) HealRegistration(ctx context.Context, name string, p RegistrationReplica) error {
	m.prepareQuietly(ctx) // what looks lost may lie in a rescue file
	_, err := m.change(ctx, RegistrationKey(name), func(r Record) (Record, bool) { return m.healRegistration(r, p) })
	if IsKind(err, KindNotFound) {
		return nil
	}
	return err
}

// healRegistration is the pure part of HealRegistration. It returns false if there is nothing to heal.
func (m *Manager) healRegistration(r Record, p RegistrationReplica) (Record, bool) {
	ahead := p.Family != "" && p.Family == r.Family && p.Generation > r.Generation
	if !ahead || r.IsMoved() || r.Moving() || r.IsTombstone() || r.Registered.dynamic() == nil {
		return r, false
	}
	// Plans that were not applied may have brought more than the state knows: a refusal is no proof that the client is gone.
	unknown := &Unknown{Attempt: "state", Host: m.owner, ClaimedAt: m.Now().Round(0).UTC()}
	if p.Dynamic.Token.IsEmpty() && p.Client.ClientSecret.IsEmpty() {
		if r.Unknown != nil {
			return r, false
		}
		r.Unknown = unknown // the generation stays, or a reply that is found later would be taken for an old one
		r.note(m.event("", r.Generation, "the state is ahead of the store and holds no token"))
		return r, true
	}
	r = r.clone()
	d := r.Registered.Dynamic
	wanted := maps.Clone(p.Dynamic.Wanted)
	if value, ok := d.Wanted["software_statement"]; ok && wanted != nil { // may be write-only
		if _, ok := wanted["software_statement"]; !ok {
			wanted["software_statement"] = value
		}
	}
	endpoint := d.Endpoint
	*d = p.Dynamic
	d.Endpoint, d.Wanted = endpoint, wanted
	r.Client.ClientID, r.Client.ClientSecret = p.Client.ClientID, p.Client.ClientSecret
	r.Claim = nil // on a token that is spent anyhow
	r.Generation, r.Status, r.Unknown = p.Generation, StatusActive, unknown
	r.note(m.event("", r.Generation, "healed from the state"))
	return r, true
}

// RestoreRegistration writes what a state knows of a registered client into a store that has no record of it. Its token may be
// spent: plans that were not applied may have brought others.
func (m *Manager) RestoreRegistration(ctx context.Context, name string, reg Registration) error {
	family, err := m.newID() // the former record, wherever it lies, is an older copy from now on
	if err != nil {
		return storeError("restoring a registration", err)
	}
	m.prepareQuietly(ctx)
	err = m.insist(ctx, aFew, func() error {
		snap, err := m.load(ctx, RegistrationKey(name))
		if !IsKind(err, KindNotFound) {
			return errors.Join(err, snap.record.standsInTheWay())
		}
		next := Record{
			Family: family, Generation: 1, Status: StatusActive, Client: reg.Client, Attachment: Attachment{ID: reg.Attachment.ID, Attached: true},
			Registered: &Registered{Dynamic: reg.Dynamic}, Unknown: &Unknown{Attempt: "state", Host: m.owner, ClaimedAt: m.Now().Round(0).UTC()},
		}
		next.note(m.event("", 1, "restored from the state"))
		return m.write(ctx, RegistrationKey(name), snap.revision, next)
	})
	if err != nil {
		return writeError(ctx, err)
	}
	return nil
}

// standsInTheWay is nil for the record that an ambiguous write has left.
func (r Record) standsInTheWay() error {
	switch {
	case r.IsMoved():
		return MovedAway(r)
	case r.IsTombstone():
		return &Error{Kind: KindNotFound, Reason: ReasonDeleted, Record: r}
	}
	return nil
}
