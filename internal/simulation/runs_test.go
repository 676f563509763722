package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// pipelines has somebody use the credential a again and again: one runner, or several at once.
func (w *world) pipelines(a *account) {
	w.after(w.exponential(a.every), func() {
		if w.ended {
			return
		}
		apart := pick(w.scheduler, 50*time.Millisecond, 2*time.Second, 3*time.Minute)
		for range pick(w.scheduler, 1, 1, 2, 3, 5) {
			w.after(w.between(0, apart), func() { w.pipeline(a) })
		}
		w.pipelines(a)
	})
}

// pipeline is one run of the provider. Besides a it may use neighbours, one after the other or side by side.
func (w *world) pipeline(a *account) {
	m := pick(w.scheduler, a.site.machines...)
	if m.asleepUntil > w.now { // then somebody waits for it to wake up
		w.at(m.asleepUntil, func() { w.pipeline(a) })
		return
	}
	if w.ended || m.lost {
		return
	}
	p := w.newProcess(m)
	w.note(a.key, "%s starts", p.name)
	asks := pick(w.scheduler, 1, 1, 2, 3)
	pause := pick(w.scheduler, time.Second, time.Minute, 20*time.Minute)
	for _, b := range w.among(a) {
		ask, patience := w.newAsk(b)
		for range pick(w.scheduler, 1, 1, 1, 1, 2) { // askers that share a flight
			w.task(p, func(ctx context.Context, t *task) {
				for range asks {
					_ = clock{w, m}.Sleep(ctx, w.pause(p, w.ask(ctx, t, b, ask, patience), pause))
				}
			})
		}
	}
}

// among returns a, and sometimes neighbours of it.
func (w *world) among(a *account) []*account {
	all := []*account{a}
	for w.chance(0.2) && len(all) < 4 {
		b := pick(w.scheduler, w.server.accounts...)
		known := b.site != a.site
		for _, c := range all {
			known = known || b == c
		}
		if !known {
			all = append(all, b)
		}
	}
	return all
}

func (w *world) newAsk(a *account) (credential.Ask, time.Duration) {
	ask := credential.Ask{
		DefaultMargin: 30 * time.Second,
		MinValidity:   pick(w.scheduler, 0, 0, time.Minute, 2*time.Minute),
		Asker:         pick(w.scheduler, credential.AskerRead, credential.AskerApply, credential.AskerConsumer),
	}
	if a.earliest > 0 { // a longer margin is never met
		ask.MinValidity = 0
	}
	return ask, pick(w.scheduler, 5*time.Second, time.Minute, 10*time.Minute, longPatience)
}

// longPatience outlasts a chain of claims, each of which stands for its TTL.
const longPatience = time.Hour

// asking is one ask under way.
type asking struct {
	account  *account
	ask      credential.Ask
	began    time.Duration
	stopped  time.Duration // how long the process had stood still before
	over     bool
	canceled bool
}

// ask asks for a token, and judges what comes of it.
func (w *world) ask(ctx context.Context, t *task, a *account, ask credential.Ask, patience time.Duration) error {
	p := t.process
	q := &asking{account: a, ask: ask}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	inner = stoppable{inner}
	_ = w.wait(ctx, func(c *call) {
		w.after(w.offTheEdge(a, ask), func() {
			q.began, q.stopped = w.now, p.stopped
			w.note(a.key, "%s asks for %s: %v, patience %s", p.name, a.name, ask, patience)
			w.expects(p, a, ask)
			w.after(patience, func() {
				w.whenRunning(p, func() {
					if !q.over {
						q.canceled = true
						w.note(a.key, "%s gives up waiting", p.name)
						t.giveUp(cancel)
						w.woke = true
					}
				})
			})
			w.finish(c)
		})
	})
	res, err := p.manager.Token(inner, a.name, ask)
	q.over, t.cancel = true, nil
	_ = w.wait(ctx, func(c *call) {
		w.answered(p, q, res, err)
		w.finish(c)
	})
	return err
}

// offTheEdge is how long an ask has to be put off in good weather, so that a moment more or less does not decide whether
// the token is too old.
func (w *world) offTheEdge(a *account, ask credential.Ask) time.Duration {
	const edge = 3 * time.Second
	if t := a.inUse(); w.calm && t != nil {
		for _, at := range []time.Duration{t.expires - a.margin(ask), t.expires} {
			if w.now > at-edge && w.now < at+edge {
				return at + edge - w.now
			}
		}
	}
	return 0
}

// expects notes that somebody has come too late for the token in use: one refresh is due.
func (w *world) expects(p *process, a *account, ask credential.Ask) {
	t := a.inUse()
	if t == nil || t.due || !a.counts() || !a.spends(ask) || t.family.dead != "" {
		return
	}
	if w.now+a.margin(ask) > t.expires {
		t.due = true
		a.expiries++
		w.figures.expiries++
	}
}

// answered judges the answer to an ask.
func (w *world) answered(p *process, q *asking, res credential.Result, err error) {
	a := q.account
	w.figures.asks++
	if err == nil {
		w.note(a.key, "%s is served %s (rotated: %t, %v)", p.name, res.Record.Tokens.Access.Reveal(), res.Rotated, codes(res.Notices))
		w.figures.served++
		w.opensDoors(p, q, res)
		return
	}
	w.note(a.key, "%s is told: %v", p.name, err)
	var e *credential.Error
	switch {
	case errors.Is(err, context.Canceled):
		w.mayStarve(p, q)
	case !errors.As(err, &e):
		w.fail(a.key, "%s is told something that is no Error: %v", p.name, err)
	case needsPerson(err):
		w.givesUp(a, e)
	case e.Kind == credential.KindNotFound, e.Kind == credential.KindConfiguration && e.Err != nil, e.Kind == credential.KindConsumed:
		w.fail(a.key, "%s is told %v", p.name, err)
	case w.calm && q.began > w.calmSince && (e.Kind == credential.KindStore || e.Kind == credential.KindNotSent):
		w.fail(a.key, "%s is told %v, and nothing is wrong", p.name, err)
	case e.Reason == credential.ReasonBudget:
		w.putOff(p, q, e)
	default:
		w.figures.put(&w.figures.refused, string(e.Kind), 1)
	}
}

