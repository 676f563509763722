package oauth

import (
	"fmt"
	"time"
)

// Class is what a reply means for whoever sent the request.
type Class string

// The classes. Every reply is in exactly one.
const (
	Success        Class = "success"
	TooEarly       Class = "too_early"       // the tokens at hand stay good; ask later
	RateLimited    Class = "rate_limited"    // not processed; ask later
	BadClient      Class = "bad_client"      // the client is not known by what it proves itself with; the token or code is not dead
	Reauthorize    Class = "reauthorize"     // the token or code is dead; a person must log in
	ReuseDetected  Class = "reuse_detected"  // likewise, because it was used before
	NotSent        Class = "not_sent"        // the server cannot have acted
	Configuration  Class = "configuration"   // refused for how the request is made; the token or code is not known dead
	OutcomeUnknown Class = "outcome_unknown" // the server may have acted, or not
)

// Verdict is a reply, understood. What it holds of the server's words is bounded, has no control characters, and shows
// none of the texts that had to stay hidden.
type Verdict struct {
	Class       Class
	Token       Token // of Success only
	Status      int   // 0: none arrived
	Code        string
	Description string
	ErrorURI    string        // empty unless it is a web address
	AuthMethod  string        // of BadClient: how the client has proved itself; empty: not by a method of client authentication
	RetryAfter  time.Duration // as the server asks, at most 24 hours; 0: it does not
	ClockOff    time.Duration // of BadClient, or with a DPoP proof: how far the clock here is ahead of the server's, where that may be why
	Err         error         // what went wrong on the way; never set with Success
}

// Words returns what the server said at an endpoint, for an error message: "invalid_grant: Token expired (HTTP 400)", and behind it
// the page that the server names for it. It is empty if no status arrived.
func (v Verdict) Words() string {
	if v.Status == 0 {
		return ""
	}
	text := fmt.Sprintf("HTTP %d", v.Status)
	if said := v.Said(); said != "" {
		text = said + " (" + text + ")"
	}
	if v.ErrorURI != "" {
		text += ", see " + v.ErrorURI
	}
	return text
}

// Said is the code and the description alone, wherever the server has said them: the answer to a person's visit has no status.
func (v Verdict) Said() string {
	if v.Code != "" && v.Description != "" {
		return v.Code + ": " + v.Description
	}
	return v.Code + v.Description
}

// classify judges what is not a success. code is the server's own, or empty.
func classify(status int, code string) Class {
	switch {
	case status == 429:
		return RateLimited
	case code != "" && (isSuccess(status) || status >= 400 && status < 500):
		return classOfCode(code)
	case status >= 300 && status < 400, status == 404, status == 405, status == 415:
		return Configuration // no token endpoint is there, so none has acted
	}
	return OutcomeUnknown
}

// classOfCode judges an error code (RFC 6749 §5.2, RFC 8628 §3.5, RFC 8707 §2). Whoever answers with a code has refused;
// which codes say that the token is dead is a short list, and all others leave it alive.
func classOfCode(code string) Class {
	switch code {
	case "invalid_grant":
		return Reauthorize
	case "invalid_client":
		return BadClient
	case "token_reused", "refresh_token_reused":
		return ReuseDetected
	case "too_early":
		return TooEarly
	case "slow_down", "temporarily_unavailable":
		return RateLimited
	case "server_error": // no refusal: the server broke down on the way (RFC 6749 §4.1.2.1)
		return OutcomeUnknown
	}
	return Configuration
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }
