package credential

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

func (w *world) mustPoll(m *Manager) Polled {
	w.t.Helper()
	p, err := m.PollDevice(w.t.Context(), theName, time.Minute)
	if err != nil {
		w.t.Fatalf("PollDevice: %v", err)
	}
	return p
}

// gaps are the seconds between an offer at start and the polls that followed.
func (s *fakeServer) gaps(start time.Time) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []int
	for _, at := range s.granting.polled {
		all = append(all, int(at.Sub(start).Round(time.Second)/time.Second))
		start = at
	}
	return all
}

// TestDevicePolls: the interval is the server's, slow_down lengthens it for good, connections that fail double it (RFC 8628 §3.5), and
// a round ends with the minute, whatever the server says.
func TestDevicePolls(t *testing.T) {
	t.Parallel()
	pending := slices.Repeat([]string{"authorization_pending"}, 20)
	for name, c := range map[string]struct {
		polls []string
		plan  []callPlan
		want  oauth.Poll
		gaps  []int
		calls int
	}{
		"at once":        {nil, nil, oauth.PollToken, []int{5}, 1},
		"in a while":     {pending[:3], nil, oauth.PollToken, []int{5, 5, 5, 5}, 4},
		"never":          {pending, nil, oauth.PollPending, slices.Repeat([]int{5}, 12), 12},
		"slower":         {[]string{"slow_down", "authorization_pending", "slow_down"}, nil, oauth.PollToken, []int{5, 10, 10, 15}, 4},
		"refused":        {[]string{"authorization_pending", "access_denied"}, nil, oauth.PollDenied, []int{5, 5}, 2},
		"over":           {[]string{"expired_token"}, nil, oauth.PollExpired, []int{5}, 1},
		"unknown there":  {[]string{"invalid_grant"}, nil, oauth.PollExpired, []int{5}, 1},
		"another code":   {[]string{"unauthorized_client"}, nil, oauth.PollFailed, []int{5}, 1},
		"bad client":     {nil, []callPlan{callBadClient}, oauth.PollFailed, nil, 1},
		"no path":        {nil, []callPlan{callNoPath}, oauth.PollFailed, nil, 1},
		"not reached":    {nil, []callPlan{callNotSent, callNotSent}, oauth.PollToken, []int{35}, 1}, // 5, then 10, then 20
		"lost, not done": {nil, []callPlan{callLostUndone}, oauth.PollToken, []int{15}, 2},
		"lost, pending":  {[]string{"authorization_pending"}, []callPlan{callLostDone}, oauth.PollToken, []int{5, 10}, 2},
		"too many":       {nil, []callPlan{callTooMany}, oauth.PollSlower, nil, 1}, // Retry-After leads beyond the minute
		"broken down":    {nil, []callPlan{callBusyUndone}, oauth.PollToken, []int{15}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deviceOffered()
			start := w.clock.Now()
			w.server.granting.polls, w.server.plan = c.polls, c.plan
			p := w.mustPoll(w.start())
			if p.Answer != c.want || p.Lost {
				t.Errorf("answer %s, lost %v, want %s", p.Answer, p.Lost, c.want)
			}
			if got := w.server.gaps(start); !slices.Equal(got, c.gaps) {
				t.Errorf("polled after %v seconds, want %v", got, c.gaps)
			}
			if w.server.calls != c.calls {
				t.Errorf("%d calls, want %d", w.server.calls, c.calls)
			}
			if passed := w.clock.Now().Sub(start); passed > time.Minute {
				t.Errorf("it took %s", passed)
			}
			r := w.record()
			if r.Claim != nil {
				t.Error("a claim is left")
			}
			over := c.want == oauth.PollToken || c.want == oauth.PollDenied || c.want == oauth.PollExpired
			if waits := r.Device.Waits(w.clock.Now()); waits == over {
				t.Errorf("the code waits: %v", waits)
			}
			if c.want == oauth.PollToken && (r.Status != StatusActive || !w.server.opens(r.Tokens.Access.Reveal()) || r.Tokens.Refresh.IsEmpty()) {
				t.Errorf("status %s", r.Status)
			}
			if contains(w.logs.String(), w.server.granting.device) {
				t.Error("the log shows the device code")
			}
		})
	}
}

// What slow_down and failing connections have made of the interval is remembered, and so is when the next poll may be sent, also by a
// process that died in the one before.
func TestDeviceIntervalIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deviceOffered()
	start := w.clock.Now()
	w.server.granting.polls = append([]string{"slow_down"}, slices.Repeat([]string{"authorization_pending"}, 20)...)
	w.mustPoll(w.start())
	first := len(w.server.gaps(start))
	w.mustPoll(w.start())
	if gaps := w.server.gaps(start); slices.Max(gaps) != 10 || slices.Min(gaps[1:]) != 10 || len(gaps) <= first {
		t.Errorf("polled after %v seconds", gaps)
	}
}

