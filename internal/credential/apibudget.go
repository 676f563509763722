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
	// unbookedPart of what is left of a budget may be under way without a booking in the store.
	unbookedPart = 2
)

// apiBudget is what calls of an API know of the error budget of their client. A booking costs two writes in the store, which is too
// much for each of thousands of calls: while much of the budget is left, a few calls go unbooked, and only a refusal is written
// down. Two runs that do so at the same moment still do not lock the client out. All further calls are booked as those of the token
// endpoint are.
type apiBudget struct {
	mu       sync.Mutex
	of       string // the key of the budget that was read
	view     storedLedger
	at       time.Duration // when, by the monotonic clock
	known    bool
	unbooked int // calls under way
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
	for pause := a.m.pauses(); ; {
		booked, err := a.spending.admit(ctx, a.m, client)
		if err == nil && booked {
			leave, err = a.book(ctx, client)
		} else if err == nil {
			leave = a.unbooked(ctx, client)
		}
		if !errors.Is(err, errBusy) {
			return leave, speakingOf(err, b.Record)
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// admit says whether a call has to be booked; one that has not is counted. errBusy means: wait.
func (s *apiBudget) admit(ctx context.Context, m *Manager, client Client) (booked bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := m.clock.Monotonic()
	if of := budgetKey(client); s.of != of || !s.known || at-s.at >= viewFor {
		view, err := m.ledger(ctx, client)
		if err != nil && ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err != nil {
			return false, AsError(err)
		}
		s.of, s.view, s.at, s.known = of, view, at, true
	}
	free, err := s.view.room(client.Policy.ErrorBudget)
	switch {
	case err != nil:
		s.known = false // it may be another one at once
		return false, err
	case s.unbooked < free/unbookedPart:
		s.unbooked++
		return false, nil
	case free <= s.unbooked:
		return false, errBusy
	}
	return true, nil
}

// room is how many more refusals the client may get now. Its error is that of a request.
func (l storedLedger) room(b ErrorBudget) (int, error) {
	next, err := l.take(b, seat{Spent: Spent{At: l.now}})
	if full := (*BudgetError)(nil); errors.As(err, &full) {
		return 0, &Error{Kind: KindLater, Reason: ReasonBudget, Until: full.Until, Err: full}
	}
	return b.spare() - len(next.Refusals) - len(next.UnderWay) + 1, err
}

func (a *API) book(ctx context.Context, client Client) (leave func(sent bool, status int), err error) {
	booked, err := a.m.enter(ctx, a.recordKey(), client)
	if err != nil {
		return nil, err
	}
	return func(sent bool, status int) {
		a.m.leave(ctx, booked, chargedFor(sent, status, apiCode))
		a.spending.end(0, true)
	}, nil
}

// unbooked ends a call that was not booked: a refusal is written down, anything else is not.
func (a *API) unbooked(ctx context.Context, client Client) (leave func(sent bool, status int)) {
	return func(sent bool, status int) {
		v := chargedFor(sent, status, apiCode)
		refused := v.Class == oauth.OutcomeUnknown && (v.Status == 0 || v.Status >= 400 && v.Status < 500)
		if refused {
			a.m.charge(ctx, a.recordKey(), client, v)
		}
		a.spending.end(1, refused)
	}
}

func (a *API) recordKey() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.key
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
