package credential

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// pushServer takes pushed authorization requests besides what a fakeServer takes.
type pushServer struct {
	*fakeServer
	answers []int // statuses of the next ones; 0: the reply is lost; later ones are taken
	forms   []url.Values
}

const pushLifetime = 90 * time.Second

func (s *pushServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/par" {
		return s.fakeServer.RoundTrip(r)
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	s.forms = append(s.forms, form)
	status := 201
	if len(s.answers) > 0 {
		status, s.answers = s.answers[0], s.answers[1:]
	}
	switch status {
	case 0:
		return nil, errReset
	case 201:
		return answer(201, fmt.Sprintf(`{"request_uri":"urn:r%d","expires_in":%d}`, len(s.forms), int(pushLifetime.Seconds())), ""), nil
	case 401:
		return answer(401, `{"error":"invalid_client"}`, ""), nil
	}
	return answer(status, `{"error":"invalid_request"}`, ""), nil
}

// pushing is a world with a record of a client that pushes its requests, and nothing authorized.
func pushing(t *testing.T, change ...func(*Record)) (*world, *pushServer, *Manager) {
	w := newWorld(t)
	s := &pushServer{fakeServer: w.server}
	r := Record{Status: StatusAuthorizationRequired, Client: w.client(), Attachment: Attachment{ID: "a1", Attached: true}}
	r.Client.RequirePushedAuthorizationRequests = true
	r.Client.PushedAuthorizationRequestEndpoint = fakeHost + "/par"
	for _, f := range change {
		f(&r)
	}
	w.put(r)
	return w, s, w.start(func(o *Options) {
		caller, err := oauth.NewCaller(oauth.CallerOptions{Transport: s})
		if err != nil {
			t.Fatal(err)
		}
		o.Caller = caller
	})
}

var pushShape = Authorization{RedirectURI: fakeRedirect, Scopes: []string{"read"}}

func mustOffer(t *testing.T, m *Manager, a Authorization) Pending {
	t.Helper()
	r, err := m.OfferAuthorization(t.Context(), theName, a)
	p, ok := r.NewestPending()
	if err != nil || !ok {
		t.Fatalf("nothing is offered: %v", err)
	}
	return p
}

// A request is pushed once for as long as its URL is good, then again as the same one: state, verifier and key stay.
func TestPushedAgainWhenExpired(t *testing.T) {
	t.Parallel()
	w, s, m := pushing(t)
	first := mustOffer(t, m, pushShape)
	if first.URL != fakeHost+"/authorize?client_id=the-client&request_uri=urn%3Ar1" || !first.ExpiresAt.Equal(w.clock.Now().Add(pushLifetime)) {
		t.Errorf("offered %s until %s", first.URL, first.ExpiresAt)
	}
	if again := mustOffer(t, m, pushShape); again.URL != first.URL || len(s.forms) != 1 {
		t.Errorf("pushed %d times", len(s.forms))
	}
	w.clock.pass(pushLifetime)
	if again := mustOffer(t, m, pushShape); again.URL == first.URL || again.State != first.State || !again.Verifier.Equal(first.Verifier) || !again.CreatedAt.Equal(first.CreatedAt) {
		t.Errorf("offered %+v after %+v", again, first)
	}
	if len(s.forms) != 2 || s.forms[0].Encode() != s.forms[1].Encode() {
		t.Errorf("pushed %v", s.forms)
	}
	for name, want := range map[string]string{
		"client_id": fakeClientID, "redirect_uri": fakeRedirect, "response_type": "code", "scope": "read", "state": first.State, "code_challenge_method": "S256",
	} {
		if got := s.forms[0].Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if n := len(w.record().Pending); n != 1 {
		t.Errorf("%d are pending", n)
	}
	other := pushShape
	other.Scopes = []string{"write"}
	if p := mustOffer(t, m, other); p.State == first.State || len(w.record().Pending) != 2 {
		t.Error("another request is another authorization")
	}
}

// What the answers of the server come to. Nothing is ever stored that was not taken.
func TestPushAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []int
		pushes  int
		want    Kind // empty: it goes well
	}{
		"lost once":          {[]int{0}, 2, ""},
		"in trouble once":    {[]int{503}, 2, ""},
		"lost for good":      {[]int{0, 0, 0}, 3, KindUnknown},
		"in trouble":         {[]int{500, 503, 502}, 3, KindUnknown},
		"refused":            {[]int{400}, 1, KindConfiguration},
		"nothing is there":   {[]int{404}, 1, KindConfiguration},
		"another client":     {[]int{401}, 1, KindBadClient},
		"too many":           {[]int{429}, 1, KindLater},
		"lost, then refused": {[]int{0, 400}, 2, KindConfiguration},
	} {
		w, s, m := pushing(t)
		s.answers = test.answers
		_, err := m.OfferAuthorization(context.Background(), theName, pushShape)
		var e *Error
		var failed *PushError
		switch {
		case test.want == "" && err != nil, test.want != "" && (!errors.As(err, &e) || e.Kind != test.want || !errors.As(err, &failed)):
			t.Errorf("%s: %v, want %q", name, err, test.want)
		case len(s.forms) != test.pushes:
			t.Errorf("%s: pushed %d times, want %d", name, len(s.forms), test.pushes)
		case (len(w.record().Pending) == 1) != (test.want == ""):
			t.Errorf("%s: %d are pending", name, len(w.record().Pending))
		}
	}
}

