package credential

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// fakeDevices are the device codes of the server (RFC 8628). Whoever polls one that leads nowhere yet is told so.
type fakeDevices struct {
	given     int
	confirmed map[string]bool
	used      map[string]bool
	refused   bool
	again     int // tokens that were asked for once more
}

func (s *fakeServer) giveDevice() (int, string) {
	s.devices.given++
	code := fmt.Sprintf("device-%d-77aa", s.devices.given)
	s.secrets = append(s.secrets, code)
	return 200, fmt.Sprintf(`{"device_code":%q,"user_code":"USER-%d","verification_uri":"https://as.example/tv","expires_in":600,"interval":5}`, code, s.devices.given)
}

func (s *fakeServer) pollDevice(form url.Values) (int, string) {
	code := form.Get("device_code")
	switch {
	case s.devices.used[code]:
		s.devices.again++
		return 400, `{"error":"invalid_grant"}`
	case s.devices.refused:
		return 400, `{"error":"access_denied"}`
	case !s.devices.confirmed[code]:
		return 400, `{"error":"authorization_pending"}`
	}
	if s.devices.used == nil {
		s.devices.used = map[string]bool{}
	}
	s.devices.used[code] = true
	s.issued++
	family := fmt.Sprintf("grant%d", s.issued)
	return 200, s.issue(family, s.newRefresh(family))
}

func (w *world) confirm(r Record) {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	w.server.devices.confirmed = map[string]bool{r.Device.Code.Reveal(): true}
}

func (w *world) deviceSetup() Setup {
	c := w.client()
	c.DeviceAuthorizationEndpoint = fakeHost + "/device"
	return Setup{Client: c, Source: "device_code"}
}

var aDevice = DeviceRequest{Scopes: []string{"read"}}

// deviceOffered puts a credential into the store that waits for a person to enter a code.
func (w *world) deviceOffered() Record {
	w.t.Helper()
	m := w.start(func(o *Options) { o.Store = w.plain })
	_, err := m.Attach(context.Background(), theName, "a1", w.deviceSetup())
	if err == nil {
		_, err = m.MarkAttached(context.Background(), theName, "a1")
	}
	var r Record
	if err == nil {
		r, err = m.OfferDevice(context.Background(), theName, aDevice)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.pass(5 * time.Second)
	w.server.delivered = false
	return r
}

// Of two that ask for a code at once both show the same one: the person has one to confirm, and the apply collects it.
func TestOfferDeviceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	if _, err := m.Attach(t.Context(), theName, "a1", w.deviceSetup()); err != nil {
		t.Fatal(err)
	}
	var other Record
	w.server.during = []func(){func() {
		var err error
		if other, err = w.start().OfferDevice(t.Context(), theName, aDevice); err != nil {
			t.Error(err)
		}
	}}
	r, err := m.OfferDevice(t.Context(), theName, aDevice)
	if err != nil {
		t.Fatal(err)
	}
	if r.Device.UserCode != other.Device.UserCode || w.record().Device.UserCode != other.Device.UserCode {
		t.Errorf("one shows %s, the other %s, and the store has %s", r.Device.UserCode, other.Device.UserCode, w.record().Device.UserCode)
	}
}

// A code is for what it was asked for, and for nothing else.
func TestOffersOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, m := w.deviceOffered(), w.start()
	for name, tt := range map[string]struct {
		q    DeviceRequest
		want bool
	}{
		"the same":         {aDevice, false},
		"other scopes":     {DeviceRequest{Scopes: []string{"write"}}, true},
		"other parameters": {DeviceRequest{Scopes: []string{"read"}, Extra: map[string]string{"a": "b"}}, true},
		"none to be made":  {DeviceRequest{Extra: map[string]string{"client_id": "b"}}, false},
	} {
		if got := m.OffersOther(t.Context(), r, tt.q); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	w.clock.pass(time.Hour)
	if m.OffersOther(t.Context(), r, DeviceRequest{}) {
		t.Error("a code that is over offers nothing")
	}
}

