package platform

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"regexp/syntax"
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
	c.among("grant_types_supported", e.GrantTypes.Or(nil)...)
	c.among("token_endpoint_auth_methods_supported", e.TokenEndpointAuthMethods.Or(nil)...)
	one(c, "revocation_endpoint_auth_method", e.RevocationEndpointAuthMethod)
	one(c, "client_assertion_audience", e.ClientAssertionAudience)
	one(c, "pkce", e.PKCE)
	one(c, "response_mode", e.ResponseMode)
	one(c, "scope_separator", e.ScopeSeparator)
	one(c, "access_token_lifetime_source", e.LifetimeSource)
	one(c, "access_token_format", e.AccessTokenFormat)
	one(c, "rotation", e.Rotation)
	one(c, "on_reuse", e.OnReuse)
	_, grace := e.GracePeriod.Get()
	c.when(e.Rotation.Or("") == credential.RotationSingleUseGrace && !grace, "rotation: single_use_grace without grace_period, which says how long")
	_, lifetime := e.AccessTokenLifetime.Get()
	c.when(e.LifetimeSource.Or("") == Assumed && !lifetime,
		"access_token_lifetime_source: assumed without access_token_lifetime, which says what to assume")
	if r, ok := e.RedirectURI.Get(); ok {
		if r.Loopback != "" {
			c.member("redirect_uri", "loopback", r.Loopback, loopbacks())
		}
		c.when(r.Max < 0, "redirect_uri: max_count %d is below 0", r.Max)
	}
	if a, ok := e.AppRegistration.Get(); ok {
		c.member("app_registration", "api", a.API, registrations())
		if a.Portal != "" {
			c.webPage("app_registration", a.Portal)
		}
	}
}

// among checks values of a fact that has a list of them.
func (c *checker) among(fact string, values ...string) {
	for _, v := range values {
		c.when(!slices.Contains(allowed(fact), v), "%s: %q is not among its values; %s", fact, v, oneOf(allowed(fact)))
	}
}

func one[T ~string](c *checker, fact string, f Fact[T]) {
	if v, ok := f.Get(); ok {
		c.among(fact, string(v))
	}
}

// member checks one of a fact's members. What is empty may only be missing.
func (c *checker) member(fact, name, value string, values []string) {
	c.when(value == "", "%s: %s is missing; %s", fact, name, oneOf(values))
	c.when(value != "" && !slices.Contains(values, value), "%s: %s %q is not among its values; %s", fact, name, value, oneOf(values))
}

// numbers: durations and counts are sane.
func (c *checker) numbers() {
	e := c.e
	for name, f := range map[string]Fact[Duration]{
		"client_secret_lifetime": e.ClientSecretLifetime, "code_lifetime": e.CodeLifetime, "access_token_lifetime": e.AccessTokenLifetime,
		"grace_period": e.GracePeriod, "idle_lifetime": e.IdleLifetime, "absolute_lifetime": e.AbsoluteLifetime, "earliest_refresh": e.EarliestRefresh,
	} {
		if d, ok := f.Get(); ok {
			c.when(time.Duration(d) < minDuration || time.Duration(d) > maxDuration, "%s: %s is out of bounds; %s, or null for none",
				name, credential.ShortDuration(time.Duration(d)), durationBounds())
		}
	}
	earliest, early := e.EarliestRefresh.Get()
	lifetime, ends := e.AccessTokenLifetime.Get()
	c.when(early && ends && earliest > lifetime,
		"earliest_refresh: %s is above access_token_lifetime, which is %s; write both, or null for earliest_refresh",
		credential.ShortDuration(time.Duration(earliest)), credential.ShortDuration(time.Duration(lifetime)))
	for name, f := range map[string]Fact[Rate]{"error_budget": e.ErrorBudget, "token_calls": e.TokenCalls} {
		if r, ok := f.Get(); ok {
			window := time.Duration(r.Window)
			c.when(r.Limit < minLimit(name) || r.Limit > maxLimit || window < minWindow || window > maxWindow, "%s: %d within %s is out of bounds; %s",
				name, r.Limit, credential.ShortDuration(window), rateBounds(name))
		}
	}
	for _, h := range e.LimitHeaders.Or(nil) {
		c.when(h.Name == "", "limit_headers: a name is missing")
		c.member("limit_headers", "unit", h.Unit, limitUnits())
	}
	taken := []string{"access_token", "refresh_token", "id_token", "token_type", "expires_in", "scope"}
	for _, m := range e.RefreshTokenExpiry.Or(nil) {
		c.when(m.Name == "", "refresh_token_expiry: a name is missing")
		c.when(slices.Contains(taken, m.Name), "refresh_token_expiry: %q says something else; none of %s", m.Name, strings.Join(taken, ", "))
		c.member("refresh_token_expiry", "meaning", m.Meaning, expiryMeanings())
	}
	if m, ok := e.MaxLiveRefreshTokens.Get(); ok {
		c.when(m.Count < 1, "max_live_refresh_tokens: count %d is out of bounds; from 1", m.Count)
		c.when(m.Per == "", "max_live_refresh_tokens: per is missing; it says for whom they are counted")
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
}

func (c *checker) replies() {
	for _, m := range c.e.Connection.Or(nil) {
		c.when(m.Name == "", "connection_details: a name is missing")
		c.member("connection_details", "from", m.From, connectionSources())
	}
	for _, l := range c.e.LookUps.Or(nil) {
		c.when(l.Name == "", "look_ups: a name is missing")
		err := oauth.CheckPick(l.Pick)
		c.when(err != nil, "look_ups: pick %q: %v", l.Pick, err)
	}
	for i, r := range c.e.Errors.Or(nil) {
		c.rule(fmt.Sprintf("errors[%d]", i), r)
	}
}

func (c *checker) rule(at string, r Rule) {
	c.when(len(r.Status) == 0 && r.Code == "" && r.Description == "" && r.Header == "",
		"%s: it fits everything; name a status, an error, an error_description or a header", at)
	c.member(at, "class", r.Class, classes())
	if r.Confidence != "" {
		c.member(at, "confidence", string(r.Confidence), texts(confidences()...))
	}
	c.when(r.HeaderValue != "" && r.Header == "", "%s: header_value goes with header, which is missing", at)
	c.when(r.Member != "" && r.Code == "", "%s: member goes with error, which is missing", at)
	c.expression(at, "error_description", r.Description)
	c.expression(at, "header_value", r.HeaderValue)
	for _, s := range r.Status {
		c.when(s < 200 || s > 599, "%s: status %d is out of bounds; from 200 to 599", at, s)
	}
	if r.Wait != "" {
		d, err := time.ParseDuration(r.Wait)
		c.when(err != nil || d <= 0 || d > maxWait, `%s: wait %q is not a duration above 0 and up to %s, such as "90s"`, at, r.Wait,
			credential.ShortDuration(maxWait))
	}
}

func (c *checker) expression(at, name, text string) {
	_, err := regexp.Compile(text)
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		c.when(true, "%s: %s is no regular expression: %s in %q", at, name, wrong.Code, wrong.Expr)
	}
}
