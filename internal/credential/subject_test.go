package credential

import (
	"errors"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// derived makes records of pairs, each derived from the one that is named, or from none. All have a token that works.
func (w *world) derived(from map[string]string, change ...func(*Record)) {
	w.t.Helper()
	for name, subject := range from {
		r := Record{
			Family: "f-" + name, Generation: 1, Status: StatusActive, Client: w.client(), Attachment: Attachment{ID: name, Attached: true},
			Grant:  &Grant{Type: oauth.GrantTokenExchange, SubjectPair: subject},
			Tokens: Tokens{Access: secret.New("access-of-" + name), IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Hour)},
		}
		if subject == "" {
			r.Grant = &Grant{Type: oauth.GrantClientCredentials}
		}
		for _, f := range change {
			f(&r)
		}
		text, err := EncodeRecord(r)
		if err == nil {
			_, err = w.plain.Create(w.t.Context(), PairKey(name), text)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// A pair whose token works is good enough to derive from, whatever has become of what it was derived from itself. Pairs in a circle are
// told, in place of waiting for each other.
func TestSubjectPairs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from map[string]string
		want string // the access token; empty: a circle
	}{
		"of a pair":                           {map[string]string{"b": ""}, "access-of-b"},
		"of one that is derived":              {map[string]string{"b": "c", "c": ""}, "access-of-b"},
		"of one whose own subject is gone":    {map[string]string{"b": "gone"}, "access-of-b"},
		"itself":                              {map[string]string{}, ""},
		"each other":                          {map[string]string{"b": "a"}, ""},
		"a circle of three":                   {map[string]string{"b": "c", "c": "a"}, ""},
		"of one in a circle without this one": {map[string]string{"b": "c", "c": "b"}, ""},
	} {
		w := newWorld(t)
		w.derived(tt.from)
		of := "b"
		if name == "itself" {
			of = "a"
		}
		got, _, _, err := w.start().subject(t.Context(), PairKey("a"), of, 30*time.Second)
		if got.Reveal() != tt.want || tt.want == "" && !errors.Is(err, ErrCircle) || tt.want != "" && err != nil {
			t.Errorf("%s: %q, error %v", name, got.Reveal(), err)
		}
		w.wantServer(0, 0, 0)
	}
}

// One that gives no token is told with its name, and keeps nobody waiting.
func TestSubjectPairWithoutAToken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from map[string]string
		kind Kind
	}{
		"there is none":       {map[string]string{}, KindNotFound},
		"its subject is gone": {map[string]string{"b": "gone"}, KindSubject},
	} {
		w := newWorld(t)
		w.derived(tt.from, func(r *Record) { r.Tokens = Tokens{} })
		_, _, _, err := w.start().subject(t.Context(), PairKey("a"), "b", 30*time.Second)
		var of *SubjectError
		if w.wantKind(err, KindSubject); !errors.As(err, &of) || of.Name != "b" || AsError(of.Err).Kind != tt.kind {
			t.Errorf("%s: %v", name, err)
		}
		w.wantServer(0, 0, 0)
	}
}

// Another authorization of the subject may be another person's: what was derived from the former one is not handed out any more, to
// askers of a pair as of a client token. One that goes on, and a subject that is gone, change nothing.
func TestTokenOfAFormerSubject(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Record)
		want   int // requests
	}{
		"refreshed":        {func(r *Record) { r.Generation, r.Tokens.Access = 2, secret.New("its successor") }, 1},
		"authorized again": {func(r *Record) { r.Family, r.Tokens.Access = "another", secret.New("of another person") }, 2},
		"destroyed":        {func(r *Record) { *r = r.tombstone(newFakeClock().Now()) }, 1},
	} {
		for _, shared := range []bool{false, true} {
			w := newWorld(t)
			w.derived(map[string]string{"b": ""})
			m := w.start()
			setup := w.mintSetup()
			setup.Grant = &Grant{Type: "urn:example:person", SubjectPair: "b"}
			ask := func() (Result, error) { return m.ClientToken(t.Context(), setup, Ask{}) }
			if !shared {
				w.attached(func(s *Setup) { s.Grant = setup.Grant })
				ask = func() (Result, error) { return w.token(m) }
			}
			first, err := ask()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.change(t.Context(), PairKey("b"), func(r Record) (Record, bool) { tt.change(&r); return r, true }); err != nil {
				t.Fatal(err)
			}
			second, err := ask()
			if err != nil {
				t.Fatal(err)
			}
			if same := second.Record.Tokens.Access.Equal(first.Record.Tokens.Access); same != (tt.want == 1) {
				t.Errorf("%s, shared %v: the same token: %v", name, shared, same)
			}
			w.wantMints(tt.want)
			if got := w.server.minting.asked[tt.want-1].Get("subject_token"); tt.want == 2 && got != "of another person" {
				t.Errorf("%s, shared %v: %s was exchanged", name, shared, got)
			}
		}
	}
}

// Where the new authorization gives none either, the former token stays away.
func TestTokenOfAFormerSubjectRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.derived(map[string]string{"b": ""})
	m := w.start()
	w.attached(func(s *Setup) { s.Grant = &Grant{Type: "urn:example:person", SubjectPair: "b"} })
	w.mustToken(m)
	if _, err := m.change(t.Context(), PairKey("b"), func(r Record) (Record, bool) { r.Family = "another"; return r, true }); err != nil {
		t.Fatal(err)
	}
	w.server.minting.refusal = "invalid_grant"
	for range 2 {
		if res, err := w.token(m); err == nil || !res.Record.Tokens.Access.IsEmpty() {
			t.Errorf("%v, %v", res.Record.Status, err)
		}
	}
}