// TestDeviceLost: the reply with the tokens is gone, in whatever form. The code is not taken for good until the server has said so, and
// then it is told that the tokens may have been in that reply.
func TestDeviceLost(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]callPlan{"lost": callLostDone, "502": callBrokenDone, "cut before the refresh token": callCutEarly} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deviceOffered()
			w.server.plan = []callPlan{plan}
			p := w.mustPoll(w.start())
			if p.Answer != oauth.PollExpired || !p.Lost || p.Err() != nil {
				t.Errorf("answer %s, lost %v", p.Answer, p.Lost)
			}
			r := w.record()
			if r.Device.Waits(w.clock.Now()) || !r.WantsDevice(w.clock.Now()) || r.Generation != 0 {
				t.Error("the code is still offered, or no other one is wanted")
			}
			former := w.server.granting.device
			r, err := w.start().OfferDevice(t.Context(), theName, DeviceRequest{Scopes: []string{"read"}})
			if err != nil || r.Device.Code.Reveal() == former || r.Device.Lost {
				t.Errorf("the next code: %v", err)
			}
			if p := w.mustPoll(w.start()); p.Answer != oauth.PollToken || p.Lost {
				t.Errorf("the next code came to %s, lost %v", p.Answer, p.Lost)
			}
		})
	}
	t.Run("cut behind the refresh token", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deviceOffered()
		w.server.plan = []callPlan{callCutLate}
		p := w.mustPoll(w.start())
		w.wantNotices(p.Notices, NoticeSalvaged)
		if r := w.wantStatus(StatusActive); !w.server.accepts(r.Tokens.Refresh.Reveal()) {
			t.Error("the refresh token was lost")
		}
	})
}

// A process dies between a poll and its commit: the next one takes the claim over, polls in its time, and knows what it does not know.
func TestDeviceTakenOver(t *testing.T) {
	t.Parallel()
	for name, landed := range map[string]bool{"with the tokens": true, "before anything was sent": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.deviceOffered()
			r.Claim = &Claim{Attempt: "x", Purpose: PurposeDevice, TTL: time.Second, ClaimedAt: w.clock.Now()}
			w.put(r)
			w.server.granting.spent = landed
			w.clock.pass(10 * time.Second)
			p := w.mustPoll(w.start())
			if !p.Lost && landed || landed != (p.Answer == oauth.PollExpired) {
				t.Errorf("answer %s, lost %v", p.Answer, p.Lost)
			}
		})
	}
}

// TestDeviceStoreFails: each write of the store fails, in either form. No token that reached the process is lost, and where the claim
// could not be written nothing was sent.
func TestDeviceStoreFails(t *testing.T) {
	t.Parallel()
	for name, done := range map[string]bool{"nothing done": false, "but done": true} {
		for call := 1; call <= 2; call++ {
			t.Run(name+", write "+string(rune('0'+call)), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.deviceOffered()
				writes := 0
				w.faulty(storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
					if op != storetest.OpReplace {
						return storetest.None
					}
					switch writes++; {
					case writes != call:
						return storetest.None
					case done:
						return storetest.Done
					}
					return storetest.NothingDone
				}})
				p, err := w.start().PollDevice(t.Context(), theName, time.Minute)
				if call == 1 && !done {
					w.wantKind(err, KindStore)
					if w.server.calls != 0 {
						t.Error("a poll was sent without a claim")
					}
					w.store = w.plain
					p = w.mustPoll(w.start())
				} else if err != nil {
					t.Fatal(err)
				}
				if r := w.wantStatus(StatusActive); p.Answer != oauth.PollToken || !w.server.opens(r.Tokens.Access.Reveal()) {
					t.Errorf("answer %s", p.Answer)
				}
				if w.server.reuses != 0 {
					t.Errorf("%d reuses", w.server.reuses)
				}
			})
		}
	}
}

// The store is gone when the tokens come: they lie in a rescue file, and the next process brings them home.
func TestDeviceRescued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deviceOffered()
	gone := false
	w.faulty(storetest.Hooks{Fault: func(storetest.Op, string, int) storetest.Fault {
		if gone {
			return storetest.NothingDone
		}
		return storetest.None
	}})
	w.server.behind = []func(){func() { gone = true }}
	p := w.mustPoll(w.start())
	if p.Answer != oauth.PollToken || !w.server.opens(p.Record.Tokens.Access.Reveal()) {
		t.Errorf("answer %s", p.Answer)
	}
	w.wantNotices(p.Notices, NoticeNotStored)
	gone = false
	res := w.mustToken(w.start())
	w.wantNotices(res.Notices, NoticeRescued)
	if r := w.wantStatus(StatusActive); r.Device == nil || !r.Device.Code.IsEmpty() || !r.HasConsumed(secret.New(w.server.granting.device)) {
		t.Errorf("device %+v", r.Device)
	}
}

