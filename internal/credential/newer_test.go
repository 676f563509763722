package credential

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// all returns every value of the world's store by its key.
func (w *world) all() map[string]string {
	w.t.Helper()
	values := map[string]string{}
	for _, kind := range []string{"pair", kindRegistration, kindBudget, kindInput, kindClientToken} {
		keys, err := w.plain.List(w.t.Context(), kind)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, key := range keys {
			e, err := w.plain.Get(w.t.Context(), key)
			if err != nil {
				w.t.Fatal(err)
			}
			values[key] = string(e.Value)
		}
	}
	return values
}

func (w *world) lay(key, text string) {
	w.t.Helper()
	if _, err := w.plain.Create(w.t.Context(), key, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

// Members that format 1 has are something else in these, as they may be in a format that is still to come.
const (
	newerPair         = `{"format":2,"kind":"pair","readable_by":"4.5.6","status":["active"],"tokens":"sealed otherwise"}`
	newerRegistration = `{"format":2,"kind":"registration","readable_by":"4.5.6","client":[]}`
	newerInput        = `{"format":2,"kind":"input","readable_by":"4.5.6","name":{"of":"exact"}}`
	newerBudget       = `{"format":2,"kind":"budget","readable_by":"4.5.6","refusals":7}`
)

// onNewer is every operation that a credential or registration is named to. Whatever is asked, a record of a newer format is left alone.
func onNewer(w *world) map[string]func(context.Context, *Manager) error {
	ended := secret.New("brought")
	setup := Setup{Client: w.client(), Inputs: []secret.String{ended}}
	replica := Replica{Family: "f1", Generation: 3, Tokens: Tokens{Access: secret.New("a"), Refresh: secret.New("r")}}
	one := func(_ any, err error) error { return err }
	two := func(_, _ any, err error) error { return err }
	return map[string]func(context.Context, *Manager) error{
		"API": func(ctx context.Context, m *Manager) error {
			_, err := m.API(theName, Ask{}).Token(ctx, "")
			return err
		},
		"Attach":       func(ctx context.Context, m *Manager) error { return one(m.Attach(ctx, theName, "a1", setup, ended)) },
		"MarkAttached": func(ctx context.Context, m *Manager) error { return one(m.MarkAttached(ctx, theName, "a1")) },
		"Configure":    func(ctx context.Context, m *Manager) error { return one(m.Configure(ctx, theName, setup)) },
		"Adopt": func(ctx context.Context, m *Manager) error {
			return two(m.Adopt(ctx, theName, Brought{Access: secret.New("x"), Refresh: secret.New("y")}))
		},
		"Denied": func(ctx context.Context, m *Manager) error {
			return m.Denied(ctx, theName, oauth.Callback{Error: "access_denied"})
		},
		"PollDevice": func(ctx context.Context, m *Manager) error { return one(m.PollDevice(ctx, theName, time.Minute)) },
		"OfferDevice": func(ctx context.Context, m *Manager) error {
			return one(m.OfferDevice(ctx, theName, DeviceRequest{Anew: true}))
		},
		"ExchangeCode": func(ctx context.Context, m *Manager) error {
			return one(m.ExchangeCode(ctx, theName, Exchange{Code: secret.New("c")}))
		},
		"TakeImplicit": func(ctx context.Context, m *Manager) error {
			return one(m.TakeImplicit(ctx, theName, oauth.ImplicitCallback{State: "s", Token: oauth.Token{AccessToken: secret.New("a")}}, nil))
		},
		"Token": func(ctx context.Context, m *Manager) error { return one(m.Token(ctx, theName, Ask{})) },
		"Peek":  func(ctx context.Context, m *Manager) error { return one(m.Peek(ctx, theName)) },
		"OfferAuthorization": func(ctx context.Context, m *Manager) error {
			return one(m.OfferAuthorization(ctx, theName, Authorization{Anew: true}))
		},
		"Heal":    func(ctx context.Context, m *Manager) error { return one(m.Heal(ctx, theName, replica)) },
		"Seed":    func(ctx context.Context, m *Manager) error { return one(m.Seed(ctx, theName, "a1", setup, replica)) },
		"Reserve": func(ctx context.Context, m *Manager) error { return one(m.Reserve(ctx, theName, setup)) },
		"Release": func(ctx context.Context, m *Manager) error { return m.Release(ctx, theName, "a1") },
		"Delete":  func(ctx context.Context, m *Manager) error { return one(m.Delete(ctx, theName, "f1", true)) },
		"Revoke":  func(ctx context.Context, m *Manager) error { return one(m.Revoke(ctx, theName, false)) },
		"Rotate":  func(ctx context.Context, m *Manager) error { return one(m.Rotate(ctx, theName, Ask{})) },
		"IntrospectPair": func(ctx context.Context, m *Manager) error {
			return one(m.IntrospectPair(ctx, theName, "access_token", nil))
		},

		"Register": func(ctx context.Context, m *Manager) error {
			return two(m.Register(ctx, theName, Wish{Client: Client{RegistrationEndpoint: fakeHost + "/register"}, Attachment: "a1"}))
		},
		"Deregister": func(ctx context.Context, m *Manager) error { return one(m.Deregister(ctx, theName, "a1", true)) },
		"RestoreRegistration": func(ctx context.Context, m *Manager) error {
			return m.RestoreRegistration(ctx, theName, Registration{Dynamic: &Dynamic{}})
		},
		"CheckRegistration": func(ctx context.Context, m *Manager) error { return two(m.CheckRegistration(ctx, theName)) },
		"UpdateRegistration": func(ctx context.Context, m *Manager) error {
			return two(m.UpdateRegistration(ctx, theName, Wish{}, true))
		},
		"Registration": func(ctx context.Context, m *Manager) error { return one(m.Registration(ctx, theName)) },
		"PutRegistration": func(ctx context.Context, m *Manager) error {
			return m.PutRegistration(ctx, theName, Registration{Client: w.client()}, func(*Registration) error { return nil })
		},
		"MarkRegistrationAttached": func(ctx context.Context, m *Manager) error { return m.MarkRegistrationAttached(ctx, theName, "a1") },
		"DeleteRegistration":       func(ctx context.Context, m *Manager) error { return m.DeleteRegistration(ctx, theName, "a1") },
		"HealRegistration": func(ctx context.Context, m *Manager) error {
			return m.HealRegistration(ctx, theName, RegistrationReplica{Family: "f1", Generation: 9})
		},
		"Waiting": func(ctx context.Context, m *Manager) error {
			_, err := m.Waiting(ctx) // a list of what lies in rescue files: it touches no record
			return errors.Join(err, ErrNewerRecord)
		},
	}
}

// notOfARecord are the operations that no stored credential is named to.
var notOfARecord = []string{
	"ClientAPI", "ClientToken", "Due", "Introspect", "LookUp", "Names", "Now", "OfferDue", "OffersOther", "RegistrationNames", "Resolve",
}

func TestNoOperationTouchesANewerRecord(t *testing.T) {
	t.Parallel()
	methods := reflect.TypeFor[*Manager]()
	known := append(slices.Collect(maps.Keys(onNewer(newWorld(t)))), notOfARecord...)
	for i := range methods.NumMethod() {
		if name := methods.Method(i).Name; !slices.Contains(known, name) {
			t.Errorf("nobody has tried what %s does with a newer record", name)
		}
	}
	for name := range onNewer(newWorld(t)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.lay(theKey, newerPair)
			w.lay(RegistrationKey(theName), newerRegistration)
			before := w.all()
			err := onNewer(w)[name](t.Context(), w.start())
			if !errors.Is(err, ErrNewerRecord) {
				t.Errorf("the error is %v", err)
			}
			if needed := "it has format 2, this version reads up to format 1, and version 4.5.6 or later is needed"; name != "Waiting" && !strings.Contains(err.Error(), needed) {
				t.Errorf("the error does not say what is needed: %v", err)
			}
			if after := w.all(); !maps.Equal(before, after) {
				t.Errorf("the store holds\n%v\nand held\n%v", after, before)
			}
			w.wantServer(0, 0, 0)
		})
	}
}

