package credential

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

const fakeAPI = "https://api.example/me?key=probe-query-55"

// fakeProber is an API that takes the tokens of a fakeServer.
type fakeProber struct {
	server *fakeServer
	wait   func() // before each answer; nil: none

	mu      sync.Mutex
	answers []oauth.ProbeReply // to the next calls; later ones are true
	asked   []string           // tokens
	urls    []string
}

func (p *fakeProber) Probe(_ context.Context, resource string, access oauth.Access) oauth.ProbeReply {
	token := access.Token
	if p.wait != nil {
		p.wait()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked, p.urls = append(p.asked, token.Reveal()), append(p.urls, resource)
	if len(p.answers) > 0 {
		reply := p.answers[0]
		p.answers = p.answers[1:]
		return reply
	}
	if p.server.opens(token.Reveal()) {
		return answered(200)
	}
	return answered(401)
}

func answered(status int) oauth.ProbeReply { return oauth.ProbeReply{Sent: true, Status: status} }

// rejecting is a world with a credential whose access token was issued two hours ago, and no expiry told. The server takes it
// for an hour.
func rejecting(t testing.TB, answers ...oauth.ProbeReply) (*world, *fakeProber) {
	w := newWorld(t)
	w.server.lifetime = 0
	w.policy.ErrorBudget = threeAnHour
	w.authorized(func(r *Record) {
		r.Tokens.ExpiresAt = time.Time{}
		r.Refresh = RefreshSettings{Strategy: StrategyOnRejection, ProbeURL: fakeAPI}
	})
	w.clock.pass(time.Hour)
	return w, &fakeProber{server: w.server, answers: answers}
}

func (p *fakeProber) options(o *Options) { o.Prober = p }

// wantProbes compares how often the API was asked.
func (p *fakeProber) wantProbes(t testing.TB, name string, want int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asked) != want {
		t.Errorf("%s: the API was asked %d times, want %d", name, len(p.asked), want)
	}
	for _, url := range p.urls {
		if url != fakeAPI {
			t.Errorf("%s: %s was called", name, url)
		}
	}
}

