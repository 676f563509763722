package credential

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestRegisterReadUpdateDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newRegistrar(w)
	ctx := t.Context()
	reg, notices, err := s.start(t).Register(ctx, theName, theWish("a1"))
	if err != nil || len(notices) > 0 || reg.Client.ClientID != "client-1" || !s.accepts(w.app()) {
		t.Fatalf("registered %+v, %v, %v", reg, notices, err)
	}
	m := s.start(t)
	if err := m.MarkRegistrationAttached(ctx, theName, "a1"); err != nil {
		t.Fatal(err)
	}
	for range 3 { // one read for each process
		if _, notices, err = m.CheckRegistration(ctx, theName); err != nil || len(notices) > 0 {
			t.Fatal(notices, err)
		}
	}
	if s.calls["GET"] != 1 || !s.accepts(w.app()) {
		t.Errorf("%d reads; record %+v", s.calls["GET"], w.app())
	}
	if reg, _, err = m.UpdateRegistration(ctx, theName, theWish("a1"), false); err != nil || s.calls["PUT"] != 0 {
		t.Errorf("an update of nothing: %d calls, %v", s.calls["PUT"], err)
	}
	was := reg.Client.ClientSecret
	if reg, _, err = m.UpdateRegistration(ctx, theName, theWish("a1", "ledger"), false); err != nil || s.calls["PUT"] != 1 || !s.accepts(w.app()) {
		t.Errorf("an update: %d calls, %v", s.calls["PUT"], err)
	}
	if got := s.bodies[0]; got["registration_access_token"] != nil || got["client_secret_expires_at"] != nil {
		t.Errorf("the update has sent %v", slices.Sorted(maps.Keys(got)))
	}
	if reg.Client.ClientSecret.Equal(was) {
		t.Error("the update has brought another secret, and the record has not")
	}
	if _, _, err = m.UpdateRegistration(ctx, theName, theWish("a1", "ledger"), true); err != nil || s.calls["PUT"] != 2 {
		t.Errorf("a rotation: %d calls, %v", s.calls["PUT"], err)
	}
	if _, _, err = m.UpdateRegistration(ctx, theName, theWish("somebody else", "mine"), false); !IsKind(err, KindAttached) {
		t.Errorf("somebody else's update: %v", err)
	}
	if notices, err := m.Deregister(ctx, theName, "somebody else", true); err != nil || len(notices) > 0 || s.calls["DELETE"] != 0 {
		t.Errorf("somebody else's delete: %v %v", notices, err)
	}
	notices, err = m.Deregister(ctx, theName, "a1", true)
	if r := w.app(); err != nil || len(notices) > 0 || len(s.clients) != 0 || !r.IsTombstone() || r.Registered.Dynamic != nil {
		t.Errorf("deleted: %v %v, record %+v", notices, err, r)
	}
	if _, err := m.Registration(ctx, theName); !IsKind(err, KindNotFound) {
		t.Errorf("a tombstone: %v", err)
	}
	if _, _, err := m.Register(ctx, theName, theWish("a2")); err != nil || !s.accepts(w.app()) {
		t.Errorf("registered again: %v", err)
	}
	if s.refused > 0 {
		t.Errorf("%d calls came with a dead token", s.refused)
	}
	for _, text := range w.server.secrets {
		if contains(w.logs.String(), text) {
			t.Errorf("the log shows %s", text)
		}
	}
}

// An apply died after its registration and before its state was written: the next one takes the client over.
func TestRegisterAdoptsWhatAnApplyHasLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newRegistrar(w)
	if _, _, err := s.start(t).Register(t.Context(), theName, theWish("died")); err != nil {
		t.Fatal(err)
	}
	reg, _, err := s.start(t).Register(t.Context(), theName, theWish("a2", "ledger"))
	if err != nil || len(s.clients) != 1 || s.calls["PUT"] != 1 || reg.Attachment.ID != "a2" || !s.accepts(w.app()) {
		t.Errorf("%d clients, %d updates, %+v, %v", len(s.clients), s.calls["PUT"], reg, err)
	}
	elsewhere := theWish("a3")
	elsewhere.Client.RegistrationEndpoint = "https://other.example/register"
	w.appMust(t, func(r *Record) { r.Attachment.Attached = false })
	if _, _, err := s.start(t).Register(t.Context(), theName, elsewhere); !errors.Is(err, ErrOtherRegistrar) {
		t.Errorf("at another server: %v", err)
	}
	w.appMust(t, func(r *Record) { r.Attachment.Attached = true })
	if _, _, err := s.start(t).Register(t.Context(), theName, theWish("a4")); !IsKind(err, KindAttached) {
		t.Errorf("of another resource: %v", err)
	}
	adopts := func(*Registration) error { return nil }
	if err := s.start(t).PutRegistration(t.Context(), theName, Registration{Client: Client{ClientID: "x"}}, adopts); !IsKind(err, KindAttached) {
		t.Errorf("replaced by a client that was made elsewhere: %v", err)
	}
}

