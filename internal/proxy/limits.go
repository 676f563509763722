package proxy

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// limits is what the API has said of its limits last: nothing is sent before that time, as far as requests may wait.
type limits struct {
	mu    sync.Mutex
	until time.Time
}

func (l *limits) note(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.After(l.until) {
		l.until = at
	}
}

// pass waits until the API takes requests again. Where that is longer than most allows, the API is asked all the same: its limit may
// be about something else.
func (l *limits) pass(ctx context.Context, clock Clock, most time.Duration, waited *time.Duration) error {
	l.mu.Lock()
	d := l.until.Sub(clock.Now())
	l.mu.Unlock()
	if d <= 0 || *waited+d > most {
		return nil
	}
	*waited += d
	return clock.Sleep(ctx, d)
}

// until says when the API takes requests again, by the headers of an answer; zero: now, or it does not say. refused says that this
// very request was refused for that.
func until(r *http.Response, now time.Time) (at time.Time, refused bool) {
	refused = r.StatusCode == http.StatusTooManyRequests || r.StatusCode == http.StatusServiceUnavailable
	if refused {
		if at := retryAfter(r.Header.Get("Retry-After"), now); !at.IsZero() {
			return at, true
		}
	}
	if r.StatusCode == http.StatusServiceUnavailable {
		return time.Time{}, false
	}
	for name, values := range r.Header {
		match := resets.FindStringSubmatch(name)
		if match == nil || len(values) == 0 {
			continue
		}
		left := r.Header.Get(match[1] + "Remaining")
		if used := strings.TrimSpace(left) == "0"; !used && (!refused || left != "") { // of several limits, the one that is used up
			continue
		}
		if reset := moment(values[0], now); reset.After(at) {
			at = reset
		}
	}
	if reset := structured(r.Header.Values("RateLimit"), refused, now); reset.After(at) {
		at = reset
	}
	return at, refused
}

// resets finds the headers that say when a limit ends: X-RateLimit-Reset, X-RateLimit-Minutely-Reset, RateLimit-Reset and the like,
// as net/http spells them.
var resets = regexp.MustCompile(`^((?:X-)?Rate-?[Ll]imit-(?:[A-Za-z]+-)*)Reset(?:-After)?$`)

// retryAfter reads RFC 9110 §10.2.3.
func retryAfter(text string, now time.Time) time.Time {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 && n < 1e9 {
		return now.Add(time.Duration(n) * time.Second)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// Platforms write the end of a limit as seconds from now, as seconds or milliseconds since 1970, or as text. Numbers cannot be
// mistaken for one another: no limit lasts 30 years, and none ended in 1970.
const (
	sinceEpoch       = 1e9
	millisSinceEpoch = 1e12
)

func moment(text string, now time.Time) time.Time {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return time.Time{}
		}
		return at
	case n >= millisSinceEpoch && n < 1e15:
		return time.UnixMilli(int64(n))
	case n >= sinceEpoch && n < millisSinceEpoch:
		return time.Unix(int64(n), 0)
	case n >= 0 && n < sinceEpoch:
		return now.Add(time.Duration(n * float64(time.Second)))
	}
	return time.Time{}
}

// structured reads draft-ietf-httpapi-ratelimit-headers: "default";r=0;t=30.
func structured(values []string, refused bool, now time.Time) (at time.Time) {
	for policy := range strings.SplitSeq(strings.Join(values, ","), ",") {
		left, reset := "", ""
		for i, parameter := range strings.Split(policy, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
			switch {
			case i > 0 && key == "r":
				left = value
			case i > 0 && key == "t":
				reset = value
			}
		}
		n, err := strconv.ParseInt(reset, 10, 64)
		if err != nil || n < 0 || n >= sinceEpoch || left != "0" && (!refused || left != "") {
			continue
		}
		if end := now.Add(time.Duration(n) * time.Second); end.After(at) {
			at = end
		}
	}
	return at
}
