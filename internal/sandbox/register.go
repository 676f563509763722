package sandbox

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Registration is how the server lets clients register themselves (RFC 7591) and manage what it knows of them (RFC 7592).
type Registration struct {
	Enabled bool `json:"enabled"`
	// InitialAccessToken has to come with a registration. Empty: the server is open to everybody.
	InitialAccessToken string `json:"initial_access_token"`
	// RequireSoftwareStatement refuses registrations without one. The statement "sbx-refused" is refused in any case.
	RequireSoftwareStatement bool `json:"require_software_statement"`
	// NoManagement leaves out registration_access_token and registration_client_uri.
	NoManagement bool `json:"no_management"`
	// A new token, or secret, with every read or update. The former one is dead at once.
	RotateTokenOnRead    bool `json:"rotate_token_on_read"`
	RotateTokenOnUpdate  bool `json:"rotate_token_on_update"`
	RotateSecretOnRead   bool `json:"rotate_secret_on_read"`
	RotateSecretOnUpdate bool `json:"rotate_secret_on_update"`
	// GrantScope replaces whatever scope a client asks for (RFC 7591 §3.2.1 allows that). Empty: it gets what it asks for.
	GrantScope string `json:"grant_scope"`
}

// registered is a client that has registered itself. A nil one is a client that has not.
type registered struct {
	id        string
	secret    string
	token     string // empty: dead, or there never was one
	issuedAt  time.Time
	expiresAt time.Time // of the secret; zero: never
	metadata  map[string]json.RawMessage
}

func (r *registered) secretExpired(now time.Time) bool {
	return r != nil && !r.expiresAt.IsZero() && !now.Before(r.expiresAt)
}

func (s *Server) registers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.Registration.Enabled
}

// bearer is the token in the header (RFC 6750 §2.1).
func (c *call) bearer() string {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// managed is the members that the server adds to the metadata, and that an update must not bring along (RFC 7592 §2.2).
func managed() []string {
	return []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}
}

// refuseMetadata is an error of RFC 7591 §3.2.2.
func refuseMetadata(code, description string) reply {
	r := tokenReply(http.StatusBadRequest, object{{"error", quote(code)}, {"error_description", quote(description)}})
	r.error, r.reason = code, reason(code)
	return r
}

// refuseBearer is the answer to a token that is no good (RFC 6750 §3).
func (s *Server) refuseBearer() reply {
	s.counters.RegistrationTokensRefused++
	r := tokenReply(http.StatusUnauthorized, object{{"error", quote("invalid_token")}})
	r.header.Set("WWW-Authenticate", `Bearer realm="sandbox", error="invalid_token"`)
	r.error, r.reason = "invalid_token", "registration_token_refused"
	return r
}

// serveRegister is the client registration endpoint (RFC 7591 §3). Server.mu is held.
func (s *Server) serveRegister(c *call) reply {
	if token := s.settings.Registration.InitialAccessToken; token != "" && c.bearer() != token {
		return s.refuseBearer()
	}
	metadata, refused := s.readMetadata(c)
	if refused != nil {
		return *refused
	}
	var id [8]byte
	if _, err := io.ReadFull(s.random, id[:]); err != nil {
		return s.refuse(noRandomness)
	}
	r := &registered{id: "registered-" + hex.EncodeToString(id[:]), issuedAt: s.Now(), metadata: metadata}
	if err := errors.Join(s.newSecret(r), s.newToken(r)); err != nil {
		return s.refuse(noRandomness)
	}
	s.registered[r.id] = r
	s.enter(r)
	s.counters.Registrations++
	c.entry.ClientID = r.id
	return s.describe(c, r, http.StatusCreated)
}

