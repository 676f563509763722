package simulation

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// client is an app registration whose refusals the server counts. Credentials of one site share it.
type client struct {
	id         string
	site       *site
	budget     credential.ErrorBudget
	accounts   int
	refusals   []time.Duration // when they were; of the last window
	wrongUntil time.Duration   // until then the secret is another one
	locked     time.Duration   // until then nothing of it is looked at
}

// The budgets that a client may have.
func someBudgets() []credential.ErrorBudget {
	return []credential.ErrorBudget{
		{Limit: 2, Window: 10 * time.Minute}, {Limit: 3, Window: time.Hour}, {Limit: 5, Window: 5 * time.Minute},
		{Limit: 10, Window: time.Hour}, // as Exact Online has it
	}
}

// joinClient gives a the client that it belongs to. Some have none whose refusals anybody counts.
func (w *world) joinClient(a *account) {
	if len(w.config.budgets) == 0 || w.chance(0.3) {
		return
	}
	const together = 5
	s := a.site
	if len(s.clients) == 0 || s.clients[len(s.clients)-1].accounts == together {
		w.server.clients++
		s.clients = append(s.clients, &client{id: numbered("app", w.server.clients), site: s, budget: pick(w.scheduler, w.config.budgets...)})
	}
	a.client = s.clients[len(s.clients)-1]
	a.client.accounts++
}

// clientOf is the client of a request whose refusals count; nil: there is none.
func (s *server) clientOf(form url.Values) *client {
	if t := s.tokens[form.Get("refresh_token")]; t != nil {
		return t.family.account.client
	}
	if a := s.codes[form.Get("code")]; a != nil {
		return a.client
	}
	return nil
}

// counted is what the client's platform makes of an answer.
func (w *world) counted(c *client, x *exchange, status int) {
	if status < 400 || status >= 500 {
		return
	}
	for len(c.refusals) > 0 && w.now >= c.refusals[0]+c.budget.Window {
		c.refusals = c.refusals[1:]
	}
	c.refusals = append(c.refusals, w.now)
	w.figures.refusals++
	w.note("", "  server: %s is refused (%d), %d of %d within %s", c.id, status, len(c.refusals), c.budget.Limit, c.budget.Window)
	if len(c.refusals) >= c.budget.Limit {
		c.locked = w.now + c.budget.Window
		w.lockedOut(c, x)
	}
}

// Why a client may be locked out although its budget is configured as the server has it. Nothing else may be a cause.
const causeClocks = "the machines share files and their clocks are apart, or were set"

// lockedOut judges what must not be. Clocks explain no more than that a refusal has left the window too early: by as much
// as the slowest one is behind the fastest.
func (w *world) lockedOut(c *client, x *exchange) {
	early := 2 * w.maxSkew(c.site)
	if c.site.kind == remote || w.config.strict {
		early = 0
	}
	n := 0
	for _, at := range c.refusals {
		if w.now < at+c.budget.Window-early {
			n++
		}
	}
	if n < c.budget.Limit {
		w.figures.put(&w.figures.locked, causeClocks, 1)
		return
	}
	w.fail("", "%s has locked %s out: %d refusals within %s (%s)", x.process.name, c.id, n, c.budget.Window, c.site.kind)
}

// putOff judges an ask that was told that the budget is spent.
func (w *world) putOff(p *process, q *asking, e *credential.Error) {
	var full *credential.BudgetError
	c := q.account.client
	if !errors.As(e.Err, &full) || c == nil {
		w.fail(q.account.key, "%s is put off by a budget that the client has not: %v", p.name, e)
		return
	}
	w.figures.putOff++
	low, high := p.times()
	const heard = 5 * time.Second // how exactly a store's clock is heard
	if latest := epoch.Add(w.now + high + c.budget.Window + heard); e.Until.After(latest) {
		w.fail(q.account.key, "%s is put off until %s, which is longer than %s", p.name, e.Until, c.budget.Window)
	}
	for _, s := range full.Spent {
		if s.At.Add(c.budget.Window).Before(epoch.Add(q.began + low - heard)) {
			w.fail(q.account.key, "%s is put off for what was at %s, and the window is %s", p.name, s.At, c.budget.Window)
		}
	}
	if w.config.calm { // then each that stands was a refusal
		n := 0
		for _, at := range c.refusals {
			if w.now < at+c.budget.Window+heard {
				n++
			}
		}
		if n < c.budget.Limit-1 {
			w.fail(q.account.key, "%s is put off, and the server has counted %d of %d", p.name, n, c.budget.Limit)
		}
	}
}

// outlast asks, and asks again each time that a budget is said to have recovered. What spends it anew in good weather are
// tokens that are dead, each of them once, and refreshes that come too early.
func (w *world) outlast(ctx context.Context, t *task, a *account, ask credential.Ask) {
	for tries := 0; ; tries++ {
		var e *credential.Error
		if err := w.ask(ctx, t, a, ask, time.Hour); !errors.As(err, &e) || e.Reason != credential.ReasonBudget {
			return
		}
		if tries > 2*a.client.accounts {
			_ = w.wait(ctx, func(c *call) {
				w.fail(a.key, "%s is still put off after %d windows", t.process.name, tries)
				w.finish(c)
			})
			return
		}
		_ = clock{w, t.process.machine}.Sleep(ctx, w.pause(t.process, e, 0)+2*w.maxSkew(a.site)+5*time.Second)
	}
}

// pause is how long somebody waits before the next ask: as long as a budget says, to the moment.
func (w *world) pause(p *process, err error, pause time.Duration) time.Duration {
	var e *credential.Error
	if errors.As(err, &e) && e.Reason == credential.ReasonBudget {
		return e.Until.Sub(p.manager.Now())
	}
	return pause
}
