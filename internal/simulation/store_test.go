package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// flavour is a kind of store, by what the engine can know of it.
type flavour int

const (
	local  flavour = iota // files on one machine: locks that die with their owner
	shared                // files on a network filesystem: no lock, no clock
	remote                // PostgreSQL: across a network, with a clock of its own
	flavours
)

func (f flavour) String() string { return []string{"local files", "shared files", "PostgreSQL"}[f] }

// site is one store and the machines that share it.
type site struct {
	kind     flavour
	plain    *memstore.Store
	written  map[string]time.Duration // when a key got its revision
	holds    map[string]*process
	skew     time.Duration // how far the store's own clock is ahead
	machines []*machine
	clients  []*client // whose refusals are counted
}

var errStore = errors.New("the store failed, and does not say what it has done")

// view is what one process sees of its store.
type view struct {
	process *process
	site    *site
}

// newView returns p's store, with the abilities of its kind.
func newView(p *process) store.Store {
	v := view{p, p.machine.site}
	switch v.site.kind {
	case local:
		return struct {
			view
			holder
		}{v, holder{v}}
	case shared:
		return v
	default:
		return remoteView{v}
	}
}

type remoteView struct{ view }

func (remoteView) Remote() bool { return true }

// result is what a call of the store comes to. The caller reads it only if it waited for the end.
type result struct {
	entry    store.Entry
	revision store.Revision
	keys     []string
	err      error
}

func (v view) Get(ctx context.Context, key string) (store.Entry, error) {
	r := v.run(ctx, "get", key, false, func(bool) (r result) {
		if r.entry, r.err = v.site.plain.Get(context.Background(), key); r.err == nil && v.site.kind == remote {
			r.entry.Age = v.process.world.now - v.site.written[key]
			r.entry.Now = epoch.Add(v.process.world.now + v.site.skew)
		}
		return r
	})
	return r.entry, r.err
}

func (v view) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	r := v.run(ctx, "create", key, true, func(late bool) (r result) {
		r.revision, r.err = v.site.plain.Create(context.Background(), key, value)
		v.process.world.wrote(v.site, key, value, r.err, late)
		return r
	})
	return r.revision, r.err
}

func (v view) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	r := v.run(ctx, "replace", key, true, func(late bool) (r result) {
		r.revision, r.err = v.site.plain.Replace(context.Background(), key, old, value)
		v.process.world.wrote(v.site, key, value, r.err, late)
		return r
	})
	return r.revision, r.err
}

func (v view) Delete(ctx context.Context, key string, old store.Revision) error {
	return v.run(ctx, "delete", key, true, func(bool) result {
		return result{err: v.site.plain.Delete(context.Background(), key, old)}
	}).err
}

func (v view) List(ctx context.Context, kind string) ([]string, error) {
	r := v.run(ctx, "list", kind, false, func(bool) (r result) {
		r.keys, r.err = v.site.plain.List(context.Background(), kind)
		return r
	})
	return r.keys, r.err
}

func (v view) Location() string { return v.site.plain.Location() }

// fault is what befalls one call of a store.
type fault struct {
	name        string
	there, back time.Duration
	refused     error // nothing is done, and this is the answer
	silent      bool  // nothing is done, and no answer comes
	deaf        bool  // it is done, and no answer comes
	lie         bool  // it is done, and the answer is errStore
}