// serveRegistered is the client configuration endpoint (RFC 7592 §2). Server.mu is held.
func (s *Server) serveRegistered(c *call) reply {
	r, on := s.registered[c.entry.ClientID], s.settings.Registration
	if r == nil || r.token == "" || c.bearer() != r.token {
		return s.refuseBearer() // §2.1: also for a client that does not exist
	}
	rotateToken, rotateSecret := on.RotateTokenOnRead, on.RotateSecretOnRead
	switch c.r.Method {
	case http.MethodDelete:
		delete(s.registered, r.id)
		delete(s.clients, r.id)
		s.counters.RegistrationDeletes++
		return reply{status: http.StatusNoContent, header: http.Header{"Cache-Control": {"no-store"}}}
	case http.MethodPut:
		metadata, refused := s.readMetadata(c)
		if refused == nil {
			refused = checkUpdate(r, metadata)
		}
		if refused != nil {
			return *refused
		}
		delete(metadata, "client_id")
		delete(metadata, "client_secret")
		r.metadata = metadata
		rotateToken, rotateSecret = on.RotateTokenOnUpdate, on.RotateSecretOnUpdate
		s.counters.RegistrationUpdates++
	default:
		s.counters.RegistrationReads++
	}
	var err error
	if rotateToken {
		err = s.newToken(r)
	}
	if rotateSecret || (r.secret == "") == r.hasSecret() {
		err = errors.Join(err, s.newSecret(r))
	}
	if err != nil {
		return s.refuse(noRandomness)
	}
	s.enter(r)
	return s.describe(c, r, http.StatusOK)
}

// checkUpdate checks what identifies the client in an update.
func checkUpdate(r *registered, metadata map[string]json.RawMessage) *reply {
	refuse := func(why string) *reply {
		answer := refuseMetadata("invalid_request", why)
		return &answer
	}
	for _, name := range managed() {
		if _, ok := metadata[name]; ok {
			return refuse(name + " must not be in an update")
		}
	}
	if text(metadata["client_id"]) != r.id {
		return refuse("client_id is missing, or that of another client")
	}
	if given, ok := metadata["client_secret"]; ok && text(given) != r.secret {
		return refuse("client_secret is not the one in use")
	}
	return nil
}

// readMetadata reads and checks client metadata (RFC 7591 §2).
func (s *Server) readMetadata(c *call) (map[string]json.RawMessage, *reply) {
	refuse := func(code, why string) (map[string]json.RawMessage, *reply) {
		answer := refuseMetadata(code, why)
		return nil, &answer
	}
	mediaType, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	metadata := map[string]json.RawMessage{}
	if mediaType != "application/json" || json.Unmarshal(c.body, &metadata) != nil {
		return refuse("invalid_client_metadata", "the body is not a JSON object")
	}
	c.entry.Parameters = strings.Join(sortedNames(metadata), " ")
	statement, on := text(metadata["software_statement"]), s.settings.Registration
	switch {
	case statement == "" && on.RequireSoftwareStatement:
		return refuse("invalid_software_statement", "a software statement is needed")
	case statement == "sbx-refused":
		return refuse("unapproved_software_statement", "this software is not approved here")
	case metadata["jwks"] != nil && metadata["jwks_uri"] != nil:
		return refuse("invalid_client_metadata", "jwks and jwks_uri must not both be there")
	}
	defaults := map[string]string{
		"token_endpoint_auth_method": `"client_secret_basic"`, "grant_types": `["authorization_code"]`, "response_types": `["code"]`,
	}
	for name, value := range defaults {
		if metadata[name] == nil {
			metadata[name] = json.RawMessage(value)
		}
	}
	if on.GrantScope != "" {
		metadata["scope"] = json.RawMessage(quote(on.GrantScope))
	}
	var uris, grants []string
	if json.Unmarshal(metadata["grant_types"], &grants) != nil {
		return refuse("invalid_client_metadata", "grant_types is not a list")
	}
	if raw := metadata["redirect_uris"]; raw != nil && json.Unmarshal(raw, &uris) != nil {
		return refuse("invalid_redirect_uri", "redirect_uris is not a list")
	}
	if len(uris) == 0 && slices.Contains(grants, "authorization_code") {
		return refuse("invalid_redirect_uri", "redirect_uris is needed for authorization_code")
	}
	for _, uri := range uris {
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() || strings.Contains(uri, "#") || u.Host == "refused.example" {
			return refuse("invalid_redirect_uri", "a redirect URI is not accepted")
		}
	}
	return metadata, nil
}

