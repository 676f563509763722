package platform

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// checker collects what is wrong with one entry, be it of the data or as a user has it.
type checker struct {
	e     Entry
	wrong []string
}

func (c *checker) when(bad bool, format string, args ...any) {
	if bad {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

// facts checks what can be told without the variables.
func (c *checker) facts() {
	c.enumerations()
	c.numbers()
	c.parameters()
	c.replies()
}

func (c *checker) webPage(what, text string) {
	u, err := url.Parse(text)
	c.when(err != nil || u.Scheme != "https" || u.Host == "", "%s: %q is no https address", what, text)
}

func (c *checker) endpointTemplates() map[string]string {
	all := map[string]string{}
	for _, f := range c.e.All() {
		if text, ok := f.Text(); ok && (strings.HasSuffix(f.Name, "_endpoint") || f.Name == "issuer") {
			all[f.Name] = text
		}
	}
	return all
}

// addresses checks those of an entry whose variables are filled in: the engine must be able to call them.
func (c *checker) addresses() {
	for name, address := range c.endpointTemplates() {
		err := oauth.CheckEndpoint(address, false)
		c.when(err != nil, "%s: %v", name, err)
		c.when(placeholder.MatchString(address), "%s: it has an unknown variable", name)
	}
	for _, l := range c.e.LookUps.Or(nil) {
		address := strings.ReplaceAll(l.URL, "{access_token}", "t")
		err := oauth.CheckEndpoint(address, false)
		c.when(err != nil, "look_ups %s: %v", l.Name, err)
		c.when(placeholder.MatchString(address), "look_ups %s: it has an unknown variable", l.Name)
	}
}

func (c *checker) enumerations() {
	e := c.e
	oneOf(c, "grant_types_supported", e.GrantTypes.Or(nil), "authorization_code", "refresh_token", "client_credentials", "password", "implicit",
		"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:grant-type:saml2-bearer", "clientkey")
	methods := []string{
		"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none",
	}
	oneOf(c, "token_endpoint_auth_methods_supported", e.TokenEndpointAuthMethods.Or(nil), methods...)
	one(c, "revocation_endpoint_auth_method", e.RevocationEndpointAuthMethod, methods...)
	one(c, "pkce", e.PKCE, PKCEUnsupported, PKCEOptional, PKCERequired, PKCEPerApp)
	one(c, "response_mode", e.ResponseMode, "query", "form_post")
	one(c, "access_token_lifetime_source", e.LifetimeSource, FromReply, FromIntrospection, Assumed)
	one(c, "access_token_format", e.AccessTokenFormat, "opaque", "jwt")
	one(c, "rotation", e.Rotation,
		credential.RotationNone, credential.RotationNewOldValid, credential.RotationServerDecides, credential.RotationSingleUse,
		credential.RotationSingleUseGrace, credential.RotationUntilSuccessorUsed, credential.RotationAppSetting)
	one(c, "on_reuse", e.OnReuse, credential.ReuseReject, credential.ReuseRevokeFamily, credential.ReuseRevokeClientUser)
	_, grace := e.GracePeriod.Get()
	c.when(e.Rotation.Or("") == credential.RotationSingleUseGrace && !grace, "rotation single_use_grace without grace_period")
	_, lifetime := e.AccessTokenLifetime.Get()
	c.when(e.LifetimeSource.Or("") == Assumed && !lifetime, "an assumed lifetime without access_token_lifetime")
	units := []oauth.ResetUnit{unitCount, oauth.ResetSeconds, oauth.ResetEpochSeconds, oauth.ResetEpochMillis, oauth.ResetTime}
	for _, h := range e.LimitHeaders.Or(nil) {
		c.when(!slices.Contains(units, oauth.ResetUnit(h.Unit)) || h.Name == "", "limit_headers: %v", h)
	}
	if r, ok := e.RedirectURI.Get(); ok {
		c.when(!slices.Contains([]string{"", "allowed", "port_ignored", "refused"}, r.Loopback) || r.Max < 0, "redirect_uri: %+v", r)
	}
	if a, ok := e.AppRegistration.Get(); ok {
		c.when(!slices.Contains([]string{"none", "rfc7591", "vendor"}, a.API), "app_registration: api %q", a.API)
		if a.Portal != "" {
			c.webPage("app_registration", a.Portal)
		}
	}
}

func oneOf[T comparable](c *checker, name string, values []T, allowed ...T) {
	for _, v := range values {
		c.when(!slices.Contains(allowed, v), "%s: %v", name, v)
	}
}

func one[T comparable](c *checker, name string, f Fact[T], allowed ...T) {
	if v, ok := f.Get(); ok {
		oneOf(c, name, []T{v}, allowed...)
	}
}

// numbers: durations and counts are sane.
func (c *checker) numbers() {
	e := c.e
	for name, f := range map[string]Fact[Duration]{
		"client_secret_lifetime": e.ClientSecretLifetime, "code_lifetime": e.CodeLifetime, "access_token_lifetime": e.AccessTokenLifetime,
		"grace_period": e.GracePeriod, "idle_lifetime": e.IdleLifetime, "absolute_lifetime": e.AbsoluteLifetime, "earliest_refresh": e.EarliestRefresh,
	} {
		if d, ok := f.Get(); ok {
			c.when(time.Duration(d) < time.Second || time.Duration(d) > 30*365*24*time.Hour, "%s: %s; write null for none", name, d)
		}
	}
	if earliest, ok := e.EarliestRefresh.Get(); ok {
		c.when(earliest >= e.AccessTokenLifetime.Or(earliest+1), "earliest_refresh is not before the end of access_token_lifetime")
	}
	for name, f := range map[string]Fact[Rate]{"error_budget": e.ErrorBudget, "token_calls": e.TokenCalls} {
		if r, ok := f.Get(); ok {
			c.when(r.Limit < 2 || time.Duration(r.Window) < time.Minute || time.Duration(r.Window) > 24*time.Hour, "%s: %+v", name, r)
		}
	}
	taken := []string{"", "access_token", "refresh_token", "id_token", "token_type", "expires_in", "scope"}
	for _, m := range e.RefreshTokenExpiry.Or(nil) {
		c.when(slices.Contains(taken, m.Name) || m.Meaning != meansIdle && m.Meaning != meansAbsolute, "refresh_token_expiry: %+v", m)
	}
	if m, ok := e.MaxLiveRefreshTokens.Get(); ok {
		c.when(m.Count < 1 || m.Per == "", "max_live_refresh_tokens: %+v", m)
	}
}

// parameters: none belongs to the protocol.
func (c *checker) parameters() {
	for name, f := range map[string]Fact[map[string]string]{
		"authorization_parameters": c.e.AuthorizationParameters, "token_parameters": c.e.TokenParameters, "refresh_parameters": c.e.RefreshParameters,
	} {
		for p := range f.Or(nil) {
			protocol := []string{"", "response_type", "client_id", "client_secret", "redirect_uri", "scope", "state", "code", "code_verifier",
				"code_challenge", "code_challenge_method", "grant_type", "refresh_token"}
			repeated := p == "redirect_uri" && name == "refresh_parameters" // RFC 6749 §6 has none there, but some servers want it
			c.when(slices.Contains(protocol, p) && !repeated, "%s: %q belongs to the protocol", name, p)
		}
	}
	for _, p := range c.e.ClientCredentialsParameters.Or(nil) {
		protocol := []string{"", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "grant_type"}
		c.when(slices.Contains(protocol, p), "client_credentials_parameters: %q belongs to the protocol", p)
	}
	if s, ok := c.e.ScopeSeparator.Get(); ok {
		c.when(s != " " && s != ",", "scope_separator %q", s)
	}
}

func (c *checker) replies() {
	for _, m := range c.e.Connection.Or(nil) {
		c.when(m.Name == "" || m.From != "response" && m.From != "callback", "connection: %+v", m)
	}
	for _, l := range c.e.LookUps.Or(nil) {
		c.when(l.Name == "" || oauth.CheckPick(l.Pick) != nil, "look_ups: %+v", l)
	}
	classes := []oauth.Class{
		oauth.TooEarly, oauth.RateLimited, oauth.BadClient, oauth.Reauthorize, oauth.ReuseDetected, oauth.Configuration, oauth.OutcomeUnknown,
	}
	for i, r := range c.e.Errors.Or(nil) {
		c.when(len(r.Status) == 0 && r.Code == "" && r.Description == "" && r.Header == "", "errors[%d] fits everything", i)
		c.when(!slices.Contains(classes, oauth.Class(r.Class)), "errors[%d]: class %q", i, r.Class)
		c.when(r.Confidence != "" && !slices.Contains(confidences(), r.Confidence), "errors[%d]: confidence %q", i, r.Confidence)
		c.when(r.HeaderValue != "" && r.Header == "" || r.Member != "" && r.Code == "", "errors[%d] is not complete", i)
		_, err := regexp.Compile(r.Description)
		_, valueErr := regexp.Compile(r.HeaderValue)
		c.when(err != nil || valueErr != nil, "errors[%d]: %v, %v", i, err, valueErr)
		for _, s := range r.Status {
			c.when(s < 200 || s > 599, "errors[%d]: status %d", i, s)
		}
		if r.Wait != "" {
			d, err := time.ParseDuration(r.Wait)
			c.when(err != nil || d <= 0 || d > 24*time.Hour, "errors[%d]: wait %q", i, r.Wait)
		}
	}
}
