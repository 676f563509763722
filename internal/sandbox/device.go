package sandbox

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultDeviceLifetime = 10 * time.Minute
	defaultDeviceInterval = 5 * time.Second

	grantDevice = "urn:ietf:params:oauth:grant-type:device_code"
)

// deviceCode is a device authorization (RFC 8628 §3.2) and how it stands.
type deviceCode struct {
	value, userCode string
	clientID        string
	scopes          []string
	expiresAt       time.Time
	interval        time.Duration
	nextPoll        time.Time
	decision        string  // empty while the person has not decided
	family          *family // what it was exchanged for; nil while unused
}

// serveDeviceAuthorization is the device authorization endpoint (RFC 8628 §3.1). Server.mu is held.
func (s *Server) serveDeviceAuthorization(c *call) reply {
	return s.guarded(c, func() reply {
		if why := c.checkForm(); why != "" {
			return s.refuse(why)
		}
		client, why := s.authenticate(c)
		if why != "" {
			return s.refuse(why)
		}
		scopes, ok := client.grant(s.manners.scopeList(c.params.Get("scope")))
		if !ok {
			return s.refuse(scopeExceeded)
		}
		value, err := s.mint(SecretDevice)
		if err != nil {
			return s.refuse(noRandomness)
		}
		userCode, err := s.userCode()
		if err != nil {
			return s.refuse(noRandomness)
		}
		now := s.Now()
		lifetime := cmp.Or(s.settings.DeviceCodeLifetime, defaultDeviceLifetime)
		d := &deviceCode{
			value: value, userCode: userCode, clientID: client.ID, scopes: scopes, expiresAt: now.Add(lifetime),
			interval: cmp.Or(s.settings.DeviceInterval, defaultDeviceInterval),
		}
		d.nextPoll = now.Add(d.interval)
		s.devices = append(s.devices, d)
		s.counters.DeviceCodes++
		c.entry.TokenID = TokenID(value)
		return tokenReply(http.StatusOK, object{
			{"device_code", quote(value)}, {"user_code", quote(userCode)}, {"verification_uri", quote(c.issuer + pathDevice)},
			{"verification_uri_complete", quote(c.issuer + pathDevice + "?user_code=" + userCode)},
			{"expires_in", strconv.Itoa(int(lifetime / time.Second))}, {"interval", strconv.Itoa(int(d.interval / time.Second))},
		})
	})
}

// userCode is eight letters that are hard to mistake (RFC 8628 §6.1).
func (s *Server) userCode() (string, error) {
	const letters = "BCDFGHJKLMNPQRSTVWXZ"
	raw := make([]byte, 8)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	var code strings.Builder
	for i, b := range raw {
		if i == 4 {
			code.WriteByte('-')
		}
		code.WriteByte(letters[int(b)%len(letters)])
	}
	return code.String(), nil
}

// poll answers the device access token request (RFC 8628 §3.4, §3.5).
func (s *Server) poll(c *call, client Client) reply {
	value := c.params.Get("device_code")
	if value == "" {
		return s.refuse(missing)
	}
	i := slices.IndexFunc(s.devices, func(d *deviceCode) bool { return d.value == value && d.clientID == client.ID })
	if i < 0 {
		return s.refuse(deviceUnknown)
	}
	d, now := s.devices[i], s.Now()
	s.counters.Polls++
	planned := ""
	if len(s.polls) > 0 {
		planned, s.polls = s.polls[0], s.polls[1:]
	}
	early := now.Before(d.nextPoll.Add(-200 * time.Millisecond)) // what the network takes of an interval is not the client's fault
	d.nextPoll = now.Add(d.interval)
	switch {
	case d.family != nil:
		// As for a code (RFC 6749 §4.1.2): a second use is denied, and the tokens issued on the first one are revoked.
		s.counters.CodeReplays++
		s.kill(d.family, RevokedByCodeReplay)
		return s.refuse(deviceUsed)
	case planned == "expired_token", past(d.expiresAt, now):
		d.expiresAt = now
		return s.refuse(deviceExpired)
	case planned == "access_denied", d.decision == decisionDeny:
		d.decision = decisionDeny
		return s.refuse(deviceDenied)
	case planned == "slow_down", early:
		d.interval += 5 * time.Second
		d.nextPoll = now.Add(d.interval)
		return s.refuse(deviceTooFast)
	case planned == "authorization_pending", d.decision == "":
		return s.refuse(devicePending)
	}
	access, refresh, err := s.startFamily(client.ID, defaultUser, d.scopes)
	if err != nil {
		return s.refuse(noRandomness)
	}
	d.family = access.family
	s.bind(c, client, access)
	return s.grantReply(access, refresh)
}

// ConfirmDevice does what a person does who enters the user code and allows the access.
func (s *Server) ConfirmDevice(userCode string) error { return s.decideDevice(userCode, decisionAllow) }

// RefuseDevice is ConfirmDevice by a person who says no.
func (s *Server) RefuseDevice(userCode string) error { return s.decideDevice(userCode, decisionDeny) }

func (s *Server) decideDevice(userCode, decision string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setDecision(userCode, decision)
}

// setDecision notes what the person chose. Server.mu is held.
func (s *Server) setDecision(userCode, decision string) error {
	for _, d := range s.devices {
		if !strings.EqualFold(d.userCode, strings.TrimSpace(userCode)) {
			continue
		}
		switch {
		case past(d.expiresAt, s.Now()):
			return fmt.Errorf("the code %s has expired", d.userCode)
		case d.decision != "":
			return fmt.Errorf("the code %s was used before", d.userCode)
		}
		d.decision = decision
		s.counters.Consents++
		return nil
	}
	return fmt.Errorf("there is no code %q", userCode)
}

// PlanPolls decides the answers to the next polls for device codes: authorization_pending, slow_down, access_denied, expired_token, or
// an empty text for whatever is true.
func (s *Server) PlanPolls(answers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls = slices.Clone(answers)
}

// serveDevice is where the person enters the user code (RFC 8628 §3.3). Server.mu is held.
func (s *Server) serveDevice(c *call) reply {
	userCode, decision := c.params.Get("user_code"), c.params.Get(decisionField)
	if c.r.Method == http.MethodGet {
		return page(http.StatusOK, "device.html", struct{ UserCode, Done string }{userCode, ""})
	}
	if decision != decisionAllow && decision != decisionDeny {
		return errorPage("invalid_request", "neither Allow nor Deny was chosen")
	}
	if err := s.setDecision(userCode, decision); err != nil {
		return errorPage("invalid_request", err.Error())
	}
	return page(http.StatusOK, "device.html", struct{ UserCode, Done string }{userCode, decision})
}
