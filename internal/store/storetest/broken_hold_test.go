package storetest

import (
	"context"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// holding opens a sound store with the holder that newHolder makes.
func holding(newHolder func() store.Holder) func() func() store.Store {
	return func() func() store.Store {
		s := struct {
			store.Store
			store.Holder
		}{memstore.New("state:"), newHolder()}
		return func() store.Store { return s }
	}
}

type holdFunc func(ctx context.Context, key string) (func(), error)

func (h holdFunc) Hold(ctx context.Context, key string) (func(), error) { return h(ctx, key) }

// anybody gets every lock.
type anybody struct{}

func (anybody) Hold(context.Context, string) (func(), error) { return func() {}, nil }

// holder checks no key, and its release frees the lock whoever has it by then.
type holder struct {
	forever    bool // release frees nothing
	one        bool // one lock for all keys
	noHoldOnce bool

	mu   sync.Mutex
	held map[string]bool
}

func (h *holder) Hold(_ context.Context, key string) (func(), error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.noHoldOnce {
		h.noHoldOnce = false
		return nil, store.ErrNoHold
	}
	if h.one {
		key = ""
	}
	if h.held[key] {
		return nil, store.ErrHeld
	}
	if h.held == nil {
		h.held = map[string]bool{}
	}
	h.held[key] = true
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if !h.forever {
			delete(h.held, key)
		}
	}, nil
}

// soundHolder counts its holds, so that a late release frees nothing.
type soundHolder struct {
	mu    sync.Mutex
	holds int
	held  map[string]int
}

func (h *soundHolder) Hold(_ context.Context, key string) (func(), error) {
	if err := store.CheckKey(key); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held[key] != 0 {
		return nil, store.ErrHeld
	}
	h.holds++
	mine := h.holds
	h.held[key] = mine
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.held[key] == mine {
			delete(h.held, key)
		}
	}, nil
}
