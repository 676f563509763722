package oauth

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Bounds of what is taken from a reply.
const (
	maxToken      = 256 << 10 // bytes of one extra value; tokens have no bound but the body's
	maxExtra      = 1000      // members
	maxMemberName = 256       // bytes
)

// Token is a successful reply (RFC 6749 §5.1).
type Token struct {
	AccessToken           secret.String // empty: there is only a successor
	RefreshToken          secret.String // empty: the server gave none, and the one that was sent stays good
	IDToken               secret.String
	TokenType             string
	ExpiresIn             time.Duration            // whole seconds; 0: not said, or not usable
	RefreshTokenExpiresIn time.Duration            // how long it lives unless it is used; 0: not said; NoEnd: without end
	AuthorizationEndsIn   time.Duration            // how long it and its successors live in all; likewise
	Scopes                []string                 // sorted, each once; nil: not said
	Extra                 map[string]secret.String // every other member: strings as they are, anything else compact JSON
	Salvaged              bool                     // the body was damaged; these are the members that could be read whole
	Wait                  time.Duration            // the server refused for now, and gave a successor all the same; 0: it did not
	ExpiryUnusable        bool                     // there is an expires_in that tells nothing
	SuccessorLost         bool                     // there is a refresh_token, in a form that cannot be sent back
	Notes                 []string                 // remarks for people, without anything from the reply
}

// Remarks about members.
const (
	noteNoAccessToken  = "the reply has no access token"
	noteNoExpiry       = "the reply does not say expires_in"
	noteExpiry         = "expires_in is not a usable number of seconds"
	noteRefreshExpiry  = "the refresh token's lifetime is not a usable number of seconds"
	noteScope          = "scope is neither a text nor a list of texts"
	noteDroppedMembers = "the reply has too many or too large members; some were left out"
)

// readToken reads the token that o holds, and tells whether there is one.
func (d Dialect) readToken(o object) (Token, bool) {
	r := tokenReader{object: o, separator: d.ScopeSeparator, rest: maps.Clone(o.members), unusable: map[string]bool{}}
	t := Token{
		AccessToken:  r.secret("access_token"),
		RefreshToken: r.secret("refresh_token"),
		IDToken:      r.secret("id_token"),
		TokenType:    r.tokenType(),
		ExpiresIn:    r.expiresIn(),
		Scopes:       r.scopes(),
		Salvaged:     !o.whole,
	}
	t.RefreshTokenExpiresIn, t.AuthorizationEndsIn = r.deadlines(d.Expiries) // after what no dialect may take for a deadline
	t.Extra = r.extra()
	t.ExpiryUnusable = slices.Contains(r.notes, noteExpiry)
	t.SuccessorLost = r.unusable["refresh_token"]
	if t.AccessToken.IsEmpty() {
		r.note(noteNoAccessToken)
	}
	t.Notes = r.notes
	return t, !t.AccessToken.IsEmpty() || !t.RefreshToken.IsEmpty()
}

// tokenReader takes known members out of rest, until only the extra ones are left.
type tokenReader struct {
	object
	separator string // of scopes; empty: white space
	rest      map[string]member
	unusable  map[string]bool // tokens that are there and cannot be read
}

// take returns a member. null is as good as absent.
func (r *tokenReader) take(name string) (member, bool) {
	m, ok := r.rest[name]
	delete(r.rest, name)
	return m, ok && (m.isString || m.text != "null" && m.text != "false") // PHP says false for none
}

// secret returns a token. A number is taken by its digits, as it was written; a list, an object or a truth value cannot be
// sent back in a form.
func (r *tokenReader) secret(name string) secret.String {
	m, ok := r.take(name)
	if !ok || m.isEmpty() {
		return secret.String{}
	}
	if !m.isString && !isNumber(m.text) {
		r.note(name + " is not a usable token")
		r.unusable[name] = true
		return secret.String{}
	}
	if strings.ContainsRune(m.text, utf8.RuneError) {
		r.note(name + " has characters that could not be read")
	}
	return secret.New(m.text)
}

func isNumber(text string) bool { return text[0] == '-' || text[0] >= '0' && text[0] <= '9' }

func (r *tokenReader) tokenType() string {
	m, ok := r.take("token_type")
	if !ok {
		return ""
	}
	if !m.isString || plain(m.text, maxCode) != m.text {
		r.note("token_type is not a usable text")
		return ""
	}
	return m.text
}

func (r *tokenReader) expiresIn() time.Duration {
	m, ok := r.take("expires_in")
	if !ok {
		r.note(noteNoExpiry)
		return 0
	}
	lifetime, ok := readSeconds(m.text)
	if !ok {
		r.note(noteExpiry)
	}
	return lifetime
}

// NoEnd is the lifetime of what does not end.
const NoEnd = maxLifetime + 1

// deadlines reads what a reply says of the refresh token's life: both names in use, and those of the dialect. Zero is no fault
// here: Keycloak says so of a token without end.
func (r *tokenReader) deadlines(own []Expiry) (idle, absolute time.Duration) {
	for _, e := range slices.Concat(own, []Expiry{{Member: "refresh_expires_in"}, {Member: "refresh_token_expires_in"}}) {
		m, ok := r.take(e.Member)
		if !ok {
			continue
		}
		said, ok := readSeconds(m.text)
		switch {
		case strings.TrimSpace(m.text) == "0":
			said = NoEnd
		case !ok:
			r.note(noteRefreshExpiry)
			continue
		}
		if e.Absolute {
			absolute = said
		} else {
			idle = said
		}
	}
	return idle, absolute
}

// scopes also takes a JSON list, which some servers send against RFC 6749 §3.3.
func (r *tokenReader) scopes() []string {
	m, ok := r.take("scope")
	switch {
	case !ok:
		return nil
	case m.isString && r.separator != "":
		return splitScopes(strings.ReplaceAll(m.text, r.separator, " "))
	case m.isString:
		return splitScopes(m.text)
	}
	list, ok := readStrings(m.text)
	if !ok {
		r.note(noteScope)
		return nil
	}
	return splitScopes(strings.Join(list, " "))
}

func (r *tokenReader) extra() map[string]secret.String {
	extra := map[string]secret.String{}
	for _, name := range slices.Sorted(maps.Keys(r.rest)) {
		m := r.rest[name]
		if len(extra) == maxExtra || len(name) > maxMemberName || len(m.text) > maxToken {
			r.note(noteDroppedMembers)
			continue
		}
		extra[name] = secret.New(m.text)
	}
	return extra
}

// readStrings reads a JSON list of strings.
func readStrings(text string) ([]string, bool) {
	var list []string
	err := json.Unmarshal([]byte(text), &list)
	return list, err == nil
}
