package credential

import (
	"errors"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// TestDenied by table: whose words an error in a callback is (RFC 9207 §2.4), and that nothing comes of it.
func TestDenied(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state, issuer string // empty state: the pending one
		promises      bool   // the metadata say that every callback names its issuer
		down          bool   // … and cannot be read
		want          Kind
		cause         error
	}{
		"the server's":             {"", fakeIssuer, false, false, KindDenied, nil},
		"the server's, by promise": {"", fakeIssuer, true, false, KindDenied, nil},
		"another issuer":           {"", "https://attacker.example", false, false, KindState, ErrIssuerMismatch},
		"a slash more":             {"", fakeIssuer + "/", false, false, KindState, ErrIssuerMismatch},
		"no issuer":                {"", "", false, false, KindDenied, nil},
		"no issuer, but promised":  {"", "", true, false, KindState, ErrNoIssuer},
		"no issuer, nobody knows":  {"", "", true, true, KindDenied, nil},
		"another state":            {"somebody-else", fakeIssuer, false, false, KindState, ErrStateNotPending},
		"no state":                 {"-", fakeIssuer, false, false, KindDenied, nil},
		"no state, another issuer": {"-", "https://attacker.example", false, false, KindState, ErrIssuerMismatch},
	} {
		w, says := discovered(t)
		says.metadata.IssuerInResponses = tt.promises
		m := w.start(says.options)
		offered, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
		if err != nil {
			t.Fatal(err)
		}
		before := w.record()
		pending, _ := offered.NewestPending()
		cb := oauth.Callback{State: tt.state, Issuer: tt.issuer, Error: "access_denied", ErrorDescription: "no"}
		switch tt.state {
		case "":
			cb.State = pending.State
		case "-":
			cb.State = ""
		}
		if tt.down {
			says.fail = errUnreachable
		}
		err = w.start(says.options).Denied(t.Context(), theName, cb)
		e := w.wantKind(err, tt.want)
		if tt.cause != nil && !errors.Is(err, tt.cause) || tt.want == KindDenied && e.Verdict.Code != "access_denied" || tt.want != KindDenied && e.Verdict.Code != "" {
			t.Errorf("%s: %v", name, err)
		}
		if after := w.record(); len(after.Pending) != len(before.Pending) || len(after.History) != len(before.History) {
			t.Errorf("%s: the record has changed", name)
		}
		w.wantServer(0, 0, 0)
	}
	w := newWorld(t)
	w.wantKind(w.start().Denied(t.Context(), "nobody", oauth.Callback{Error: "x"}), KindNotFound)
}
