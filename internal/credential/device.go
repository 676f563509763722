package credential

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// ErrNoDeviceEndpoint says that no device code can be had.
var ErrNoDeviceEndpoint = errors.New("the client has no device_authorization_endpoint")

// slowDown is by how much slow_down lengthens the interval, for good (RFC 8628 §3.5).
const slowDown = 5 * time.Second

// Device is a device code that was offered to a person (RFC 8628 §3.2). One without a Code has led to the tokens of the record, or
// the person has said no; its Inputs stay.
type Device struct {
	Code                    secret.String
	UserCode                string
	VerificationURI         string
	VerificationURIComplete string // empty: none
	ExpiresAt               time.Time
	Interval                time.Duration // between polls; it only grows
	NextPoll                time.Time
	Lost                    bool     // the reply to a poll never came: it may have been the tokens
	Inputs                  string   // hash of everything that shapes the request
	Before                  string   // the Inputs that have led to the tokens in use, while a code for something else is offered
	Scopes                  []string // as asked for

	Rest *Rest
}

// DeviceRequest is what shapes a device authorization request.
type DeviceRequest struct {
	Scopes             []string // nil: the preset's
	Resource, Audience []string
	Extra              map[string]string
	Anew               bool // a person wants to authorize, also what works already
}

// Waits tells whether the person can still enter the code, at now.
func (d *Device) Waits(now time.Time) bool {
	return d != nil && !d.Code.IsEmpty() && now.Before(d.ExpiresAt)
}

func (d *Device) clone() *Device {
	if d == nil {
		return nil
	}
	c := *d
	c.Scopes = slices.Clone(d.Scopes)
	return &c
}

// over is d without its code.
func (d *Device) over() *Device {
	if d == nil {
		return nil
	}
	return &Device{Inputs: d.Inputs}
}

// wants tells whether a device authorization of that shape has still to be offered: nobody has authorized, or not this, or
// somebody wants to do so anew.
func (r Record) wants(inputs string, anew bool, now time.Time) bool {
	if r.Device.Waits(now) && r.Device.Inputs == inputs {
		return false
	}
	return anew || !r.authorized(now) || r.Device != nil && (r.Device.Inputs != inputs || !r.Device.Code.IsEmpty())
}

// authorized tells whether there are tokens that work or can be refreshed.
func (r Record) authorized(now time.Time) bool {
	return r.Generation > 0 && !r.Status.Ended() && (!r.Tokens.Refresh.IsEmpty() || r.Tokens.Alive(now, 0))
}

// before is what the tokens of r were authorized by; empty: by no device code that is known.
func (r Record) before(now time.Time) string {
	switch d := r.Device; {
	case d == nil || !r.authorized(now):
		return ""
	case d.Code.IsEmpty():
		return cmp.Or(d.Before, d.Inputs)
	default:
		return d.Before
	}
}

// WantsDevice tells whether an apply has a device code to ask for or to collect.
func (r Record) WantsDevice(now time.Time) bool {
	return r.Device.Waits(now) || r.wants(r.inputsOfDevice(), false, now)
}

func (r Record) inputsOfDevice() string {
	if r.Device == nil {
		return ""
	}
	return r.Device.Inputs
}

// Polled is how a round of polls has ended.
type Polled struct {
	Record  Record
	Notices []Notice
	Polls   int           // how many there were
	Answer  oauth.Poll    // of the last one; PollPending where there was no time for any
	Verdict oauth.Verdict // likewise
	Lost    bool          // an earlier reply never came, and may have been the tokens

	at time.Time // of the answer
}

// PollDevice asks for the tokens of the device code that waits, time and again, for as long as limit. Each request goes through claim,
// call and commit, since any may bring tokens and use the code up. Without a code that waits nothing is sent. It ends early with the
// tokens, with an answer that polling again would not change, and when ctx does.
func (m *Manager) PollDevice(ctx context.Context, name string, limit time.Duration) (Polled, error) {
	key := PairKey(name)
	end := m.clock.Monotonic() + limit
	done := Polled{Answer: oauth.PollPending, Notices: m.prepare(ctx)}
	for {
		var round Polled
		err := m.alone(ctx, key,
			func(r Record) error {
				if r.IsMoved() {
					return MovedAway(r)
				}
				done.Record, done.Lost = r, r.Device != nil && r.Device.Lost
				return m.nextPoll(r, end)
			},
			func(snap snapshot) (err error) {
				round, err = m.poll(ctx, key, snap)
				return err
			},
			func(error) bool { return false },
		)
		var rest pollRest
		switch {
		case err == nil, errors.As(err, &rest):
		case ctx.Err() != nil && done.Record.Device.Waits(m.Now()):
			return done, nil // a run that is stopped has lost nothing: the code waits for the next one
		default:
			return done, err
		}
		switch {
		case rest.over:
			return done, nil
		case rest.wait > 0:
			if m.clock.Sleep(ctx, rest.wait) == nil {
				continue
			}
			return done, nil
		}
		done.Polls++
		done.Record, done.Answer, done.Verdict, done.at = round.Record, round.Answer, round.Verdict, m.Now()
		done.Notices = append(done.Notices, round.Notices...)
		switch round.Answer {
		case oauth.PollToken:
			done.Lost = false
			done.Record = m.introspected(ctx, key, done.Record)
			return done, nil
		case oauth.PollDenied, oauth.PollExpired, oauth.PollFailed:
			return done, nil
		}
	}
}

// Err says why polling again would not help; nil: it may.
func (p Polled) Err() error {
	switch p.Answer {
	case oauth.PollDenied:
		return &Error{Kind: KindDenied, Record: p.Record, Verdict: p.Verdict, Err: p.Verdict.Err}
	case oauth.PollFailed:
		return answerError(p.Verdict, p.Record, p.at)
	}
	return nil
}

