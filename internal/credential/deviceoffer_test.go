package credential

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

var aDevice = DeviceRequest{Scopes: []string{"read"}}

// Of two that ask for a code at once both show the same one: the person has one to confirm, and the apply collects it.
func TestOfferDeviceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	if _, err := m.Attach(t.Context(), theName, "a1", Setup{Client: w.deviceClient(), Source: "device_code"}); err != nil {
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
		w.deviceOffered()
		w.clock.pass(5 * time.Second)
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
			w.server.granting.polls = []string{"access_denied"}
			w.clock.pass(5 * time.Second)
			poll()
		}
		given := w.server.granting.devices
		r := offer(aDevice)
		if !r.Device.Code.IsEmpty() || r.WantsDevice(w.clock.Now()) || w.record().WantsDevice(w.clock.Now()) || w.server.granting.devices != given {
			t.Errorf("denied %v: a code is offered for what the tokens are for", denied)
		}
		if r = offer(other); r.Device.Code.IsEmpty() {
			t.Error("asked for once more, and not offered")
		}
	}
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
	everyCallAndProcess(t, func(sh shape, plan callPlan, f fault, again bool) (int, []string) {
		return pollUnder(t, sh, plan, f, again)
	})
}

func pollUnder(t testing.TB, sh shape, plan callPlan, f fault, again bool) (calls int, found []string) {
	wrong := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	w := sh.world(t)
	w.deviceOffered()
	w.clock.pass(5 * time.Second)
	w.server.delivered, w.server.issued = false, 0
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
	reached, used := s.delivered, s.granting.spent
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
	if s.reuses > 1 || kept && s.reuses > 0 {
		wrong("the code was sent %d times after it had led to tokens", s.reuses)
	}
	return calls, found
}

// Two others have the rest of the error budget for a moment: the code is asked for when one of them has got its answer.
func TestOfferDeviceWaitsForTheErrorBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = threeAnHour
	m, others := w.start(), w.start()
	if _, err := m.Attach(t.Context(), theName, "a1", Setup{Client: w.deviceClient(), Source: "device_code"}); err != nil {
		t.Fatal(err)
	}
	var booked []booking
	for range 2 {
		b, err := others.enter(t.Context(), "pair/other", w.deviceClient())
		if err != nil {
			t.Fatal(err)
		}
		booked = append(booked, b)
	}
	w.clock.after(3*time.Second, func() { others.leave(t.Context(), booked[0], oauth.Verdict{Class: oauth.Success, Status: 200}) })
	r, err := m.OfferDevice(t.Context(), theName, aDevice)
	if err != nil || !r.Device.Waits(w.clock.Now()) {
		t.Errorf("no code is offered: %v", err)
	}
	w.wantServer(1, 0, 0)
}

// A process that stood still after its booking sends nothing: by the time of the answer the booking would be over.
func TestOfferDeviceAfterStandingStill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ErrorBudget = threeAnHour
	stood := false
	w.faulty(storetest.Hooks{After: func(c storetest.Call) {
		if isBudget(c) && c.Op == storetest.OpCreate && !stood {
			stood = true
			w.clock.pass(91 * time.Second)
		}
	}})
	m := w.start()
	if _, err := m.Attach(t.Context(), theName, "a1", Setup{Client: w.deviceClient(), Source: "device_code"}); err != nil {
		t.Fatal(err)
	}
	_, err := m.OfferDevice(t.Context(), theName, aDevice)
	if w.wantKind(err, KindNotSent); !errors.Is(err, ErrLate) {
		t.Errorf("error = %v", err)
	}
	w.wantServer(0, 0, 0)
}

// Whoever is to come later is told why and when.
func TestOfferDeviceLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	if _, err := m.Attach(t.Context(), theName, "a1", Setup{Client: w.deviceClient(), Source: "device_code"}); err != nil {
		t.Fatal(err)
	}
	w.server.plan = []callPlan{callTooMany}
	_, err := m.OfferDevice(t.Context(), theName, aDevice)
	if e := w.wantKind(err, KindLater); e.Reason != ReasonNotBefore || !e.Until.Equal(w.clock.Now().Add(fakeRetryAfter)) {
		t.Errorf("%s until %s", e.Reason, e.Until)
	}
}
