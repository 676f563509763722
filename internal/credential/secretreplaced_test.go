package credential

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// The server has replaced the client secret while a refresh was on its way with the former one. Nothing is wrong with the
// client then: the refresh is sent again with the secret that is in the store, once it is there.
func TestSecretReplacedOnTheWay(t *testing.T) {
	t.Parallel()
	put := func(w *world, change func(*Record)) func() { return func() { w.appMust(t, change) } }
	other := func(r *Record) { r.Client.ClientSecret = secret.New(fakeSecret); r.Claim = nil }
	for _, tt := range []struct {
		name  string
		hook  func(*world)
		calls int
		kind  Kind // empty: a token
	}{
		{"nobody has", func(*world) {}, 1, KindBadClient},
		{"stored by then", func(w *world) { w.server.during = []func(){put(w, other)} }, 2, ""},
		{"about to be stored", func(w *world) {
			w.server.during = []func(){func() {
				put(w, func(r *Record) {
					r.Claim = &Claim{Attempt: "reading", Purpose: PurposeRead, Base: r.Generation, Owner: "host2", TTL: time.Hour, ClaimedAt: w.clock.Now()}
				})()
				w.clock.after(time.Second, put(w, other))
			}}
		}, 2, ""},
		{"of another client", func(w *world) {
			w.server.during = []func(){put(w, func(r *Record) { other(r); r.Client.ClientID = "client-9" })}
		}, 1, KindBadClient},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newRegistrar(w)
			if _, _, err := s.start(t).Register(t.Context(), theName, theWish("a1")); err != nil {
				t.Fatal(err)
			}
			w.appMust(t, func(r *Record) { r.Client.ClientID = fakeClientID })
			w.authorized(func(r *Record) {
				r.Client = Client{Registration: theName, ClientID: fakeClientID, TokenEndpoint: fakeHost + "/token", Policy: w.policy}
			})
			w.server.plan = []callPlan{callBadClient}
			tt.hook(w)
			_, err := w.token(w.start())
			if w.server.calls != tt.calls || tt.kind == "" && err != nil || tt.kind != "" && !IsKind(err, tt.kind) {
				t.Errorf("%d calls, %v", w.server.calls, err)
			}
		})
	}
}
