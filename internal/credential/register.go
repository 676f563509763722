package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Errors of registrations.
var (
	// ErrNotManageable says that the server has given no registration access token, or no address for it.
	ErrNotManageable = errors.New("the server offers no management of this registration (RFC 7592)")
	// ErrOtherRegistrar says that a record left by an apply that died is of a client of another server.
	ErrOtherRegistrar = errors.New("the name holds a client that was registered with another server")
	// ErrManagementLost says that the server refuses the registration access token after a reply was lost.
	ErrManagementLost = errors.New("a reply of the server was lost, and the registration access token is refused since: " +
		"the lost reply may have brought another one")
)

// Wish is what a configuration wants of a client that the server is to make.
type Wish struct {
	Client       Client                   // as configured, without client_id and secret
	Metadata     map[string]secret.String // JSON by name (RFC 7591 §2)
	InitialToken secret.String            // RFC 7591 §3; empty: none
	Attachment   string
}

// Register makes the server register a client, or adopts one that an apply left behind before any Read has seen it: claim,
// call, commit. Where the reply is lost nobody knows whether there is a client; the next apply registers again.
func (m *Manager) Register(ctx context.Context, name string, w Wish) (Registration, []Notice, error) {
	key := RegistrationKey(name)
	notices := m.prepare(ctx)
	if err := m.makeRoom(ctx, key, w); err != nil {
		return Registration{}, notices, err
	}
	var last Record
	err := m.alone(ctx, key, w.owns,
		func(snap snapshot) error {
			if last = snap.record; last.Client.ClientID != "" {
				return nil
			}
			if u := snap.record.Unknown; u != nil {
				notices = append(notices, Notice{Code: NoticeOrphan, Until: u.ClaimedAt, Managing: true})
			}
			step, err := m.register(ctx, key, snap, w)
			if err == nil {
				last, notices = step.record, append(notices, step.notices...)
			}
			return err
		},
		func(err error) bool { return IsKind(err, KindNotSent) },
	)
	if err != nil {
		return Registration{}, notices, err
	}
	if d := last.Registered.Dynamic; d.Answered == nil && d.IsManageable() { // the reply was broken; the rest can be asked for
		reg, more, err := m.CheckRegistration(ctx, name)
		return reg, append(notices, more...), err
	}
	if len(last.Registered.Dynamic.Changes(w.Metadata)) > 0 { // what the apply that died has registered
		reg, more, err := m.UpdateRegistration(ctx, name, w, false)
		return reg, append(notices, more...), err
	}
	return last.registration(), notices, nil
}

// owns tells why w has no business with the record.
func (w Wish) owns(r Record) error {
	switch {
	case r.IsMoved():
		return MovedAway(r)
	case r.IsTombstone():
		return &Error{Kind: KindNotFound, Reason: ReasonDeleted, Record: r}
	case w.Attachment != "" && r.Attachment.ID != w.Attachment:
		return &Error{Kind: KindAttached, Record: r}
	}
	return nil
}

// makeRoom makes the record that a registration is claimed in, or takes over one that was left behind.
func (m *Manager) makeRoom(ctx context.Context, key string, w Wish) error {
	family, err := m.newID()
	if err != nil {
		return storeError("registering", err)
	}
	err = m.insist(ctx, aFew, func() error {
		snap, err := m.load(ctx, key)
		if err != nil && !IsKind(err, KindNotFound) {
			return err
		}
		next, err := m.room(snap.record, w, family)
		if err != nil {
			return err
		}
		return m.write(ctx, key, snap.revision, next)
	})
	if err != nil {
		return writeError(ctx, err)
	}
	return nil
}

// room is the pure part of makeRoom. The zero record stands for none.
func (m *Manager) room(cur Record, w Wish, family string) (Record, error) {
	fresh := Record{
		Family: family, Status: StatusUnregistered, Client: w.Client, Attachment: Attachment{ID: w.Attachment},
		Registered: &Registered{Dynamic: &Dynamic{}},
	}
	switch {
	case cur.IsMoved():
		return Record{}, MovedAway(cur)
	case cur.Status == "" || cur.IsTombstone():
		fresh.History = slices.Clone(cur.History)
		return fresh, nil
	case cur.Moving():
		return Record{}, m.unfinished(cur)
	case cur.Attachment.Attached && cur.Attachment.ID != w.Attachment:
		return Record{}, &Error{Kind: KindAttached, Record: cur}
	case cur.Registered.Dynamic == nil:
		return fresh, nil
	case cur.Client.ClientID != "" && !sameRegistrar(cur.Client, m.known(w.Client)):
		return Record{}, &Error{Kind: KindAttached, Record: cur, Err: ErrOtherRegistrar}
	}
	next := cur.clone()
	next.Client, next.Attachment = cur.asGiven(w.Client), Attachment{ID: w.Attachment}
	return next, nil
}