func TestOnRejection(t *testing.T) {
	t.Parallel()
	reset := oauth.ProbeReply{Sent: true, Err: errReset}
	for _, tt := range []struct {
		name    string
		answers []oauth.ProbeReply
		probes  int
		calls   int // to the token endpoint
		kind    Kind
		notices []NoticeCode
		spent   int // refusals in the error budget
	}{
		{"accepted", []oauth.ProbeReply{answered(200)}, 1, 0, "", nil, 0},
		{"204", []oauth.ProbeReply{answered(204)}, 1, 0, "", nil, 0},
		{"rejected, and accepted when refreshed", nil, 2, 1, "", nil, 1},
		{"rejected, and rejected when refreshed", []oauth.ProbeReply{answered(401), answered(401)}, 2, 1, KindRefused, nil, 2},
		{"rejected, and no answer when refreshed", []oauth.ProbeReply{answered(401), reset}, 2, 1, "", []NoticeCode{NoticeUnprobed}, 2},
		{"rejected, and 503 when refreshed", []oauth.ProbeReply{answered(401), answered(503)}, 2, 1, "", []NoticeCode{NoticeUnprobed}, 1},
		{"403", []oauth.ProbeReply{answered(403)}, 1, 0, "", []NoticeCode{NoticeUnprobed}, 1},
		{"404", []oauth.ProbeReply{answered(404)}, 1, 0, "", []NoticeCode{NoticeUnprobed}, 1},
		{"302", []oauth.ProbeReply{answered(302)}, 1, 0, "", []NoticeCode{NoticeUnprobed}, 0},
		{"500", []oauth.ProbeReply{answered(500)}, 1, 0, "", []NoticeCode{NoticeUnprobed}, 0},
		{"no answer", []oauth.ProbeReply{reset}, 1, 0, "", []NoticeCode{NoticeUnprobed}, 1},
		{"timeout", []oauth.ProbeReply{{Sent: true, Err: context.DeadlineExceeded}}, 1, 0, "", []NoticeCode{NoticeUnprobed}, 1},
		{"not reached", []oauth.ProbeReply{{Err: errReset}}, 1, 0, "", []NoticeCode{NoticeUnprobed}, 0},
	} {
		w, api := rejecting(t, tt.answers...)
		m := w.start(api.options)
		for _, ask := range []Ask{{}, {}, {DefaultMargin: time.Hour, MinValidity: time.Hour, Asker: AskerConsumer}} { // the first answer is remembered
			res, err := m.Token(t.Context(), theName, ask)
			if tt.kind != "" {
				if e := w.wantKind(err, tt.kind); e.Record.Generation != 2 || e.Record.Status != StatusActive {
					t.Errorf("%s: the error brings generation %d", tt.name, e.Record.Generation)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			w.wantNotices(res.Notices, tt.notices...)
			if want := w.record().Tokens.Access; !res.Record.Tokens.Access.Equal(want) {
				t.Errorf("%s: another token is served", tt.name)
			}
		}
		api.wantProbes(t, tt.name, tt.probes)
		w.wantServer(tt.calls, tt.calls, 0)
		l, err := m.ledger(t.Context(), w.client())
		if err != nil || len(l.Refusals) != tt.spent || len(l.UnderWay) != 0 {
			t.Errorf("%s: %d refusals and %d requests under way in the budget, %v; want %d and none", tt.name, len(l.Refusals), len(l.UnderWay), err, tt.spent)
		}
		for _, text := range append(slices.Clone(w.server.secrets), "probe-query-55") {
			if strings.Contains(w.logs.String(), text) {
				t.Errorf("%s: the log shows %s", tt.name, text)
			}
		}
	}
}

// TestOnRejectionWithoutAProbe lists what needs none: a refusal that is certain is not asked for, and a token that the server
// has just given is good.
func TestOnRejectionWithoutAProbe(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Record){
		"the expiry was told": func(r *Record) { r.Tokens.ExpiresAt = r.Tokens.IssuedAt.Add(time.Hour) },
		"no access token":     func(r *Record) { r.Tokens.Access = secret.String{} },
	} {
		w, api := rejecting(t)
		r := w.record()
		change(&r)
		w.put(r)
		m := w.start(api.options)
		for range 2 {
			if res := w.mustToken(m); !w.server.opens(res.Record.Tokens.Access.Reveal()) {
				t.Errorf("%s: a dead token is served", name)
			}
		}
		api.wantProbes(t, name, 0)
		w.wantServer(1, 1, 0)
		w.mustToken(w.start(api.options))
		api.wantProbes(t, name+", another process", 1)
		w.wantServer(1, 1, 0)
	}
}

// TestRejectedTokenIsNotServed: whatever goes wrong with the refresh, a token that the API does not take is no answer.
func TestRejectedTokenIsNotServed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*world, *Record)
		kind   Kind
		reason Reason
		calls  int
	}{
		{"not reached", func(w *world, _ *Record) { w.server.down = true }, KindNotSent, ReasonNone, 0},
		{"reply lost", func(w *world, _ *Record) { w.server.plan = []callPlan{callLostDone} }, KindUnknown, ReasonUnknownWaiting, 1},
		{"bad client", func(w *world, _ *Record) { w.server.plan = []callPlan{callBadClient} }, KindBadClient, ReasonNone, 1},
		{"invalid grant", func(w *world, _ *Record) { w.server.dead["grant1"] = true }, KindAuthorize, ReasonNotAuthorized, 1},
		{"too early", func(_ *world, r *Record) { r.Refresh.Earliest = 24 * time.Hour }, KindLater, ReasonEarliest, 0},
		{"wait", func(w *world, r *Record) { r.NotBefore = w.clock.Now().Add(time.Hour) }, KindLater, ReasonNotBefore, 0},
		{"no refresh token", func(_ *world, r *Record) { r.Tokens.Refresh = secret.String{} }, KindAuthorize, ReasonNoRefreshToken, 0},
	} {
		w, api := rejecting(t)
		r := w.record()
		tt.change(w, &r)
		w.put(r)
		_, err := w.token(w.start(api.options))
		if e := w.wantKind(err, tt.kind); e.Reason != tt.reason {
			t.Errorf("%s: reason %s", tt.name, e.Reason)
		}
		api.wantProbes(t, tt.name, 1)
		if w.server.calls != tt.calls {
			t.Errorf("%s: %d calls, want %d", tt.name, w.server.calls, tt.calls)
		}
	}
}

