package oauth

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// maxBearer bounds a token that goes into a header. With more the header could leave before the gate of its request is asked.
const maxBearer = 32 << 10

// managing is a call about a registration: a JSON object, or nothing, sent with a bearer token (RFC 6750 §2.1), or none.
type managing struct {
	method  string
	token   secret.String
	members map[string]secret.String // JSON by name; nil: no content
}

// RegisterRequest registers a client (RFC 7591 §3.1). metadata are JSON values by name. Without an initial access token the
// server has to be open to everybody.
func RegisterRequest(endpoint string, metadata map[string]secret.String, initial secret.String) Request {
	return Request{Endpoint: endpoint, manages: &managing{http.MethodPost, initial, notNil(metadata)}}
}

// ReadRegistrationRequest asks what the server knows of a client (RFC 7592 §2.1).
func ReadRegistrationRequest(uri string, token secret.String) Request {
	return Request{Endpoint: uri, manages: &managing{http.MethodGet, token, nil}}
}

// UpdateRegistrationRequest replaces the metadata of a client by what is given, all of it (RFC 7592 §2.2).
func UpdateRegistrationRequest(uri string, metadata map[string]secret.String, token secret.String) Request {
	return Request{Endpoint: uri, manages: &managing{http.MethodPut, token, notNil(metadata)}}
}

// DeleteRegistrationRequest makes the server forget a client (RFC 7592 §2.3).
func DeleteRegistrationRequest(uri string, token secret.String) Request {
	return Request{Endpoint: uri, manages: &managing{http.MethodDelete, token, nil}}
}

func notNil(m map[string]secret.String) map[string]secret.String {
	if m == nil {
		return map[string]secret.String{}
	}
	return m
}

// Hidden are the secrets of r that a server may quote in what it says.
func (r Request) Hidden() []secret.String {
	if r.manages == nil {
		return nil
	}
	hidden := []secret.String{r.manages.token}
	for _, name := range []string{"client_secret", "software_statement"} {
		hidden = append(hidden, secret.New(textOf(r.manages.members[name])))
	}
	return hidden
}

// check tells why r cannot be sent.
func (r Request) check() error {
	if r.manages == nil {
		return r.Auth.Check()
	}
	if err := CheckBearer(r.manages.token); err != nil {
		return fmt.Errorf("%w: the token: %w", ErrRequest, err)
	}
	for name, value := range r.manages.members {
		if !isJSON(value.Reveal()) {
			return fmt.Errorf("%w: the metadata %s are not JSON", ErrRequest, name)
		}
	}
	return nil
}

// authMethod is how the client proves itself in r; empty: it does not, or with a token.
func (r Request) authMethod() string {
	if r.manages != nil {
		return ""
	}
	return r.Auth.Method
}

// CheckBearer tells why a token cannot stand in a header. No token at all can.
func CheckBearer(token secret.String) error {
	text := token.Reveal()
	switch {
	case len(text) > maxBearer:
		return fmt.Errorf("it is longer than %d bytes", maxBearer)
	case strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }):
		return fmt.Errorf("it holds characters that cannot be sent")
	}
	return nil
}

// values are what goes into the form of r and, if there is none, what nobody else may see.
func (r Request) values() url.Values {
	if r.manages == nil {
		return r.Form.values()
	}
	v := url.Values{}
	for _, s := range r.Hidden() {
		v.Add("hidden", s.Reveal())
	}
	return v
}

// apply makes request the call, and returns its content.
func (m *managing) apply(request *http.Request) (text string) {
	request.Method = m.method
	if !m.token.IsEmpty() {
		request.Header.Set("Authorization", "Bearer "+m.token.Reveal())
	}
	if m.members == nil {
		return ""
	}
	request.Header.Set("Content-Type", "application/json")
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(m.members)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(JSONText(name) + ":" + m.members[name].Reveal())
	}
	b.WriteByte('}')
	return b.String()
}
