package credential

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// TestIntrospectionMeetsOthers: an expiry is never written to another token than the one it was told of.
func TestIntrospectionMeetsOthers(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world, r *Record){
		"rotated": func(_ *world, r *Record) { r.Generation, r.Tokens.Access = r.Generation+1, secret.New("other-access") },
		"rotated, with an expiry": func(w *world, r *Record) {
			r.Generation, r.Tokens.Access, r.Tokens.ExpiresAt = r.Generation+1, secret.New("other-access"), w.clock.Now().Add(time.Minute)
		},
		"deleted": func(w *world, r *Record) { *r = r.tombstone(w.clock.Now()) },
		"told":    func(w *world, r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(time.Minute) },
		"moving": func(w *world, r *Record) {
			r.Claim = &Claim{Attempt: "m", Purpose: PurposeMove, Base: r.Generation, TTL: time.Minute, ClaimedAt: w.clock.Now(), Peer: "x"}
		},
	} {
		w, s, start := introspected(t, introspecting())
		var stored Record
		s.answer = func(r *http.Request) (*http.Response, error) {
			stored = w.record()
			change(w, &stored)
			w.put(stored)
			return s.says(s.active(introspectedLife))(r)
		}
		res := w.mustToken(start())
		if !w.server.opens(res.Record.Tokens.Access.Reveal()) || len(res.Notices) != 0 {
			t.Errorf("%s: served %s, notices %+v", name, res.Record.Tokens.Access, res.Notices)
		}
		if got := res.Record.Tokens.ExpiresAt; got.IsZero() == (name == "told") {
			t.Errorf("%s: served until %s", name, got)
		}
		got := w.record()
		if !got.Tokens.Access.Equal(stored.Tokens.Access) || !got.Tokens.ExpiresAt.Equal(stored.Tokens.ExpiresAt) || got.IsTombstone() != stored.IsTombstone() {
			t.Errorf("%s: the record became %+v", name, got.Tokens)
		}
		s.wantAsked(t, name, 1)
	}
	// Another process rotates in earnest, and asks on its own.
	w, s, start := introspected(t, introspecting())
	s.answer = func(r *http.Request) (*http.Response, error) {
		s.answer = nil
		w.clock.pass(assumedLife)
		if res := w.mustToken(start()); !res.Rotated {
			t.Error("the other process did not rotate")
		}
		return s.says(s.active(time.Minute))(r)
	}
	w.mustToken(start())
	w.wantLife("the other's token", introspectedLife)
	w.wantServer(2, 2, 0)
}

// TestIntrospectionWithoutAStore: what the store does not take costs nothing but the expiry, and a successor that it has not
// taken is not asked about.
func TestIntrospectionWithoutAStore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from    int // the write of the record that fails, and all after it: the claim, the commit, the expiry
		fault   storetest.Fault
		asked   int
		life    time.Duration
		notices []NoticeCode
	}{
		"the commit fails":              {2, storetest.NothingDone, 0, 0, []NoticeCode{NoticeNotStored}},
		"the expiry is not stored":      {3, storetest.NothingDone, 1, 0, nil},
		"nobody knows whether it was":   {3, storetest.Done, 1, introspectedLife, nil},
		"everything is stored in a row": {4, storetest.NothingDone, 1, introspectedLife, nil},
	} {
		w, s, start := introspected(t, introspecting())
		writes := 0
		w.faulty(storetest.Hooks{Fault: func(op storetest.Op, key string, _ int) storetest.Fault {
			if op == storetest.OpReplace && key == theKey {
				writes++
			}
			if op == storetest.OpReplace && key == theKey && writes >= tt.from {
				return tt.fault
			}
			return storetest.None
		}})
		res := w.mustToken(start())
		w.wantNotices(res.Notices, tt.notices...)
		if got := res.Record.Tokens.Access.Reveal(); !w.server.opens(got) {
			t.Errorf("%s: served %s", name, got)
		}
		if tt.asked > 0 {
			w.wantLife(name, tt.life)
		}
		s.wantAsked(t, name, tt.asked)
	}
}

// repeatingCaller is a server that hands out one access token as long as it lives.
type repeatingCaller struct{ Poster }

func (c repeatingCaller) Post(ctx context.Context, r oauth.Request) oauth.Reply {
	reply := c.Poster.Post(ctx, r)
	reply.Body = secret.New(regexp.MustCompile(`access-[0-9]+-`).ReplaceAllString(reply.Body.Reveal(), "access-0-"))
	return reply
}