// Each refusal counts where a platform locks clients out, and nothing is pushed when one more would do it.
func TestPushesAreInTheErrorBudget(t *testing.T) {
	t.Parallel()
	w, s, m := pushing(t, func(r *Record) { r.Client.Policy.ErrorBudget = threeAnHour })
	s.answers = []int{400, 400, 400, 400}
	for range 4 {
		if _, err := m.OfferAuthorization(context.Background(), theName, pushShape); err == nil {
			t.Fatal("it went well")
		}
	}
	if len(s.forms) != 2 {
		t.Errorf("pushed %d times, want 2", len(s.forms))
	}
	w.clock.pass(2 * time.Hour)
	s.answers = nil
	mustOffer(t, m, pushShape)
}

func TestPushWithoutEndpoint(t *testing.T) {
	t.Parallel()
	_, s, m := pushing(t, func(r *Record) { r.Client.PushedAuthorizationRequestEndpoint = "" })
	if _, err := m.OfferAuthorization(context.Background(), theName, pushShape); !errors.Is(err, ErrNoPushEndpoint) || !IsKind(err, KindConfiguration) || len(s.forms) != 0 {
		t.Errorf("got %v", err)
	}
}

// Who has used the authorization meanwhile gets it back from nobody, and of two that pushed the URL that is good stays.
func TestOfferedMeanwhile(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	old := Pending{State: "s", Inputs: "i", URL: "old", ExpiresAt: now}
	fresh := old
	fresh.URL, fresh.ExpiresAt = "fresh", now.Add(time.Minute)
	others := old
	others.URL, others.ExpiresAt = "others", now.Add(time.Minute)
	for name, test := range map[string]struct {
		pending []Pending
		again   bool
		want    string // the newest URL; empty: none
	}{
		"as it was":      {[]Pending{old}, true, "fresh"},
		"used":           {nil, true, ""},
		"pushed already": {[]Pending{others}, true, "others"},
		"the first":      {nil, false, "fresh"},
		"not the first":  {[]Pending{{State: "t", Inputs: "j", URL: "other"}}, false, "fresh"},
	} {
		r, _ := Record{Pending: test.pending}.offers(fresh, test.again, now)
		if p, _ := r.NewestPending(); p.URL != test.want {
			t.Errorf("%s: %q, want %q", name, p.URL, test.want)
		}
	}
}

// When a person is expected. A credential that works has nothing to push, or every plan would have a change.
func TestAwaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	good := Record{
		Status: StatusActive, AuthorizedAt: now.Add(-48 * time.Hour),
		Tokens: Tokens{Access: secret.New("a"), Refresh: secret.New("r"), IssuedAt: now, ExpiresAt: now.Add(time.Hour)},
	}
	lasting := func(d time.Duration) Record {
		r := good
		r.Client.Policy.AbsoluteLifetime = d
		return r
	}
	offered := func(ago time.Duration, expires time.Time) Record {
		r := good
		r.Pending = []Pending{{CreatedAt: now.Add(-ago), ExpiresAt: expires}}
		return r
	}
	unrefreshable := good
	unrefreshable.Tokens.Refresh = secret.String{}
	unknown := good
	unknown.Status = StatusOutcomeUnknown
	ended := unrefreshable
	ended.Tokens.ExpiresAt = now
	for name, test := range map[string]struct {
		record Record
		want   bool
	}{
		"it works":                      {good, false},
		"required":                      {Record{Status: StatusAuthorizationRequired}, true},
		"outcome unknown":               {Record{Status: StatusOutcomeUnknown}, true},
		"… of one that works still":     {unknown, false},
		"a tombstone":                   {Record{Status: StatusRevoked, DeletedAt: now}, false},
		"ends tomorrow":                 {lasting(72 * time.Hour), true},
		"ends in a year":                {lasting(365 * 24 * time.Hour), false},
		"offered an hour ago":           {offered(time.Hour, now), true},
		"offered two days ago":          {offered(47*time.Hour, now), false},
		"offered before it was used":    {offered(49*time.Hour, now), false},
		"offered for good":              {offered(time.Hour, time.Time{}), false},
		"no refresh token, still works": {unrefreshable, false},
		"no refresh token, and over":    {ended, true},
	} {
		if got := test.record.Awaits(now, 30*24*time.Hour); got != test.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

// An apply has something to offer where a person is expected and nothing waits to be opened, pushed or not.
func TestOfferDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	required := Record{Status: StatusAuthorizationRequired, Client: w.client()}
	works := w.authorized()
	waits, nowhere := required, required
	waits.Pending = []Pending{{State: "s", URL: "u"}}
	nowhere.Client.AuthorizationEndpoint = ""
	for name, test := range map[string]struct {
		record Record
		want   bool
	}{
		"nothing waits":           {required, true},
		"a URL waits":             {waits, false},
		"it works":                {works, false},
		"there is nowhere to ask": {nowhere, false},
	} {
		if got := m.OfferDue(context.Background(), test.record, 30*24*time.Hour); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
