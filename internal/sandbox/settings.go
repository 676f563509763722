package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Rotation says what a refresh does to the refresh token that was presented.
type Rotation string

// The rotation classes.
const (
	// RotationNone keeps the refresh token; the reply repeats it.
	RotationNone Rotation = "none"
	// RotationNewOldValid issues a successor and leaves the presented token valid.
	RotationNewOldValid Rotation = "new_old_valid"
	// RotationServerDecides repeats the token on every odd refresh of a family and issues a successor on every even
	// one. The presented token stays valid.
	RotationServerDecides Rotation = "server_decides"
	// RotationSingleUse issues a successor and kills the presented token at once.
	RotationSingleUse Rotation = "single_use"
	// RotationSingleUseGrace is RotationSingleUse, but for Settings.GracePeriod after its first use the presented
	// token may be sent again. Each time it gets a fresh successor; earlier successors stay valid, and the period is
	// not extended.
	RotationSingleUseGrace Rotation = "single_use_grace"
	// RotationUntilSuccessorUsed issues a successor and kills the presented token when that successor, or the access
	// token that came with it, is first used with success.
	RotationUntilSuccessorUsed Rotation = "until_successor_used"
)

// OnReuse says what follows when a dead, once valid refresh token is presented. The request is refused in any case.
type OnReuse string

// The reactions to reuse.
const (
	// ReuseReject only refuses.
	ReuseReject OnReuse = "reject"
	// ReuseRevokeFamily kills every refresh and access token of the family.
	ReuseRevokeFamily OnReuse = "revoke_family"
	// ReuseRevokeClientUser kills every family of the same client and user.
	ReuseRevokeClientUser OnReuse = "revoke_client_user"
)

// Settings is how the server behaves. It may change while the server runs: lifetimes and the grace period apply to
// what is issued or superseded from then on, everything else to the next request. A zero lifetime means without end.
type Settings struct {
	Rotation    Rotation
	OnReuse     OnReuse
	GracePeriod time.Duration

	AccessTokenLifetime          time.Duration // zero also leaves expires_in out
	RefreshTokenIdleLifetime     time.Duration // since issue or last successful use
	RefreshTokenAbsoluteLifetime time.Duration // since the authorization, across rotations
	CodeLifetime                 time.Duration

	// EarliestRefresh is the time after a refresh token's issue (or its last refresh, if that did not rotate) before
	// which a refresh is refused as too early. Nothing changes then. Resending a token that was already superseded is
	// never too early.
	EarliestRefresh time.Duration
	TooEarlyStatus  int    // the refusal's HTTP status
	TooEarlyError   string // the refusal's error code
	TooEarlyBody    string // the refusal's whole body, instead of the standard JSON, if not empty

	// TokenCalls is how many calls of the token endpoint a client makes for one user within TokenCallsWindow before it is
	// refused; zero: as many as it likes.
	TokenCalls       int
	TokenCallsWindow time.Duration

	// DeviceCodeLifetime and DeviceInterval are of device codes (RFC 8628 §3.2); zero: 10 minutes and 5 seconds. The interval is
	// whole seconds.
	DeviceCodeLifetime time.Duration
	DeviceInterval     time.Duration

	// OmitRefreshToken makes refreshes answer without a refresh_token; the presented token stays, as under
	// RotationNone.
	OmitRefreshToken bool
	// KeepAccessOnRevocation lets access tokens outlive the revocation of their refresh token (RFC 7009 §2.1 wants them ended).
	KeepAccessOnRevocation bool
	// RequirePKCE refuses authorization requests without a code_challenge.
	RequirePKCE bool
	// RequirePushedRequests refuses authorization requests that were not pushed before (RFC 9126), and says so in the metadata.
	RequirePushedRequests bool
	// PushedRequestLifetime is how long a pushed request waits for its person; zero: a minute.
	PushedRequestLifetime time.Duration

	// Nonces and NoncesAtAPI say which nonces DPoP proofs must have at the token endpoint and at /api/me.
	Nonces, NoncesAtAPI NonceRule
	// IgnoreProofs takes DPoP proofs for nothing, as a server does that has never heard of them.
	IgnoreProofs bool
	Registration Registration
	// ClientSecretLifetime is how long the secret of a client lives that has registered itself.
	ClientSecretLifetime time.Duration
}

