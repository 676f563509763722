package command

import "time"

// needs says whether somebody has to do something.
type needs string

const (
	needsNothing needs = "nothing"
	needsSoon    needs = "soon"
	needsNow     needs = "now"
)

// or is the worse of two.
func (n needs) or(other needs) needs {
	if n == needsNow || other == needsNow {
		return needsNow
	}
	if n == needsSoon || other == needsSoon {
		return needsSoon
	}
	return needsNothing
}

// Statuses that the engine does not know.
const (
	statusMoved      = "moved"
	statusUnreadable = "unreadable"
)

// Deadlines of a credential.
const (
	deadlineIdle     = "idle"
	deadlineAbsolute = "absolute"
	deadlineToken    = "token"
)

// statusReport is what status tells. The names of its members are documented in the guide "Command line", and stay.
type statusReport struct {
	At            time.Time            `json:"at"`
	StoreLocation string               `json:"store_location"`
	StoreID       string               `json:"store_id"`
	Credentials   []credentialStatus   `json:"credentials"`
	Registrations []registrationStatus `json:"registrations"`
	RescueFiles   []rescueStatus       `json:"rescue_files"`

	absent []string // names that were asked for, and are not there
}

// credentialStatus is what is told of a token pair. What has a twin in the data source oauth_token_pair has its name.
type credentialStatus struct {
	Name       string   `json:"name"`
	Status     string   `json:"status"`
	Needs      needs    `json:"needs"`
	Notes      []string `json:"notes,omitempty"`
	Generation int64    `json:"generation"`

	Platform string   `json:"platform,omitempty"`
	Issuer   string   `json:"issuer,omitempty"`
	ClientID string   `json:"client_id,omitempty"`
	Grant    string   `json:"grant,omitempty"`
	Strategy string   `json:"strategy,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`

	IssuedAt              *time.Time `json:"issued_at,omitempty"`
	ExpiresAt             *time.Time `json:"expires_at,omitempty"`
	RefreshTokenExpiresAt *time.Time `json:"refresh_token_expires_at,omitempty"`
	ReauthorizeBy         *time.Time `json:"reauthorize_by,omitempty"`
	Deadline              string     `json:"deadline,omitempty"`
	DeadlineAt            *time.Time `json:"deadline_at,omitempty"`
	LastRotatedAt         *time.Time `json:"last_rotated_at,omitempty"`
	NextAttemptAt         *time.Time `json:"next_attempt_at,omitempty"`

	ClaimedBy  string     `json:"claimed_by,omitempty"`
	ClaimedAt  *time.Time `json:"claimed_at,omitempty"`
	ClaimedFor string     `json:"claimed_for,omitempty"`
	ClaimStale bool       `json:"claim_stale,omitempty"`

	AuthorizationURL          string     `json:"authorization_url,omitempty"`
	AuthorizationURLExpiresAt *time.Time `json:"authorization_url_expires_at,omitempty"`
	UserCode                  string     `json:"user_code,omitempty"`
	VerificationURI           string     `json:"verification_uri,omitempty"`

	MovedTo string        `json:"moved_to,omitempty"`
	Error   string        `json:"error,omitempty"`
	History []eventStatus `json:"history,omitempty"`

	server string // platform, or the host of the server
}

// eventStatus is a line of history.
type eventStatus struct {
	At         time.Time `json:"at"`
	Host       string    `json:"host,omitempty"`
	Attempt    string    `json:"attempt,omitempty"`
	Generation int64     `json:"generation"`
	Verdict    string    `json:"verdict"`
}

// registrationStatus is what is told of an app registration.
type registrationStatus struct {
	Name     string   `json:"name"`
	Status   string   `json:"status"`
	Needs    needs    `json:"needs"`
	Notes    []string `json:"notes,omitempty"`
	Platform string   `json:"platform,omitempty"`
	Issuer   string   `json:"issuer,omitempty"`
	ClientID string   `json:"client_id,omitempty"`

	Registered            bool       `json:"registered"`
	Managed               bool       `json:"managed"`
	ClientSecretExpiresAt *time.Time `json:"client_secret_expires_at,omitempty"`
	Drifted               []string   `json:"drifted,omitempty"`
	MovedTo               string     `json:"moved_to,omitempty"`
	Error                 string     `json:"error,omitempty"`

	server string
}

// rescueStatus is a reply that waits beside the store.
type rescueStatus struct {
	Path  string `json:"path"`
	Kind  string `json:"kind,omitempty"`
	Name  string `json:"name,omitempty"`
	Needs needs  `json:"needs"`
	InUse bool   `json:"in_use"`
	Error string `json:"error,omitempty"`
}
