package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// A transcript is a list of steps over one family. T0 and A0 are the first pair; A1, A2 … the access tokens of the
// refreshes that succeed, in order.
//
//	T0 -> T1        refresh with T0 brings a new token, from here on T1
//	T0 -> T0        the reply repeats T0
//	T0 -> none      the reply has no refresh token
//	T0 ! reason     the refresh is refused for this reason
//	A1 ok, A1 dead  the resource takes A1, or does not
//	wait 10s        the clock advances
func play(t *testing.T, r *rig, issued sandbox.Issued, transcript string) {
	t.Helper()
	tokens := map[string]string{"T0": issued.RefreshToken, "A0": issued.AccessToken}
	successes := 0
	for _, step := range strings.Split(strings.TrimSpace(transcript), "\n") {
		words := strings.Fields(step)
		switch {
		case words[0] == "wait":
			d, err := time.ParseDuration(words[1])
			if err != nil {
				t.Fatal(err)
			}
			r.advance(d)
		case words[1] == "ok":
			equal(t, step, r.me(tokens[words[0]]), 200)
		case words[1] == "dead":
			equal(t, step, r.me(tokens[words[0]]), 401)
		case words[1] == "!":
			got := r.refresh(tokens[words[0]])
			equal(t, step+" status", got.status, 400)
			equal(t, step, r.lastEntry().Reason, words[2])
		default:
			got := r.refresh(tokens[words[0]])
			if got.status != 200 {
				t.Fatalf("%s: status %d %s (%s)", step, got.status, got.body, r.lastEntry().Reason)
			}
			successes++
			tokens[fmt.Sprintf("A%d", successes)] = got.text("access_token")
			value := got.text("refresh_token")
			known, named := tokens[words[2]]
			switch {
			case words[2] == "none":
				equal(t, step, value, "")
			case named:
				equal(t, step, value, known)
			default:
				for name, other := range tokens {
					if value == other || value == "" {
						t.Fatalf("%s: got %s again, or nothing", step, name)
					}
				}
				tokens[words[2]] = value
			}
		}
	}
}

func TestRotation(t *testing.T) {
	for name, test := range map[string]struct {
		rotation   sandbox.Rotation
		transcript string
		reuse      int
		generation int
		live       int
	}{
		"none": {sandbox.RotationNone, `
			T0 -> T0
			A0 ok
			T0 -> T0
			A1 ok
			A2 ok`, 0, 1, 1},
		"new_old_valid": {sandbox.RotationNewOldValid, `
			T0 -> T1
			T0 -> T2
			T1 -> T3
			T3 -> T4
			T0 -> T5
			A0 ok
			A5 ok`, 0, 6, 6},
		"server_decides": {sandbox.RotationServerDecides, `
			T0 -> T0
			T0 -> T1
			T1 -> T1
			T0 -> T2
			T2 -> T2
			T2 -> T3`, 0, 4, 4},
		"single_use": {sandbox.RotationSingleUse, `
			T0 -> T1
			T1 -> T2
			A0 ok
			A1 ok
			T0 ! refresh_reused
			T1 ! refresh_reused
			T2 -> T3`, 2, 4, 1},
		"single_use_grace": {sandbox.RotationSingleUseGrace, `
			T0 -> T1
			wait 29s
			T0 -> T2
			T1 -> T3
			wait 1s
			T0 ! refresh_reused
			T1 -> T4
			T2 -> T5
			wait 29s
			T1 ! refresh_reused
			T2 -> T6
			A1 ok`, 2, 7, 5}, // live: T2 (one second left), T3 … T6
		"until_successor_used, by refreshing": {sandbox.RotationUntilSuccessorUsed, `
			T0 -> T1
			wait 100h
			T0 -> T2
			T1 -> T3
			T0 ! refresh_reused
			T2 -> T4
			T1 -> T5
			T3 -> T6
			T1 ! refresh_reused`, 2, 7, 5}, // live: T2 … T6, of which T2 and T3 wait for their successors' first use
		"until_successor_used, by the access token": {sandbox.RotationUntilSuccessorUsed, `
			T0 -> T1
			A0 ok
			T0 -> T2
			A1 ok
			T0 ! refresh_reused
			A2 ok
			T1 -> T3
			A1 ok
			T1 -> T4
			A3 ok
			T1 ! refresh_reused`, 2, 5, 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(s *sandbox.Settings) {
				s.Rotation, s.OnReuse, s.GracePeriod = test.rotation, sandbox.ReuseReject, 30*time.Second
			})
			play(t, r, r.issue(), test.transcript)
			equal(t, "reuse_detected", r.Counters().ReuseDetected, test.reuse)
			equal(t, "families_revoked", r.Counters().FamiliesRevoked, 0)
			family := r.Current()[0]
			equal(t, "generation", family.Generation, test.generation)
			equal(t, "live refresh tokens", family.LiveRefreshTokens, test.live)
		})
	}
}

