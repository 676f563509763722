package credential

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

const (
	// apiCode stands for the server's words in the list of an error budget.
	apiCode = "(call of the API)"
	// viewFor is how long what was read of a budget is gone by.
	viewFor = 2 * time.Second
	// unbookedPart of what a budget forgives may be under way without a booking in the store, by one process; as much is left to
	// what another one does so.
	unbookedPart = 4
)

// apiBudget is what calls of an API know of the error budget of their client. A booking costs two writes in the store, which is too
// much for each of thousands of calls: while much of the budget is left, a few calls go unbooked, and only a refusal is written
// down. All further calls are booked as those of the token endpoint are. What another process has under way unbooked nobody can see,
// so as much is left to it: two that call at the same moment do not lock the client out.
type apiBudget struct {
	mu       sync.Mutex
	view     storedLedger
	at       time.Duration // when, by the monotonic clock
	known    bool
	unbooked int // calls under way
	booking  int // calls that are about to be booked
}

// unseen is what no ledger shows of the calls under way.
type unseen struct{ own, others int }

// spendingOf is what this process knows of the budget of client.
func (m *Manager) spendingOf(client Client) *apiBudget {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := budgetKey(client)
	if m.spending[key] == nil {
		m.spending[key] = &apiBudget{}
	}
	return m.spending[key]
}

// Enter asks the error budget of b's client whether a call may be made now, and waits where calls under way may spend the rest. leave
// must be called when the answer is there: sent says whether the API may have seen the call, status is 0 where no answer came. A
// client without a budget costs nothing.
func (a *API) Enter(ctx context.Context, b Bearer) (leave func(sent bool, status int), err error) {
	if !b.budgeted {
		return func(bool, int) {}, nil
	}
	client, err := a.m.accountable(ctx, b.Record.Client)
	if err != nil {
		return nil, configurationError(err, b.Record)
	}
	spending := a.m.spendingOf(client)
	for pause := a.m.pauses(); ; {
		booked, beside, err := spending.admit(ctx, a.m, client)
		if err == nil && booked {
			leave, err = a.book(ctx, client, spending, beside)
		} else if err == nil {
			leave = a.unbooked(ctx, client, spending)
		}
		if !errors.Is(err, errBusy) {
			return leave, speakingOf(err, b.Record)
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// admit says whether a call has to be booked, beside what. It is counted in any case. errBusy means: wait.
func (s *apiBudget) admit(ctx context.Context, m *Manager, client Client) (booked bool, beside unseen, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := m.clock.Monotonic()
	if !s.known || at-s.at >= viewFor {
		view, err := m.ledger(ctx, client)
		if err != nil && ctx.Err() != nil {
			return false, unseen{}, ctx.Err()
		}
		if err != nil {
			return false, unseen{}, AsError(err)
		}
		s.view, s.at, s.known = view, at, true
	}
	budget := client.Policy.ErrorBudget
	beside = unseen{own: s.unbooked, others: budget.spare() / unbookedPart}
	_, err = s.view.take(budget, seat{Spent: Spent{At: s.view.now}}, unseen{own: s.unbooked + s.booking, others: beside.others})
	switch full := (*BudgetError)(nil); {
	case err != nil:
		s.known = false // it may be another one at once
		if errors.As(err, &full) {
			err = &Error{Kind: KindLater, Reason: ReasonBudget, Until: full.Until, Err: full}
		}
		return false, unseen{}, err
	case s.unbooked < beside.others:
		s.unbooked++
		return false, unseen{}, nil
	}
	s.booking++
	return true, beside, nil
}

func (a *API) book(ctx context.Context, client Client, spending *apiBudget, beside unseen) (leave func(sent bool, status int), err error) {
	booked, err := a.m.enterBeside(ctx, a.recordKey(), client, beside)
	spending.booked()
	if err != nil {
		return nil, err
	}
	return func(sent bool, status int) {
		a.m.leave(ctx, booked, chargedFor(sent, status, apiCode))
		spending.end(0, true)
	}, nil
}

// unbooked ends a call that was not booked: a refusal is written down, anything else is not.
func (a *API) unbooked(ctx context.Context, client Client, spending *apiBudget) (leave func(sent bool, status int)) {
	return func(sent bool, status int) {
		v := chargedFor(sent, status, apiCode)
		refused := v.Class == oauth.OutcomeUnknown && (v.Status == 0 || v.Status >= 400 && v.Status < 500)
		if refused {
			a.m.charge(ctx, a.recordKey(), client, v)
		}
		spending.end(1, refused)
	}
}

func (a *API) recordKey() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.key
}

// booked notes that a call stands in the store by now, or is not made.
func (s *apiBudget) booked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.booking--
	s.known = false
}

// end notes that a call is over, and whether it has changed what is in the store.
func (s *apiBudget) end(unbooked int, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unbooked -= unbooked
	s.known = s.known && !changed
}

// charge writes down a refusal that was not booked before.
func (m *Manager) charge(ctx context.Context, key string, client Client, v oauth.Verdict) {
	id, err := m.newID()
	end, ending := m.sections.Begin()
	if ending != nil { // the process is about to end, and does not wait for this
		end = func() {}
	}
	if err != nil {
		end()
		return
	}
	m.leave(ctx, booking{client: client, spent: Spent{ID: id, Host: m.owner, Key: key}, end: end}, v)
}
