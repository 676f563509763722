package credential

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// elsewhere is a world whose credential is served at one token endpoint, and the two settings that its user tries.
type elsewhere struct {
	*world
	s            *scripted
	m            *Manager
	right, wrong Setup
}

func newElsewhere(t *testing.T) elsewhere {
	t.Helper()
	w, s, m := platformed(t, Preset{TokenEndpoint: "https://acme.example/token"})
	right := Setup{Client: w.record().Client}
	wrong := right
	wrong.Client.TokenEndpoint = "https://wrong.example/token"
	return elsewhere{w, s, m, right, wrong}
}

func (e elsewhere) configure(t *testing.T, s Setup) {
	t.Helper()
	if _, err := e.m.Configure(t.Context(), theName, s); err != nil {
		t.Fatal(err)
	}
}

func (e elsewhere) bring(t *testing.T, token string) {
	t.Helper()
	if _, _, err := e.m.Adopt(t.Context(), theName, Brought{Refresh: secret.New(token)}); err != nil {
		t.Fatal(err)
	}
}

// refuse has the server refuse every token for good.
func (e elsewhere) refuse(t *testing.T) {
	t.Helper()
	e.s.fail, e.s.status, e.s.body = false, 400, `{"error":"invalid_grant"}`
	_, err := e.token(e.m)
	e.wantKind(err, KindAuthorize)
}

// wantSent checks which refresh tokens went where.
func (e elsewhere) wantSent(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, q := range e.s.seen {
		got = append(got, q.url+" "+q.form.Get("refresh_token"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// TestRefusedTokenIsNotSentAgain where a token that was refused for good comes up again: in place of a mistyped one.
func TestRefusedTokenIsNotSentAgain(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t)
	old := e.record().Tokens.Refresh.Reveal()
	e.configure(t, e.wrong)
	e.refuse(t)
	e.bring(t, "mistyped")
	e.refuse(t)
	e.wantSent(t, "https://wrong.example/token "+old, "https://wrong.example/token mistyped")
}

// TestUnknownOutcomeGoesAlong: a token that was sent to the wrong endpoint and back is the one whose outcome is unknown.
func TestUnknownOutcomeGoesAlong(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t)
	old := e.record().Tokens.Refresh.Reveal()
	e.configure(t, e.wrong)
	e.s.fail = true
	if _, err := e.token(e.m); err == nil {
		t.Fatal("the reply was not lost")
	}
	e.configure(t, e.right)
	if r := e.record(); r.Status != StatusOutcomeUnknown || r.Unknown == nil || len(r.Aside) != 0 {
		t.Fatalf("back at the right endpoint: %s, %+v, set aside: %d", r.Status, r.Unknown, len(r.Aside))
	}
	e.clock.pass(3 * time.Hour)
	e.refuse(t)
	e.configure(t, e.wrong)
	e.configure(t, e.right)
	if r := e.record(); r.Status != StatusAuthorizationRequired {
		t.Errorf("a refused token came to life again: %s", r.Status)
	}
	e.wantSent(t, "https://wrong.example/token "+old, "https://acme.example/token "+old)
}

// TestLateSuccessorOfACopy: when the reply to a token comes, no copy of it is left anywhere to be sent again.
func TestLateSuccessorOfACopy(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(*testing.T, elsewhere){
		"other tokens brought": func(t *testing.T, e elsewhere) {
			e.configure(t, e.wrong)
			e.bring(t, "mistyped")
		},
		"another client_id": func(t *testing.T, e elsewhere) {
			e.configure(t, e.wrong)
			other := e.right
			other.Client.ClientID = "other"
			e.configure(t, other)
		},
		"there and back": func(t *testing.T, e elsewhere) {
			e.configure(t, e.wrong)
			e.configure(t, e.right)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newElsewhere(t)
			old := e.record()
			snap, err := e.m.load(t.Context(), theKey)
			if err != nil {
				t.Fatal(err)
			}
			c, err := e.m.claim(t.Context(), theKey, snap, old.Client.attempt(PurposeRefresh), extra{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			c.attempt.SentAt = e.clock.Now()
			meanwhile(t, e)
			reply := oauth.Token{AccessToken: secret.New("a2"), RefreshToken: secret.New("successor"), ExpiresIn: time.Hour}
			r, err := e.m.commit(t.Context(), successor{attempt: c.attempt, token: reply}, aFew)
			if err != nil {
				t.Fatal(err)
			}
			kept := 0
			for _, h := range append([]Record{r}, r.Aside...) {
				if h.Tokens.Refresh.Equal(old.Tokens.Refresh) {
					t.Errorf("the spent token is still at %q", h.Client.TokenEndpoint)
				}
				if h.Tokens.Refresh.Reveal() == "successor" {
					kept++
				}
			}
			if kept == 0 {
				t.Error("the successor is nowhere")
			}
		})
	}
}

// TestCopiesMakeRoom: what another client_id left is worth more than a copy for one more token endpoint.
func TestCopiesMakeRoom(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t)
	first := e.record().Tokens.Refresh.Reveal()
	x := e.right
	x.Client.ClientID = "other"
	e.configure(t, x)
	e.bring(t, "others")
	for _, host := range []string{"b", "c", "d", "e"} {
		x.Client.TokenEndpoint = "https://" + host + ".example/token"
		e.configure(t, x)
	}
	e.configure(t, e.right)
	if r := e.record(); r.Tokens.Refresh.Reveal() != first || r.Status != StatusActive {
		t.Errorf("the first client_id has not got its token back: %s", r.Status)
	}
}

// TestBroughtTokensAtTheWrongEndpoint are not given up for those that they replaced.
func TestBroughtTokensAtTheWrongEndpoint(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t)
	e.bring(t, "brought")
	e.configure(t, e.wrong)
	e.refuse(t)
	e.configure(t, e.right)
	if r := e.record(); r.Tokens.Refresh.Reveal() != "brought" || r.Status != StatusActive {
		t.Errorf("back at the right endpoint: %s, not the brought ones", r.Status)
	}
	e.s.status, e.s.body = 200, pairReply
	if _, err := e.token(e.m); err != nil {
		t.Error(err)
	}
	e.wantSent(t, "https://wrong.example/token brought", "https://acme.example/token brought")
}

// TestSettingsOfAnUnknownPlatform: whether the token endpoint is another one cannot be said, so nothing is set aside.
func TestSettingsOfAnUnknownPlatform(t *testing.T) {
	t.Parallel()
	w, _, m := platformed(t, Preset{}, func(c *Client) { c.Platform = "other" })
	set := Setup{Client: w.record().Client}
	for i := range 3 {
		set.Refresh.BeforeExpiry = time.Duration(i) * time.Second
		if r, err := m.Configure(t.Context(), theName, set); err != nil || len(r.Aside) != 0 {
			t.Fatalf("set aside: %d, %v", len(r.Aside), err)
		}
	}
}