func TestOnReuse(t *testing.T) {
	for onReuse, want := range map[sandbox.OnReuse]struct {
		own, sibling, stranger string // what becomes of the families
		revoked                int
	}{
		sandbox.ReuseReject: {
			own: "A0 ok\nA1 ok\nT1 -> T2", sibling: "A0 ok\nT0 -> T1", stranger: "A0 ok", revoked: 0,
		},
		sandbox.ReuseRevokeFamily: {
			own: "A0 dead\nA1 dead\nT1 ! refresh_revoked", sibling: "A0 ok\nT0 -> T1", stranger: "A0 ok", revoked: 1,
		},
		sandbox.ReuseRevokeClientUser: {
			own: "A0 dead\nA1 dead\nT1 ! refresh_revoked", sibling: "A0 dead\nT0 ! refresh_revoked", stranger: "A0 ok", revoked: 2,
		},
	} {
		t.Run(string(onReuse), func(t *testing.T) {
			r := newRig(t, func(s *sandbox.Settings) { s.OnReuse = onReuse })
			sibling := r.issue()
			stranger, err := r.Issue("other")
			if err != nil {
				t.Fatal(err)
			}
			play(t, r, r.issue(), "T0 -> T1\nT0 ! refresh_reused\n"+want.own)
			play(t, r, sibling, want.sibling)
			play(t, r, stranger, want.stranger)
			equal(t, "reuse_detected", r.Counters().ReuseDetected, 1)
			equal(t, "families_revoked", r.Counters().FamiliesRevoked, want.revoked)
		})
	}
}

// A dead token counts as reuse however often it comes, and also once its family is revoked.
func TestEveryReuseCounts(t *testing.T) {
	r := newRig(t)
	play(t, r, r.issue(), "T0 -> T1\nT0 ! refresh_reused\nT0 ! refresh_reused\nT1 ! refresh_revoked")
	equal(t, "reuse_detected", r.Counters().ReuseDetected, 2)
	equal(t, "families_revoked", r.Counters().FamiliesRevoked, 1)
	equal(t, "refreshes", r.Counters().Refreshes, 1)
	equal(t, "refresh_errors", r.Counters().RefreshErrors, 3)
	equal(t, "errors", r.Counters().Errors["invalid_grant"], 3)
	equal(t, "revoked by", r.Current()[0].RevokedBy, sandbox.RevokedByReuse)
}

func TestSettingsChangedMeanwhileReviveNothing(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) { s.OnReuse = sandbox.ReuseReject })
	issued := r.issue()
	play(t, r, issued, "T0 -> T1")
	r.set(func(s *sandbox.Settings) { s.Rotation = sandbox.RotationNone })
	play(t, r, issued, "T0 ! refresh_reused")
}

func TestOmitRefreshToken(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) { s.OmitRefreshToken = true })
	equal(t, "at the exchange it is there", r.exchange(r.code()).text("refresh_token") != "", true)
	play(t, r, r.issue(), "T0 -> none\nT0 -> none\nA0 ok\nA2 ok")
}

func TestRefreshTokenLifetimes(t *testing.T) {
	idle := func(s *sandbox.Settings) { s.RefreshTokenIdleLifetime = time.Hour }
	absolute := func(s *sandbox.Settings) { s.RefreshTokenAbsoluteLifetime = 2 * time.Hour }
	none := func(s *sandbox.Settings) { s.Rotation = sandbox.RotationNone }
	for name, test := range map[string]struct {
		settings   []func(*sandbox.Settings)
		transcript string
	}{
		"without end":     {nil, "wait 240000h\nT0 -> T1"},
		"idle, in time":   {[]func(*sandbox.Settings){idle}, "wait 59m59s\nT0 -> T1\nwait 59m59s\nT1 -> T2"},
		"idle, late":      {[]func(*sandbox.Settings){idle}, "wait 1h\nT0 ! refresh_expired"},
		"idle, not moved": {[]func(*sandbox.Settings){idle, none}, "wait 59m\nT0 -> T0\nwait 59m\nT0 -> T0\nwait 1h\nT0 ! refresh_expired"},
		"absolute":        {[]func(*sandbox.Settings){absolute}, "wait 1h\nT0 -> T1\nwait 59m59s\nT1 -> T2\nwait 1s\nT2 ! refresh_expired\nA2 ok"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, test.settings...)
			play(t, r, r.issue(), test.transcript)
			equal(t, "reuse_detected", r.Counters().ReuseDetected, 0)
			equal(t, "families_revoked", r.Counters().FamiliesRevoked, 0)
		})
	}
}