// Two applies poll at once: one collects, the other finds what it has brought.
func TestDevicePolledByTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deviceOffered()
	other := w.start()
	var second Polled
	var err error
	w.server.during = []func(){func() {
		second, err = other.PollDevice(t.Context(), theName, 10*time.Second) // it meets the claim, and waits for its time
	}}
	first := w.mustPoll(w.start())
	if err != nil || second.Answer != oauth.PollPending {
		t.Errorf("the one that waited: %s, %v", second.Answer, err)
	}
	second = w.mustPoll(other)
	if first.Answer != oauth.PollToken || second.Record.Status != StatusActive || second.Record.WantsDevice(w.clock.Now()) {
		t.Errorf("answers %s and %s", first.Answer, second.Answer)
	}
	w.wantServer(1, 0, 0)
}

// A run that is stopped ends at once; the code waits for the next one.
func TestDeviceStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deviceOffered()
	ctx, cancel := context.WithCancel(context.Background())
	w.server.granting.polls = []string{"authorization_pending"}
	w.server.behind = []func(){cancel}
	p, err := w.start().PollDevice(ctx, theName, time.Minute)
	if err != nil || p.Answer != oauth.PollPending || w.server.calls != 1 {
		t.Errorf("answer %s, %d calls, %v", p.Answer, w.server.calls, err)
	}
	if r := w.record(); !r.Device.Waits(w.clock.Now()) || r.Claim != nil {
		t.Error("the code does not wait, or a claim is left")
	}
	if p := w.mustPoll(w.start()); p.Answer != oauth.PollToken {
		t.Errorf("the next run: %s", p.Answer)
	}
}

// TestOfferDevice: a code is asked for when nobody has authorized, or not this, and only then.
func TestOfferDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.deviceOffered()
	m := w.start()
	offer := func(scopes ...string) Record {
		t.Helper()
		r, err := m.OfferDevice(t.Context(), theName, DeviceRequest{Scopes: scopes, Resource: []string{"https://r.example"}, Audience: []string{"a"}, Extra: map[string]string{"x": "y"}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	second := offer("read")
	if second.Device.Code.Equal(first.Device.Code) {
		t.Error("other inputs, and the same code")
	}
	if got := w.server.granting.asked[1].Encode(); got != "audience=a&resource=https%3A%2F%2Fr.example&scope=read&x=y" {
		t.Errorf("asked for with %s", got)
	}
	if again := offer("read"); !again.Device.Code.Equal(second.Device.Code) {
		t.Error("the same inputs, and another code")
	}
	w.clock.pass(15 * time.Minute)
	third := offer("read")
	if third.Device.Code.Equal(second.Device.Code) || !third.Device.Waits(w.clock.Now()) {
		t.Error("the code has expired, and none was offered")
	}
	w.clock.pass(time.Minute)
	w.mustPoll(m)
	if r := offer("read"); r.Device.Waits(w.clock.Now()) || r.WantsDevice(w.clock.Now()) {
		t.Error("authorized, and another code is offered")
	}
	fourth := offer("write")
	if !fourth.Device.Waits(w.clock.Now()) || fourth.Status != StatusActive {
		t.Error("other scopes, and no code is offered")
	}
	w.clock.pass(15 * time.Minute) // nobody wanted it; the wish stays
	if r := w.record(); r.Device.Waits(w.clock.Now()) || !r.WantsDevice(w.clock.Now()) {
		t.Error("the wish for other scopes is forgotten")
	}
	if devices := w.server.granting.devices; devices != 4 {
		t.Errorf("%d codes", devices)
	}
}

// What the device authorization endpoint says instead of a code.
func TestOfferDeviceRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plan callPlan
		want Kind
	}{
		"not reached": {callNotSent, KindNotSent}, "lost": {callLostDone, KindUnknown}, "busy": {callBusyUndone, KindUnknown},
		"bad client": {callBadClient, KindBadClient}, "no path": {callNoPath, KindConfiguration}, "too many": {callTooMany, KindLater},
	} {
		w := newWorld(t)
		w.deviceOffered()
		w.server.plan = []callPlan{c.plan}
		_, err := w.start().OfferDevice(t.Context(), theName, DeviceRequest{Scopes: []string{"other"}})
		if e := w.wantKind(err, c.want); strings.Contains(e.Error(), "device-") {
			t.Errorf("%s: %v", name, err)
		}
		if r := w.record(); !r.Device.Waits(w.clock.Now()) {
			t.Errorf("%s: the former code is gone", name)
		}
	}
	w := newWorld(t)
	m := w.start()
	if _, err := m.Attach(t.Context(), theName, "a1", Setup{Client: w.client()}); err != nil {
		t.Fatal(err)
	}
	_, err := m.OfferDevice(t.Context(), theName, DeviceRequest{})
	if e := w.wantKind(err, KindConfiguration); !errors.Is(e, ErrNoDeviceEndpoint) {
		t.Errorf("without an endpoint: %v", err)
	}
	w.wantServer(0, 0, 0)
}
