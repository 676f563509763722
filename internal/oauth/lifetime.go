package oauth

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// maxLifetime is where a lifetime stops being plausible: a server that says more means a date, or milliseconds.
	maxLifetime   = 10 * 365 * 24 * time.Hour
	maxRetryAfter = 24 * time.Hour
)

// number is JSON's, without the sign; leading zeros are let through, since some servers send a string.
var number = regexp.MustCompile(`^[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$`)

// readSeconds reads a number of seconds, rounded down to a whole one. It must be 1 second to 10 years.
func readSeconds(text string) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if !number.MatchString(text) {
		return 0, false
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds < 1 || seconds > maxLifetime.Seconds() {
		return 0, false
	}
	return time.Duration(math.Floor(seconds)) * time.Second, true
}

// retryAfter reads Retry-After (RFC 9110 §10.2.3): seconds, or a date, which counts from the server's own Date, since
// the clocks may differ. It returns 0 if the header says nothing usable, and at most 24 hours.
func retryAfter(header http.Header) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseUint(text, 10, 32)
		if err != nil { // only its size can be wrong
			return maxRetryAfter
		}
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	until, err1 := http.ParseTime(text)
	now, err2 := http.ParseTime(header.Get("Date"))
	if err1 != nil || err2 != nil {
		return 0
	}
	return min(max(until.Sub(now), 0), maxRetryAfter)
}
