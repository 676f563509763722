package oauth

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// The grant types of requests that a client makes without a person, by their names in the protocol.
const (
	GrantClientCredentials = "client_credentials"                              // RFC 6749 §4.4
	GrantPassword          = "password"                                        // RFC 6749 §4.3; RFC 9700 §2.4 forbids it
	GrantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"     // RFC 7523 §2.1
	GrantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693 §2.1
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"    // RFC 8628 §3.4
)

// GrantRequest is a token request of any grant but those that have a form of their own (RFC 6749 §4.5).
type GrantRequest struct {
	Type      string
	Scopes    []string // none: scope is not sent
	Separator string   // between scopes; empty: a space (RFC 6749 §3.3)
	Resource  []string // RFC 8707 §2: each a parameter of its own
	Audience  []string // RFC 8693 §2.1: likewise
	Own       map[string]secret.String
	Extra     map[string]string // neither the protocol's nor Own's
}

// Form is the request's body. A parameter of Own or Extra that belongs to the protocol is an error that names it.
func (r GrantRequest) Form() (Form, error) {
	if r.Type == "" {
		return Form{}, fmt.Errorf("%w: there is no grant_type", ErrRequest)
	}
	protocol := []field{
		{"grant_type", secret.New(r.Type)},
		{"scope", secret.New(strings.Join(normalScopes(r.Scopes), cmp.Or(r.Separator, " ")))},
	}
	targets, err := targetFields(r.Resource, r.Audience)
	if err != nil {
		return Form{}, err
	}
	protocol = append(protocol, targets...)
	if err := checkExtra(slices.Sorted(maps.Keys(r.Own)), reserved(protocol)); err != nil {
		return Form{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Own)) {
		protocol = append(protocol, field{name, r.Own[name]})
	}
	return newForm(protocol, r.Extra)
}

// targetFields are the parameters that say where the tokens are for. They belong to the protocol only where they are given: else
// an extra parameter may name one.
func targetFields(resource, audience []string) ([]field, error) {
	var fields []field
	for _, uri := range resource {
		if err := CheckResource(uri); err != nil {
			return nil, fmt.Errorf("%w: a resource cannot be used: %w (RFC 8707 §2)", ErrRequest, err)
		}
		fields = append(fields, field{"resource", secret.New(uri)})
	}
	for _, name := range audience {
		fields = append(fields, field{"audience", secret.New(name)})
	}
	return fields, nil
}

// CheckResource says why uri is no resource indicator: an absolute URI without a fragment (RFC 8707 §2).
func CheckResource(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "":
		return errors.New("it is not an absolute URI")
	case strings.Contains(uri, "#"):
		return errors.New("it has a fragment")
	}
	return nil
}
