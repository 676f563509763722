package credential

import "context"

// Reserve makes sure that the store has a record of that name which a person can authorize outside of any apply, and returns it. One
// that no resource manages is made, or set up anew; the first resource of that name and app adopts it, with its tokens. One that a
// resource manages, or that an apply has just made, keeps its own settings, and s must be of the same app.
func (m *Manager) Reserve(ctx context.Context, name string, s Setup) (Record, error) {
	key := PairKey(name)
	s.Client = m.known(s.Client)
	m.prepareQuietly(ctx)
	var next Record
	err := m.insist(ctx, aFew, func() error {
		snap, err := m.load(ctx, key)
		if err != nil && !IsKind(err, KindNotFound) {
			return err
		}
		var changed bool
		next, changed, err = m.reserving(snap.record, s)
		if err != nil || !changed {
			return err
		}
		return m.write(ctx, key, snap.revision, next)
	})
	if err != nil {
		return Record{}, writeError(ctx, err)
	}
	return next, nil
}

// reserving is what Reserve makes of a record; the zero one stands for none.
func (m *Manager) reserving(cur Record, s Setup) (next Record, changed bool, err error) {
	switch {
	case cur.Status == "", cur.IsTombstone() && !cur.IsMoved():
		next, err = attach(cur, "", s, m.Now())
		return next, true, err
	case cur.IsMoved():
		return Record{}, false, MovedAway(cur)
	case cur.Moving():
		return Record{}, false, &Error{Kind: KindMoving, Reason: ReasonMoving, Record: cur}
	case cur.Reserved():
		next, changed = m.reconfigured(cur.clone(), s)
		return next, changed, nil
	case !cur.Client.SameApp(s.Client):
		return Record{}, false, &Error{Kind: KindAttached, Record: cur, Err: ErrOtherApp}
	}
	return cur, false, nil
}

// Release leaves a pair that was authorized anew to the next resource of its name and app, as after Reserve: the one that manages it is
// being destroyed, and knows only of an earlier authorization. A pair that another resource manages is left alone.
func (m *Manager) Release(ctx context.Context, name, attachment string) error {
	m.prepareQuietly(ctx)
	_, err := m.change(ctx, PairKey(name), func(r Record) (Record, bool) {
		if r.IsTombstone() || r.Attachment.ID != attachment || r.Reserved() {
			return r, false
		}
		r.Attachment = Attachment{}
		r.note(m.event("", r.Generation, "its resource was destroyed, and has left this later authorization"))
		return r, true
	})
	return err
}

// Reserved tells whether no resource manages r: a person has authorized it, or is about to, before there was one.
func (r Record) Reserved() bool {
	return r.Status != "" && !r.IsTombstone() && r.Attachment == (Attachment{})
}
