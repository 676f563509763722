package oauth

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// AuthorizationRequest is what a person takes to the authorization endpoint (RFC 6749 §4.1.1).
type AuthorizationRequest struct {
	Endpoint     string // may be http: the browser opens it, and callers apply CheckEndpoint as strictly as they want
	ClientID     string
	RedirectURI  string            // empty: the one that is registered
	State        string            // required
	CodeVerifier secret.String     // empty: no PKCE; else its S256 challenge is sent
	Scopes       []string          // none: scope is not sent
	Separator    string            // between scopes; empty: a space (RFC 6749 §3.3)
	Resource     []string          // RFC 8707 §2.1: each a parameter of its own
	Audience     []string          // likewise; no RFC knows it here
	Implicit     bool              // ask for an access token instead of a code (RFC 6749 §4.2.1)
	Extra        map[string]string // further parameters; none may belong to the protocol or stand in the endpoint's query
	Thumbprint   string            // of the key that the tokens are to be bound to (RFC 9449 §10); empty: dpop_jkt is not sent
}

// authorizationParameters lists what belongs to the protocol (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 9126 §4, RFC 9449 §10).
func authorizationParameters() []string {
	return []string{
		"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "request_uri", "dpop_jkt",
	}
}

// AuthorizationURL returns the URL to open in a browser. The endpoint keeps its own query (RFC 6749 §3.1). The same
// request always gives the same URL.
func AuthorizationURL(r AuthorizationRequest) (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	var options []oauth2.AuthCodeOption
	for name, value := range r.Extra {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	if r.Thumbprint != "" {
		options = append(options, oauth2.SetAuthURLParam("dpop_jkt", r.Thumbprint))
	}
	if !r.CodeVerifier.IsEmpty() {
		options = append(options, oauth2.S256ChallengeOption(r.CodeVerifier.Reveal()))
	}
	scopes := normalScopes(r.Scopes)
	if r.Separator != "" && len(scopes) > 0 {
		scopes = []string{strings.Join(scopes, r.Separator)}
	}
	config := oauth2.Config{
		ClientID:    r.ClientID,
		RedirectURL: r.RedirectURI,
		Scopes:      scopes,
		Endpoint:    oauth2.Endpoint{AuthURL: r.Endpoint},
	}
	if r.Implicit {
		options = append(options, oauth2.SetAuthURLParam("response_type", "token"))
	}
	text := config.AuthCodeURL(r.State, options...)
	if targets := r.targets(); len(targets) > 0 { // which may come more than once
		text += "&" + targets.Encode()
	}
	return text, nil
}

func (r AuthorizationRequest) targets() url.Values {
	targets := url.Values{}
	if len(r.Resource) > 0 {
		targets["resource"] = r.Resource
	}
	if len(r.Audience) > 0 {
		targets["audience"] = r.Audience
	}
	return targets
}

func (r AuthorizationRequest) check() error {
	if err := CheckEndpoint(r.Endpoint, true); err != nil {
		return err
	}
	if r.ClientID == "" {
		return fmt.Errorf("%w: there is no client id", ErrRequest)
	}
	if r.State == "" {
		return fmt.Errorf("%w: there is no state", ErrRequest)
	}
	if !r.CodeVerifier.IsEmpty() {
		if err := CheckCodeVerifier(r.CodeVerifier); err != nil {
			return err
		}
	}
	if _, err := targetFields(r.Resource, r.Audience); err != nil {
		return err
	}
	protocol := slices.AppendSeq(authorizationParameters(), maps.Keys(r.targets()))
	if err := checkExtra(slices.Sorted(maps.Keys(r.Extra)), protocol); err != nil {
		return err
	}
	return r.checkRepeated()
}

// checkRepeated finds parameters that would stand in the URL twice, which RFC 6749 §3.1 forbids.
func (r AuthorizationRequest) checkRepeated() error {
	u, err := url.Parse(r.Endpoint)
	if err != nil {
		return endpointError("it is not a URL")
	}
	for _, name := range slices.Sorted(maps.Keys(u.Query())) {
		if _, ok := r.Extra[name]; ok || slices.Contains(authorizationParameters(), name) || r.targets().Has(name) {
			return fmt.Errorf("%w: parameter %q stands in the query of the authorization endpoint already", ErrRequest, name)
		}
	}
	return nil
}
