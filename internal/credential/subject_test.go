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
func TestSubjectPair(t *testing.T) {
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
		got, _, err := w.start().subject(t.Context(), PairKey("a"), of, 30*time.Second)
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
		_, _, err := w.start().subject(t.Context(), PairKey("a"), "b", 30*time.Second)
		var of *SubjectError
		if w.wantKind(err, KindSubject); !errors.As(err, &of) || of.Name != "b" || AsError(of.Err).Kind != tt.kind {
			t.Errorf("%s: %v", name, err)
		}
		w.wantServer(0, 0, 0)
	}
}