// TestNewerCompanionsStopARefresh: a budget, an input or a rescue file may be newer than its credential.
func TestNewerCompanionsStopARefresh(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lay  func(*world)
		does func(*world, *Manager) error
	}{
		"budget": {
			func(w *world) { w.lay(budgetKey(w.client()), newerBudget) },
			func(w *world, m *Manager) error { _, err := w.token(m); return err },
		},
		"input": {
			func(w *world) { w.lay(inputKey(secret.New("brought")), newerInput) },
			func(_ *world, m *Manager) error {
				_, _, err := m.Adopt(t.Context(), theName, Brought{Refresh: secret.New("brought")})
				return err
			},
		},
		"rescue file": {
			func(w *world) {
				w.rescue.files["/rescue/x"] = []byte(`{"format":2,"kind":"rescue","readable_by":"4.5.6","key":"pair/exact","body":{}}`)
			},
			func(w *world, m *Manager) error { _, err := w.token(m); return err },
		},
		"rescue file of nobody knows whom": {
			func(w *world) {
				w.rescue.files["/rescue/x"] = []byte(`{"format":2,"kind":"rescue","readable_by":"4.5.6"}`)
			},
			func(w *world, m *Manager) error { _, err := w.token(m); return err },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.policy.ErrorBudget = twoAnHour
			r := w.authorized()
			tt.lay(w)
			before, files := w.all(), maps.Clone(w.rescue.files)
			if err := tt.does(w, w.start()); !errors.Is(err, ErrNewerRecord) {
				t.Errorf("the error is %v", err)
			}
			if got := w.record(); !got.Tokens.Refresh.Equal(r.Tokens.Refresh) || got.Status != StatusActive || got.Claim != nil {
				t.Errorf("the record is %+v", got)
			}
			after := w.all()
			delete(before, theKey)
			for key, text := range before {
				if after[key] != text {
					t.Errorf("%s was %s and is %s", key, text, after[key])
				}
			}
			if len(w.rescue.files) != len(files) {
				t.Errorf("the rescue files are %v", w.rescue.paths())
			}
			w.wantServer(0, 0, 0)
		})
	}
}

