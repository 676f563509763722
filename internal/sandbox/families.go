package sandbox

import (
	"errors"
	"fmt"
	"time"
)

// RevokeReason says why a family was revoked.
type RevokeReason string

// The reasons.
const (
	RevokedByReuse      RevokeReason = "reuse"
	RevokedByCodeReplay RevokeReason = "code_replay"
	RevokedByClient     RevokeReason = "revocation"
	RevokedByAdmin      RevokeReason = "admin"
	RevokedByLimit      RevokeReason = "limit" // a later authorization of the same user and client took its place
)

// Family tells how one authorization stands.
type Family struct {
	ID       string `json:"family"`
	ClientID string `json:"client_id"`
	User     string `json:"user"`
	// RefreshToken is the newest refresh token that would be accepted now, empty if there is none. Go only.
	RefreshToken string `json:"-"`
	// RefreshTokenID is TokenID of RefreshToken.
	RefreshTokenID string `json:"refresh_token_id"`
	// Generation counts the refresh tokens issued, the first included.
	Generation int `json:"generation"`
	// Refreshes counts the successful refreshes.
	Refreshes int `json:"refreshes"`
	// LiveRefreshTokens and LiveAccessTokens count what would be accepted now.
	LiveRefreshTokens int          `json:"live_refresh_tokens"`
	LiveAccessTokens  int          `json:"live_access_tokens"`
	Revoked           bool         `json:"revoked"`
	RevokedBy         RevokeReason `json:"revoked_by,omitempty"`
}

// Current returns every family in the order of authorization, revoked ones included.
func (s *Server) Current() []Family {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	all := make([]Family, 0, len(s.families))
	for _, f := range s.families {
		all = append(all, f.view(now))
	}
	return all
}

func (f *family) view(now time.Time) Family {
	v := Family{
		ID: f.id, ClientID: f.clientID, User: f.user, Generation: f.generation, Refreshes: f.refreshes,
		Revoked: f.revoked != "", RevokedBy: f.revoked,
	}
	for _, t := range f.refreshTok {
		if t.accepted(now) && !t.expired(now) {
			v.LiveRefreshTokens++
			v.RefreshToken = t.value
		}
	}
	for _, t := range f.accessTok {
		if t.live(now) {
			v.LiveAccessTokens++
		}
	}
	v.RefreshTokenID = TokenID(v.RefreshToken)
	return v
}

// Issued is a token pair made outside of any flow.
type Issued struct {
	Family       string `json:"family"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	// ExpiresAt is when the access token expires; nil if it never does.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	ExpiresIn int        `json:"expires_in,omitempty"` // seconds
}

// Issue makes a token pair for client as if somebody had authorized it elsewhere. No counter moves.
func (s *Server) Issue(clientID string, scopes ...string) (Issued, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client, known := s.clients[clientID]
	if !known {
		return Issued{}, fmt.Errorf("unknown client %q", clientID)
	}
	granted, ok := client.grant(scopes)
	if !ok {
		return Issued{}, fmt.Errorf("client %q may not have these scopes", clientID)
	}
	access, refresh, err := s.startFamily(clientID, defaultUser, granted)
	if err != nil {
		return Issued{}, err
	}
	issued := Issued{Family: access.family.id, AccessToken: access.value, RefreshToken: refresh.value}
	if !access.expiresAt.IsZero() {
		issued.ExpiresAt = &access.expiresAt
		issued.ExpiresIn = int(access.expiresAt.Sub(s.Now()) / time.Second)
	}
	return issued, nil
}

// Plant makes the server know a refresh token that a server like it has issued to client before: for a state or a token store that
// is older than this process. Its family begins anew. No counter moves.
func (s *Server) Plant(clientID, refreshToken string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	client, known := s.clients[clientID]
	switch {
	case !known:
		return fmt.Errorf("unknown client %q", clientID)
	case refreshToken == "" || s.refreshes[refreshToken] != nil:
		return errors.New("the refresh token is empty or known already")
	}
	f := s.newFamily(clientID, defaultUser, client.Scopes)
	s.makeRoom(f)
	s.addRefresh(f, refreshToken, nil)
	return nil
}

// grant returns the scopes that asking for the given ones yields, and whether all of them may be had.
func (c Client) grant(asked []string) ([]string, bool) {
	if len(asked) == 0 {
		return c.Scopes, true
	}
	return asked, len(c.Scopes) == 0 || within(asked, c.Scopes)
}

// Revocation says what RevokeFamily revokes. Exactly one of RefreshToken, Family and All must be set.
type Revocation struct {
	RefreshToken string `json:"refresh_token,omitempty"` // any refresh token of the family, dead ones included
	Family       string `json:"family,omitempty"`
	All          bool   `json:"all,omitempty"`
	// Only limits it to the "refresh_tokens" or the "access_tokens" issued so far. The family then does not count as
	// revoked.
	Only string `json:"only,omitempty"`
}

// RevokeFamily revokes as an administrator would, behind the client's back, and returns the number of families it
// touched.
func (s *Server) RevokeFamily(what Revocation) (int, error) {
	chosen := 0
	for _, set := range []bool{what.RefreshToken != "", what.Family != "", what.All} {
		if set {
			chosen++
		}
	}
	if chosen != 1 {
		return 0, errors.New("exactly one of refresh_token, family and all must be given")
	}
	if what.Only != "" && what.Only != "refresh_tokens" && what.Only != "access_tokens" {
		return 0, fmt.Errorf("only is %q, not \"refresh_tokens\" or \"access_tokens\"", what.Only)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	touched := 0
	named := s.refreshes[what.RefreshToken]
	for _, f := range s.families {
		if what.All || f.id == what.Family || named != nil && named.family == f {
			touched++
			s.strike(f, what.Only)
		}
	}
	if touched == 0 && !what.All {
		return 0, errors.New("no such family")
	}
	return touched, nil
}

// strike revokes f, or only its tokens of one kind. Server.mu is held.
func (s *Server) strike(f *family, only string) {
	switch only {
	case "":
		s.kill(f, RevokedByAdmin)
	case "access_tokens":
		for _, t := range f.accessTok {
			t.revoked = true
		}
	default:
		for _, t := range f.refreshTok {
			if t.fate != spent { // a spent token stays recognisable as reused
				t.fate = killed
			}
		}
	}
}
