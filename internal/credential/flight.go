package credential

import (
	"context"
	"sync"
)

// flights lets the askers of one process share one rotation per credential, its failure included: a thousand
// data sources must not send a thousand requests that all fail the same way.
type flights struct {
	mu  sync.Mutex
	now map[string]*flight
}

type flight struct {
	ask  Ask
	done chan struct{}
	res  Result
	err  error
	died bool // the leader's own context ended: its error says nothing about the credential
}

// do runs f for key unless somebody is at it. landed is false when another flight was waited for whose outcome does not
// answer this ask; the caller then looks again.
func (fs *flights) do(ctx context.Context, key string, ask Ask, f func() (Result, error)) (res Result, landed bool, err error) {
	fs.mu.Lock()
	if fs.now == nil {
		fs.now = map[string]*flight{}
	}
	if other := fs.now[key]; other != nil {
		fs.mu.Unlock()
		select {
		case <-other.done:
			return other.res, other.ask == ask && !other.died, other.err
		case <-ctx.Done():
			return Result{}, true, ctx.Err()
		}
	}
	own := &flight{ask: ask, done: make(chan struct{})}
	fs.now[key] = own
	fs.mu.Unlock()

	defer func() {
		fs.mu.Lock()
		delete(fs.now, key)
		fs.mu.Unlock()
		close(own.done)
	}()
	own.died = true // stays so if f panics
	own.res, own.err = f()
	own.died = own.err != nil && ctx.Err() != nil
	return own.res, true, own.err
}
