package login

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// CheckClient says what is wrong with a client that no configuration has been validated for, before anything is written or sent. Its
// errors quote no secret.
func CheckClient(c credential.Client, find credential.Presets, insecure, device bool) error {
	preset := credential.Preset{}
	if c.Platform != "" {
		var err error
		if preset, err = find(c.Platform, c.PlatformParameters, ""); err != nil {
			return err
		}
	}
	if c.ClientID == "" {
		return errors.New("the client has no client_id")
	}
	known := c.Issuer != "" || preset.Issuer != ""
	pushes := c.RequirePushedAuthorizationRequests && !known
	for _, e := range []struct {
		name, url string
		needed    bool
	}{
		{"issuer", c.Issuer, false},
		{"token_endpoint", c.TokenEndpoint, !known && preset.TokenEndpoint == ""},
		{"authorization_endpoint", c.AuthorizationEndpoint, !device && !known && preset.AuthorizationEndpoint == ""},
		{"device_authorization_endpoint", c.DeviceAuthorizationEndpoint, device && !known && preset.DeviceAuthorizationEndpoint == ""},
		{"pushed_authorization_request_endpoint", c.PushedAuthorizationRequestEndpoint, pushes && preset.PushedAuthorizationRequestEndpoint == ""},
		{"revocation_endpoint", c.RevocationEndpoint, false},
	} {
		switch {
		case e.url == "" && e.needed:
			return fmt.Errorf("the client has no %s, and neither a platform nor an issuer tells it", e.name)
		case e.url == "":
			continue
		}
		if err := oauth.CheckEndpoint(e.url, insecure); err != nil {
			return fmt.Errorf("%s cannot be used: %w", e.name, err)
		}
	}
	if !c.PrivateKey.IsEmpty() {
		if _, err := oauth.ParsePrivateKey(c.PrivateKey, c.PrivateKeyID, ""); err != nil {
			return fmt.Errorf("the private key cannot be used: %w", err)
		}
	}
	return nil
}

// CheckRedirectURI says what is wrong with a redirect URI (RFC 6749 §3.1.2).
func CheckRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil, u.Scheme == "", (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() == "":
		return errors.New("it is no absolute URI")
	case strings.Contains(uri, "#"):
		return errors.New("it has a fragment")
	case len(uri) > 2048, strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("it is too long, or holds white space")
	}
	return nil
}

// CheckRequest says what is wrong with the parameters that a request is to carry.
func CheckRequest(r Request) error {
	var err error
	switch {
	case r.Device != nil:
		_, err = oauth.DeviceForm(r.Device.Scopes, "", r.Device.Resource, r.Device.Audience, r.Device.Extra)
	case r.Code != nil:
		_, err = oauth.AuthorizationURL(oauth.AuthorizationRequest{
			Endpoint: "https://authorization.invalid/authorize", ClientID: "id", RedirectURI: r.Code.RedirectURI, State: "state",
			CodeVerifier: secret.New(strings.Repeat("v", 43)), Scopes: r.Code.Scopes,
			Resource: r.Code.Resource, Audience: r.Code.Audience, Extra: r.Code.Extra,
		})
	}
	return err
}