// run is one call: on its way there, done, on its way back. Whatever comes later than the timeout of the engine finds
// nobody who waits, but what was on its way there is done all the same.
func (v view) run(ctx context.Context, name, key string, writes bool, do func(late bool) result) result {
	w := v.process.world
	if err := ctx.Err(); err != nil {
		return result{err: err}
	}
	if v.site.kind == local { // what is under way in a file system cannot be called off
		ctx = context.WithoutCancel(ctx)
	}
	r := &result{}
	err := w.wait(ctx, func(c *call) {
		w.hazard(v.process)
		if x := c.task.sent; x != nil && v.site.kind == remote && x.arrived && !x.tried {
			x.bold = true
		}
		f := w.storeFault(v.process, writes)
		w.note(key, "%s %s %s %s", v.process.name, name, key, f.name)
		answer := func(got result) {
			*r = got
			w.finish(c)
		}
		hang := func() {
			w.after(credential.DefaultTimings().StoreTimeout, func() {
				if !c.left {
					answer(result{err: fmt.Errorf("%s %s: %w", name, key, context.DeadlineExceeded)})
				}
			})
		}
		switch {
		case f.silent:
			hang()
		case f.refused != nil:
			w.after(f.there, func() { answer(result{err: fmt.Errorf("%s %s: %w", name, key, f.refused)}) })
		default:
			if v.site.kind != local && f.there+f.back >= credential.DefaultTimings().StoreTimeout || f.deaf {
				hang()
			}
			w.after(f.there, func() {
				got := do(c.left && !v.process.crashed)
				w.note(key, "%s %s %s done: %v", v.process.name, name, key, got.err)
				if f.lie && got.err == nil {
					got = result{err: fmt.Errorf("%s %s: %w", name, key, errStore)}
				}
				if !f.deaf {
					w.after(f.back, func() {
						if !c.left {
							answer(got)
						}
					})
				}
			})
		}
	})
	if err != nil {
		return result{err: err}
	}
	return *r
}

// holder is the lock of a file store.
type holder struct{ view }

func (h holder) Hold(ctx context.Context, key string) (func(), error) {
	p, w := h.process, h.process.world
	var err error
	waited := w.wait(context.WithoutCancel(ctx), func(c *call) {
		w.hazard(p)
		w.after(w.between(time.Microsecond, time.Millisecond), func() {
			if owner := h.site.holds[key]; owner != nil {
				err = store.ErrHeld
			} else if !p.dead {
				h.site.holds[key] = p
				p.held = append(p.held, key)
			}
			w.note(key, "%s hold %s: %v", p.name, key, err)
			w.finish(c)
		})
	})
	if waited != nil {
		return nil, waited
	}
	if err != nil {
		return nil, err
	}
	return func() {
		if !p.dead && h.site.holds[key] == p { // a dead process has let go before
			delete(h.site.holds, key)
		}
	}, nil
}

// storeFault says what befalls a call of p to its store.
func (w *world) storeFault(p *process, writes bool) fault {
	kind := p.machine.site.kind
	f := fault{there: w.between(50*time.Microsecond, 2*time.Millisecond)}
	if kind == remote {
		f = fault{there: w.between(time.Millisecond, 20*time.Millisecond), back: w.between(time.Millisecond, 20*time.Millisecond)}
	}
	if w.calm {
		return f
	}
	if kind != local && p.machine.noStore.until > w.now {
		if p.machine.noStore.silence {
			return fault{name: "(cut off, silence)", silent: true}
		}
		refused := errStore
		if writes && w.chance(0.5) {
			refused = store.ErrNotDone
		}
		return fault{name: "(cut off)", there: time.Millisecond, refused: refused}
	}
	x := w.weather
	switch {
	case w.chance(x.storeRefuse):
		f.name, f.refused = "(refused)", errStore
		if writes {
			f.refused = store.ErrNotDone
		}
	case w.chance(x.storeFail):
		f.name, f.refused = "(fails, nothing done)", errStore
	case w.chance(x.storeLie):
		f.name, f.lie = "(fails, but done)", true
	case w.chance(x.storeSlow):
		f.name, f.back = "(slow)", w.between(time.Second, 20*time.Second)
	case kind == local: // whatever hangs there, hangs in the kernel
		if w.chance(x.storeLate) {
			f.name, f.there = "(disk hangs)", w.between(time.Second, 5*time.Minute)
		}
	case w.chance(x.storeSilent):
		f.name, f.silent = "(request lost)", true
	case w.chance(x.storeDeaf):
		f.name, f.deaf = "(reply lost)", true
	case w.chance(x.storeLate):
		f.name, f.there = "(late)", w.between(10*time.Second, w.config.late)
	}
	return f
}

// wrote notes a write that was done; late, if its process had been told before that it was not.
func (w *world) wrote(s *site, key string, value []byte, err error, late bool) {
	if err != nil {
		return
	}
	if _, claim, ok := bytes.Cut(value, []byte(`"claim":{"attempt":"`)); ok && late {
		id, _, _ := bytes.Cut(claim, []byte(`"`))
		w.lateClaims[string(id)] = true
	}
	s.written[key] = w.now
	sum := fnv.New64a()
	sum.Write(value)
	w.note(key, "  holds %x", sum.Sum64())
	w.server.seen(key, value)
}