// DefaultSettings returns the strictest common behaviour: single use, reuse kills the family, ten minutes of access.
func DefaultSettings() Settings {
	return Settings{
		Rotation:            RotationSingleUse,
		OnReuse:             ReuseRevokeFamily,
		GracePeriod:         30 * time.Second,
		AccessTokenLifetime: 10 * time.Minute,
		CodeLifetime:        10 * time.Minute,
		TooEarlyStatus:      http.StatusBadRequest,
		TooEarlyError:       "too_early",
	}
}

// Validate returns an error that names every setting with a bad value.
func (s Settings) Validate() error {
	var errs []error
	switch s.Rotation {
	case RotationNone, RotationNewOldValid, RotationServerDecides,
		RotationSingleUse, RotationSingleUseGrace, RotationUntilSuccessorUsed:
	default:
		errs = append(errs, fmt.Errorf("unknown rotation %q", s.Rotation))
	}
	switch s.OnReuse {
	case ReuseReject, ReuseRevokeFamily, ReuseRevokeClientUser:
	default:
		errs = append(errs, fmt.Errorf("unknown on_reuse %q", s.OnReuse))
	}
	for name, d := range map[string]time.Duration{
		"client_secret_lifetime": s.ClientSecretLifetime,
		"grace_period":           s.GracePeriod, "access_token_lifetime": s.AccessTokenLifetime,
		"refresh_token_idle_lifetime":     s.RefreshTokenIdleLifetime,
		"refresh_token_absolute_lifetime": s.RefreshTokenAbsoluteLifetime,
		"code_lifetime":                   s.CodeLifetime, "earliest_refresh": s.EarliestRefresh,
		"token_calls_window": s.TokenCallsWindow, "device_code_lifetime": s.DeviceCodeLifetime, "device_interval": s.DeviceInterval,
		"pushed_request_lifetime": s.PushedRequestLifetime,
	} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("%s is negative", name))
		}
	}
	if !s.Nonces.valid() || !s.NoncesAtAPI.valid() {
		errs = append(errs, errors.New("unknown nonces or nonces_at_api"))
	}
	if s.TokenCalls < 0 || s.TokenCalls > 0 && s.TokenCallsWindow == 0 {
		errs = append(errs, errors.New("token_calls is negative, or without token_calls_window"))
	}
	if s.TooEarlyStatus < 400 || s.TooEarlyStatus > 599 {
		errs = append(errs, fmt.Errorf("too_early_status %d is not an error status", s.TooEarlyStatus))
	}
	if s.TooEarlyError == "" && s.TooEarlyBody == "" {
		errs = append(errs, errors.New("too_early_error is empty"))
	}
	return errors.Join(errs...)
}

// Settings returns the settings in force.
func (s *Server) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// UpdateSettings applies change to the settings. If the result is not valid, it returns an error and changes nothing.
func (s *Server) UpdateSettings(change func(*Settings)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.settings
	change(&next)
	if err := next.Validate(); err != nil {
		return err
	}
	s.settings = next
	return nil
}

// settingsJSON is Settings on the wire. Durations are texts such as "9m30s"; a bare number is read as seconds.
type settingsJSON struct {
	Rotation                     Rotation     `json:"rotation"`
	OnReuse                      OnReuse      `json:"on_reuse"`
	GracePeriod                  jsonDuration `json:"grace_period"`
	AccessTokenLifetime          jsonDuration `json:"access_token_lifetime"`
	RefreshTokenIdleLifetime     jsonDuration `json:"refresh_token_idle_lifetime"`
	RefreshTokenAbsoluteLifetime jsonDuration `json:"refresh_token_absolute_lifetime"`
	CodeLifetime                 jsonDuration `json:"code_lifetime"`
	EarliestRefresh              jsonDuration `json:"earliest_refresh"`
	TooEarlyStatus               int          `json:"too_early_status"`
	TooEarlyError                string       `json:"too_early_error"`
	TooEarlyBody                 string       `json:"too_early_body"`
	TokenCalls                   int          `json:"token_calls"`
	TokenCallsWindow             jsonDuration `json:"token_calls_window"`
	DeviceCodeLifetime           jsonDuration `json:"device_code_lifetime,omitempty"`
	DeviceInterval               jsonDuration `json:"device_interval,omitempty"`
	OmitRefreshToken             bool         `json:"omit_refresh_token"`
	KeepAccessOnRevocation       bool         `json:"keep_access_on_revocation"`
	RequirePKCE                  bool         `json:"require_pkce"`
	RequirePushedRequests        bool         `json:"require_pushed_requests"`
	PushedRequestLifetime        jsonDuration `json:"pushed_request_lifetime"`
	Nonces                       NonceRule    `json:"nonces"`
	NoncesAtAPI                  NonceRule    `json:"nonces_at_api"`
	IgnoreProofs                 bool         `json:"ignore_proofs"`
	Registration                 Registration `json:"registration,omitzero"`
	ClientSecretLifetime         jsonDuration `json:"client_secret_lifetime,omitzero"`
}