// TestFullBudgetForbidsTheProbe: one more refusal would lock the client out, and a probe may bring it.
func TestFullBudgetForbidsTheProbe(t *testing.T) {
	t.Parallel()
	w, api := rejecting(t, answered(403), answered(403))
	for range 2 {
		w.mustToken(w.start(api.options))
	}
	m := w.start(api.options)
	for range 2 {
		res := w.mustToken(m)
		w.wantNotices(res.Notices, NoticeUnprobed)
		n := res.Notices[0]
		var full *BudgetError
		if n.Reason != ReasonBudget || !n.Until.Equal(epoch.Add(3*time.Hour)) || !errors.As(n.Err, &full) || !strings.Contains(full.Error(), "403 (probe of the API)") {
			t.Errorf("notice %+v", n)
		}
	}
	api.wantProbes(t, "full", 2)
	w.wantServer(0, 0, 0)
	w.clock.pass(time.Hour)
	w.mustToken(w.start(api.options))
	api.wantProbes(t, "recovered", 4)
	w.wantServer(1, 1, 0)
}

// TestRefreshAfterARejectionNeedsTheBudgetToo: the rejection was the last refusal that the server forgives.
func TestRefreshAfterARejectionNeedsTheBudgetToo(t *testing.T) {
	t.Parallel()
	w, api := rejecting(t, answered(403))
	w.mustToken(w.start(api.options))
	_, err := w.token(w.start(api.options))
	if e := w.wantKind(err, KindLater); e.Reason != ReasonBudget {
		t.Errorf("reason %s", e.Reason)
	}
	api.wantProbes(t, "spent", 2)
	w.wantServer(0, 0, 0)
}

// TestProbeOfAFreshTokenOutlivesTheStore: the successor could not be stored. It is probed and served all the same.
func TestProbeOfAFreshTokenOutlivesTheStore(t *testing.T) {
	t.Parallel()
	w, api := rejecting(t)
	f := w.faulty(storetest.Hooks{Fault: func(op storetest.Op, key string, _ int) storetest.Fault {
		if op == storetest.OpReplace && key == theKey && w.server.calls > 0 {
			return storetest.NothingDone
		}
		return storetest.None
	}})
	res := w.mustToken(w.start(api.options))
	w.wantNotices(res.Notices, NoticeNotStored)
	if !w.server.opens(res.Record.Tokens.Access.Reveal()) || len(f.Calls()) == 0 {
		t.Error("a dead token is served")
	}
	api.wantProbes(t, "store gone", 2)
}

// TestNoProber: a process that cannot call an API serves what it has, and says so.
func TestNoProber(t *testing.T) {
	t.Parallel()
	w, _ := rejecting(t)
	res := w.mustToken(w.start())
	w.wantNotices(res.Notices, NoticeUnprobed)
	w.wantServer(0, 0, 0)
}

// TestCallerThatGivesUpOnAProbe: what was not answered is not remembered.
func TestCallerThatGivesUpOnAProbe(t *testing.T) {
	t.Parallel()
	w, api := rejecting(t, oauth.ProbeReply{Sent: true, Err: context.Canceled})
	r := w.record()
	r.Client.Policy.ErrorBudget = ErrorBudget{}
	w.put(r)
	ctx, cancel := context.WithCancel(t.Context())
	api.wait = cancel
	m := w.start(api.options)
	_, _ = m.Token(ctx, theName, Ask{})
	w.mustToken(m)
	api.wantProbes(t, "asked again", 3)
	w.wantServer(1, 1, 0)
}

