package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Metadata is what an authorization server says of itself (RFC 8414 §2). What is empty or nil it does not say.
type Metadata struct {
	Issuer                             string
	AuthorizationEndpoint              string
	TokenEndpoint                      string
	RevocationEndpoint                 string
	IntrospectionEndpoint              string
	RegistrationEndpoint               string
	DeviceAuthorizationEndpoint        string // RFC 8628 §4
	PushedAuthorizationRequestEndpoint string // RFC 9126 §5
	UserinfoEndpoint                   string // OpenID Connect Discovery 1.0 §3
	JWKSURI                            string

	GrantTypes                    []string
	ResponseTypes                 []string
	Scopes                        []string
	TokenEndpointAuthMethods      []string
	TokenEndpointAuthSigningAlgs  []string
	RevocationEndpointAuthMethods []string
	CodeChallengeMethods          []string
	DPoPSigningAlgs               []string // RFC 9449 §5.1

	RequiresPushing     bool              // require_pushed_authorization_requests (RFC 9126 §5)
	IssuerInResponses   bool              // authorization_response_iss_parameter_supported (RFC 9207 §3)
	MTLSEndpointAliases map[string]string // by the names of the endpoints (RFC 8705 §5)
}

// IssuerMismatchError says that a document describes another issuer than the one that was asked for. Nothing of it may be
// used (RFC 8414 §3.3): it is how one server would pass for another.
type IssuerMismatchError struct{ Asked, Named string }

// Error names both.
func (e *IssuerMismatchError) Error() string {
	text := fmt.Sprintf("it names the issuer %q, and must name %q to the letter (RFC 8414 §3.3)", plain(e.Named, maxDescription), e.Asked)
	if strings.TrimSuffix(e.Named, "/") == strings.TrimSuffix(e.Asked, "/") {
		text += "; the two differ in the slash at the end"
	}
	return text
}

// endpoints are the members that hold the URL of one, by their RFC 8414 names.
func (m *Metadata) endpoints() map[string]*string {
	return map[string]*string{
		"authorization_endpoint": &m.AuthorizationEndpoint, "token_endpoint": &m.TokenEndpoint,
		"revocation_endpoint": &m.RevocationEndpoint, "introspection_endpoint": &m.IntrospectionEndpoint,
		"registration_endpoint": &m.RegistrationEndpoint, "device_authorization_endpoint": &m.DeviceAuthorizationEndpoint,
		"pushed_authorization_request_endpoint": &m.PushedAuthorizationRequestEndpoint, "userinfo_endpoint": &m.UserinfoEndpoint,
		"jwks_uri": &m.JWKSURI,
	}
}

func (m *Metadata) lists() map[string]*[]string {
	return map[string]*[]string{
		"grant_types_supported": &m.GrantTypes, "response_types_supported": &m.ResponseTypes, "scopes_supported": &m.Scopes,
		"token_endpoint_auth_methods_supported":            &m.TokenEndpointAuthMethods,
		"token_endpoint_auth_signing_alg_values_supported": &m.TokenEndpointAuthSigningAlgs,
		"revocation_endpoint_auth_methods_supported":       &m.RevocationEndpointAuthMethods,
		"code_challenge_methods_supported":                 &m.CodeChallengeMethods,
		"dpop_signing_alg_values_supported":                &m.DPoPSigningAlgs,
	}
}

// ByCertificate is m for a client that shows a certificate: the endpoints that have an alias for that are at it (RFC 8705 §5), but
// for the one that a browser goes to.
func (m Metadata) ByCertificate() Metadata {
	for name, address := range m.endpoints() {
		if alias := m.MTLSEndpointAliases[name]; alias != "" && name != "authorization_endpoint" {
			*address = alias
		}
	}
	return m
}

// ParseMetadata reads the metadata of the given issuer. It is strict in what it knows, for tokens and secrets will go where the
// text says, and leaves alone what it does not know. An error about another issuer is an *IssuerMismatchError.
func ParseMetadata(text, issuer string, allowInsecureHTTP bool) (Metadata, error) {
	var members map[string]json.RawMessage // unlike a struct's, the names of a map's members are compared to the letter
	if err := json.Unmarshal([]byte(strings.TrimPrefix(text, "\uFEFF")), &members); err != nil || members == nil {
		return Metadata{}, errors.New("it is no JSON object")
	}
	var m Metadata
	read := reader{members: members}
	if read.into("issuer", &m.Issuer, "a text"); read.err != nil {
		return Metadata{}, read.err
	}
	if m.Issuer == "" {
		return Metadata{}, errors.New("it names no issuer")
	}
	if m.Issuer != issuer {
		return Metadata{}, &IssuerMismatchError{Asked: issuer, Named: m.Issuer}
	}
	addresses := m.endpoints()
	for _, name := range slices.Sorted(maps.Keys(addresses)) {
		read.into(name, addresses[name], "a text")
	}
	lists := m.lists()
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		read.into(name, lists[name], "a list of texts")
	}
	read.into("authorization_response_iss_parameter_supported", &m.IssuerInResponses, "true or false")
	read.into("require_pushed_authorization_requests", &m.RequiresPushing, "true or false")
	read.into("mtls_endpoint_aliases", &m.MTLSEndpointAliases, "an object of texts")
	if read.err != nil {
		return Metadata{}, read.err
	}
	if err := m.checkEndpoints(allowInsecureHTTP && !strings.HasPrefix(issuer, "https:"), strings.HasPrefix(issuer, "https:")); err != nil {
		return Metadata{}, err
	}
	return m, nil
}

// checkEndpoints checks all of them, used or not. What a server behind https names must be https, too: on loopback as well, where it
// would lead tokens to whoever listens on this machine.
func (m *Metadata) checkEndpoints(allowInsecureHTTP, secureOnly bool) error {
	all := map[string]string{}
	for name, address := range m.endpoints() {
		all[name] = *address
	}
	for name, address := range m.MTLSEndpointAliases {
		all["mtls_endpoint_aliases."+plain(name, maxCode)] = address
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] == "" {
			continue
		}
		if err := CheckEndpoint(all[name], allowInsecureHTTP); err != nil {
			return fmt.Errorf("its %s cannot be used: %w", name, err)
		}
		if secureOnly && !strings.HasPrefix(all[name], "https:") {
			return fmt.Errorf("its %s cannot be used: it is no https:// URL, and the issuer is one", name)
		}
	}
	return nil
}

// reader takes members one by one, until one is not what it must be.
type reader struct {
	members map[string]json.RawMessage
	err     error
}

// into reads the member name; one that is missing or null leaves v as it is.
func (r *reader) into(name string, v any, wants string) {
	raw, ok := r.members[name]
	if !ok || r.err != nil {
		return
	}
	if json.Unmarshal(raw, v) != nil { // its error may quote the text
		r.err = fmt.Errorf("its %s is not %s", name, wants)
	}
}
