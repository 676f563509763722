package credential

import (
	"context"
	"maps"
	"slices"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// successor is a reply that was understood, with all that its commit needs.
type successor struct {
	attempt Attempt
	token   oauth.Token
	// registration, instead of token, is what the server says of a registered client.
	registration *oauth.Registration
	base         *Record // the record as claimed; nil: not known
	path         string  // of its rescue file; empty: none
}

// apply puts what the reply brought into the current record.
func (s successor) apply(cur Record, e Event) (Record, commitOutcome) {
	if s.registration != nil {
		return applyRegistration(cur, s.attempt, *s.registration, e)
	}
	return applyTokens(cur, s.attempt, s.token, e)
}

// prepare brings home the successors that have not reached the store: from rescue files, and from this process's memory.
// Every operation begins with it, because the store's own copy of such a credential holds a spent token. It returns what
// is to be told of that, and of what was found before by somebody who could not tell.
func (m *Manager) prepare(ctx context.Context) []Notice { return m.prepareFor(ctx, "") }

// prepareFor is prepare with a look at what has come since, also where a process that may live has it in use, if it
// concerns the credential of key.
func (m *Manager) prepareFor(ctx context.Context, key string) []Notice {
	select {
	case m.preparing <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	defer func() { <-m.preparing }()
	notices := m.lookForRescues(ctx, key)
	notices = append(notices, m.flush(ctx)...)
	m.mu.Lock()
	defer m.mu.Unlock()
	notices = append(m.untold, notices...)
	m.untold = nil
	return notices
}

// prepareQuietly is prepare for operations whose result has no notices.
func (m *Manager) prepareQuietly(ctx context.Context) { m.tellLater(m.prepare(ctx)) }

func (m *Manager) tellLater(notices []Notice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.untold = append(m.untold, notices...)
}

// flush commits what this process could not commit before. It stops at the first failure: the store is still gone.
func (m *Manager) flush(ctx context.Context) []Notice {
	var notices []Notice
	for _, s := range m.unsavedAll() {
		end, err := m.sections.Begin()
		if err != nil {
			return notices
		}
		_, err = m.commit(ctx, s, once)
		end()
		if err != nil {
			if s.path == "" { // else the search for rescue files has told of it
				notices = append(notices, Notice{Code: NoticeNotStored, Err: err, Minted: s.attempt.Minted, Managing: s.attempt.manages()})
			}
			if definite(err) {
				continue // this record cannot be written; others can
			}
			return notices
		}
		m.log.Info("stored a successor that could not be stored before", "key", s.attempt.Key, "attempt", s.attempt.ID)
		m.home(s)
	}
	return notices
}

// away notes that s could not be stored.
func (m *Manager) away(s successor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unsaved[s.attempt.Key] = s
}

// home notes that s is in the store, or that something newer is.
func (m *Manager) home(s successor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unsaved[s.attempt.Key].attempt.ID == s.attempt.ID {
		delete(m.unsaved, s.attempt.Key)
	}
}

// ought is the record as it would be if s had been stored.
func (m *Manager) ought(s successor) Record {
	r, _ := s.apply(s.base.clone(), m.event(s.attempt.ID, 0, ""))
	return r
}

func (m *Manager) unsavedOf(key string) (successor, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.unsaved[key]
	return s, ok
}

func (m *Manager) unsavedAll() []successor {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []successor
	for _, key := range slices.Sorted(maps.Keys(m.unsaved)) {
		all = append(all, m.unsaved[key])
	}
	return all
}