// asGiven is the client of a configuration with what the server has given.
func (r Record) asGiven(c Client) Client {
	c.ClientID, c.ClientSecret = r.Client.ClientID, r.Client.ClientSecret
	return c
}

func sameRegistrar(a, b Client) bool {
	a, b = a.completed(), b.completed()
	return a.RegistrationEndpoint == b.RegistrationEndpoint && (a.RegistrationEndpoint != "" || a.Issuer == b.Issuer)
}

// register sends one registration.
func (m *Manager) register(ctx context.Context, key string, snap snapshot, w Wish) (step, error) {
	client, err := m.registrar(ctx, w.Client)
	if err != nil {
		return step{}, configurationError(err, snap.record)
	}
	return m.manage(ctx, key, snap, Attempt{Purpose: PurposeRegister, Endpoint: client.RegistrationEndpoint, Wanted: w.Metadata},
		oauth.RegisterRequest(client.RegistrationEndpoint, w.Metadata, w.InitialToken))
}

// manage makes one call about a registration under a claim, and keeps what it brings.
func (m *Manager) manage(ctx context.Context, key string, snap snapshot, a Attempt, r oauth.Request) (step, error) {
	notices, err := m.nothingLeftBehind(ctx, key)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = oauth.CheckEndpoint(r.Endpoint, m.insecure)
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

var errOtherClient = errors.New("the server answered with another client_id")

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
	e := &Error{Kind: KindConfiguration, Record: r, Verdict: v, Err: v.Err}
	switch {
	case v.Class == oauth.OutcomeUnknown:
		e.Kind = KindUnknown
	case v.Class == oauth.RateLimited:
		e.Kind, e.Until = KindLater, notBefore(v, m.Now())
	case v.Class == oauth.BadClient:
		e.Kind = KindBadClient
	case a.Purpose != PurposeRegister && deniesManagement(v):
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
	more, err := m.readRegistration(ctx, key)
	notices = append(notices, more...)
	if err != nil && !errors.Is(err, errBusy) {
		notices = append(notices, Notice{Code: NoticeUnchecked, Err: err, Managing: true})
	}
	reg, err = m.Registration(ctx, name)
	return reg, notices, err
}

// readRegistration asks once. errBusy says that somebody else acts on the registration: what is stored will do.
func (m *Manager) readRegistration(ctx context.Context, key string) ([]Notice, error) {
	for looks := 1; ; looks++ {
		snap, err := m.load(ctx, key)
		if err != nil {
			return nil, err
		}
		d := snap.record.Registered.dynamic()
		var done step
		switch {
		case snap.record.Claim != nil:
			err = m.settleClaim(ctx, key, snap)
		case !d.IsManageable():
			return nil, nil
		default:
			done, err = m.manage(ctx, key, snap, Attempt{Purpose: PurposeRead}, oauth.ReadRegistrationRequest(d.URI, d.Token))
			if !errors.Is(err, errClaimLost) {
				return done.notices, err
			}
		}
		if looks == maxLooks {
			return done.notices, errBusy
		}
		if err != nil && !errors.Is(err, errClaimLost) {
			return done.notices, err
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
		r.Client, r.Attachment.Attached = r.asGiven(w.Client), true
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

// RestoreRegistration writes what a state knows of a registered client into a store that has no record of it. Its token may be
// spent: plans that were not applied may have brought others.
func (m *Manager) RestoreRegistration(ctx context.Context, name string, reg Registration) error {
	family, err := m.newID()
	if err != nil {
		return storeError("restoring a registration", err)
	}
	m.prepareQuietly(ctx)
	err = m.insist(ctx, aFew, func() error {
		snap, err := m.load(ctx, RegistrationKey(name))
		if !IsKind(err, KindNotFound) {
			return errors.Join(err, snap.record.standsInTheWay())
		}
		next := Record{
			Family: family, Generation: 1, Status: StatusActive, Client: reg.Client, Attachment: Attachment{reg.Attachment.ID, true},
			Registered: &Registered{Dynamic: reg.Dynamic}, Unknown: &Unknown{Attempt: "state", Host: m.owner, ClaimedAt: m.Now().Round(0).UTC()},
		}
		next.note(m.event("", 1, "restored from the state"))
		return m.write(ctx, RegistrationKey(name), snap.revision, next)
	})
	if err != nil {
		return writeError(ctx, err)
	}
	return nil
}

// standsInTheWay is nil for the record that an ambiguous write has left.
func (r Record) standsInTheWay() error {
	switch {
	case r.IsMoved():
		return MovedAway(r)
	case r.IsTombstone():
		return &Error{Kind: KindNotFound, Reason: ReasonDeleted, Record: r}
	}
	return nil
}

// Deregister makes the server forget the client, where that is wanted and possible, and leaves a tombstone. What a person has
// to do is a notice; an error can be repeated.
func (m *Manager) Deregister(ctx context.Context, name, attachment string, call bool) ([]Notice, error) {
	key := RegistrationKey(name)
	notices := m.prepare(ctx)
	err := m.alone(ctx, key,
		func(r Record) error {
			err := Wish{Attachment: attachment}.owns(r)
			if err != nil && !r.IsMoved() {
				return errGone // somebody else's, if it is anybody's
			}
			return err
		},
		func(snap snapshot) error {
			notice, err := m.deregister(ctx, key, snap, call)
			if err == nil && notice.Code != "" {
				notices = append(notices, notice)
			}
			return err
		},
		func(err error) bool { return IsKind(err, KindNotSent) || IsKind(err, KindUnknown) },
	)
	if IsKind(err, KindNotFound) || errors.Is(err, errGone) {
		return notices, nil
	}
	return notices, err
}

func (m *Manager) deregister(ctx context.Context, key string, snap snapshot, call bool) (notice Notice, err error) {
	notice = Notice{Managing: true}
	d := snap.record.Registered.dynamic()
	wanted := call && snap.record.Client.ClientID != ""
	if wanted {
		if _, err := m.nothingLeftBehind(ctx, key); err != nil {
			return notice, err
		}
		if d.IsManageable() {
			if err := oauth.CheckEndpoint(d.URI, m.insecure); err != nil {
				return notice, configurationError(err, snap.record)
			}
		}
	}
	c, err := m.claim(ctx, key, snap, Attempt{Purpose: PurposeDelete}, extra{})
	if err != nil {
		return notice, err
	}
	defer c.close()
	verdict := "forgotten"
	switch {
	case wanted && !d.IsManageable():
		notice.Code, notice.Err = NoticeNotManaged, ErrNotManageable
	case wanted:
		if notice, err = m.sendDelete(ctx, c, snap.record); err != nil {
			return notice, err
		}
		verdict = "deregistered"
	}
	return notice, m.bury(ctx, c, verdict)
}

// sendDelete makes the call. The notice says what a person has to do where the server does not do it.
func (m *Manager) sendDelete(ctx context.Context, c *claimed, r Record) (Notice, error) {
	d, notice := r.Registered.Dynamic, Notice{Managing: true}
	request := oauth.DeleteRegistrationRequest(d.URI, d.Token)
	request.Auth = r.Client.shown(d.URI)
	v := oauth.JudgeDeregistration(m.send(ctx, c, request, &booking{}, time.Time{}), append(request.Hidden(), r.Client.ClientSecret)...)
	m.log.Info("deregistration answered", "key", c.attempt.Key, "class", string(v.Class), "status", v.Status)
	lost := r.Unknown != nil || d.Refused != nil && d.Refused.Lost
	switch {
	case v.Class == oauth.Success:
		return notice, nil
	case v.Class == oauth.NotSent:
		m.withdraw(ctx, c, "delete not sent")
		return notice, notSentError(ctx, v, r)
	case v.Class == oauth.OutcomeUnknown, v.Class == oauth.RateLimited, deniesManagement(v) && lost:
		return notice, m.managingRefused(ctx, c, v)
	case deniesManagement(v):
		notice.Code, notice.Err = NoticeGone, fmt.Errorf("the server said %s", v.Words())
	default:
		notice.Code, notice.Err = NoticeNotManaged, fmt.Errorf("the server said %s", v.Words())
	}
	return notice, nil
}
