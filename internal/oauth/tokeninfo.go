package oauth

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TokenInfo is all that a server says of a token (RFC 7662 §2.2). Of an inactive one nothing else is believed.
type TokenInfo struct {
	Introspection
	NotBefore                            time.Time // zero: not said, or not usable
	Scope, ClientID, Username, TokenType string
	Subject, Issuer, ID                  string
	Audience                             []string
	Extra                                map[string]secret.String // every other member: texts as they are, anything else as compact JSON
}

var (
	errNoIntrospection = errors.New("the answer is not one of RFC 7662")

	errRepeated  = errors.New("the answer says something twice, so that nobody can tell which counts")
	errSignedJWT = errors.New("the answer is a signed JWT (RFC 9701), which this version does not read; have the server answer in JSON")
)

// JudgeIntrospection says what r means as the answer to an IntrospectForm. The info is of Success only. For the rest and for
// hidden see Judge.
func JudgeIntrospection(r Reply, hidden ...secret.String) (TokenInfo, Verdict) {
	if v, ok := unanswered(r); ok {
		return TokenInfo{}, v
	}
	if r.Err != nil || !isSuccess(r.Status) {
		v := Dialect{}.refused(r, Dialect{}.content(r), hidden)
		switch { // no token hangs on the answer, so a status alone is enough of a refusal
		case v.Class != OutcomeUnknown:
		case r.Status == http.StatusUnauthorized:
			v.Class = BadClient
		case r.Status/100 == 4:
			v.Class = Configuration
		}
		return TokenInfo{}, v
	}
	info, err := readTokenInfo(r)
	if err != nil {
		return TokenInfo{}, Verdict{Class: OutcomeUnknown, Status: r.Status, Err: err}
	}
	return info, Verdict{Class: Success, Status: r.Status}
}

func readTokenInfo(r Reply) (TokenInfo, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && strings.HasSuffix(kind, "jwt") {
		return TokenInfo{}, errSignedJWT
	}
	o := readObject(r)
	active := o.members["active"].text // RFC 7662 requires it; some servers send a text
	switch {
	case !o.whole || active != "true" && active != "false":
		return TokenInfo{}, errNoIntrospection
	case slices.Contains(o.notes, noteRepeated):
		return TokenInfo{}, errRepeated
	case active == "false": // §2.2: a server SHOULD NOT say more; what it says all the same is of no token in use
		return TokenInfo{}, nil
	}
	said := Introspection{Active: true, ExpiresAt: readEpoch(o.members["exp"].text), IssuedAt: readEpoch(o.members["iat"].text)}
	info := TokenInfo{Introspection: said, NotBefore: readEpoch(o.members["nbf"].text)}
	for name, into := range map[string]*string{
		"client_id": &info.ClientID, "username": &info.Username, "token_type": &info.TokenType, "sub": &info.Subject,
		"iss": &info.Issuer, "jti": &info.ID,
	} {
		if m := o.members[name]; !m.isEmpty() && (m.isString || number.MatchString(m.text)) {
			*into = m.text
			delete(o.members, name)
		}
	}
	// Some servers list the scopes instead.
	if texts, ok := textsOf(o.members["scope"]); ok {
		info.Scope = strings.Join(texts, " ")
		delete(o.members, "scope")
	}
	if texts, ok := textsOf(o.members["aud"]); ok { // RFC 7519 §4.1.3: one, or a list
		info.Audience = texts
		delete(o.members, "aud")
	}
	for name, at := range map[string]time.Time{"exp": said.ExpiresAt, "iat": said.IssuedAt, "nbf": info.NotBefore} {
		if !at.IsZero() { // what cannot be read as a time stays as it is
			delete(o.members, name)
		}
	}
	delete(o.members, "active")
	for name, m := range o.members {
		if m.isEmpty() {
			continue
		}
		if info.Extra == nil {
			info.Extra = map[string]secret.String{}
		}
		info.Extra[name] = secret.New(m.text)
	}
	return info, nil
}

// textsOf reads a text or a list of texts.
func textsOf(m member) ([]string, bool) {
	if m.isString {
		return []string{m.text}, m.text != ""
	}
	var texts []string
	if !strings.HasPrefix(m.text, "[") || json.Unmarshal([]byte(m.text), &texts) != nil || len(texts) == 0 {
		return nil, false
	}
	return texts, true
}
