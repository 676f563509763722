package credential

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func later(name string) *Rest {
	return &Rest{members: map[string]secret.String{"later_" + name: secret.New(`"` + name + `"`)}}
}

// wantLater checks that each member of a later version is there once.
func wantLater(t *testing.T, text string, names ...string) {
	t.Helper()
	for _, name := range names {
		if strings.Count(text, `"later_`+name+`":"`+name+`"`) != 1 {
			t.Errorf("what a later version has put into %s is not there once:\n%s", name, text)
		}
	}
}

// relay puts r in the place of what lies under key.
func (w *world) relay(key string, r Record) {
	w.t.Helper()
	e, err := w.plain.Get(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := EncodeRecord(r)
	if err == nil {
		_, err = w.plain.Replace(w.t.Context(), key, e.Revision, text)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestMembersOfALaterVersionSurviveInAClientToken: whoever asks brings client and grant along, and still takes nothing from the record.
func TestMembersOfALaterVersionSurviveInAClientToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustClientToken(w.start(), w.mintSetup())
	r, _ := w.sharedRecord()
	r.Rest, r.Client.Rest, r.Grant.Rest, r.Tokens.Rest = later("record"), later("client"), later("grant"), later("tokens")
	w.relay(w.shared()[0], r)
	w.clock.pass(fakeLifetime)
	w.mustClientToken(w.start(), w.mintSetup())
	w.wantMints(2)
	_, text := w.sharedRecord()
	wantLater(t, text, "record", "client", "grant")
	if strings.Contains(text, "later_tokens") {
		t.Error("what was said of the former token is said of its successor")
	}
}

// TestANewerClientTokenIsLeftAlone: nothing is asked for in its place.
func TestANewerClientTokenIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustClientToken(w.start(), w.mintSetup())
	key := w.shared()[0]
	e, err := w.plain.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	const newer = `{"format":2,"kind":"client_token","readable_by":"4.5.6","tokens":[]}`
	if _, err := w.plain.Replace(t.Context(), key, e.Revision, []byte(newer)); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(fakeLifetime)
	if _, err := w.start().ClientToken(t.Context(), w.mintSetup(), consumerAsk); !errors.Is(err, ErrNewerRecord) {
		t.Errorf("the error is %v", err)
	}
	if got := w.all()[key]; got != newer {
		t.Errorf("it is %s", got)
	}
	w.wantMints(1)
}

// TestMembersOfALaterVersionSurviveInARegistration that is applied again, and go with a client that it is changed from.
func TestMembersOfALaterVersionSurviveInARegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	next := Registration{Client: w.client(), Attachment: Attachment{ID: "a1", Attached: true}}
	put := func() {
		t.Helper()
		if err := w.start().PutRegistration(t.Context(), theName, next, func(*Registration) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	put()
	r, err := decodeKind([]byte(w.all()[RegistrationKey(theName)]), kindRegistration)
	if err != nil {
		t.Fatal(err)
	}
	r.Rest, r.Client.Rest = later("record"), later("client")
	w.relay(RegistrationKey(theName), r)
	next.RedirectURIs = []string{"https://app.example.com/"}
	put()
	wantLater(t, w.all()[RegistrationKey(theName)], "record", "client")
	next.Client.ClientSecret = secret.New("another")
	put()
	text := w.all()[RegistrationKey(theName)]
	wantLater(t, text, "record")
	if strings.Contains(text, "later_client") {
		t.Error("what was said of the former client is said of the changed one")
	}
}

// TestMembersOfALaterVersionMove with their record, and with a budget that the destination has not.
func TestMembersOfALaterVersionMove(t *testing.T) {
	t.Parallel()
	p := newTwoStores(t)
	p.policy.ErrorBudget = threeAnHour
	p.authorized(func(r *Record) {
		r.Rest, r.Client.Rest, r.Tokens.Rest = later("record"), later("client"), later("tokens")
	})
	l := ledger{
		Format: recordFormat, Kind: kindBudget, TokenEndpoint: fakeHost + "/token", ClientID: fakeClientID, Window: time.Hour,
		Refusals: []Spent{{ID: "r1", At: p.clock.Now(), Key: theKey, HTTP: 400, Rest: later("refusal")}}, Rest: later("budget"),
	}
	text, err := encodeWhole(l)
	if err != nil {
		t.Fatal(err)
	}
	p.lay(budgetKey(p.client()), string(text))
	if got := p.move(false); got.Err != nil {
		t.Fatal(got.Err)
	}
	wantLater(t, p.dest.all()[theKey], "record", "client", "tokens")
	wantLater(t, p.dest.all()[budgetKey(p.client())], "budget", "refusal")
	if strings.Contains(p.all()[theKey], "later_") {
		t.Errorf("what is left in the source keeps what may be a secret:\n%s", p.all()[theKey])
	}
}

// TestTheKeyOfAClientTokenStays: versions that share a store find the same token. What a request is made from is in the key by names and
// values that must not change.
func TestTheKeyOfAClientTokenStays(t *testing.T) {
	t.Parallel()
	client := Client{
		ClientID: "c", TokenEndpoint: "https://id.example.com/token", TokenEndpointAuthMethod: "client_secret_basic", DPoPBoundAccessTokens: true,
	}
	grant := &Grant{
		Type: "urn:ietf:params:oauth:grant-type:jwt-bearer", Scopes: []string{"b", "a"}, Resource: []string{"https://r.example"},
		Audience: []string{"https://a.example"}, Parameters: map[string]string{"p": "1"}, Secrets: map[string]secret.String{"s": secret.New("2")},
		Assertion: &Assertion{
			PrivateKey: secret.New("key"), Issuer: "i", Subject: "s", Audience: []string{"a"}, Lifetime: time.Minute, Claims: `{"x":1}`,
		},
	}
	src, err := newWorld(t).start().sourceOf(client, client, grant)
	if err != nil {
		t.Fatal(err)
	}
	const want = "client_token/8440d2b407190dd0b9f69ba1e38a45021fc973ea7ea9450f53e394092ef05e4f"
	if src.key != want {
		t.Errorf("the key is %s", src.key)
	}
}