// Whoever asks for something else and takes that back has what he wants: no person is bothered, and no plan has anything to do.
func TestOfferTakenBack(t *testing.T) {
	t.Parallel()
	for _, denied := range []bool{false, true} {
		w := newWorld(t)
		w.confirm(w.deviceOffered())
		m := w.start()
		poll := func() {
			t.Helper()
			if _, err := m.PollDevice(t.Context(), theName, 3*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		offer := func(q DeviceRequest) Record {
			t.Helper()
			r, err := m.OfferDevice(t.Context(), theName, q)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		poll()
		other := DeviceRequest{Scopes: []string{"write"}}
		if r := offer(other); r.Device.Code.IsEmpty() || !r.WantsDevice(w.clock.Now()) {
			t.Fatal("nothing else was offered")
		}
		if denied {
			w.server.devices.refused = true
			w.clock.pass(5 * time.Second)
			poll()
		}
		given := w.server.devices.given
		r := offer(aDevice)
		if !r.Device.Code.IsEmpty() || r.WantsDevice(w.clock.Now()) || w.record().WantsDevice(w.clock.Now()) || w.server.devices.given != given {
			t.Errorf("denied %v: a code is offered for what the tokens are for", denied)
		}
		if r = offer(other); r.Device.Code.IsEmpty() {
			t.Error("asked for once more, and not offered")
		}
	}
}

// Two that poll at once do so one after the other, no more often than the server allows, and both learn of the tokens.
func TestPollDeviceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.deviceOffered()
	w.confirm(r)
	var wait sync.WaitGroup
	for range 4 {
		m := w.start()
		wait.Go(func() {
			if _, err := m.PollDevice(t.Context(), theName, time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	got := w.wantStatus(StatusActive)
	if !w.server.accepts(got.Tokens.Refresh.Reveal()) || got.Claim != nil || w.server.devices.again != 0 {
		t.Errorf("claim %v, asked again %d times", got.Claim, w.server.devices.again)
	}
	w.wantServer(2, 0, 0)
}

// The interval never shrinks, whatever the answers.
func TestPollInterval(t *testing.T) {
	t.Parallel()
	start := newFakeClock().Now()
	for name, tt := range map[string]struct {
		interval time.Duration
		answer   oauth.Poll
		want     time.Duration
	}{
		"pending":                  {5 * time.Second, oauth.PollPending, 5 * time.Second},
		"slower":                   {5 * time.Second, oauth.PollSlower, 10 * time.Second},
		"no reply":                 {5 * time.Second, oauth.PollNoReply, 10 * time.Second},
		"no reply, time and again": {4 * time.Minute, oauth.PollNoReply, 5 * time.Minute},
		"no reply, a slow server":  {10 * time.Minute, oauth.PollNoReply, 10 * time.Minute},
	} {
		d := &Device{Code: secret.New("c"), Interval: tt.interval, ExpiresAt: start.Add(time.Hour)}
		r := applyPoll(Record{Device: d}, Attempt{Code: d.Code.SHA256()}, tt.answer, oauth.Verdict{}, start, Event{})
		if r.Device.Interval != tt.want || !r.Device.NextPoll.Equal(start.Add(tt.want)) {
			t.Errorf("%s: %s, want %s", name, r.Device.Interval, tt.want)
		}
	}
}

// TestPollDeviceUnderFaults: tokens that reached a process are kept, a code that has led to tokens is known to be used up or told as
// lost, and one that has not goes on.
func TestPollDeviceUnderFaults(t *testing.T) {
	t.Parallel()
	for _, sh := range shapes {
		for callName, plan := range allCalls {
			for _, again := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, again %v", sh.name, callName, again), func(t *testing.T) {
					t.Parallel()
					everyFault(func(f fault) int {
						n, wrong := pollUnder(t, sh, plan, f, again)
						for _, text := range wrong {
							t.Errorf("%s: %s", f, text)
						}
						return n
					})
				})
			}
		}
	}
}

func pollUnder(t testing.TB, sh shape, plan callPlan, f fault, again bool) (calls int, found []string) {
	wrong := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	w := sh.world(t)
	w.confirm(w.deviceOffered())
	u := w.under(f)
	s := w.server
	s.plan = []callPlan{plan}
	m := w.start()
	poll := func(m *Manager) (Polled, error) {
		ctx, cancel := w.clock.timeout(context.Background(), time.Minute)
		defer cancel()
		return m.PollDevice(ctx, theName, 3*time.Second) // one poll, for the next one comes 5 seconds later
	}
	first, err := poll(m)
	calls = u.count()
	reached, used := s.delivered, s.issued > 0
	if err != nil && reached && !f.lasting() {
		wrong("one failure of the store cost the tokens: %v", err)
	}
	inHand := first.Record
	if f.mode == faultCrash {
		m, inHand = nil, Record{}
	}
	u.over()
	kept := reached && (u.has(s.newest, Record{}) || m != nil && again && inHand.Tokens.Refresh.Reveal() == s.newest)
	if reached && !kept && f.mode != faultCrash && (u.rescue != nil || !f.lasting()) {
		wrong("tokens that reached the process are lost")
	}
	if m == nil || !again {
		m = w.start()
	}
	told := false
	for range 3 {
		w.clock.pass(121 * time.Second)
		p, err := poll(m)
		if err != nil {
			wrong("afterwards: %v", err)
		}
		told = told || p.Answer == oauth.PollExpired && p.Lost
	}
	r := w.record()
	switch active := r.Status == StatusActive; {
	case kept && !active, active && !s.accepts(r.Tokens.Refresh.Reveal()):
		wrong("ends as %s (kept %v)", r.Status, kept)
	case !kept && !used && !active && plan != callBadClient && plan != callNoPath:
		wrong("a code that led to nothing did not go on: %s", r.Status)
	case !active && used && !told:
		wrong("the tokens are lost, and nobody says so")
	}
	if s.devices.again > 1 || kept && s.devices.again > 0 {
		wrong("the code was sent %d times after it had led to tokens", s.devices.again)
	}
	return calls, found
}