// TestAskersShareAProbe: many ask at once, in different ways. One probe, one refresh, and one probe more.
func TestAskersShareAProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.server.clock, w.server.lifetime = SystemClock(), 0
		access, refresh := w.server.begin()
		w.put(Record{
			Family: "f1", Generation: 1, Status: StatusActive, Client: w.client(), Refresh: RefreshSettings{Strategy: StrategyOnRejection, ProbeURL: fakeAPI},
			Tokens: Tokens{Access: secret.New(access), Refresh: secret.New(refresh), IssuedAt: time.Now()},
		})
		api := &fakeProber{server: w.server, wait: func() { time.Sleep(300 * time.Millisecond) }}
		time.Sleep(2 * time.Hour)
		m := w.start(api.options, func(o *Options) { o.Clock = nil })
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				res, err := m.Token(t.Context(), theName, Ask{Asker: Asker(i % 3), MinValidity: time.Duration(i%2) * time.Second})
				if err != nil || !w.server.opens(res.Record.Tokens.Access.Reveal()) {
					t.Errorf("asker %d: %v", i, err)
				}
			})
		}
		all.Wait()
		api.wantProbes(t, "together", 2)
		w.wantServer(1, 1, 0)
	})
}

// TestTwoProcessesMeetOneRejection: the one refreshes while the other still waits for its answer, which is then about a token
// that is no longer in use. There is one refresh.
func TestTwoProcessesMeetOneRejection(t *testing.T) {
	t.Parallel()
	w, slow := rejecting(t)
	r := w.record()
	r.Client.Policy.ErrorBudget = ErrorBudget{}
	w.put(r)
	quick := &fakeProber{server: w.server}
	slow.answers = []oauth.ProbeReply{answered(401)}
	slow.wait = sync.OnceFunc(func() { w.mustToken(w.start(quick.options)) })
	res := w.mustToken(w.start(slow.options))
	if !w.server.opens(res.Record.Tokens.Access.Reveal()) || res.Record.Generation != 2 {
		t.Errorf("generation %d is served", res.Record.Generation)
	}
	quick.wantProbes(t, "quick", 2)
	slow.wantProbes(t, "slow", 2)
	w.wantServer(1, 1, 0)
}

// TestProbeWaitsForTheBudget: a request under way may take the last refusal that is left.
func TestProbeWaitsForTheBudget(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		verdict *oauth.Verdict // of the request under way; nil: its runner has died
		probes  int
		notices []NoticeCode
	}{
		"it went well":  {&oauth.Verdict{Class: oauth.Success, Status: 200}, 1, nil},
		"it never ends": {nil, 0, []NoticeCode{NoticeUnprobed}},
	} {
		w, api := rejecting(t, answered(200))
		r := w.record()
		r.Client.Policy.ErrorBudget = ErrorBudget{Limit: 2, Window: time.Hour}
		w.put(r)
		booker := w.start()
		b, err := booker.enter(t.Context(), PairKey("other"), r.Client)
		if err != nil {
			t.Fatal(err)
		}
		waited := w.clock.Now()
		m := w.start(api.options, func(o *Options) {
			o.Clock = sleepClock{o.Clock, func() {
				if end.verdict != nil {
					booker.leave(t.Context(), b, *end.verdict)
				}
			}}
		})
		w.wantNotices(w.mustToken(m).Notices, end.notices...)
		api.wantProbes(t, name, end.probes)
		if w.clock.Now().Equal(waited) {
			t.Errorf("%s: nobody waited", name)
		}
		w.wantServer(0, 0, 0)
	}
}

// sleepClock lets something happen while somebody waits.
type sleepClock struct {
	Clock
	meanwhile func()
}

func (c sleepClock) Sleep(ctx context.Context, d time.Duration) error {
	c.meanwhile()
	return c.Clock.Sleep(ctx, d)
}