// MarshalJSON writes the settings in the form of the control API.
func (s Settings) MarshalJSON() ([]byte, error) { return json.Marshal(s.wire()) }

// UnmarshalJSON changes the members that data has and leaves the others. A member that does not exist is an error.
func (s *Settings) UnmarshalJSON(data []byte) error {
	wire := s.wire()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		return err
	}
	*s = Settings{
		Rotation: wire.Rotation, OnReuse: wire.OnReuse, GracePeriod: time.Duration(wire.GracePeriod),
		AccessTokenLifetime:          time.Duration(wire.AccessTokenLifetime),
		RefreshTokenIdleLifetime:     time.Duration(wire.RefreshTokenIdleLifetime),
		RefreshTokenAbsoluteLifetime: time.Duration(wire.RefreshTokenAbsoluteLifetime),
		CodeLifetime:                 time.Duration(wire.CodeLifetime),
		EarliestRefresh:              time.Duration(wire.EarliestRefresh),
		TooEarlyStatus:               wire.TooEarlyStatus, TooEarlyError: wire.TooEarlyError, TooEarlyBody: wire.TooEarlyBody,
		TokenCalls: wire.TokenCalls, TokenCallsWindow: time.Duration(wire.TokenCallsWindow),
		DeviceCodeLifetime: time.Duration(wire.DeviceCodeLifetime), DeviceInterval: time.Duration(wire.DeviceInterval),
		OmitRefreshToken: wire.OmitRefreshToken, KeepAccessOnRevocation: wire.KeepAccessOnRevocation,
		RequirePKCE: wire.RequirePKCE, Registration: wire.Registration,
		RequirePushedRequests: wire.RequirePushedRequests, PushedRequestLifetime: time.Duration(wire.PushedRequestLifetime),
		Nonces: wire.Nonces, NoncesAtAPI: wire.NoncesAtAPI, IgnoreProofs: wire.IgnoreProofs,
		ClientSecretLifetime: time.Duration(wire.ClientSecretLifetime),
	}
	return nil
}

func (s Settings) wire() settingsJSON {
	return settingsJSON{
		Rotation: s.Rotation, OnReuse: s.OnReuse, GracePeriod: jsonDuration(s.GracePeriod),
		AccessTokenLifetime:          jsonDuration(s.AccessTokenLifetime),
		RefreshTokenIdleLifetime:     jsonDuration(s.RefreshTokenIdleLifetime),
		RefreshTokenAbsoluteLifetime: jsonDuration(s.RefreshTokenAbsoluteLifetime),
		CodeLifetime:                 jsonDuration(s.CodeLifetime),
		EarliestRefresh:              jsonDuration(s.EarliestRefresh),
		TooEarlyStatus:               s.TooEarlyStatus, TooEarlyError: s.TooEarlyError, TooEarlyBody: s.TooEarlyBody,
		TokenCalls: s.TokenCalls, TokenCallsWindow: jsonDuration(s.TokenCallsWindow),
		DeviceCodeLifetime: jsonDuration(s.DeviceCodeLifetime), DeviceInterval: jsonDuration(s.DeviceInterval),
		OmitRefreshToken: s.OmitRefreshToken, KeepAccessOnRevocation: s.KeepAccessOnRevocation,
		RequirePKCE: s.RequirePKCE, Registration: s.Registration,
		RequirePushedRequests: s.RequirePushedRequests, PushedRequestLifetime: jsonDuration(s.PushedRequestLifetime),
		Nonces: s.Nonces, NoncesAtAPI: s.NoncesAtAPI, IgnoreProofs: s.IgnoreProofs,
		ClientSecretLifetime: jsonDuration(s.ClientSecretLifetime),
	}
}

type jsonDuration time.Duration

func (d jsonDuration) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).String())
}

func (d *jsonDuration) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var seconds float64
	if json.Unmarshal(data, &seconds) == nil {
		if limit := float64(100 * 365 * 24 * 60 * 60); seconds > limit || seconds < -limit {
			return fmt.Errorf("%v seconds are more than a hundred years", seconds)
		}
		*d = jsonDuration(seconds * float64(time.Second))
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("a duration is a text such as \"90s\" or a number of seconds: %w", err)
	}
	parsed, err := time.ParseDuration(text)
	*d = jsonDuration(parsed)
	return err
}
