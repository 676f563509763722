package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// manage makes one call about a registration under a claim, and keeps what it brings.
func (m *Manager) manage(ctx context.Context, key string, snap snapshot, a Attempt, r oauth.Request) (step, error) {
	notices, err := m.nothingLeftBehind(ctx, key)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && a.Purpose == PurposeRegister {
		err = oauth.CheckEndpoint(r.Endpoint, m.insecure)
	} else if err == nil {
		err = m.checkAddress(snap.record)
	}
	if err != nil {
		return step{notices: notices}, configurationError(err, snap.record)
	}
	c, err := m.claim(ctx, key, snap, a, extra{})
	if err != nil {
		return step{notices: notices}, err
	}
	defer c.close()
	m.log.Info("managing a registration", "key", key, "attempt", c.attempt.ID, "purpose", string(a.Purpose))
	r.Auth = snap.record.Client.shown(r.Endpoint)
	reply := m.send(ctx, c, r, &booking{}, time.Time{})
	hidden := append(r.Hidden(), snap.record.Client.ClientSecret)
	said, verdict := oauth.JudgeRegistration(reply, a.Purpose == PurposeRegister, hidden...)
	if known := snap.record.Client.ClientID; verdict.Class == oauth.Success && known != "" && said.ClientID != "" && said.ClientID != known {
		// RFC 7592 §3: the client_id stays. This is about somebody else.
		verdict = oauth.Verdict{Class: oauth.OutcomeUnknown, Status: verdict.Status, Err: errOtherClient}
	}
	if verdict.Class == oauth.Success && a.Purpose == PurposeRead && !snap.record.Registered.Dynamic.isAbout(said) {
		verdict = oauth.Verdict{Class: oauth.OutcomeUnknown, Status: verdict.Status, Err: errNoClient}
	}
	m.log.Info("registration answered", "key", key, "attempt", c.attempt.ID, "class", string(verdict.Class), "status", verdict.Status)
	switch verdict.Class {
	case oauth.NotSent:
		m.withdraw(ctx, c, string(a.Purpose)+" not sent")
		return step{notices: notices}, notSentError(ctx, verdict, snap.record)
	case oauth.Success:
		done := m.keepSuccessor(ctx, successor{attempt: c.attempt, registration: &said, base: &c.record}, reply)
		done.notices = append(notices, done.notices...)
		if said.Salvaged {
			done.notices = append(done.notices, Notice{Code: NoticeSalvaged, Managing: true})
		}
		return done, nil
	}
	return step{notices: notices}, m.managingRefused(ctx, c, verdict)
}

// checkAddress refuses to send the registration access token of r where others could read it.
func (m *Manager) checkAddress(r Record) error {
	d := r.Registered.dynamic()
	if !d.IsManageable() {
		return nil
	}
	if err := oauth.CheckEndpoint(d.URI, m.insecure); err != nil {
		return configurationError(fmt.Errorf("%w: %w", ErrManagementAddress, err), r)
	}
	return nil
}

var (
	errOtherClient = errors.New("the server answered with another client_id")
	errNoClient    = errors.New("the answer does not tell of a client")
)

// isAbout tells whether the answer to a read is about a client at all: else all that it leaves out would count as removed.
func (d *Dynamic) isAbout(said oauth.Registration) bool {
	if said.ClientID != "" || said.Salvaged || !said.Token.IsEmpty() || !said.ClientSecret.IsEmpty() || len(d.Current) == 0 {
		return true
	}
	for name := range said.Metadata {
		if _, ok := d.Current[name]; ok {
			return true
		}
	}
	return false
}

// managingRefused writes an answer down that brought nothing, and returns it as an error.
func (m *Manager) managingRefused(ctx context.Context, c *claimed, v oauth.Verdict) error {
	a := c.attempt
	r, err := m.finish(ctx, a.Key, func(cur Record) (Record, bool) {
		return applyManagingRefusal(cur, a, v, m.Now(), m.event(a.ID, cur.Generation, ""))
	})
	if err != nil { // the claim stands, and is taken over as an unknown outcome
		m.log.Error("could not store what the server answered", "key", a.Key, "attempt", a.ID, "error", err)
		r, _ = applyManagingRefusal(c.record.clone(), a, v, m.Now(), m.event(a.ID, c.record.Generation, ""))
	}
	e := answerError(v, r, m.Now())
	if e.Kind == KindConfiguration && a.Purpose != PurposeRegister && deniesManagement(v) {
		e.Kind = KindAuthorize
		if d := r.Registered.dynamic(); d != nil && d.Refused != nil && d.Refused.Lost {
			e.Err = ErrManagementLost
		}
	}
	return e
}

