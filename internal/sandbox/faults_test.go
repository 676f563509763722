package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// Every fault that replaces the reply leaves the state alone before processing and changed after it, and the client
// cannot see which.
func TestFaultsThatReplaceTheReply(t *testing.T) {
	for name, test := range map[string]struct {
		fault  sandbox.Fault
		status int
		header string // "Name: value" that must be there
		check  func(t *testing.T, body string)
	}{
		"status": {
			sandbox.Fault{Action: sandbox.ActionStatus, Status: 503, Headers: map[string]string{"Retry-After": "7"}, Body: "busy"},
			503, "Retry-After: 7", is("busy"),
		},
		"status with JSON": {
			sandbox.Fault{Action: sandbox.ActionStatus, Status: 400, Body: `{"error":"invalid_grant"}`},
			400, "Content-Type: application/json", is(`{"error":"invalid_grant"}`),
		},
		"status without a body": {sandbox.Fault{Action: sandbox.ActionStatus, Status: 502}, 502, "Content-Length: 0", is("")},
		"garbage":               {sandbox.Fault{Action: sandbox.ActionGarbage}, 200, "Content-Length: 512", isNoJSON},
		"long garbage":          {sandbox.Fault{Action: sandbox.ActionGarbage, Bytes: new(4000)}, 200, "Content-Length: 4000", isNoJSON},
		"html":                  {sandbox.Fault{Action: sandbox.ActionHTML}, 200, "Content-Type: text/html; charset=utf-8", begins("<!DOCTYPE html>")},
		"html error":            {sandbox.Fault{Action: sandbox.ActionHTML, Status: 504, Body: "<p>"}, 504, "Content-Type: text/html; charset=utf-8", is("<p>")},
		"empty":                 {sandbox.Fault{Action: sandbox.ActionEmpty}, 200, "Content-Length: 0", is("")},
		"redirect":              {sandbox.Fault{Action: sandbox.ActionRedirect}, 302, "Location: /redirected", is("")},
		"redirect 307":          {sandbox.Fault{Action: sandbox.ActionRedirect, Status: 307, Location: "/else"}, 307, "Location: /else", is("")},
		"error in 200":          {sandbox.Fault{Action: sandbox.ActionErrorIn200}, 200, "Cache-Control: no-store", is(`{"error":"invalid_grant"}`)},
		"another error in 200": {
			sandbox.Fault{Action: sandbox.ActionErrorIn200, Error: "Access Denied", ErrorDescription: "too many"},
			200, "Content-Type: application/json", is(`{"error":"Access Denied","error_description":"too many"}`),
		},
	} {
		for when, refreshes := range map[string]int{sandbox.Before: 0, sandbox.After: 1} {
			t.Run(name+" "+when, func(t *testing.T) {
				r := newRig(t)
				issued := r.issue()
				test.fault.When = when
				r.plant(test.fault)
				got := r.refresh(issued.RefreshToken)
				equal(t, "status", got.status, test.status)
				headerName, headerValue, _ := strings.Cut(test.header, ": ")
				equal(t, headerName, got.header.Get(headerName), headerValue)
				test.check(t, got.body)

				equal(t, "refreshes", r.Counters().Refreshes, refreshes)
				equal(t, "token_requests", r.Counters().TokenRequests, 1)
				entry := r.lastEntry()
				equal(t, "logged fault", entry.Fault, when+":"+test.fault.Action)
				equal(t, "logged status", entry.Status, test.status)
				equal(t, "processed", entry.Processed, refreshes == 1)
				equal(t, "the old token afterwards", r.refresh(issued.RefreshToken).status == 200, refreshes == 0)
			})
		}
	}
}

func is(want string) func(*testing.T, string) {
	return func(t *testing.T, body string) { t.Helper(); equal(t, "body", body, want) }
}

func begins(want string) func(*testing.T, string) {
	return func(t *testing.T, body string) {
		t.Helper()
		equal(t, "body begins", strings.HasPrefix(body, want), true)
	}
}

func isNoJSON(t *testing.T, body string) {
	t.Helper()
	equal(t, "is JSON", json.Valid([]byte(body)), false)
}

