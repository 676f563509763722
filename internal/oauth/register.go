package oauth

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Registration is what a server says of a client that is registered with it (RFC 7591 §3.2.1, RFC 7592 §3).
type Registration struct {
	ClientID     string        // empty: not said
	ClientSecret secret.String // empty: not said, or there is none
	IssuedAt     time.Time     // zero: not said
	// SecretExpiresAt is when the secret ends; zero: never if SecretExpirySaid, else it is not said.
	SecretExpiresAt  time.Time
	SecretExpirySaid bool
	Token            secret.String // registration_access_token; empty: not said
	URI              string        // registration_client_uri; empty: not said
	// Metadata are all other members: compact JSON by name.
	Metadata map[string]secret.String
	Salvaged bool // the body was damaged; these are the members that could be read whole
	// TokenLost: there is a registration access token in a form that cannot be sent back, or one may have stood in what could
	// not be read.
	TokenLost bool
	Notes     []string // remarks for people, without anything from the reply
}

// Remarks about members of a registration.
const (
	noteSecretExpiry = "client_secret_expires_at is not a usable number of seconds"
	noteRegistration = "registration_access_token cannot be sent back as it is"
)

// registrationMember finds a whole member that must not be lost, wherever it stands in a damaged text.
var registrationMember = regexp.MustCompile(
	`"(registration_access_token|registration_client_uri|client_secret|client_id)"[ \t\r\n]*:[ \t\r\n]*("(?:[^"\\\x00-\x1f]|\\["\\/bfnrtu])+")`)

// JudgeRegistration says what r means as the answer to a call that registers, reads or updates a client; creates tells
// the first from the others. It is pure. hidden as in Judge.
//
// A 2xx that names the client is a success, and so is one to a read or an update that leaves the name out. A damaged one
// counts if it shows what must not be lost; else nobody knows what the server has handed out.
func JudgeRegistration(r Reply, creates bool, hidden ...secret.String) (Registration, Verdict) {
	if v, ok := unanswered(r); ok {
		return Registration{}, v
	}
	o := readObjectWith(r, registrationMember)
	said := readRegistration(o)
	counts := said.ClientID != ""
	if !creates {
		_, refuses := o.members["error"]
		counts = o.whole && !refuses || !said.Token.IsEmpty() || !said.ClientSecret.IsEmpty()
	}
	if isSuccess(r.Status) && counts {
		return said, Verdict{Class: Success, Status: r.Status}
	}
	return Registration{}, judgeManaging(r, o, creates, append(slices.Clone(hidden), said.Token, said.ClientSecret))
}

// JudgeDeregistration says what r means as the answer to a DeleteRegistrationRequest: any 2xx is Success.
func JudgeDeregistration(r Reply, hidden ...secret.String) Verdict {
	if v, ok := unanswered(r); ok {
		return v
	}
	if isSuccess(r.Status) {
		return Verdict{Class: Success, Status: r.Status}
	}
	return judgeManaging(r, readObject(r), false, hidden)
}

// judgeManaging judges what is no success. With a registration access token 401 says that this token is no good: it is not
// valid any more, or the client is gone (RFC 7592 §2.1). Any other 4xx is a refusal; nothing here is used up by one.
func judgeManaging(r Reply, o object, creates bool, hidden []secret.String) Verdict {
	hide := newHider(hidden)
	said := readRefusal(o)
	if said.code == "" {
		said.code, said.description = challenge(r.Header)
	}
	v := Verdict{
		Class: OutcomeUnknown, Status: r.Status, Code: hide.words(said.code, maxCode), Description: hide.words(said.description, maxDescription),
		ErrorURI: webAddress(hide.words(said.uri, math.MaxInt)), RetryAfter: retryAfter(r.Header), Err: r.Err,
	}
	switch {
	case isSuccess(r.Status) && said.code != "" && o.whole: // an error in a success, as some servers say it
		v.Class = Configuration
	case r.Status == http.StatusTooManyRequests:
		v.Class = RateLimited
	case r.Status == http.StatusUnauthorized && creates:
		v.Class = BadClient
	case r.Status == http.StatusUnauthorized:
		v.Class = Reauthorize
	case r.Status == http.StatusRequestTimeout:
	case r.Status >= 300 && r.Status < 500:
		v.Class = Configuration
	}
	return v
}

var challengeWord = regexp.MustCompile(`(error|error_description)="([^"]*)"`)

// challenge reads the words of a refused bearer token, which need not stand in a body (RFC 6750 §3).
func challenge(header http.Header) (code, description string) {
	for _, found := range challengeWord.FindAllStringSubmatch(header.Get("WWW-Authenticate"), -1) {
		if found[1] == "error" {
			code = found[2]
		} else {
			description = found[2]
		}
	}
	return code, description
}

func readRegistration(o object) Registration {
	rest := maps.Clone(o.members)
	take := func(name string) member {
		m := rest[name]
		delete(rest, name)
		return m
	}
	text := func(name string) string {
		if m := take(name); m.isString || number.MatchString(m.text) { // a number is taken by its digits
			return m.text
		}
		return ""
	}
	r := Registration{
		ClientID: text("client_id"), ClientSecret: secret.New(text("client_secret")), IssuedAt: readEpoch(text("client_id_issued_at")),
		URI: text("registration_client_uri"), Salvaged: !o.whole, Notes: slices.Clone(o.notes),
	}
	expiry, given := rest["client_secret_expires_at"]
	switch at := readEpoch(take("client_secret_expires_at").text); {
	case !given || expiry.isEmpty():
	case strings.TrimSpace(expiry.text) == "0", !at.IsZero():
		r.SecretExpiresAt, r.SecretExpirySaid = at, true
	default:
		r.Notes = append(r.Notes, noteSecretExpiry)
	}
	token, given := rest["registration_access_token"]
	r.Token = secret.New(text("registration_access_token"))
	if given && !token.isEmpty() && (r.Token.IsEmpty() || CheckBearer(r.Token) != nil) {
		r.Token, r.TokenLost = secret.String{}, true
		r.Notes = append(r.Notes, noteRegistration)
	}
	r.TokenLost = r.TokenLost || r.Salvaged && r.Token.IsEmpty()
	r.Metadata = map[string]secret.String{}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		m := rest[name]
		switch {
		case !m.isString && m.text == "null": // as good as absent
		case len(r.Metadata) == maxExtra || len(name) > maxMemberName || len(m.text) > maxToken:
			r.Notes = append(r.Notes, noteDroppedMembers)
		case m.isString:
			r.Metadata[name] = secret.New(JSONText(m.text))
		default:
			r.Metadata[name] = secret.New(m.text)
		}
	}
	return r
}

// JSONText is text as a JSON string.
func JSONText(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // every text has a JSON form
	return strings.TrimSpace(b.String())
}

// textOf is what a JSON string means; empty for any other value.
func textOf(value secret.String) string {
	var text string
	if json.Unmarshal([]byte(value.Reveal()), &text) != nil {
		return ""
	}
	return text
}

func isJSON(text string) bool { return json.Valid([]byte(text)) }
