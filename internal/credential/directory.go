package credential

import (
	"context"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// Discoverer asks an authorization server what it says of itself. *oauth.Caller is the one that ships.
type Discoverer interface {
	Discover(ctx context.Context, issuer string) (oauth.Metadata, error)
}

// Directory remembers what authorization servers have told this process of themselves. Askers share one question; an answer is
// kept for as long as the process lives, a failure is not kept at all. It may be used from many goroutines, and by many Managers.
type Directory struct {
	server Discoverer

	mu    sync.Mutex
	known map[string]oauth.Metadata // by issuer
	now   map[string]*inquiry
}

// inquiry is a question under way.
type inquiry struct {
	done     chan struct{}
	metadata oauth.Metadata
	err      error
	died     bool // the asker's own context ended: its error says nothing about the server
}

// NewDirectory returns an empty Directory.
func NewDirectory(server Discoverer) *Directory {
	return &Directory{server: server, known: map[string]oauth.Metadata{}, now: map[string]*inquiry{}}
}

// Find returns the metadata of issuer. What it returns is shared: change nothing in it.
func (d *Directory) Find(ctx context.Context, issuer string) (oauth.Metadata, error) {
	for {
		d.mu.Lock()
		if m, ok := d.known[issuer]; ok {
			d.mu.Unlock()
			return m, nil
		}
		other := d.now[issuer]
		if other == nil {
			own := &inquiry{done: make(chan struct{}), died: true} // stays so if the question panics
			d.now[issuer] = own
			d.mu.Unlock()
			return d.ask(ctx, issuer, own)
		}
		d.mu.Unlock()
		select {
		case <-other.done:
			if !other.died {
				return other.metadata, other.err
			}
		case <-ctx.Done():
			return oauth.Metadata{}, ctx.Err()
		}
	}
}

func (d *Directory) ask(ctx context.Context, issuer string, own *inquiry) (oauth.Metadata, error) {
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.now, issuer)
		if !own.died && own.err == nil {
			d.known[issuer] = own.metadata
		}
		close(own.done)
	}()
	own.metadata, own.err = d.server.Discover(ctx, issuer)
	own.died = own.err != nil && ctx.Err() != nil
	return own.metadata, own.err
}
