package credential

import (
	"context"
	"errors"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// maxSends bounds how many requests one ask may cause: retries after "certainly not sent" and repetitions that the
// rotation semantics allow.
const maxSends = 3

var (
	errNoAccessToken = errors.New("the server returned a refresh token and no access token, time and again")
	errUnsettled     = errors.New("the credential was changed by others time and again")
)

// progress is one ask under way: it waits for other holders, refreshes, and decides anew after each step.
type progress struct {
	m              *Manager
	key            string
	ask            Ask
	pause, backoff func(context.Context) error
	sends          int
	rotated        bool
	notices        []Notice
	last           Record // as last read or made
}

// advance leads a flight. last is what the caller has read. A token that still works is served whatever goes wrong.
func (m *Manager) advance(ctx context.Context, key string, ask Ask, last Record) (Result, error) {
	p := &progress{m: m, key: key, ask: ask, pause: m.pauses(), backoff: m.backoffs(), last: last}
	res, err := p.run(ctx)
	res.Rotated = p.rotated
	res.Notices = append(p.notices, res.Notices...)
	if err != nil {
		return m.orServe(ctx, key, ask, err, p.last, res)
	}
	return res, nil
}

func (p *progress) run(ctx context.Context) (Result, error) {
	for {
		snap, err := p.m.load(ctx, p.key)
		if err != nil {
			return Result{}, err
		}
		snap.record = p.m.ofSubject(ctx, p.ask.source.over(snap.record))
		p.last = snap.record
		d := Decide(snap.record, p.m.policy(p.key, snap.record, p.ask), p.m.Now())
		switch d.Action {
		case ActionWait:
			err = p.m.settleClaim(ctx, p.key, snap)
		case ActionProbe:
			err = p.m.probe(ctx, p.key, snap.record)
		case ActionRotate:
			var done bool
			if done, err = p.rotate(ctx, snap, d); done {
				return p.proved(ctx)
			}
		default:
			var res Result
			if res, err = p.m.conclude(ctx, p.key, snap.record, d); !errors.Is(err, errClaimLost) {
				return res, err
			}
		}
		switch {
		case errors.Is(err, errClaimLost):
			err = nil
		case errors.Is(err, errBusy) && d.Action != ActionProbe && !p.ask.passes(snap.record) && p.m.works(p.key, snap.record):
			return p.m.conclude(ctx, p.key, snap.record, Decision{Action: ActionFresh, Reason: ReasonClaimed})
		case errors.Is(err, errBusy):
			err = p.pause(ctx)
		case retryable(err) && p.sends < maxSends && ctx.Err() == nil:
			err = p.backoff(ctx)
		}
		if err != nil {
			return Result{}, err
		}
	}
}

// rotate spends the refresh token once. done says that p.last has new tokens; else, without an error, the record has moved on.
func (p *progress) rotate(ctx context.Context, snap snapshot, d Decision) (done bool, err error) {
	if p.sends == maxSends {
		return false, &Error{Kind: KindUnknown, Record: snap.record, Err: errUnsettled}
	}
	if !snap.record.Shared { // what is left behind of a client token is worth no more than the next request
		notices, err := p.m.nothingLeftBehind(ctx, p.key)
		p.notices = append(p.notices, notices...)
		if err != nil {
			return false, err
		}
	}
	p.sends++
	step, err := p.m.refresh(ctx, p.key, snap, d, p.ask.DefaultMargin)
	p.notices = append(p.notices, step.notices...)
	if errors.Is(err, errClaimLost) || errors.Is(err, errBusy) {
		p.sends--
	}
	if err != nil || !step.rotated {
		return false, err
	}
	step.record = p.ask.source.over(step.record)
	if snap.record.Client.SameApp(step.record.Client) { // else its server was changed meanwhile, and this token is not of it
		step.record = p.m.introspected(ctx, p.key, step.record)
	}
	p.m.setForced(p.key)
	got, had := step.record.Tokens.Access, snap.record.Tokens.Access
	if !got.Equal(had) {
		p.m.noteFresh(p.key, had, got, p.ask.Rejected == had.SHA256())
	}
	p.rotated, p.last = true, step.record
	brought := !got.IsEmpty() && !got.Equal(had) || p.m.works(p.key, step.record)
	if !brought && p.sends == maxSends {
		return false, &Error{Kind: KindConfiguration, Record: step.record, Err: errNoAccessToken}
	}
	return brought, nil // with a successor alone: decide again
}

// retryable tells whether the request certainly had no effect and a new try may succeed.
func retryable(err error) bool {
	var e *Error
	return errors.As(err, &e) && !errors.Is(err, errNotRecorded) && (e.Kind == KindNotSent || e.Kind == KindUnknown && e.Reason == ReasonNone)
}

// orServe gives the token that still works, with a notice, instead of a failure, if ask is content with it. r is the record where err
// has none.
func (m *Manager) orServe(ctx context.Context, key string, ask Ask, err error, r Record, res Result) (Result, error) {
	e := AsError(err)
	if e.Record.Status != "" {
		r = e.Record
	}
	if r = m.ofSubject(ctx, r); m.works(key, r) && r.Status != StatusRevoked && !ask.passes(r) {
		res.Record = r
		res.Notices = append(res.Notices, Notice{Code: NoticeFailed, Err: e, Until: e.Until})
		return res, nil
	}
	res.Record = Record{}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return res, ctx.Err()
	}
	told := *e
	told.Record = r
	return res, &told
}