func TestAccessTokenWithoutEnd(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) { s.AccessTokenLifetime = 0 })
	got := r.refresh(r.issue().RefreshToken)
	_, there := got.json["expires_in"]
	equal(t, "expires_in", there, false)
	r.advance(100000 * time.Hour)
	equal(t, "resource", r.me(got.text("access_token")), 200)
}

func TestTooEarly(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) { s.EarliestRefresh = 570 * time.Second })
	issued := r.issue()
	got := r.refresh(issued.RefreshToken)
	equal(t, "status", got.status, 400)
	equal(t, "error", got.text("error"), "too_early")
	play(t, r, issued, `
		A0 ok
		wait 569s
		T0 ! refresh_too_early
		wait 1s
		T0 -> T1
		T1 ! refresh_too_early
		T0 ! refresh_reused`)
	equal(t, "too early is no reuse", r.Counters().ReuseDetected, 1)
}

// Resending what was superseded already is never too early.
func TestTooEarlyAndResending(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) {
		s.EarliestRefresh, s.Rotation = time.Minute, sandbox.RotationSingleUseGrace
	})
	play(t, r, r.issue(), "wait 1m\nT0 -> T1\nT0 -> T2\nT2 ! refresh_too_early")

	// Nor does a limit that came later.
	r.set(func(s *sandbox.Settings) { s.EarliestRefresh = 0 })
	issued := r.issue()
	play(t, r, issued, "T0 -> T1")
	r.set(func(s *sandbox.Settings) { s.EarliestRefresh = time.Minute })
	play(t, r, issued, "T0 -> T1")

	r.set(func(s *sandbox.Settings) { s.Rotation = sandbox.RotationNone })
	play(t, r, r.issue(), "wait 1m\nT0 -> T0\nwait 59s\nT0 ! refresh_too_early\nwait 1s\nT0 -> T0")
}

func TestTooEarlyInAPlatformsWords(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) {
		s.EarliestRefresh, s.TooEarlyStatus, s.TooEarlyError = time.Hour, 401, "access_denied"
	})
	issued := r.issue()
	got := r.refresh(issued.RefreshToken)
	equal(t, "status", got.status, 401)
	equal(t, "error", got.text("error"), "access_denied")
	for body, contentType := range map[string]string{
		`{"fault":"early"}`: "application/json", "come back later": "text/plain; charset=utf-8",
	} {
		r.set(func(s *sandbox.Settings) { s.TooEarlyBody = body })
		got = r.refresh(issued.RefreshToken)
		equal(t, "body", got.body, body)
		equal(t, "content type", got.header.Get("Content-Type"), contentType)
	}
	equal(t, "counted", r.Counters().Errors["access_denied"], 3)
}

func TestScopesOnRefresh(t *testing.T) {
	r := newRig(t)
	issued, err := r.Issue("app", "read", "write")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token, scope string) answer {
		return r.post("/token", asApp("grant_type", "refresh_token", "refresh_token", token, "scope", scope)...)
	}
	equal(t, "beyond", ask(issued.RefreshToken, "read admin").text("error"), "invalid_scope")
	narrow := ask(issued.RefreshToken, "read")
	equal(t, "narrower", narrow.text("scope"), "read")
	equal(t, "the grant stays", ask(narrow.text("refresh_token"), "").text("scope"), "read write")
}

func TestForeignRefreshToken(t *testing.T) {
	r := newRig(t)
	issued := r.issue()
	got := r.post("/token", "grant_type", "refresh_token", "refresh_token", issued.RefreshToken, "client_id", "other", "client_secret", "other-secret")
	equal(t, "error", got.text("error"), "invalid_grant")
	equal(t, "reason", r.lastEntry().Reason, "refresh_foreign_client")
	equal(t, "unknown", r.refresh("never issued").text("error"), "invalid_grant")
	equal(t, "reason", r.lastEntry().Reason, "refresh_unknown")
	equal(t, "still good", r.refresh(issued.RefreshToken).status, 200)
	equal(t, "reuse_detected", r.Counters().ReuseDetected, 0)
}

func TestParallelRefreshesAreSerial(t *testing.T) {
	r := newRig(t, func(s *sandbox.Settings) { s.OnReuse = sandbox.ReuseReject })
	issued := r.issue()
	statuses := make(chan int)
	const callers = 8
	for range callers {
		go func() {
			got, err := r.try(r.refreshRequest(issued.RefreshToken))
			if err != nil {
				r.Error(err)
			}
			statuses <- got.status
		}()
	}
	good := 0
	for range callers {
		if <-statuses == 200 {
			good++
		}
	}
	equal(t, "successes", good, 1)
	equal(t, "reuse_detected", r.Counters().ReuseDetected, callers-1)
	equal(t, "token_requests", r.Counters().TokenRequests, callers)
}