// TestIntrospectionOnce: a process asks about a token once, however often replies bring it.
func TestIntrospectionOnce(t *testing.T) {
	t.Parallel()
	w, s, start := introspected(t, introspecting())
	repeating := func(o *Options) { o.Caller = repeatingCaller{o.Caller} }
	m := start(repeating)
	for range 3 {
		w.mustToken(m)
		w.clock.pass(assumedLife)
	}
	w.wantServer(3, 3, 0)
	s.wantAsked(t, "one process", 1)
	w.mustToken(start(repeating))
	s.wantAsked(t, "two processes", 2)
}

// TestIntrospectionByAProcessThatStoodStill: under a booking that is over by then nothing is sent.
func TestIntrospectionByAProcessThatStoodStill(t *testing.T) {
	t.Parallel()
	w, s, start := introspected(t, introspecting())
	bookings := 0
	w.faulty(storetest.Hooks{After: func(c storetest.Call) {
		if strings.HasPrefix(c.Key, kindBudget) && c.Op != storetest.OpGet {
			if bookings++; bookings == 3 { // the refresh is booked and settled, and the introspection is booked
				w.clock.pass(DefaultTimings().ClaimTTL())
			}
		}
	}})
	w.mustToken(start())
	s.wantAsked(t, "too late", 0)
	w.wantLife("too late", 0)
	if bookings < 4 {
		t.Errorf("%d writes of the budget", bookings)
	}
}

// TestIntrospectionUnderOnRejection: what the server told is no reason not to ask the API, which may reject the token before;
// and what is over by that is not asked about.
func TestIntrospectionUnderOnRejection(t *testing.T) {
	t.Parallel()
	w, s, start := introspected(t, introspecting())
	r := w.record()
	r.Refresh = RefreshSettings{Strategy: StrategyOnRejection, ProbeURL: fakeAPI}
	w.put(r)
	api := &fakeProber{server: w.server}
	w.mustToken(start(api.options))
	api.wantProbes(t, "an expired token", 0)
	first := w.wantLife("the first", introspectedLife)

	w.clock.pass(time.Minute)
	api.answers = []oauth.ProbeReply{answered(401)}
	if res := w.mustToken(start(api.options)); !res.Rotated || res.Record.Tokens.Access.Equal(first.Tokens.Access) {
		t.Error("the rejected token is served")
	}
	api.wantProbes(t, "a rejected token, and the next", 2)
	w.wantLife("the next", introspectedLife)
	w.clock.pass(introspectedLife)
	w.mustToken(start(api.options))
	api.wantProbes(t, "another expired token", 2)
	w.wantServer(3, 3, 0)
	s.wantAsked(t, "three tokens", 3)
}

// TestIntrospectionLeavesTheBudgetToRefreshes: one that is refused each time does not keep refreshes waiting.
func TestIntrospectionLeavesTheBudgetToRefreshes(t *testing.T) {
	t.Parallel()
	w, s, start := introspected(t, introspecting())
	s.answer = s.says(403, `{}`)
	for range 6 {
		w.mustToken(start())
		r := w.record()
		r.Tokens.Lifetime = time.Minute
		w.put(r)
		w.clock.pass(time.Minute)
	}
	w.wantServer(6, 6, 0)
	s.wantAsked(t, "a budget of six", 3)
}

// TestIntrospectionThatHangs ends at its bound, or when the asker gives up; all who asked get the token.
func TestIntrospectionThatHangs(t *testing.T) {
	t.Parallel()
	for name, give := range map[string]time.Duration{"to the bound": time.Hour, "given up": 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w, s, start := introspected(t, introspecting())
			w.server.clock = SystemClock()
			s.answer = func(r *http.Request) (*http.Response, error) {
				_, _ = s.says(0, "")(r)
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			r := w.record()
			r.Tokens.IssuedAt = time.Now()
			r.Tokens.ExpiresAt = r.Tokens.IssuedAt
			w.put(r)
			m := start(func(o *Options) { o.Clock = nil })
			ctx, cancel := context.WithTimeout(t.Context(), give)
			defer cancel()
			began := time.Now()
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					res, err := m.Token(ctx, theName, Ask{})
					gaveUp := give < introspectWithin && errors.Is(err, context.DeadlineExceeded)
					if !gaveUp && (err != nil || !w.server.opens(res.Record.Tokens.Access.Reveal())) {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			all.Wait()
			if took := time.Since(began); took != min(give, introspectWithin) {
				t.Errorf("%s: it took %s", name, took)
			}
			s.wantAsked(t, name, 1)
			w.wantServer(1, 1, 0)
			if r := w.record(); !r.Tokens.ExpiresAt.IsZero() || r.Tokens.Lifetime != assumedLife || r.Claim != nil {
				t.Errorf("%s: the record holds %+v", name, r.Tokens)
			}
		})
	}
}