// appMust changes the stored registration past all processes.
func (w *world) appMust(t *testing.T, change func(*Record)) {
	t.Helper()
	m := w.start()
	if _, err := m.change(context.Background(), appKey, func(r Record) (Record, bool) { change(&r); return r, true }); err != nil {
		t.Fatal(err)
	}
}

// Each refusal, by what the server says and what follows.
func TestRefusedManagement(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		plan    []callPlan
		revoke  bool
		read    Kind // of the notice; empty: none
		lost    bool
		refused bool
		deleted bool // afterwards Deregister leaves a tombstone
	}{
		{name: "good", deleted: true},
		{name: "not sent", plan: []callPlan{callNotSent}, read: KindNotSent, deleted: true},
		{name: "too many", plan: []callPlan{callTooMany}, read: KindLater, deleted: true},
		{name: "no such path", plan: []callPlan{callNoPath}, read: KindAuthorize, refused: true, deleted: true},
		{name: "revoked", revoke: true, read: KindAuthorize, refused: true, deleted: true},
		{name: "lost, not done", plan: []callPlan{callLostUndone}, read: KindUnknown, deleted: true},
		{name: "lost, done", plan: []callPlan{callLostDone}, read: KindUnknown, lost: true},
		{name: "cut before the token", plan: []callPlan{callCutEarly}, lost: true},
		{name: "cut behind it", plan: []callPlan{callCutLate}, deleted: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newRegistrar(w)
			if _, _, err := s.start(t).Register(t.Context(), theName, theWish("a1")); err != nil {
				t.Fatal(err)
			}
			if tt.revoke {
				s.clients["client-1"].token = "another"
			}
			s.plan = tt.plan
			_, notices, err := s.start(t).CheckRegistration(t.Context(), theName)
			if err != nil {
				t.Fatal(err)
			}
			var kind Kind
			for _, n := range notices {
				if n.Code == NoticeUnchecked {
					kind = AsError(n.Err).Kind
				}
			}
			if kind != tt.read || w.app().Claim != nil || (w.app().Registered.Dynamic.Refused != nil) != tt.refused {
				t.Errorf("read: %q, want %q; record %+v %+v", kind, tt.read, w.app(), w.app().Registered.Dynamic.Refused)
			}
			_, notices, _ = s.start(t).CheckRegistration(t.Context(), theName)
			lost := slices.ContainsFunc(notices, func(n Notice) bool { return errors.Is(n.Err, ErrManagementLost) })
			if lost != tt.lost {
				t.Errorf("the next read: %v", notices)
			}
			_, err = s.start(t).Deregister(t.Context(), theName, "a1", true)
			if w.app().IsTombstone() != tt.deleted || (err == nil) != tt.deleted {
				t.Errorf("deleted: %v, record %+v", err, w.app())
			}
			if !tt.deleted {
				if _, err = s.start(t).Deregister(t.Context(), theName, "a1", false); err != nil || !w.app().IsTombstone() {
					t.Errorf("forgotten: %v", err)
				}
			}
		})
	}
}

func TestUnmanagedRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newRegistrar(w)
	s.unmanaged = true
	m := s.start(t)
	if _, _, err := m.Register(t.Context(), theName, theWish("a1")); err != nil {
		t.Fatal(err)
	}
	if _, notices, err := m.CheckRegistration(t.Context(), theName); err != nil || len(notices) > 0 {
		t.Error(notices, err)
	}
	if _, _, err := m.UpdateRegistration(t.Context(), theName, theWish("a1"), false); err != nil {
		t.Error(err)
	}
	if _, _, err := m.UpdateRegistration(t.Context(), theName, theWish("a1", "ledger"), false); !errors.Is(err, ErrNotManageable) {
		t.Error(err)
	}
	notices, err := m.Deregister(t.Context(), theName, "a1", true)
	if w.wantNotices(notices, NoticeNotManaged); err != nil || !w.app().IsTombstone() {
		t.Error(err)
	}
	if len(s.calls) != 1 || s.calls["POST"] != 1 {
		t.Errorf("calls: %v", s.calls)
	}
}

