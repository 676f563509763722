package credential

import (
	"errors"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// waiting makes a record whose implicit authorization waits, and returns the answer to it.
func (w *world) waiting(change func(*Client)) oauth.ImplicitCallback {
	w.t.Helper()
	c := w.client()
	if change != nil {
		change(&c)
	}
	m := w.start(func(o *Options) { o.Store = w.plain })
	_, err := m.Attach(w.t.Context(), theName, "a1", Setup{Client: c, Source: "implicit"})
	var r Record
	if err == nil {
		r, err = m.OfferAuthorization(w.t.Context(), theName, Authorization{RedirectURI: fakeRedirect, Scopes: []string{"read"}, Implicit: true})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if p, _ := r.NewestPending(); !p.Verifier.IsEmpty() {
		w.t.Error("there is a code_verifier, and no code to protect")
	}
	return oauth.ImplicitCallback{State: r.Pending[0].State, Token: oauth.Token{AccessToken: secret.New("the-access-token"), TokenType: "Bearer", ExpiresIn: time.Hour}}
}

func (w *world) take(c oauth.ImplicitCallback) (Result, error) {
	return w.start().TakeImplicit(w.t.Context(), theName, c, []string{"read"})
}

func TestTakeImplicit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.waiting(nil)
	res, err := w.take(c)
	if err != nil {
		t.Fatal(err)
	}
	r := w.wantStatus(StatusActive)
	if got := r.Tokens; !got.Access.Equal(c.Token.AccessToken) || !got.ExpiresAt.Equal(w.clock.Now().Add(time.Hour)) || got.Scopes[0] != "read" || r.Generation != 1 || len(r.Pending) != 0 {
		t.Errorf("record %+v", r)
	}
	if !res.Record.Tokens.Access.Equal(c.Token.AccessToken) || r.AuthorizedAt.IsZero() {
		t.Error("the result is another one")
	}
	// Never more than once, whatever has become of it: neither now nor under a pending state of the same name.
	_, err = w.take(c)
	w.wantKind(err, KindConsumed)
	w.clock.pass(time.Hour)
	if r.StatusAt(w.clock.Now()) != StatusAuthorizationRequired || r.StatusAt(w.clock.Now().Add(-time.Second)) != StatusActive {
		t.Error("the end of the token is not that of the authorization")
	}
	_, err = w.token(w.start())
	if e := w.wantKind(err, KindAuthorize); e.Reason != ReasonNoRefreshToken {
		t.Errorf("reason %s", e.Reason)
	}
	_, err = w.take(c)
	w.wantKind(err, KindConsumed)
	w.wantServer(0, 0, 0)
}

func TestTakeImplicitRefuses(t *testing.T) {
	t.Parallel()
	const issuer = "https://as.example"
	for name, tt := range map[string]struct {
		client func(*Client)
		change func(*oauth.ImplicitCallback)
		want   error
	}{
		"another state":    {nil, func(c *oauth.ImplicitCallback) { c.State = "x" }, ErrStateNotPending},
		"no state":         {nil, func(c *oauth.ImplicitCallback) { c.State = "" }, ErrStateNotPending},
		"another issuer":   {func(c *Client) { c.Issuer = issuer }, func(c *oauth.ImplicitCallback) { c.Issuer = "https://mallory.example" }, ErrIssuerMismatch},
		"its own issuer":   {func(c *Client) { c.Issuer = issuer }, func(c *oauth.ImplicitCallback) { c.Issuer = issuer }, nil},
		"without a policy": {nil, nil, nil},
	} {
		w := newWorld(t)
		c := w.waiting(tt.client)
		if tt.change != nil {
			tt.change(&c)
		}
		_, err := w.take(c)
		if tt.want == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if e := w.wantKind(err, KindState); !errors.Is(e, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if r := w.record(); r.Generation != 0 || len(r.Pending) != 1 {
			t.Errorf("%s: something was taken", name)
		}
	}
}

// The write fails, in either form: the token is taken by the same run, and once.
func TestTakeImplicitStoreFails(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]storetest.Fault{"nothing done": storetest.NothingDone, "but done": storetest.Done} {
		w := newWorld(t)
		c := w.waiting(nil)
		writes := 0
		w.faulty(storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
			if op != storetest.OpReplace {
				return storetest.None
			}
			if writes++; writes == 1 {
				return fault
			}
			return storetest.None
		}})
		if _, err := w.take(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r := w.wantStatus(StatusActive); !r.Tokens.Access.Equal(c.Token.AccessToken) || r.Generation != 1 {
			t.Errorf("%s: record %+v", name, r)
		}
	}
}