func (r *Registered) dynamic() *Dynamic {
	if r == nil {
		return nil
	}
	return r.Dynamic
}

// CheckRegistration asks the server what it knows of a registered client, once for each process, and returns the registration
// as it is in the store then. Whatever goes wrong with the call is a notice. Nothing is asked while somebody else acts.
func (m *Manager) CheckRegistration(ctx context.Context, name string) (Registration, []Notice, error) {
	key := RegistrationKey(name)
	notices := m.prepare(ctx)
	reg, err := m.Registration(ctx, name)
	if err != nil || !reg.Dynamic.IsManageable() || reg.Record.Moving() || !m.looksFirst(key) {
		return reg, notices, err
	}
	r, more, err := m.readRegistration(ctx, key)
	notices = append(notices, more...)
	if err != nil && !errors.Is(err, errBusy) {
		notices = append(notices, Notice{Code: NoticeUnchecked, Err: err, Managing: true})
	}
	if r.Registered.dynamic() != nil && !r.IsTombstone() { // else it is as it was
		reg = r.registration()
	}
	return reg, notices, nil
}

// readRegistration asks once, and returns the record as last read or made. errBusy says that somebody else acts on the
// registration: what is stored will do.
func (m *Manager) readRegistration(ctx context.Context, key string) (Record, []Notice, error) {
	for looks := 1; ; looks++ {
		snap, err := m.load(ctx, key)
		if err != nil {
			return Record{}, nil, err
		}
		d := snap.record.Registered.dynamic()
		var done step
		switch {
		case snap.record.Claim != nil:
			err = m.settleClaim(ctx, key, snap)
		case !d.IsManageable():
			return snap.record, nil, nil
		default:
			done, err = m.manage(ctx, key, snap, Attempt{Purpose: PurposeRead}, oauth.ReadRegistrationRequest(d.URI, d.Token))
			if err == nil {
				return done.record, done.notices, nil
			}
		}
		if looks == maxLooks && (err == nil || errors.Is(err, errClaimLost)) {
			err = errBusy
		}
		if err != nil && !errors.Is(err, errClaimLost) {
			if e := AsError(err); e.Record.Status != "" {
				snap.record = e.Record
			}
			return snap.record, done.notices, err
		}
	}
}

// UpdateRegistration makes the server know what w wants, if it does not yet, or rotate the client secret: one call for both.
// What is configured beside the metadata goes into the record.
func (m *Manager) UpdateRegistration(ctx context.Context, name string, w Wish, rotate bool) (Registration, []Notice, error) {
	key := RegistrationKey(name)
	notices := m.prepare(ctx)
	_, err := m.change(ctx, key, func(r Record) (Record, bool) {
		if w.owns(r) != nil || r.Registered.dynamic() == nil {
			return r, false
		}
		r = r.clone()
		r.Client, r.Attachment.Attached = r.asGiven(w.Client), true
		if d := r.Registered.Dynamic; len(d.Changes(w.Metadata)) == 0 { // but the order may be another: the first redirect URI is a default
			d.Wanted = w.Metadata
		}
		return r, true
	})
	if err != nil {
		return Registration{}, notices, err
	}
	var last Record
	err = m.alone(ctx, key, w.owns,
		func(snap snapshot) error {
			last = snap.record
			d := last.Registered.dynamic()
			switch {
			case d == nil || last.Client.ClientID == "":
				return &Error{Kind: KindNotFound, Record: last}
			case !rotate && len(d.Changes(w.Metadata)) == 0 && len(d.Drifted()) == 0:
				return nil
			case !d.IsManageable():
				return &Error{Kind: KindConfiguration, Record: last, Err: ErrNotManageable}
			}
			request := oauth.UpdateRegistrationRequest(d.URI, d.update(last.Client, w.Metadata, m.Now()), d.Token)
			step, err := m.manage(ctx, key, snap, Attempt{Purpose: PurposeUpdate, Wanted: w.Metadata}, request)
			notices = append(notices, step.notices...)
			if err == nil {
				last = step.record
			}
			return err
		},
		func(err error) bool { return IsKind(err, KindNotSent) },
	)
	if err != nil {
		return Registration{}, notices, err
	}
	return last.registration(), notices, nil
}
