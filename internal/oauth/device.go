package oauth

import (
	"errors"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// DeviceAuthorization is what a device authorization endpoint answers (RFC 8628 §3.2).
type DeviceAuthorization struct {
	Code                    secret.String // device_code
	UserCode                string
	VerificationURI         string
	VerificationURIComplete string // empty: none
	ExpiresIn               time.Duration
	Interval                time.Duration // between polls
}

// What stands in for members of a device authorization that are missing or unusable, and bounds of those that are there.
const (
	defaultInterval = 5 * time.Second // RFC 8628 §3.2
	maxInterval     = 10 * time.Minute
	assumedCodeLife = 5 * time.Minute // expires_in is required; who leaves it out says so when polled
	maxCodeLife     = 24 * time.Hour
	maxUserCode     = 100
)

// DeviceForm is the device authorization request (RFC 8628 §3.1).
func DeviceForm(scopes []string, separator string, resource, audience []string, extra map[string]string) (Form, error) {
	form, err := GrantRequest{Type: "-", Scopes: scopes, Separator: separator, Resource: resource, Audience: audience, Extra: extra}.Form()
	if err != nil {
		return Form{}, err
	}
	form.fields = form.fields[1:] // all but grant_type, which this request has not
	return form, nil
}

// JudgeDevice says what r means as the answer to a DeviceForm. Success is one that has all that a person needs; of another 2xx the
// verdict says what it lacks. For the rest and for hidden see Judge.
func (d Dialect) JudgeDevice(r Reply, hidden ...secret.String) (DeviceAuthorization, Verdict) {
	if v, ok := unanswered(r); ok {
		return DeviceAuthorization{}, v
	}
	c := d.content(r)
	if !isSuccess(r.Status) || c.refusal.code != "" && c.body.text("device_code") == "" {
		return DeviceAuthorization{}, d.refused(r, c, hidden)
	}
	a := DeviceAuthorization{
		Code: secret.New(c.body.text("device_code")), UserCode: plain(c.body.text("user_code"), maxUserCode),
		VerificationURI:         webAddress(firstText(c.body, "verification_uri", "verification_url")), // Google says the latter
		VerificationURIComplete: webAddress(firstText(c.body, "verification_uri_complete", "verification_url_complete")),
		ExpiresIn:               assumedCodeLife, Interval: defaultInterval,
	}
	if life, ok := readSeconds(c.body.members["expires_in"].text); ok {
		a.ExpiresIn = min(life, maxCodeLife)
	}
	if interval, ok := readSeconds(c.body.members["interval"].text); ok {
		a.Interval = min(interval, maxInterval)
	}
	var lacks error
	switch {
	case !c.whole:
		lacks = errors.New("the answer of the device authorization endpoint broke off, or is not JSON")
	case a.Code.IsEmpty():
		lacks = errors.New("the answer of the device authorization endpoint has no device_code")
	case a.UserCode == "":
		lacks = errors.New("the answer of the device authorization endpoint has no user_code")
	case a.VerificationURI == "":
		lacks = errors.New("the answer of the device authorization endpoint has no verification_uri that is a web address")
	default:
		return a, Verdict{Class: Success, Status: r.Status}
	}
	return DeviceAuthorization{}, Verdict{Class: Configuration, Status: r.Status, Err: lacks}
}

func firstText(o object, names ...string) string {
	for _, name := range names {
		if text := o.text(name); text != "" {
			return text
		}
	}
	return ""
}

// DeviceTokenForm is the device access token request (RFC 8628 §3.4).
func DeviceTokenForm(code secret.String, resource []string) (Form, error) {
	return GrantRequest{Type: GrantDeviceCode, Resource: resource, Own: map[string]secret.String{"device_code": code}}.Form()
}

// Poll is what the answer to a DeviceTokenForm means for whoever goes on polling.
type Poll string

// The answers (RFC 8628 §3.5).
const (
	PollToken   Poll = "token"   // the verdict has it
	PollPending Poll = "pending" // the person has not decided yet
	PollSlower  Poll = "slower"  // likewise, and the interval grows by 5 seconds for good
	PollDenied  Poll = "denied"  // the person, or the server, has said no
	PollExpired Poll = "expired" // the code is over: expired, used up or unknown
	PollNoReply Poll = "no_reply"
	PollFailed  Poll = "failed" // the verdict says why; the code is not known to be over
)

// PollOf reads the verdict on a poll. A code of the protocol counts under any class: a dialect may know it otherwise.
func PollOf(v Verdict) Poll {
	switch {
	case v.Class == Success:
		return PollToken
	case v.Class == NotSent, v.Class == OutcomeUnknown && v.Code == "":
		return PollNoReply
	case v.Class == OutcomeUnknown:
		return PollFailed
	}
	switch v.Code {
	case "authorization_pending":
		return PollPending
	case "slow_down":
		return PollSlower
	case "access_denied", "authorization_declined": // Microsoft says the latter
		return PollDenied
	case "expired_token", "invalid_grant", "incorrect_device_code", "bad_verification_code": // GitHub and Microsoft say the last ones
		return PollExpired
	}
	if v.Class == RateLimited {
		return PollSlower
	}
	return PollFailed
}