func TestDrop(t *testing.T) {
	for when, refreshes := range map[string]int{sandbox.Before: 0, sandbox.After: 1} {
		t.Run(when, func(t *testing.T) {
			r := startRig(t, sandbox.Listen{TLS: when == sandbox.After})
			issued := r.issue()
			r.plant(sandbox.Fault{Action: sandbox.ActionDrop, When: when})
			if _, err := r.try(r.refreshRequest(issued.RefreshToken)); !errors.Is(err, io.EOF) {
				t.Errorf("got %v, want EOF", err)
			}
			equal(t, "refreshes", r.Counters().Refreshes, refreshes)
			equal(t, "token_requests", r.Counters().TokenRequests, 1)
			equal(t, "logged status", r.lastEntry().Status, 0)
			equal(t, "logged fault", r.lastEntry().Fault, when+":drop")
			equal(t, "faults_fired", r.Counters().FaultsFired, 1)
			equal(t, "the old token afterwards", r.refresh(issued.RefreshToken).status == 200, refreshes == 0)
		})
	}
}

func TestHold(t *testing.T) {
	for when, refreshes := range map[string]int{sandbox.Before: 0, sandbox.After: 1} {
		t.Run(when, func(t *testing.T) {
			r := newRig(t)
			issued := r.issue()
			r.plant(sandbox.Fault{Action: sandbox.ActionHold, When: when, GrantType: "refresh_token"})
			status := make(chan int)
			go func() {
				got, err := r.try(r.refreshRequest(issued.RefreshToken))
				if err != nil {
					r.Error(err)
				}
				status <- got.status
			}()
			r.waitHeld(1)
			equal(t, "held", r.Held()[0], sandbox.Held{
				Stage: when, Path: "/token", GrantType: "refresh_token", ClientID: "app", TokenID: sandbox.TokenID(issued.RefreshToken),
			})
			equal(t, "refreshes while held", r.Counters().Refreshes, refreshes)
			equal(t, "status while held", r.lastEntry().Status, 0)
			equal(t, "released", r.Release(), 1)
			equal(t, "status", <-status, 200)
			equal(t, "refreshes", r.Counters().Refreshes, 1)
			equal(t, "logged status", r.lastEntry().Status, 200)
			equal(t, "held afterwards", len(r.Held()), 0)
		})
	}
}

func TestHeldClientGoesAway(t *testing.T) {
	for when, refreshes := range map[string]int{sandbox.Before: 0, sandbox.After: 1} {
		t.Run(when, func(t *testing.T) {
			r := startRig(t, sandbox.Listen{TLS: when == sandbox.After})
			issued := r.issue()
			r.plant(sandbox.Fault{Action: sandbox.ActionHold, When: when})
			request, cancel := cancellable(r.refreshRequest(issued.RefreshToken))
			failed := make(chan error)
			go func() {
				_, err := r.try(request)
				failed <- err
			}()
			r.waitHeld(1)
			cancel()
			if err := <-failed; err == nil {
				t.Error("the request was answered")
			}
			r.waitNotHeld()
			equal(t, "refreshes", r.Counters().Refreshes, refreshes)
			equal(t, "the old token afterwards", r.refresh(issued.RefreshToken).status == 200, refreshes == 0)
		})
	}
}

func TestDelay(t *testing.T) {
	r := newRig(t)
	issued := r.issue()
	r.plant(sandbox.Fault{Action: sandbox.ActionDelay, DelayMS: 1})
	r.plant(sandbox.Fault{Action: sandbox.ActionDelay, DelayMS: 1, When: sandbox.After})
	equal(t, "status", r.refresh(issued.RefreshToken).status, 200)
	equal(t, "both struck", r.lastEntry().Fault, "before:delay,after:delay")

	// A client that does not wait is never served.
	r.plant(sandbox.Fault{Action: sandbox.ActionDelay, DelayMS: 3_600_000, Path: "/api/me"})
	request, cancel := cancellable(r.newRequest("GET", "/api/me", nil))
	failed := make(chan error)
	go func() {
		_, err := r.try(request)
		failed <- err
	}()
	for r.Counters().FaultsFired < 3 {
		yield()
	}
	cancel()
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
	equal(t, "api", r.Counters().APIUnauthorized, 0)
}

func TestRedirectIsCountedWhenFollowed(t *testing.T) {
	r := newRig(t)
	r.plant(sandbox.Fault{Action: sandbox.ActionRedirect, Status: 307})
	r.client.CheckRedirect = nil
	issued := r.issue()
	got := r.refresh(issued.RefreshToken)
	equal(t, "status", got.status, 200)
	equal(t, "token", got.text("access_token"), "from-the-wrong-address")
	equal(t, "redirected_hits", r.Counters().RedirectedHits, 1)
	equal(t, "what was given away", r.lastEntry().TokenID, sandbox.TokenID(issued.RefreshToken))
}

