package credential

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Errors of registrations.
var (
	// ErrNotManageable says that the server has given no registration access token, or no address for it.
	ErrNotManageable = errors.New("the server offers no management of this registration (RFC 7592)")
	// ErrManagementAddress says that the address which the server has given for the management is not safe to use.
	ErrManagementAddress = errors.New("the address of the management cannot be used")
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
	if err := m.checkAddress(last); err != nil {
		notices = append(notices, Notice{Code: NoticeUnchecked, Err: err, Managing: true})
	}
	if d := last.Registered.Dynamic; d.Answered == nil && d.IsManageable() { // the reply was broken; the rest can be asked for
		reg, more, err := m.CheckRegistration(ctx, name)
		if err == nil {
			return reg, append(notices, more...), nil
		}
		// The client is in hand, and all that matters is stored.
		notices = append(notices, Notice{Code: NoticeUnchecked, Err: err, Managing: true})
	}
	if !maps.EqualFunc(last.Registered.Dynamic.Wanted, w.Metadata, secret.String.Equal) { // by the apply that died
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
