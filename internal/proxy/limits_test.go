package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/proxy"
)

// When the API takes requests again, by what platforms send.
func TestUntil(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) // 1767323045
	for name, test := range map[string]struct {
		status  int
		header  string // lines
		wait    time.Duration
		refused bool
	}{
		"nothing said":                 {200, "", 0, false},
		"much left":                    {200, "X-RateLimit-Remaining: 5\nX-RateLimit-Reset: 30", 0, false},
		"used up, seconds":             {200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30", 30 * time.Second, false},
		"used up, epoch":               {200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1767323065", 20 * time.Second, false},
		"used up, milliseconds":        {200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1767323065500", 20*time.Second + 500*time.Millisecond, false},
		"used up, ISO":                 {200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2026-01-02T03:04:15+00:00", 10 * time.Second, false},
		"used up, reset over":          {200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1767323040", -5 * time.Second, false},
		"used up, no reset":            {200, "X-RateLimit-Remaining: 0", 0, false},
		"used up, nonsense":            {200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: soon", 0, false},
		"negative":                     {200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: -1", 0, false},
		"by the minute, of two":        {200, "X-RateLimit-Remaining: 100\nX-RateLimit-Reset: 1767399999000\nX-RateLimit-Minutely-Remaining: 0\nX-RateLimit-Minutely-Reset: 1767323060000", 15 * time.Second, false},
		"both used up":                 {200, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 60\nX-RateLimit-Minutely-Remaining: 0\nX-RateLimit-Minutely-Reset: 15", time.Minute, false},
		"without X":                    {200, "RateLimit-Remaining: 0\nRateLimit-Reset: 7", 7 * time.Second, false},
		"structured":                   {200, `RateLimit: "default";r=0;t=9`, 9 * time.Second, false},
		"structured, left":             {200, `RateLimit: "default";r=1;t=9`, 0, false},
		"structured, of two":           {200, `RateLimit: "a";r=10;t=90, "b";r=0;t=8`, 8 * time.Second, false},
		"structured, nonsense":         {200, `RateLimit: "a";r=0;t=x, ;;;`, 0, false},
		"another header":               {200, "X-Other-Remaining: 0\nX-Other-Reset: 30", 0, false},
		"refused":                      {429, "", 0, true},
		"refused, seconds":             {429, "Retry-After: 3", 3 * time.Second, true},
		"refused, at once":             {429, "Retry-After: 0", 0, true},
		"refused, date":                {429, "Retry-After: Fri, 02 Jan 2026 03:04:25 GMT", 20 * time.Second, true},
		"refused, nonsense":            {429, "Retry-After: later", 0, true},
		"refused, huge":                {429, "Retry-After: 99999999999999999999", 0, true},
		"refused, Retry-After first":   {429, "Retry-After: 3\nX-RateLimit-Reset: 30", 3 * time.Second, true},
		"refused, one set":             {429, "X-RateLimit-Minutely-Limit: 60\nX-RateLimit-Minutely-Remaining: 0\nX-RateLimit-Minutely-Reset: 1767323060000", 15 * time.Second, true},
		"refused, no remaining":        {429, "X-RateLimit-Reset: 30", 30 * time.Second, true},
		"refused, reset after":         {429, "X-RateLimit-Reset-After: 1.5", 1500 * time.Millisecond, true},
		"unavailable":                  {503, "", 0, false},
		"unavailable, limits":          {503, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30", 0, false},
		"unavailable, seconds":         {503, "Retry-After: 3", 3 * time.Second, true},
		"a server error":               {500, "Retry-After: 3", 0, false},
		"not found, and the last call": {404, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 30", 30 * time.Second, false},
	} {
		r := &http.Response{StatusCode: test.status, Header: http.Header{}}
		for line := range strings.SplitSeq(test.header, "\n") {
			if key, value, ok := strings.Cut(line, ": "); ok {
				r.Header.Add(key, value)
			}
		}
		at, refused := proxy.Until(r, now)
		wait := at.Sub(now)
		if at.IsZero() {
			wait = 0
		}
		if wait != test.wait || refused != test.refused {
			t.Errorf("%s: %s, %t; want %s, %t", name, wait, refused, test.wait, test.refused)
		}
	}
}

func FuzzLimits(f *testing.F) {
	f.Add("3", "30", "0", `"default";r=0;t=9`, true)
	f.Add("Fri, 02 Jan 2026 03:04:25 GMT", "1767323065500", "0", ";;;=", false)
	f.Fuzz(func(t *testing.T, after, reset, left, structured string, refused bool) {
		r := &http.Response{StatusCode: 200, Header: http.Header{
			"Retry-After": {after}, "X-Ratelimit-Reset": {reset}, "X-Ratelimit-Remaining": {left}, "Ratelimit": {structured},
		}}
		if refused {
			r.StatusCode = 429
		}
		proxy.Until(r, time.Unix(1767323045, 0))
	})
}

// limiter refuses the first requests, and says until when.
func limiter(status, refusals int, header string) http.HandlerFunc {
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if int(n.Add(1)) <= refusals {
			_, _ = io.Copy(io.Discard, r.Body)
			key, value, _ := strings.Cut(header, ": ")
			w.Header().Set(key, value)
			w.WriteHeader(status)
			return
		}
		takes("t1")(w, r)
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	const remark = `terraform-provider-oauth; received-status=%d; details="%s"`
	const tooLong = "the API asks to wait longer than max_wait allows; the request was not repeated"
	for name, test := range map[string]struct {
		method   string
		body     string
		status   int // of the refusals
		refusals int
		header   string
		most     time.Duration
		want     int
		slept    []time.Duration
		remark   string
	}{
		"once":                 {"GET", "", 429, 1, "Retry-After: 3", time.Minute, 200, []time.Duration{3 * time.Second}, ""},
		"POST":                 {"POST", "abc", 429, 1, "Retry-After: 3", time.Minute, 200, []time.Duration{3 * time.Second}, ""},
		"often":                {"GET", "", 429, 3, "Retry-After: 20", time.Minute, 200, []time.Duration{20 * time.Second, 20 * time.Second, 20 * time.Second}, ""},
		"too often":            {"GET", "", 429, 4, "Retry-After: 20", time.Minute, 429, []time.Duration{20 * time.Second, 20 * time.Second, 20 * time.Second}, tooLong},
		"too long":             {"GET", "", 429, 1, "Retry-After: 61", time.Minute, 429, nil, tooLong},
		"never":                {"GET", "", 429, 1, "Retry-After: 1", 0, 429, nil, tooLong},
		"at once, and again":   {"GET", "", 429, 2, "Retry-After: 0", time.Minute, 200, []time.Duration{time.Second, time.Second}, ""},
		"it does not say":      {"GET", "", 429, 1, "X-Other: 1", time.Minute, 429, nil, ""},
		"unavailable":          {"GET", "", 503, 1, "Retry-After: 3", time.Minute, 200, []time.Duration{3 * time.Second}, ""},
		"unavailable, PUT":     {"PUT", "abc", 503, 1, "Retry-After: 3", time.Minute, 200, []time.Duration{3 * time.Second}, ""},
		"unavailable, POST":    {"POST", "abc", 503, 1, "Retry-After: 3", time.Minute, 503, nil, ""},
		"too long a body":      {"POST", strings.Repeat("x", 1025), 429, 1, "Retry-After: 3", time.Minute, 429, nil, "the API asked to wait; the request was not repeated, since its body is longer than max_replay_bytes"},
		"a reset in the past":  {"GET", "", 429, 1, "X-RateLimit-Reset: 1767323000", time.Minute, 200, []time.Duration{time.Second}, ""},
		"forbidden, with time": {"GET", "", 403, 1, "Retry-After: 3", time.Minute, 403, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "", limiter(test.status, test.refusals, test.header), func(o *proxy.Options) { o.MaxWait = test.most })
			a := w.do(w.request(test.method, "/", strings.NewReader(test.body)))
			want := ""
			if test.remark != "" {
				want = fmt.Sprintf(remark, test.status, test.remark)
			}
			if a.status != test.want || !slices.Equal(w.clock.slept, test.slept) || a.header.Get("Proxy-Status") != want {
				t.Errorf("%d after %v, Proxy-Status %q", a.status, w.clock.slept, a.header.Get("Proxy-Status"))
			}
			if test.want == 200 && !strings.HasSuffix(a.body, " / "+test.body) {
				t.Errorf("repeated as %s", a.body)
			}
		})
	}
}

// What is used up is waited for by those who come after, as far as they may, and not by whoever used up the last of it.
func TestTheNextOnesWait(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][]time.Duration{
		"30":            {30 * time.Second},
		"90":            nil, // longer than anybody may wait: the API decides
		"1767323055000": {10 * time.Second},
	} {
		w := newWorld(t, "", func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/last" {
				rw.Header().Set("X-RateLimit-Remaining", "0")
				rw.Header().Set("X-RateLimit-Reset", header)
			}
		}, nil)
		if a := w.get("/last"); a.status != 200 || w.clock.slept != nil {
			t.Errorf("%s: %d after %v", header, a.status, w.clock.slept)
		}
		if a := w.get("/next"); a.status != 200 || !slices.Equal(w.clock.slept, want) {
			t.Errorf("%s: %d after %v", header, a.status, w.clock.slept)
		}
		w.get("/third")
		if !slices.Equal(w.clock.slept, want) {
			t.Errorf("%s: waited again: %v", header, w.clock.slept)
		}
	}
}

// After a wait the token is asked for anew: the former one may have expired meanwhile.
func TestTokenAfterAWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", nil, nil)
	w.upstream.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer t1" {
			w.source.mu.Lock()
			w.source.n = 2
			w.source.mu.Unlock()
			rw.Header().Set("Retry-After", "30")
			rw.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = fmt.Fprint(rw, r.Header.Get("Authorization"))
	})
	if a := w.get("/"); a.status != 200 || a.body != "Bearer t2" || w.source.renewed != 0 {
		t.Errorf("%d %s, %d refused", a.status, a.body, w.source.renewed)
	}
}