// needsPerson tells whether nothing but a person can help.
func needsPerson(err error) bool {
	var e *credential.Error
	return errors.As(err, &e) && (e.Kind == credential.KindAuthorize || e.Reason == credential.ReasonUnknownFinal)
}

func codes(notices []credential.Notice) []credential.NoticeCode {
	var all []credential.NoticeCode
	for _, n := range notices {
		all = append(all, n.Code)
	}
	return all
}

// mayStarve looks at an ask whose patience has ended.
func (w *world) mayStarve(p *process, q *asking) {
	w.figures.impatient++
	m := p.machine
	healthy := m.noStore.until < q.began && m.noNetwork.until < q.began && p.stopped == q.stopped
	if q.canceled && healthy && w.now-q.began >= longPatience {
		w.fail(q.account.key, "%s starved: no answer within %s, and its store was well", p.name, w.now-q.began)
	}
}

// opensDoors checks that a token which was served is one that the server takes.
func (w *world) opensDoors(p *process, q *asking, res credential.Result) {
	a, value := q.account, res.Record.Tokens.Access.Reveal()
	t := w.server.opens[value]
	switch {
	case t == nil:
		w.fail(a.key, "%s is served a token that nobody knows any more: %s", p.name, value)
	case t.family.account != a:
		w.fail(a.key, "%s is served a token of somebody else", p.name)
	case t.family.dead != "", t.expires > w.now:
	default:
		low, _ := p.times()
		late, skew := w.now-t.expires, -low
		if t.by != nil {
			skew += t.by.ahead
		}
		switch {
		case late <= skew:
			w.figures.servedBySkew++
		case !w.config.strict && w.now < max(p.stoppedUntil, p.machine.asleepUntil)+time.Minute:
			w.figures.servedLate++ // the process stood still with the token in hand
		default:
			w.fail(a.key, "%s is served a token that expired %s ago; clocks explain %s", p.name, late, skew)
		}
	}
}

// givesUp is what happens when the engine says that only a person can go on.
func (w *world) givesUp(a *account, e *credential.Error) {
	w.figures.put(&w.figures.refused, string(e.Kind), 1)
	r, ok := w.record(a)
	if !ok || a.gaveUp != nil || r.Family != e.Record.Family || r.Generation != e.Record.Generation || r.Status == credential.StatusActive {
		return // or the answer is an old one, and somebody has gone on
	}
	v := w.judge(a, r)
	a.gaveUp = &v
	w.note(a.key, "given up: %s", v.cause)
	w.after(w.between(2*time.Hour, 30*time.Hour), func() { w.person(a) })
}

// person comes to authorize again, and comes again until that has worked.
func (w *world) person(a *account) {
	if w.ended || a.gaveUp == nil {
		return
	}
	m := pick(w.scheduler, a.site.machines...)
	if m.asleepUntil <= w.now {
		p := w.newProcess(m)
		w.note(a.key, "%s starts, with a person", p.name)
		w.task(p, func(ctx context.Context, t *task) { w.authorize(ctx, t, a) })
	}
	w.after(time.Hour+w.between(0, time.Hour), func() { w.person(a) })
}

func (w *world) authorize(ctx context.Context, t *task, a *account) {
	m := t.process.manager
	ask := credential.Ask{Asker: credential.AskerApply}
	_, err := m.Token(ctx, a.name, ask)
	if err == nil {
		_ = w.wait(ctx, func(c *call) {
			w.settled(a)
			w.finish(c)
		})
		return
	}
	if !needsPerson(err) {
		return // the person looks again later
	}
	var brought credential.Brought
	var code string
	_ = w.wait(ctx, func(c *call) {
		if r, ok := w.record(a); ok && a.gaveUp != nil && a.current == a.gaveUp.family && r.Status != credential.StatusActive {
			v := w.judge(a, r)
			a.gaveUp = &v
		}
		if w.chance(0.5) {
			code = w.server.code(a)
		} else {
			if a.brought == nil {
				a.brought = w.server.login(a)
			}
			brought = w.bring(a, a.brought)
		}
		w.finish(c)
	})
	if code == "" {
		_, _, err = m.Adopt(ctx, a.name, brought)
	} else {
		_, err = m.ExchangeCode(ctx, a.name, credential.Exchange{Code: secret.New(code), RedirectURI: "https://app.example/callback"})
	}
	_ = w.wait(ctx, func(c *call) {
		w.note(a.key, "%s has authorized: %v", t.process.name, err)
		if err == nil {
			w.settled(a)
		}
		w.finish(c)
	})
}

// settled counts what the engine had given up: lost, or found again.
func (w *world) settled(a *account) {
	v := a.gaveUp
	a.gaveUp, a.brought = nil, nil
	switch {
	case v == nil:
	case a.current > v.family:
		w.figures.logins++
		w.lost(a, *v)
	default:
		w.figures.put(&w.figures.healed, v.cause, 1)
	}
}