// pollRest ends a look at a record whose device code is not to be polled now.
type pollRest struct {
	wait time.Duration
	over bool
}

func (pollRest) Error() string { return "the device code is not to be polled now" }

// nextPoll says whether the code of r may be polled now; nil: yes.
func (m *Manager) nextPoll(r Record, end time.Duration) error {
	now := m.Now()
	if !r.Device.Waits(now) {
		return pollRest{over: true}
	}
	wait := min(r.Device.NextPoll.Sub(now), r.Device.Interval) // a clock that was set back must not stop it for good
	switch {
	case m.clock.Monotonic()+max(wait, 0) > end:
		return pollRest{over: true}
	case wait > 0:
		return pollRest{wait: wait}
	}
	return nil
}

// poll sends the device code once.
func (m *Manager) poll(ctx context.Context, key string, snap snapshot) (Polled, error) {
	client, err := m.Resolve(ctx, snap.record.Client)
	if err != nil {
		return Polled{}, configurationError(err, snap.record)
	}
	code := snap.record.Device.Code
	form, err := oauth.DeviceTokenForm(code, snap.record.Resource)
	if err != nil {
		return Polled{}, configurationError(err, snap.record)
	}
	family, err := m.newID()
	if err != nil {
		return Polled{}, storeError("claiming", err)
	}
	b, err := m.enter(ctx, key, client)
	if err != nil {
		return Polled{}, err
	}
	var verdict oauth.Verdict
	defer func() { m.leave(ctx, b, verdict) }()
	a := client.attempt(PurposeDevice)
	a.NewFamily, a.Code, a.Scopes = family, code.SHA256(), snap.record.Device.Scopes
	c, err := m.claim(ctx, key, snap, a, client.Policy.TokenCalls.counts(extra{do: func(r *Record) {
		r.Device.NextPoll = m.Now().Add(r.Device.Interval).Round(0).UTC() // in case that this process does not live to write it
	}}, m.Now(), m.timings.SendBy))
	if err != nil {
		return Polled{}, err
	}
	defer c.close()
	reply := m.send(ctx, c, oauth.Request{Endpoint: client.TokenEndpoint, Auth: client.auth(), Form: form}, &b, time.Time{})
	verdict = client.Preset().Dialect.Judge(reply, code, client.ClientSecret)
	answer := oauth.PollOf(verdict)
	m.log.Info("polled a device code", "key", key, "attempt", c.attempt.ID, "answer", string(answer), "status", verdict.Status)
	if answer == oauth.PollToken {
		s := m.keep(ctx, c, reply, verdict)
		return Polled{Record: s.record, Notices: s.notices, Answer: answer}, nil
	}
	r := m.afterPoll(ctx, c, answer, verdict)
	return Polled{Record: r, Answer: answer, Verdict: verdict}, nil
}

// afterPoll writes down an answer that brought no token.
func (m *Manager) afterPoll(ctx context.Context, c *claimed, answer oauth.Poll, v oauth.Verdict) Record {
	a := c.attempt
	r, err := m.finish(ctx, a.Key, func(cur Record) (Record, bool) {
		return of(cur, a, func(cur Record) (Record, bool) {
			if !a.dropClaim(&cur) {
				return cur, false
			}
			if v.Class == oauth.NotSent && c.extra.undo != nil {
				c.extra.undo(&cur)
			}
			a.keepNonce(&cur)
			return applyPoll(cur, a, answer, v, m.Now(), m.event(a.ID, cur.Generation, "")), true
		})
	})
	if err != nil { // the claim stands, and is taken over
		m.log.Error("could not store the answer to a poll", "key", a.Key, "attempt", a.ID, "error", err)
		return applyPoll(c.record.clone(), a, answer, v, m.Now(), m.event(a.ID, c.record.Generation, ""))
	}
	return r
}

// applyPoll is the pure part of afterPoll.
func applyPoll(cur Record, a Attempt, answer oauth.Poll, v oauth.Verdict, now time.Time, e Event) Record {
	if cur.Device == nil || cur.Device.Code.SHA256() != a.Code {
		return cur // another code is offered by now
	}
	d := cur.Device.clone()
	switch answer {
	case oauth.PollPending:
		d.Lost = false // what never came was no token either
	case oauth.PollSlower:
		d.Interval += slowDown
	case oauth.PollNoReply: // RFC 8628 §3.5: after a connection timeout, more slowly
		d.Interval = max(d.Interval, min(2*d.Interval, maxPollInterval))
		if v.Class != oauth.NotSent {
			d.Lost = true
			e.Verdict = "no usable reply to a poll for the device code"
		}
	case oauth.PollDenied:
		e.Verdict = "the device authorization was refused"
	case oauth.PollExpired:
		e.Verdict = "the device code is over"
	case oauth.PollFailed:
		e.Verdict = "poll for the device code failed: " + string(v.Class)
	}
	d.NextPoll = now.Add(max(d.Interval, v.RetryAfter)).Round(0).UTC()
	switch cur.Device = d; answer {
	case oauth.PollDenied:
		cur.consumeInput(a.Code)
		cur.Device = &Device{Inputs: d.Inputs, Before: d.Before}
	case oauth.PollExpired: // it stays, as one that has led to nothing
		cur.consumeInput(a.Code)
		d.ExpiresAt = now.Round(0).UTC()
	}
	if e.Verdict != "" {
		cur.note(e)
	}
	return cur
}

// maxPollInterval bounds what connections that fail make of the interval.
const maxPollInterval = 5 * time.Minute