// While somebody holds a claim the stored registration is served; one whose owner is gone is ended.
func TestCheckRegistrationBesideAClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newRegistrar(w)
	if _, _, err := s.start(t).Register(t.Context(), theName, theWish("a1")); err != nil {
		t.Fatal(err)
	}
	w.appMust(t, func(r *Record) {
		r.Claim = &Claim{Attempt: "x", Purpose: PurposeUpdate, Base: 1, TTL: 2 * time.Minute, ClaimedAt: w.clock.Now()}
	})
	m := s.start(t)
	if _, notices, err := m.CheckRegistration(t.Context(), theName); err != nil || len(notices) > 0 || s.calls["GET"] != 0 {
		t.Errorf("beside a claim: %v %v, %d reads", notices, err, s.calls["GET"])
	}
	w.clock.pass(121 * time.Second)
	m.looked = map[string]bool{} // as another process that has watched as long
	if _, notices, err := m.CheckRegistration(t.Context(), theName); err != nil || len(notices) > 0 || s.calls["GET"] != 1 {
		t.Errorf("after its TTL: %v %v, %d reads", notices, err, s.calls["GET"])
	}
	if r := w.app(); r.Claim != nil || r.Unknown != nil || !s.accepts(r) {
		t.Errorf("record %+v", r)
	}
}

// A pair takes the secret of its registration from the store, and none that has expired.
func TestResolveTakesTheRegisteredSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newRegistrar(w)
	m := s.start(t)
	reg, _, err := m.Register(t.Context(), theName, theWish("a1"))
	if err != nil {
		t.Fatal(err)
	}
	pair := Client{Registration: theName, ClientID: "client-1", TokenEndpoint: fakeHost + "/token"}
	stale := pair
	stale.ClientSecret = secret.New("stale")
	other := pair
	other.ClientID = "client-9"
	for _, c := range []Client{pair, stale} {
		if got, err := m.Resolve(t.Context(), c); err != nil || !got.ClientSecret.Equal(reg.Client.ClientSecret) {
			t.Errorf("resolved %+v, %v", got, err)
		}
	}
	if _, err := m.Resolve(t.Context(), other); !errors.Is(err, ErrOtherClientID) {
		t.Errorf("of another client: %v", err)
	}
	w.appMust(t, func(r *Record) {
		r.Registered.Dynamic.Current["token_endpoint_auth_method"] = secret.New(`"client_secret_post"`)
		r.Registered.Dynamic.SecretExpiresAt = w.clock.Now().Add(time.Minute)
	})
	if got, err := m.Resolve(t.Context(), pair); err != nil || got.auth().Method != oauth.ClientSecretPost {
		t.Errorf("resolved %+v, %v", got, err)
	}
	w.clock.pass(time.Minute)
	var expired *SecretExpiredError
	if _, err := m.Resolve(t.Context(), pair); !errors.As(err, &expired) || expired.Registration != theName || !strings.Contains(err.Error(), "has expired at") {
		t.Errorf("expired: %v", err)
	}
}

func TestRestoreRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newRegistrar(w)
	m := s.start(t)
	reg, _, err := m.Register(t.Context(), theName, theWish("a1"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.plain.Get(t.Context(), appKey)
	if err == nil {
		err = w.plain.Delete(t.Context(), appKey, e.Revision)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := m.RestoreRegistration(t.Context(), theName, reg); err != nil || !s.accepts(w.app()) || w.app().Unknown == nil {
		t.Errorf("restored: %v, %+v", err, w.app())
	}
	if _, notices, err := m.CheckRegistration(t.Context(), theName); err != nil || len(notices) > 0 || w.app().Unknown != nil {
		t.Errorf("then read: %v %v", notices, err)
	}
	if _, err := m.Deregister(t.Context(), theName, "a1", true); err != nil {
		t.Fatal(err)
	}
	if err := m.RestoreRegistration(t.Context(), theName, reg); !IsKind(err, KindNotFound) {
		t.Errorf("over a tombstone: %v", err)
	}
}
