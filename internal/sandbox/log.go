package sandbox

import (
	"maps"
	"sync/atomic"
	"time"
)

// Entry is one line of the log. Entries stand in the order in which requests had arrived completely; an entry is
// filled in while its request goes on, so Status is zero while it is held, and stays zero if no reply was sent.
type Entry struct {
	Seq       int       `json:"seq"` // from 1, without gaps
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Asked     string    `json:"asked,omitempty"` // the platform's own path that stands for Path
	GrantType string    `json:"grant_type,omitempty"`
	ClientID  string    `json:"client_id,omitempty"`
	// AuthMethod is how the client authenticated, or tried to.
	AuthMethod string `json:"auth_method,omitempty"`
	// AssertionAudience and AssertionKeyID are what a client assertion with a good signature says.
	AssertionAudience string `json:"assertion_audience,omitempty"`
	AssertionKeyID    string `json:"assertion_key_id,omitempty"`
	// Parameters are the names of the form's parameters, sorted, with spaces between.
	Parameters string `json:"parameters,omitempty"`
	// Resource and Audience are the values of these parameters, in their order, with spaces between.
	Resource string `json:"resource,omitempty"`
	Audience string `json:"audience,omitempty"`
	// Status is the HTTP status that was sent, which a fault may have changed.
	Status int `json:"status"`
	// Error is the OAuth error code that processing came to, and Reason says it more exactly. A fault changes neither.
	Error  string `json:"error,omitempty"`
	Reason string `json:"reason,omitempty"`
	// TokenID is TokenID of the presented code, refresh token or access token.
	TokenID string `json:"token_id,omitempty"`
	// Proved tells whether the request brought a DPoP proof, and ProofError what is wrong with it.
	Proved     bool   `json:"proved,omitempty"`
	ProofError string `json:"proof_error,omitempty"`
	// Fault lists the faults that struck, as "before:hold" or "before:delay,after:drop".
	Fault string `json:"fault,omitempty"`
	// Processed tells whether the request was carried out, whatever became of its reply.
	Processed bool `json:"processed"`
}

// Counters tell what happened since the start or the last ResetCounters. Control requests count only in Connections and
// BytesReceived, and there only if they came through the same listener as everything else.
type Counters struct {
	// Connections and BytesReceived are counted by the Listener: zero without one. Bytes are those read off the
	// connection, TLS records included.
	Connections   int64 `json:"connections"`
	BytesReceived int64 `json:"bytes_received"`
	// TokenArrivals counts requests to /token whose headers arrived, TokenRequests those whose body arrived
	// completely too.
	TokenArrivals int `json:"token_arrivals"`
	TokenRequests int `json:"token_requests"`

	Exchanges         int `json:"exchanges"`
	ExchangeErrors    int `json:"exchange_errors"`
	Refreshes         int `json:"refreshes"`
	RefreshErrors     int `json:"refresh_errors"`
	ClientCredentials int `json:"client_credentials"`
	// DeviceCodes counts the device codes that were given, Polls the requests for their tokens. Grants counts the tokens given by
	// password, assertion, exchange and extension grants.
	DeviceCodes int `json:"device_codes"`
	Polls       int `json:"polls"`
	Grants      int `json:"grants"`
	// ReuseDetected counts presentations of a dead refresh token, CodeReplays those of a used code.
	ReuseDetected   int `json:"reuse_detected"`
	CodeReplays     int `json:"code_replays"`
	FamiliesRevoked int `json:"families_revoked"`
	// Revocations counts the requests to /revoke that revoked something.
	Revocations     int `json:"revocations"`
	APIOK           int `json:"api_ok"`
	APIUnauthorized int `json:"api_unauthorized"`
	AuthorizeViews  int `json:"authorize_views"`
	Consents        int `json:"consents"`
	// Pushes counts the authorization requests that were taken in advance.
	Pushes         int `json:"pushes"`
	RedirectedHits int `json:"redirected_hits"`
	// Registrations counts the clients that have registered themselves; the next three count what they asked of their
	// registrations with success, and the last one what was refused because of the token.
	Registrations             int `json:"registrations"`
	RegistrationReads         int `json:"registration_reads"`
	RegistrationUpdates       int `json:"registration_updates"`
	RegistrationDeletes       int `json:"registration_deletes"`
	RegistrationTokensRefused int `json:"registration_tokens_refused"`
	// LockOuts counts how often a client was locked out.
	LockOuts    int `json:"lock_outs"`
	FaultsFired int `json:"faults_fired"`
	// Errors counts the OAuth error codes that processing came to. Errors made up by a fault are not among them.
	Errors map[string]int `json:"errors"`
}

// wireCounters are counted where Server.mu is not held.
type wireCounters struct {
	connections, bytes atomic.Int64
}

func newCounters() Counters { return Counters{Errors: map[string]int{}} }

// Counters returns the counters as they stand.
func (s *Server) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counters
	c.Errors = maps.Clone(c.Errors)
	c.Connections, c.BytesReceived = s.wire.connections.Load(), s.wire.bytes.Load()
	return c
}

// ResetCounters sets every counter to zero. The log stays.
func (s *Server) ResetCounters() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters = newCounters()
	s.wire.connections.Store(0)
	s.wire.bytes.Store(0)
}

// Log returns a copy of the log, without the requests to the control API.
func (s *Server) Log() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := make([]Entry, 0, len(s.log))
	for _, e := range s.log {
		entries = append(entries, *e)
	}
	return entries
}

// record appends e to the log and returns it. Server.mu is held, here and whenever e is changed.
func (s *Server) record(e *Entry) *Entry {
	s.lastSeq++
	e.Seq, e.Time = s.lastSeq, s.Now().UTC()
	s.log = append(s.log, e)
	return e
}

func (s *Server) countError(code string) {
	if code != "" {
		s.counters.Errors[code]++
	}
}