// describe is the client information response (RFC 7591 §3.2.1, RFC 7592 §3).
func (s *Server) describe(c *call, r *registered, status int) reply {
	members := object{{"client_id", quote(r.id)}, {"client_id_issued_at", strconv.FormatInt(r.issuedAt.Unix(), 10)}}
	if r.secret != "" {
		end := int64(0)
		if !r.expiresAt.IsZero() {
			end = r.expiresAt.Unix()
		}
		members = append(members, member{"client_secret", quote(r.secret)}, member{"client_secret_expires_at", strconv.FormatInt(end, 10)})
	}
	if !s.settings.Registration.NoManagement {
		members = append(members, member{"registration_access_token", quote(r.token)},
			member{"registration_client_uri", quote(c.issuer + pathRegistered + r.id)})
	}
	for _, name := range sortedNames(r.metadata) {
		members = append(members, member{name, string(r.metadata[name])})
	}
	return tokenReply(status, members)
}

// hasSecret tells whether the client authenticates by a secret.
func (r *registered) hasSecret() bool {
	method := text(r.metadata["token_endpoint_auth_method"])
	return strings.HasPrefix(method, "client_secret_")
}

func (s *Server) newSecret(r *registered) error {
	r.secret, r.expiresAt = "", time.Time{}
	if !r.hasSecret() {
		return nil
	}
	secret, err := s.mint(SecretClient)
	if err != nil {
		return err
	}
	r.secret = secret
	if d := s.settings.ClientSecretLifetime; d > 0 {
		r.expiresAt = s.Now().Add(d)
	}
	return nil
}

func (s *Server) newToken(r *registered) (err error) {
	if s.settings.Registration.NoManagement {
		return nil
	}
	r.token, err = s.mint(SecretRegistration)
	return err
}

// enter makes the client known to the other endpoints.
func (s *Server) enter(r *registered) {
	c := Client{
		ID: r.id, Secret: r.secret, AuthMethod: text(r.metadata["token_endpoint_auth_method"]), Scopes: strings.Fields(text(r.metadata["scope"])),
	}
	_ = json.Unmarshal(r.metadata["redirect_uris"], &c.RedirectURIs) // checked
	s.clients[r.id] = c
}

func text(raw json.RawMessage) string {
	var t string
	_ = json.Unmarshal(raw, &t) // anything else is no text
	return t
}

// RegisteredClient is a client that has registered itself, as the server knows it.
type RegisteredClient struct {
	ID        string                     `json:"client_id"`
	Secret    string                     `json:"client_secret,omitempty"`
	Token     string                     `json:"registration_access_token,omitempty"` // empty: there is none that is good
	ExpiresAt time.Time                  `json:"client_secret_expires_at"`
	Metadata  map[string]json.RawMessage `json:"metadata"`
}

// Registrations returns the clients that have registered themselves and are still there, by the time of their registration.
func (s *Server) Registrations() []RegisteredClient {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []RegisteredClient{}
	for _, r := range s.registered {
		all = append(all, RegisteredClient{r.id, r.secret, r.token, r.expiresAt, maps.Clone(r.metadata)})
	}
	slices.SortFunc(all, func(a, b RegisteredClient) int {
		return cmp.Or(s.registered[a.ID].issuedAt.Compare(s.registered[b.ID].issuedAt), strings.Compare(a.ID, b.ID))
	})
	return all
}

// RegistrationChange is what somebody else does to a registration.
type RegistrationChange struct {
	ClientID    string                     `json:"client_id"` // empty: the only one
	Set         map[string]json.RawMessage `json:"set"`
	Remove      []string                   `json:"remove"`
	Delete      bool                       `json:"delete"`
	RevokeToken bool                       `json:"revoke_token"` // nothing takes its place
}

// ChangeRegistration carries it out, past every endpoint.
func (s *Server) ChangeRegistration(change RegistrationChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.registered[change.ClientID]
	if only := slices.Collect(maps.Values(s.registered)); change.ClientID == "" && len(only) == 1 {
		r = only[0]
	}
	if r == nil {
		return fmt.Errorf("there is no registered client %q", change.ClientID)
	}
	for name, value := range change.Set {
		if !json.Valid(value) {
			return fmt.Errorf("%s is not JSON", name)
		}
		r.metadata[name] = bytes.Clone(value)
	}
	for _, name := range change.Remove {
		delete(r.metadata, name)
	}
	s.enter(r)
	if change.RevokeToken {
		r.token = ""
	}
	if change.Delete {
		delete(s.registered, r.id)
		delete(s.clients, r.id)
	}
	return nil
}