// TestNewerRescueFileStopsItsCredentialAlone: the key is read whatever the format.
func TestNewerRescueFileStopsItsCredentialAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	w.rescue.files["/rescue/x"] = []byte(`{"format":2,"kind":"rescue","readable_by":"4.5.6","key":"pair/other","body":{}}`)
	if res := w.mustToken(w.start()); res.Record.Generation != 2 {
		t.Errorf("generation %d", res.Record.Generation)
	}
	if _, ok := w.rescue.files["/rescue/x"]; !ok {
		t.Error("the newer rescue file is gone")
	}
}

// TestSweepLeavesNewerRecords: nothing is known of when they end.
func TestSweepLeavesNewerRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := kindClientToken + "/" + strings.Repeat("0", 64)
	w.lay(key, `{"format":2,"kind":"client_token","readable_by":"4.5.6"}`)
	w.start().sweep(t.Context())
	if _, ok := w.all()[key]; !ok {
		t.Error("it was swept")
	}
}

// TestMoveLeavesNewerRecords, in either store.
func TestMoveLeavesNewerRecords(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ from, to string }{"source": {from: newerPair}, "destination": {to: newerPair}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTwoStores(t)
			if tt.from != "" {
				p.lay(theKey, tt.from)
			} else {
				p.authorized()
				p.dest.lay(theKey, tt.to)
			}
			here, there := p.all(), p.dest.all()
			got := p.move(false)
			if !errors.Is(got.Err, ErrNewerRecord) {
				t.Errorf("the error is %v", got.Err)
			}
			if !maps.Equal(here, p.all()) && tt.from != "" || !maps.Equal(there, p.dest.all()) {
				t.Errorf("the stores hold\n%v\n%v", p.all(), p.dest.all())
			}
			if tt.to != "" && p.in().Tokens.Refresh.IsEmpty() {
				t.Error("the source has lost its tokens")
			}
			p.wantServer(0, 0, 0)
		})
	}
}

