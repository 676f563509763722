package platform

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// TestData validates every entry: what a contributor gets wrong shows here, with the name of the fact.
func TestData(t *testing.T) {
	t.Parallel()
	for _, id := range IDs() {
		t.Run(id, func(t *testing.T) {
			text, err := data.ReadFile("data/" + id + ".json")
			if err != nil {
				t.Fatal(err)
			}
			e, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if e.ID != id {
				t.Errorf("the id is %q", e.ID)
			}
			for _, wrong := range check(e) {
				t.Error(wrong)
			}
		})
	}
}

// checker collects what is wrong with one entry.
type checker struct {
	e     Entry
	wrong []string
}

func (c *checker) when(bad bool, format string, args ...any) {
	if bad {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

func check(e Entry) []string {
	c := &checker{e: e}
	c.when(!idPattern.MatchString(e.ID), "id %q", e.ID)
	c.when(strings.TrimSpace(e.Name) == "", "no name")
	c.when(!slices.Contains([]Kind{OAuth2, CustomGrant, NotOAuth}, e.Kind), "kind %q", e.Kind)
	c.when(e.Kind == NotOAuth && len(e.Notes) == 0, "kind not_oauth, and no note says why")
	c.when(len(e.Docs) == 0, "no docs")
	for _, d := range e.Docs {
		c.webPage("docs", d)
	}
	for _, n := range e.Notes {
		c.when(!strings.HasSuffix(strings.TrimSpace(n), "."), "a note is no sentence: %q", n)
	}
	c.evidence()
	c.variables()
	c.endpoints()
	c.enumerations()
	c.numbers()
	c.parameters()
	c.replies()
	return c.wrong
}

func (c *checker) webPage(what, text string) {
	u, err := url.Parse(text)
	c.when(err != nil || u.Scheme != "https" || u.Host == "", "%s: %q is no https address", what, text)
}

// evidence: every fact names sources that exist, and every source serves a fact.
func (c *checker) evidence() {
	used := map[string]bool{}
	for _, f := range c.e.All() {
		if !f.Known() {
			continue
		}
		ev := f.Evidence()
		c.when(len(ev.Sources) == 0, "%s has no source", f.Name)
		c.when(!slices.Contains([]Confidence{High, Medium, Low}, ev.Confidence), "%s: confidence %q", f.Name, ev.Confidence)
		for _, s := range ev.Sources {
			_, ok := c.e.Sources[s]
			c.when(!ok, "%s: source %q is not listed", f.Name, s)
			used[s] = true
		}
	}
	for name, s := range c.e.Sources {
		c.when(!used[name], "source %q is of no use", name)
		c.when(strings.TrimSpace(s.Title) == "", "source %q has no title", name)
		if s.URL != "" {
			c.webPage("source "+name, s.URL)
		}
		_, err := time.Parse(time.DateOnly, s.Read)
		c.when(err != nil, "source %q was read %q", name, s.Read)
	}
}

// variables: each stands in a template, and each template knows its variables.
func (c *checker) variables() {
	templates := c.templates()
	known := map[string]bool{}
	for _, v := range c.e.Variables {
		known[v.Name] = true
		c.when(!strings.Contains(strings.Join(templates, " "), "{"+v.Name+"}"), "variable %q stands in no template", v.Name)
		c.when(v.Description == "" || strings.HasSuffix(v.Description, "."), "variable %q: the description is a clause without a full stop", v.Name)
		c.when(v.Values != nil && v.Pattern != "", "variable %q has values and a pattern", v.Name)
		for _, example := range examples(v) {
			_, err := v.take(example)
			c.when(err != nil, "variable %q does not take %q: %v", v.Name, example, err)
		}
		c.when(len(examples(v)) == 0, "variable %q has no example", v.Name)
		for _, evil := range []string{"", "a/b", "a@b", "a#b", "a?b", "a b", "a\nb", "a%2fb", strings.Repeat("a", 300)} {
			value, err := v.take(evil)
			u, parseErr := url.Parse(value)
			c.when(err == nil && evil != v.Default && (parseErr != nil || u.Scheme != "https"), "variable %q takes %q", v.Name, evil)
		}
	}
	for _, t := range templates {
		for _, found := range placeholder.FindAllStringSubmatch(t, -1) {
			c.when(!known[found[1]] && found[1] != "access_token" && found[1] != "state", "%q has an unknown variable", t)
		}
	}
}

// examples are values to try a variable with.
func examples(v Variable) []string {
	all := slices.Sorted(maps.Keys(v.Values))
	for _, one := range []string{v.Default, v.Example} {
		if one != "" {
			all = append(all, one)
		}
	}
	return all
}

// templates are all texts in which variables may stand.
func (c *checker) templates() []string {
	all := slices.Collect(maps.Values(c.endpointTemplates()))
	for _, p := range []Fact[map[string]string]{c.e.AuthorizationParameters, c.e.TokenParameters, c.e.RefreshParameters} {
		all = slices.AppendSeq(all, maps.Values(p.Or(nil)))
	}
	for _, l := range c.e.LookUps.Or(nil) {
		all = append(all, l.URL)
	}
	return all
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

// endpoints: with every value of every variable they are URLs that the engine would call.
func (c *checker) endpoints() {
	_, hasToken := c.e.TokenEndpoint.Get()
	c.when(c.e.Kind != NotOAuth && !hasToken, "no token_endpoint")
	for _, p := range everyParameters(c.e) {
		bound, err := c.e.bind(p)
		if err != nil {
			c.when(true, "%v: %v", p, err)
			continue
		}
		for name, template := range c.endpointTemplates() {
			err := oauth.CheckEndpoint(fill(template, bound), false)
			c.when(err != nil, "%s with %v: %v", name, p, err)
		}
		for _, l := range c.e.LookUps.Or(nil) {
			err := oauth.CheckEndpoint(strings.ReplaceAll(fill(l.URL, bound), "{access_token}", "t"), false)
			c.when(err != nil, "look_ups %s with %v: %v", l.Name, p, err)
		}
	}
}

// everyParameters varies one variable at a time.
func everyParameters(e Entry) []map[string]string {
	first := map[string]string{}
	for _, v := range e.Variables {
		if all := examples(v); len(all) > 0 {
			first[v.Name] = all[0]
		}
	}
	all := []map[string]string{first}
	for _, v := range e.Variables {
		for _, example := range examples(v) {
			p := maps.Clone(first)
			p[v.Name] = example
			all = append(all, p)
		}
	}
	return all
}

func (c *checker) enumerations() {
	e := c.e
	oneOf(c, "grant_types_supported", e.GrantTypes.Or(nil), "authorization_code", "refresh_token", "client_credentials", "password", "implicit",
		"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:grant-type:saml2-bearer", "clientkey")
	methods := []string{"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none"}
	oneOf(c, "token_endpoint_auth_methods_supported", e.TokenEndpointAuthMethods.Or(nil), methods...)
	one(c, "revocation_endpoint_auth_method", e.RevocationEndpointAuthMethod, methods...)
	one(c, "pkce", e.PKCE, PKCEUnsupported, PKCEOptional, PKCERequired, PKCEPerApp)
	one(c, "response_mode", e.ResponseMode, "query", "form_post")
	one(c, "access_token_lifetime_source", e.LifetimeSource, FromReply, FromIntrospection, Assumed)
	one(c, "access_token_format", e.AccessTokenFormat, "opaque", "jwt")
	one(c, "rotation", e.Rotation, credential.RotationNone, credential.RotationNewOldValid, credential.RotationServerDecides, credential.RotationSingleUse,
		credential.RotationSingleUseGrace, credential.RotationUntilSuccessorUsed, credential.RotationAppSetting)
	one(c, "on_reuse", e.OnReuse, credential.ReuseReject, credential.ReuseRevokeFamily, credential.ReuseRevokeClientUser)
	_, grace := e.GracePeriod.Get()
	c.when(e.Rotation.Or("") == credential.RotationSingleUseGrace && !grace, "rotation single_use_grace without grace_period")
	_, lifetime := e.AccessTokenLifetime.Get()
	c.when(e.LifetimeSource.Or("") == Assumed && !lifetime, "an assumed lifetime without access_token_lifetime")
	for _, h := range e.LimitHeaders.Or(nil) {
		c.when(!slices.Contains([]string{unitCount, string(oauth.ResetSeconds), string(oauth.ResetEpochSeconds), string(oauth.ResetEpochMillis), string(oauth.ResetTime)}, h.Unit) || h.Name == "", "limit_headers: %v", h)
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
			c.when(slices.Contains(protocol, p), "%s: %q belongs to the protocol", name, p)
		}
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
	classes := []oauth.Class{oauth.TooEarly, oauth.RateLimited, oauth.BadClient, oauth.Reauthorize, oauth.ReuseDetected, oauth.Configuration, oauth.OutcomeUnknown}
	for i, r := range c.e.Errors.Or(nil) {
		c.when(len(r.Status) == 0 && r.Code == "" && r.Description == "" && r.Header == "", "errors[%d] fits everything", i)
		c.when(!slices.Contains(classes, oauth.Class(r.Class)), "errors[%d]: class %q", i, r.Class)
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

// TestCheckFindsFaults breaks a sound entry in one way each.
func TestCheckFindsFaults(t *testing.T) {
	t.Parallel()
	text, err := data.ReadFile("data/exact_online.json")
	if err != nil {
		t.Fatal(err)
	}
	fact := func(value string) string { return `{"value":` + value + `,"sources":["picqer"],"confidence":"low"}` }
	for name, tt := range map[string]struct{ member, value, want string }{
		"id":                   {"id", `"Exact"`, `id "Exact"`},
		"no docs":              {"docs", `[]`, "no docs"},
		"kind":                 {"kind", `"oauth1"`, `kind "oauth1"`},
		"note":                 {"notes", `["no sentence"]`, "no sentence"},
		"no source":            {"pkce", `{"value":"optional","sources":[],"confidence":"low"}`, "pkce has no source"},
		"unlisted source":      {"pkce", `{"value":"optional","sources":["nobody"],"confidence":"low"}`, `source "nobody" is not listed`},
		"confidence":           {"pkce", `{"value":"optional","sources":["picqer"],"confidence":"sure"}`, `confidence "sure"`},
		"unused source":        {"sources", `{"x":{"title":"x","read":"2026-11-21"}}`, `source "x" is of no use`},
		"unknown variable":     {"token_endpoint", fact(`"https://{host}/token"`), "unknown variable"},
		"endpoint in clear":    {"token_endpoint", fact(`"http://{country}/token"`), "token_endpoint with"},
		"no token endpoint":    {"token_endpoint", fact(`null`), "no token_endpoint"},
		"variable for nothing": {"variables", `[{"name":"x","description":"a thing","default":"y"}]`, `variable "x" stands in no template`},
		"open pattern":         {"variables", `[{"name":"country","description":"a thing","pattern":".*","example":"h"}]`, `takes "a/b"`},
		"grant":                {"grant_types_supported", fact(`["magic"]`), "grant_types_supported: magic"},
		"method":               {"token_endpoint_auth_methods_supported", fact(`["auto"]`), "supported: auto"},
		"rotation":             {"rotation", fact(`"often"`), "rotation: often"},
		"grace":                {"rotation", fact(`"single_use_grace"`), "without grace_period"},
		"zero for none":        {"idle_lifetime", fact(`"0s"`), "write null for none"},
		"never too early":      {"earliest_refresh", fact(`"600s"`), "earliest_refresh is not before"},
		"budget":               {"error_budget", fact(`{"limit":1,"window":"1h"}`), "error_budget"},
		"protocol parameter":   {"authorization_parameters", fact(`{"state":"x"}`), `"state" belongs to the protocol`},
		"separator":            {"scope_separator", fact(`";"`), "scope_separator"},
		"rule for everything":  {"errors", fact(`[{"class":"too_early"}]`), "fits everything"},
		"class":                {"errors", fact(`[{"status":[400],"class":"odd"}]`), `class "odd"`},
		"expression":           {"errors", fact(`[{"error_description":"(","class":"too_early"}]`), "missing closing"},
		"wait":                 {"errors", fact(`[{"status":[400],"class":"too_early","wait":"-1s"}]`), "wait"},
		"pick":                 {"look_ups", fact(`[{"name":"x","url":"https://{country}/","pick":"id"}]`), "look_ups"},
		"look-up in clear":     {"look_ups", fact(`[{"name":"x","url":"http://{country}/","pick":"$"}]`), "look_ups x with"},
		"connection":           {"connection_details", fact(`[{"name":"x","from":"nowhere"}]`), "connection"},
	} {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		members[tt.member] = json.RawMessage(tt.value)
		broken, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		e, err := Parse(broken)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if found := strings.Join(check(e), "\n"); !strings.Contains(found, tt.want) {
			t.Errorf("%s: not found: %q; found instead: %q", name, tt.want, found)
		}
	}
}
