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

// Reserved tells whether no resource manages r: a person has authorized it, or is about to, before there was one.
func (r Record) Reserved() bool {
	return r.Status != "" && !r.IsTombstone() && r.Attachment == (Attachment{})
}