// TestMembersOfALaterVersionSurvive: two versions that share a store rotate in turns, and neither takes from the record what only the
// other knows.
func TestMembersOfALaterVersionSurvive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = ErrorBudget{Limit: 10, Window: time.Hour}
	later := func(name string) *Rest {
		return &Rest{members: map[string]secret.String{"later_" + name: secret.New(`{"kept":["` + name + `",1.50]}`)}}
	}
	w.authorized(func(r *Record) {
		r.Rest, r.Client.Rest, r.Refresh.Rest, r.Tokens.Rest, r.Attachment.Rest = later("record"), later("client"), later("refresh"), later("tokens"), later("attachment")
		r.Pending = []Pending{{State: "s", CreatedAt: epoch, Rest: later("pending")}}
		r.History = []Event{{At: epoch, Verdict: "by a later version", Rest: later("event")}}
		aside := Record{Family: "f0", Generation: 4, Status: StatusActive, Client: Client{ClientID: "other", Rest: later("aside_client")}, Rest: later("aside")}
		aside.Tokens = Tokens{Refresh: secret.New("waits"), Rest: later("aside_tokens")}
		r.Aside = []Record{aside}
	})
	w.lay(budgetKey(w.client()), `{"format":1,"kind":"budget","token_endpoint":"`+fakeHost+`/token","client_id":"`+fakeClientID+`","window":3600000000000,`+
		`"refusals":[{"id":"r1","at":"2026-01-01T00:00:00Z","key":"pair/exact","status":400,"later_refusal":{"kept":["refusal",1.50]}}],"later_budget":{"kept":["budget",1.50]}}`)
	w.mustToken(w.start())
	text := w.all()[theKey]
	for _, name := range []string{"record", "client", "refresh", "attachment", "pending", "event", "aside", "aside_client", "aside_tokens"} {
		if member := `"later_` + name + `":{"kept":["` + name + `",1.50]}`; strings.Count(text, member) != 1 {
			t.Errorf("what a later version has put into %s is not there once after a refresh:\n%s", name, text)
		}
	}
	if strings.Contains(text, "later_tokens") {
		t.Error("what was said of the former tokens is said of their successors")
	}
	if budget := w.all()[budgetKey(w.client())]; !strings.Contains(budget, `"later_budget":{"kept":["budget",1.50]}`) {
		t.Errorf("the budget has lost it:\n%s", budget)
	}

	m := w.start()
	r, err := m.Configure(t.Context(), theName, Setup{Client: w.client(), Refresh: RefreshSettings{Earliest: time.Minute}})
	if err != nil || r.Client.Rest == nil || r.Refresh.Rest != nil {
		t.Errorf("an apply that changes one thing keeps %v of the client and %v of refresh: %v", r.Client.Rest, r.Refresh.Rest, err)
	}
	if _, err := m.Delete(t.Context(), theName, "f1", false); err != nil {
		t.Fatal(err)
	}
	if text := w.all()[theKey]; strings.Contains(text, "later_") || strings.Contains(text, "kept") || !strings.Contains(text, `"history"`) {
		t.Errorf("a tombstone keeps what may be a secret, or has no history:\n%s", text)
	}
	if strings.Contains(w.logs.String(), "kept") {
		t.Error("it is in the log")
	}
}
