package credential

import "time"

// NextResend tells from when, seen at now, a refresh token may be sent again after a refresh whose outcome is unknown, by
// the machine of that name, for people. known is false where the record has no unknown outcome; may is false where the token is
// not sent again.
func NextResend(r Record, host string, now time.Time) (at time.Time, may, known bool) {
	if r.Unknown == nil {
		return time.Time{}, false, false
	}
	if at := rejectedUntil(*r.Unknown); !at.IsZero() {
		return at, true, true
	}
	again := resendOf(r, r.Client.EffectivePolicy(), observer{host, r.Unknown.Timed}, now)
	return again.from, again.may, true
}
