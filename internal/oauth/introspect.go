package oauth

import (
	"strconv"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// The hints of RFC 7662 §2.1 and RFC 7009 §2.1.
const (
	HintAccessToken  = "access_token"
	HintRefreshToken = "refresh_token"
)

// IntrospectForm is the request of RFC 7662 §2.1. An empty hint is not sent.
func IntrospectForm(token secret.String, hint string) Form { return aboutToken(token, hint) }

// aboutToken is a request that is about a token.
func aboutToken(token secret.String, hint string) Form {
	fields := []field{{"token", token}}
	if hint != "" {
		fields = append(fields, field{"token_type_hint", secret.New(hint)})
	}
	return Form{fields}
}

// Introspection is what a server says of the life of a token (RFC 7662 §2.2). Its times are by the server's clock.
type Introspection struct {
	Active    bool
	ExpiresAt time.Time // zero: not said, or not usable
	IssuedAt  time.Time // likewise
}

// Expiry is when the token ends by the clock here, which said issued when the token was asked for and says now; zero: the
// answer does not tell, or what it tells cannot be.
//
// A lifetime (exp - iat) needs no clocks that agree, and is too long for a token that the server has handed out before. exp
// is right for that one, and too late where the clock here is behind. The earlier of both is at worst too early: that costs a
// refresh, and no call with a dead token.
func (i Introspection) Expiry(issued, now time.Time) time.Time {
	if !i.Active || i.ExpiresAt.IsZero() {
		return time.Time{}
	}
	at := i.ExpiresAt
	if !i.IssuedAt.IsZero() {
		byLifetime := issued.Add(i.ExpiresAt.Sub(i.IssuedAt))
		if byLifetime.Before(at) || !at.After(now) { // an active token that has expired: the clock here is far ahead
			at = byLifetime
		}
	}
	if left := at.Sub(now); left <= 0 || left > maxLifetime {
		return time.Time{}
	}
	return at
}

// maxEpoch is where seconds since 1970 stop being plausible: a server that says more means milliseconds.
const maxEpoch = 1e11

// readEpoch reads seconds since 1970, rounded down to a whole one; zero: they cannot be read.
func readEpoch(text string) time.Time {
	text = strings.TrimSpace(text)
	if !number.MatchString(text) {
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds < 1 || seconds > maxEpoch {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}