func TestFaultsAreChosen(t *testing.T) {
	r := newRig(t)
	issued := r.issue()
	r.plant(sandbox.Fault{Action: sandbox.ActionStatus, Status: 501, GrantType: "authorization_code"})
	r.plant(sandbox.Fault{Action: sandbox.ActionStatus, Status: 502, Path: "/revoke"})
	r.plant(sandbox.Fault{Action: sandbox.ActionStatus, Status: 503, GrantType: "refresh_token", Count: 2})
	r.plant(sandbox.Fault{Action: sandbox.ActionStatus, Status: 504, GrantType: "refresh_token"})
	r.plant(sandbox.Fault{Action: sandbox.ActionStatus, Status: 505, Path: "/api/me", Count: -1})
	for _, want := range []int{503, 503, 504, 200} {
		equal(t, "refresh", r.refresh(issued.RefreshToken).status, want)
	}
	for range 3 {
		equal(t, "without end", r.me(issued.AccessToken), 505)
	}
	left := r.Faults()
	equal(t, "left", len(left), 3)
	equal(t, "id", left[2].ID, 5)
	equal(t, "fired", left[2].Fired, 3)
	equal(t, "remaining", left[2].Remaining, -1)
	r.ClearFaults()
	equal(t, "exchange", r.exchange(r.code()).status, 200)
	equal(t, "resource", r.me(issued.AccessToken), 200)
	equal(t, "faults_fired", r.Counters().FaultsFired, 6)
}

func TestBadFaults(t *testing.T) {
	r := newRig(t)
	for name, f := range map[string]sandbox.Fault{
		"no action":          {},
		"unknown action":     {Action: "explode"},
		"when":               {Action: sandbox.ActionDrop, When: "during"},
		"no reply to cut":    {Action: sandbox.ActionTruncate, When: sandbox.Before},
		"no status":          {Action: sandbox.ActionStatus},
		"status 100":         {Action: sandbox.ActionStatus, Status: 100},
		"html status":        {Action: sandbox.ActionHTML, Status: 99},
		"redirect to 200":    {Action: sandbox.ActionRedirect, Status: 200},
		"no delay":           {Action: sandbox.ActionDelay},
		"negative delay":     {Action: sandbox.ActionDelay, DelayMS: -1},
		"negative bytes":     {Action: sandbox.ActionTruncate, Bytes: new(-1)},
		"too many bytes":     {Action: sandbox.ActionOversize, Bytes: new(1 << 30)},
		"fraction":           {Action: sandbox.ActionTruncate, Fraction: new(1.5)},
		"then":               {Action: sandbox.ActionHalfThenHold, Then: "explode"},
		"position":           {Action: sandbox.ActionOversize, Position: "middle"},
		"stall with a path":  {Action: sandbox.ActionStallAccept, Path: "/token"},
		"handshake, no TLS":  {Action: sandbox.ActionStallHandshake},
		"stall with a stage": {Action: sandbox.ActionStallAccept, When: sandbox.Before},
	} {
		if _, err := r.AddFault(f); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	equal(t, "planted", len(r.Faults()), 0)
}

// What was not sent completely is not a request: it is not counted, and no fault is spent on it.
func TestIncompleteBody(t *testing.T) {
	r := newRig(t)
	r.plant(sandbox.Fault{Action: sandbox.ActionDrop})
	breaking := errors.New("the client breaks off")
	body := io.MultiReader(strings.NewReader("grant_type=refresh_token&"), failingReader{breaking})
	request := r.newRequest("POST", "/token", body)
	request.ContentLength = 1000
	if _, err := r.try(request); !errors.Is(err, breaking) {
		t.Errorf("got %v", err)
	}
	for len(r.Log()) == 0 {
		yield()
	}
	got := r.Counters()
	equal(t, "token_arrivals", got.TokenArrivals, 1)
	equal(t, "token_requests", got.TokenRequests, 0)
	equal(t, "faults_fired", got.FaultsFired, 0)
	equal(t, "logged", r.lastEntry().Reason, "body_incomplete")

	tooLong := r.postRequest("/token", url.Values{"x": {strings.Repeat("x", 1<<20)}})
	equal(t, "too long", r.do(tooLong).status, http.StatusBadRequest)
	equal(t, "token_requests", r.Counters().TokenRequests, 0)
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }
