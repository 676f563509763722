package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// ErrSameStore says that source and destination of a move are one store, or copies of one.
var ErrSameStore = errors.New("source and destination are the same token store, or one is a copy of the other")

// Mover moves credentials from one token store to another. A credential can be used in one of the two at any time, and is
// in at least one of them whatever happens: the source's record is claimed, a parked copy goes into the destination, the
// source's record becomes a tombstone that tells where to, and then the copy becomes the credential. Each of its methods
// goes on from wherever an earlier one has stopped, in either direction.
type Mover struct {
	from, to *Manager
	inputs   map[string][]copied // of the source, by the pair that took them; nil: not read yet
}

// NewMover returns a Mover. Nothing is read yet.
func NewMover(from, to *Manager) *Mover { return &Mover{from: from, to: to} }

// Offline is a Poster that sends nothing: for a Manager that only moves what the store holds.
type Offline struct{}

var errOffline = errors.New("this process sends nothing")

// Post implements Poster.
func (Offline) Post(context.Context, oauth.Request) oauth.Reply { return oauth.Reply{Err: errOffline} }

// Outcome is what has become of one credential.
type Outcome string

// The outcomes.
const (
	OutcomeMoved     Outcome = "moved"
	OutcomeKept      Outcome = "kept"      // the destination had it, further on; the source's copy was given up
	OutcomeAlready   Outcome = "already"   // it was moved before
	OutcomeUndone    Outcome = "undone"    // it has never left the destination: an unfinished move the other way was taken back
	OutcomeDeleted   Outcome = "deleted"   // it was deleted in the source; what is remembered of it is in the destination
	OutcomeCopied    Outcome = "copied"    // of a registration
	OutcomeSame      Outcome = "same"      // the destination has the same registration
	OutcomeDifferent Outcome = "different" // the destination has another registration of that name, which stays
	OutcomeFailed    Outcome = "failed"    // Err says why, and whether the source still has it
)

// Moved tells of one credential.
type Moved struct {
	Name       string
	Outcome    Outcome
	Generation int64    // of the credential where it is now; 0 if there is none
	Notes      []string // what else a person should know
	Err        error    // an *Error, or the context's; with OutcomeFailed alone
}

// Check reads both stores' ids, and refuses two that are one.
func (v *Mover) Check(ctx context.Context) error {
	from, to, err := v.ends(ctx)
	if err != nil {
		return err
	}
	// A destination without an id was never written to; the source was. Locations prove nothing: a database has many tables.
	if from.id == to.id {
		return &Error{Kind: KindConfiguration, Err: ErrSameStore}
	}
	return nil
}

// Names lists the credentials of the source, sorted: deleted and moved ones, and those that an unfinished move has left in
// the destination, are among them.
func (v *Mover) Names(ctx context.Context) ([]string, error) {
	from, _, err := v.ends(ctx)
	if err != nil {
		return nil, err
	}
	names, err := v.from.Names(ctx)
	if err != nil {
		return nil, err
	}
	others, err := v.to.Names(ctx)
	if err != nil {
		return nil, err
	}
	own := names
	for _, name := range others {
		if _, found := slices.BinarySearch(own, name); found {
			continue
		}
		snap, err := v.to.stored(ctx, PairKey(name))
		if err != nil {
			continue // it may be of no concern here; whoever names it is told
		}
		if r := snap.record.roleIn(from); r == roleParked || r == roleLeaving {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Move moves the credential of that name, with the registrations that it refers to and the inputs it has used. It waits
// for the end of a refresh, an exchange or a revocation. Once it has begun, it goes on to the end of what the stores
// allow, whatever becomes of ctx. Where the destination cannot be written, the source is as it was before.
func (v *Mover) Move(ctx context.Context, name string) Moved { return v.move(ctx, name, PairKey(name)) }

func (v *Mover) move(ctx context.Context, name, key string) Moved {
	end, err := v.from.sections.Begin()
	if err != nil {
		return Moved{Name: name, Outcome: OutcomeFailed, Err: &Error{Kind: KindShuttingDown, Err: err}}
	}
	defer end()
	run := v.run(name, key)
	defer run.unlock()
	if err := run.toTheEnd(ctx); err != nil {
		run.result.Outcome, run.result.Err = OutcomeFailed, err
	}
	return run.result
}

// Preview tells what Move would do as things stand. It writes nothing.
func (v *Mover) Preview(ctx context.Context, name string) Moved {
	return v.preview(ctx, name, PairKey(name))
}

func (v *Mover) run(name, key string) *moveRun {
	return &moveRun{Mover: v, name: name, key: key, sight: sight{now: v.from.Now()}, result: Moved{Name: name}}
}

func (v *Mover) preview(ctx context.Context, name, key string) Moved {
	run := v.run(name, key)
	err := run.look(ctx)
	for errors.Is(err, errClaimLost) && ctx.Err() == nil {
		err = run.look(ctx)
	}
	if err == nil {
		err = run.foretell()
	}
	if err != nil {
		run.result.Outcome, run.result.Err = OutcomeFailed, err
	}
	return run.result
}

func (v *Mover) ends(ctx context.Context) (from, to end, err error) {
	if from, err = v.from.end(ctx); err != nil {
		return from, to, err
	}
	to, err = v.to.end(ctx)
	return from, to, err
}

// end tells which store this is.
func (m *Manager) end(ctx context.Context) (end, error) {
	e := end{location: m.store.Location()}
	identified, ok := m.store.(interface {
		ID(ctx context.Context) (string, error)
	})
	if !ok {
		return e, nil
	}
	ctx, cancel := context.WithTimeout(ctx, m.timings.StoreTimeout)
	defer cancel()
	id, err := identified.ID(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return e, storeError("reading the id of "+e.location, err)
	}
	e.id = id
	return e, nil
}

// told names the store that an error came from.
func (m *Manager) told(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindStore {
		return err
	}
	return &Error{Kind: e.Kind, Reason: e.Reason, Record: e.Record, Err: fmt.Errorf("%s: %w", m.store.Location(), e.Err)}
}