func (m *Manager) setForced(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forced[key] = true
}

// step is what one call has led to.
type step struct {
	record  Record
	rotated bool
	notices []Notice
}

// refresh spends the refresh token of snap once, or asks once by its grant: claim, call, commit.
func (m *Manager) refresh(ctx context.Context, key string, snap snapshot, d Decision, margin time.Duration) (step, error) {
	client, err := m.Resolve(ctx, snap.record.Client)
	if err != nil {
		return step{}, configurationError(err, snap.record)
	}
	request, a, err := m.request(ctx, key, snap.record, client, d, margin)
	if err != nil {
		return step{notices: request.notices}, configurationError(err, snap.record)
	}
	if err := ctx.Err(); err != nil {
		return step{}, err
	}
	if err := m.refusedBefore(client, snap.record); err != nil {
		return step{}, err
	}
	b, err := m.enter(ctx, key, client)
	if err != nil {
		return step{}, err
	}
	var verdict oauth.Verdict
	defer func() { m.leave(ctx, b, verdict) }()
	c, err := m.claim(ctx, key, snap, a, client.Policy.TokenCalls.counts(extra{exclusive: d.AtRisk}, m.Now(), m.timings.SendBy))
	if err != nil {
		return step{}, err
	}
	defer c.close()
	m.log.Info("refreshing", "key", key, "attempt", c.attempt.ID, "generation", snap.record.Generation, "resend", d.Resend)

	reply := m.send(ctx, c, oauth.Request{Endpoint: client.TokenEndpoint, Auth: client.auth(), Form: request.form}, &b, d.SendBefore)
	verdict = client.Preset().Dialect.Judge(reply, append(request.hidden, client.ClientSecret)...)
	if d.Anew {
		verdict = snap.record.judged(verdict)
	}
	m.log.Info("refresh answered", "key", key, "attempt", c.attempt.ID, "class", string(verdict.Class), "status", verdict.Status)
	switch verdict.Class {
	case oauth.NotSent:
		m.withdraw(ctx, c, "request not sent")
		return step{notices: request.notices}, notSentError(ctx, verdict, snap.record)
	case oauth.Success:
		done := m.keep(ctx, c, reply, verdict)
		done.notices = append(request.notices, done.notices...)
		return done, nil
	default:
		done, err := m.settle(ctx, c, verdict)
		done.notices = append(request.notices, done.notices...)
		if IsKind(err, KindBadClient) && m.secretReplaced(ctx, client) {
			return done, nil // decide again, with the other secret
		}
		m.noteRefusal(client, snap.record, err)
		return done, err
	}
}

// request is what d sends for the next token of r, and what the commit of its reply needs to know.
func (m *Manager) request(ctx context.Context, key string, r Record, c Client, d Decision, margin time.Duration) (asked, Attempt, error) {
	a := c.attempt(PurposeRefresh)
	a.Resend, a.Scopes = d.Resend, r.Tokens.Scopes
	if d.Anew {
		a.Scopes, a.Minted, a.Renewable = r.Grant.Scopes, true, r.Grant.keepsRefresh() && !r.Shared // … whose grant is at hand with each asker
		request, err := m.ask(ctx, key, r.Grant, c, margin)
		a.Subject = request.subject
		return request, a, err
	}
	form, err := oauth.RefreshForm(r.Tokens.Refresh, r.resource(), c.Preset().RefreshParameters)
	return asked{form: form, hidden: []secret.String{r.Tokens.Refresh}}, a, err
}

// resource is where the tokens of r are for, by its configuration.
func (r Record) resource() []string {
	if r.Mints() {
		return r.Grant.Resource
	}
	return r.Resource
}

// sendOnce posts r under claim c, if its first byte can leave in time. Until then the caller can stop it, and from then on
// nothing of the caller's can. b has to stand then. before is a further bound by the wall clock; zero: none.
func (m *Manager) sendOnce(ctx context.Context, c *claimed, r oauth.Request, b booking, before time.Time) oauth.Reply {
	call, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	r.BeforeSend = func() error {
		if !stop() {
			return ctx.Err()
		}
		now := m.Now()
		if !c.at.within(m.clock, m.timings.SendBy) || !b.stands(m) || !before.IsZero() && !now.Before(before) {
			return ErrLate
		}
		c.attempt.SentAt = now.Round(0).UTC()
		return nil
	}
	return m.caller.Post(call, r)
}

func configurationError(err error, r Record) error {
	var e *Error
	switch {
	case errors.As(err, &e) && (e.Kind == KindNotSent || e.Kind == KindConfiguration) && e.Record.Status == "": // see located
		told := *e
		told.Record = r
		return &told
	case e != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return &Error{Kind: KindConfiguration, Record: r, Err: err}
}

func notSentError(ctx context.Context, v oauth.Verdict, r Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := engineError(v.Err); err != nil {
		return configurationError(err, r)
	}
	return &Error{Kind: KindNotSent, Record: r, Verdict: v, Err: v.Err}
}
