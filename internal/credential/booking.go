package credential

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// booking is a request to a token endpoint, as the error budget of its client has it. The zero one is of a client without
// a budget, and costs nothing.
type booking struct {
	client Client
	spent  Spent   // what it may come to
	at     instant // before it was made
	end    func()  // of the critical section
}

// stands tells whether the booking will still stand when the answer is there. Once it is over it counts as refused, and
// after that it is forgotten: a request that is sent then, by a process that stood still, would be counted by the server
// alone.
func (b booking) stands(m *Manager) bool {
	return b.spent.ID == "" || b.at.within(m.clock, m.timings.ClaimTTL()-m.timings.RequestTimeout)
}

// enter books a request to the token endpoint of client in its error budget. leave must be called when the answer is
// there; until then the request counts as one that may be refused. errBusy means that requests under way have the rest of
// the budget: wait.
func (m *Manager) enter(ctx context.Context, key string, client Client) (booking, error) {
	return m.enterBeside(ctx, key, client, unseen{})
}

// enterBeside is enter beside calls that no ledger shows.
func (m *Manager) enterBeside(ctx context.Context, key string, client Client, beside unseen) (booking, error) {
	budget := client.Policy.ErrorBudget
	if budget == (ErrorBudget{}) {
		return booking{}, nil
	}
	id, err := m.newID()
	if err != nil {
		return booking{}, storeError("booking a request", err)
	}
	end, err := m.sections.Begin()
	if err != nil {
		return booking{}, &Error{Kind: KindShuttingDown, Err: err}
	}
	b := booking{client: client, spent: Spent{ID: id, Host: m.owner, Key: key}, end: end}
	doubt := false // whether it was booked
	err = m.insist(ctx, aFew, func() error {
		asked := nowOn(m.clock)
		l, err := m.ledger(ctx, client)
		if err != nil {
			return err
		}
		// What an ambiguous error has left there may still be on its way to the disk: it is written again.
		if !slices.ContainsFunc(l.UnderWay, func(s seat) bool { return s.ID == id }) {
			b.at = asked
			s := seat{Spent: b.spent, TTL: m.timings.ClaimTTL()}
			s.At = l.now
			if l.ledger, err = l.take(budget, s, beside); err != nil {
				return decided{err}
			}
		}
		err = m.putLedger(ctx, client, l)
		doubt = doubt || err != nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotDone)
		return err
	})
	if err == nil {
		return b, nil
	}
	if doubt {
		m.leave(ctx, b, oauth.Verdict{})
	} else {
		end()
	}
	var full *BudgetError
	switch {
	case errors.As(err, &full):
		return booking{}, &Error{Kind: KindLater, Reason: ReasonBudget, Until: full.Until, Err: full}
	case errors.Is(err, errBusy):
		return booking{}, errBusy
	}
	return booking{}, writeError(ctx, err)
}

// leave says how a request ended. Where the store does not take it, the request counts as refused once its TTL is over.
func (m *Manager) leave(ctx context.Context, b booking, v oauth.Verdict) {
	if b.spent.ID == "" {
		return
	}
	defer b.end()
	ctx = context.WithoutCancel(ctx)
	err := m.insist(ctx, aFew, func() error {
		l, err := m.ledger(ctx, b.client)
		if err != nil {
			return err
		}
		s := b.spent
		s.At = l.now
		l.ledger = l.settle(b.client.Policy.ErrorBudget, s, v)
		return m.putLedger(ctx, b.client, l)
	})
	if err != nil {
		m.log.Warn("could not note how a request ended; it counts as refused", "client_id", b.client.ClientID, "error", err)
	}
}

// whenFree is enter, or another way to book, that waits for requests under way where they have the rest of the budget.
func (m *Manager) whenFree(ctx context.Context, enter func() (booking, error)) (booking, error) {
	for pause := m.pauses(); ; {
		b, err := enter()
		if !errors.Is(err, errBusy) {
			return b, err
		}
		if err := pause(ctx); err != nil {
			return booking{}, err
		}
	}
}

// postBooked sends a request that uses nothing up, and so needs no claim, once and under b. judge says what the answer is charged for.
func (m *Manager) postBooked(ctx context.Context, b booking, r oauth.Request, judge func(oauth.Reply) oauth.Verdict) (sentAt time.Time) {
	verdict := oauth.Verdict{Class: oauth.NotSent}
	defer func() { m.leave(ctx, b, verdict) }()
	r.BeforeSend = func() error {
		if !b.stands(m) {
			return ErrLate
		}
		sentAt = m.Now().Round(0).UTC()
		return nil
	}
	verdict = judge(m.caller.Post(ctx, r))
	return sentAt
}

// enterAside books a call that no token hangs on. Half of the budget is not for such calls: one that is refused in each run must not
// keep refreshes waiting.
func (m *Manager) enterAside(ctx context.Context, key string, client Client) (booking, error) {
	half := client
	if budget := &half.Policy.ErrorBudget; *budget != (ErrorBudget{}) {
		budget.Limit = 1 + (budget.spare()+1)/2
	}
	b, err := m.enter(ctx, key, half)
	if spent := (*BudgetError)(nil); errors.As(err, &spent) {
		return booking{}, errNotWorthIt
	}
	b.client = client
	return b, err
}

var errNotWorthIt = errors.New("so many requests of this client were refused of late that what is left of its error budget is kept for refreshes")

// chargedFor is how an error budget sees a call that is no token request. code stands for the server's words.
func chargedFor(sent bool, status int, code string) oauth.Verdict {
	switch {
	case !sent:
		return oauth.Verdict{Class: oauth.NotSent}
	case status >= 200 && status < 300:
		return oauth.Verdict{Class: oauth.Success, Status: status}
	}
	return oauth.Verdict{Class: oauth.OutcomeUnknown, Status: status, Code: code}
}

// storedLedger is a ledger as read.
type storedLedger struct {
	ledger
	revision store.Revision // empty: there is none yet
	now      time.Time      // when it was read
}

// ledger reads the budget of client. There is none in the beginning.
func (m *Manager) ledger(ctx context.Context, client Client) (storedLedger, error) {
	l := storedLedger{ledger: ledger{Format: recordFormat, Kind: kindBudget, TokenEndpoint: client.TokenEndpoint, ClientID: client.ClientID}}
	e, err := m.get(ctx, budgetKey(client))
	l.now = m.Now().Round(0).UTC()
	if errors.Is(err, store.ErrNotFound) {
		return l, nil
	}
	if err != nil {
		return storedLedger{}, err
	}
	// By the store's clock it is this time at least, however long the answer took. A guess that is off by seconds would let
	// a refusal leave the window before the server forgets it.
	if !e.Now.IsZero() {
		l.now = e.Now.Round(0).UTC()
	}
	var known ledger
	if err := decodeAs(e.Value, &known, kindBudget); err != nil {
		return storedLedger{}, storeError("reading an error budget", unusable(err))
	}
	l.ledger, l.revision = known, e.Revision
	return l, nil
}

func (m *Manager) putLedger(ctx context.Context, client Client, l storedLedger) error {
	text, err := encodeWhole(l.ledger)
	if err != nil {
		return storeError("encoding an error budget", unusable(err))
	}
	return m.put(ctx, budgetKey(client), l.revision, text)
}
