package platform

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// Presets returns what the engine asks for presets, and remembers what it has said. An error of a parameter is a
// *ParameterError, one of overrides an *OverrideError. What it returns is shared: change nothing in it.
func Presets() credential.Presets {
	var said sync.Map
	return func(id string, parameters map[string]string, overrides string) (credential.Preset, error) {
		key := fmt.Sprintf("%s %q %q", id, parameters, overrides) // fmt sorts the keys of a map
		if p, ok := said.Load(key); ok {
			if preset, isPreset := p.(credential.Preset); isPreset {
				return preset, nil
			}
		}
		e, err := FindWith(id, overrides)
		if err != nil {
			return credential.Preset{}, err
		}
		p, err := e.Preset(parameters)
		if err == nil {
			said.Store(key, p)
		}
		return p, err
	}
}

// FindWith finds a platform as a user has it; no id stands for none, of which overrides alone tell. Its error is that of
// UnknownError, or an *OverrideError.
func FindWith(id, overrides string) (Entry, error) {
	e, ok := Find(id)
	switch {
	case id == "" && overrides != "":
		e = Custom()
	case !ok:
		return Entry{}, UnknownError(id)
	}
	return e.Override(overrides)
}

// UnknownError is the error of a platform that has no entry.
func UnknownError(id string) error {
	return fmt.Errorf("there is no preset of the platform %q in this version of the provider; known are %s", id, strings.Join(usableIDs(), ", "))
}

// usableIDs are the platforms of which there is a preset.
func usableIDs() []string {
	return slices.DeleteFunc(IDs(), func(id string) bool {
		e, ok := Find(id)
		return !ok || e.Usable() != nil
	})
}

// Usable says why token pairs of this platform cannot be kept by this version, with what the notes say; nil: they can.
func (e Entry) Usable() error {
	why := map[Kind]string{
		NotOAuth:    e.Name + " does not speak OAuth",
		CustomGrant: e.Name + " has a grant of its own, which this version does not speak",
	}[e.Kind]
	if why == "" {
		return nil
	}
	if len(e.Notes) > 0 {
		why += ": " + strings.TrimSuffix(strings.Join(e.Notes, " "), ".")
	}
	return fmt.Errorf("%s", why)
}

// Preset is what the entry says of a client with these parameters.
func (e Entry) Preset(parameters map[string]string) (credential.Preset, error) {
	if err := e.Usable(); err != nil {
		return credential.Preset{}, err
	}
	r, err := e.Resolve(parameters)
	if err != nil {
		return credential.Preset{}, err
	}
	c := &checker{e: r} // the data is checked already: what is wrong here has come with overrides
	if c.addresses(); len(c.wrong) > 0 {
		return credential.Preset{}, &OverrideError{strings.Join(c.wrong, "; ")}
	}
	rules, err := rules(r.Errors)
	if err != nil {
		return credential.Preset{}, fmt.Errorf("the preset of %s: %w", e.Name, err)
	}
	return credential.Preset{
		Issuer: r.Issuer.Or(""), AuthorizationEndpoint: r.AuthorizationEndpoint.Or(""), TokenEndpoint: r.TokenEndpoint.Or(""),
		RevocationEndpoint: r.RevocationEndpoint.Or(""), IntrospectionEndpoint: r.IntrospectionEndpoint.Or(""),
		RegistrationEndpoint: r.RegistrationEndpoint.Or(""), DeviceAuthorizationEndpoint: r.DeviceAuthorizationEndpoint.Or(""),
		PushedAuthorizationRequestEndpoint: r.PushedAuthorizationRequestEndpoint.Or(""),
		TokenEndpointAuthMethod:            spoken(r.TokenEndpointAuthMethods.Or(nil)),
		RevocationEndpointAuthMethod:       spoken([]string{r.RevocationEndpointAuthMethod.Or("")}),
		ClientAssertionAudience:            r.ClientAssertionAudience.Or(""),
		AuthorizationParameters:            r.authorizationParameters(),
		TokenParameters:                    r.TokenParameters.Or(nil),
		RefreshParameters:                  r.RefreshParameters.Or(nil),
		ClientCredentialsParameters:        r.clientCredentialsParameters(),
		Scopes:                             r.scopes(),
		NoPKCE:                             r.PKCE.Or("") == PKCEUnsupported,
		ReplyMembers:                       r.connection("response"),
		CallbackParameters:                 r.connection("callback"),
		LookUps:                            r.lookUps(),
		Policy:                             r.Policy(),
		Earliest:                           time.Duration(r.EarliestRefresh.Or(0)),
		Lifetime:                           r.lifetime(),
		Introspect:                         r.introspects(),
		Dialect: oauth.Dialect{
			TokenPath: r.TokenPath.Or(""), ScopeSeparator: strings.TrimSpace(r.ScopeSeparator.Or("")), // empty for the space of RFC 6749
			Rules: rules, Resets: r.resets(), Expiries: r.expiries(),
		},
	}, nil
}

// Policy is what is known of refresh tokens. What allows to send one again after a lost reply counts only if it is surer than
// low: a wrong rumour would cost the token.
func (f Facts) Policy() credential.RefreshTokenPolicy {
	budget, calls := f.ErrorBudget.Or(Rate{}), f.TokenCalls.Or(Rate{})
	rotation, reuse := f.Rotation.Or(""), f.OnReuse.Or("")
	if f.Rotation.Confidence == Low {
		rotation = ""
	}
	if f.OnReuse.Confidence == Low && reuse == credential.ReuseReject {
		reuse = ""
	}
	grace := f.GracePeriod.Or(0)
	if f.GracePeriod.Confidence == Low {
		grace = 0
	}
	if f.TokenCalls.Confidence == Low { // a rumour puts nothing off
		calls = Rate{}
	}
	return credential.RefreshTokenPolicy{
		Rotation: rotation, OnReuse: reuse, GracePeriod: time.Duration(grace),
		IdleLifetime: time.Duration(f.IdleLifetime.Or(0)), AbsoluteLifetime: time.Duration(f.AbsoluteLifetime.Or(0)),
		ErrorBudget: credential.ErrorBudget{Limit: budget.Limit, Window: time.Duration(budget.Window)},
		TokenCalls:  credential.CallLimit{Limit: calls.Limit, Window: time.Duration(calls.Window)},
	}
}

// clientCredentialsParameters are those without which nothing is sent. A rumour of one keeps nobody from asking.
func (f Facts) clientCredentialsParameters() []string {
	if f.ClientCredentialsParameters.Confidence == Low {
		return nil
	}
	return f.ClientCredentialsParameters.Or(nil)
}

// What an ExpiryMember may mean.
const meansIdle, meansAbsolute = "idle", "absolute"

// resets are the headers that say when a limit ends.
func (f Facts) resets() []oauth.ResetHeader {
	var resets []oauth.ResetHeader
	for _, h := range f.LimitHeaders.Or(nil) {
		if h.Unit != unitCount {
			resets = append(resets, oauth.ResetHeader{Name: h.Name, Unit: oauth.ResetUnit(h.Unit)})
		}
	}
	return resets
}

// expiries are the members that tell of the life of a refresh token.
func (f Facts) expiries() []oauth.Expiry {
	var all []oauth.Expiry
	for _, m := range f.RefreshTokenExpiry.Or(nil) {
		all = append(all, oauth.Expiry{Member: m.Name, Absolute: m.Meaning == meansAbsolute})
	}
	return all
}

// connection names what belongs into a token pair's connection and comes from there.
func (f Facts) connection(from string) []string {
	var names []string
	for _, m := range f.Connection.Or(nil) {
		if m.From == from {
			names = append(names, m.Name)
		}
	}
	return names
}

// lifetime is that of an access token of which the server does not tell it. A rumour of a short one would have a token sent
// again too soon.
func (f Facts) lifetime() time.Duration {
	d, some := f.AccessTokenLifetime.Get()
	switch low := f.AccessTokenLifetime.Confidence == Low; {
	case !f.AccessTokenLifetime.Known(), low && (!some || time.Duration(d) < credential.AssumedLifetime):
		return 0
	case !some:
		return credential.Endless
	}
	return time.Duration(d)
}

// introspects tells whether to ask the server when an access token expires. A rumour would be asked about in vain at each refresh.
func (f Facts) introspects() bool {
	return f.LifetimeSource.Or("") == FromIntrospection && f.LifetimeSource.Confidence != Low
}

// lookUps are those to make. One of low confidence would warn in every run, if it is wrong.
func (f Facts) lookUps() []credential.LookUp {
	var all []credential.LookUp
	for _, l := range f.LookUps.Or(nil) {
		if f.LookUps.Confidence != Low {
			all = append(all, credential.LookUp(l))
		}
	}
	return all
}

// scopes are asked for where nobody names any: without those that are required there would be no token pair.
func (f Facts) scopes() []string {
	all := slices.Concat(f.DefaultScopes.Or(nil), f.RequiredScopes.Or(nil))
	slices.Sort(all)
	return slices.Compact(all)
}

// authorizationParameters are the fixed ones. A server that would answer by POST is asked to put the answer into the address,
// which is what a person copies.
func (f Facts) authorizationParameters() map[string]string {
	all := maps.Clone(f.AuthorizationParameters.Or(nil))
	if _, ok := all["response_mode"]; !ok && f.ResponseMode.Or("") == "form_post" {
		if all == nil {
			all = map[string]string{}
		}
		all["response_mode"] = "query"
	}
	return all
}

// spoken is the first method of a client with a secret; empty: none.
func spoken(methods []string) string {
	i := slices.IndexFunc(methods, func(m string) bool { return slices.Contains(spokenSecrets(), m) })
	if i < 0 {
		return ""
	}
	return methods[i]
}

// spokenSecrets are the methods of a client with a secret: those between which a list can choose.
func spokenSecrets() []string {
	return []string{oauth.ClientSecretBasic, oauth.ClientSecretPost, oauth.ClientSecretJWT}
}

// rules are those of the fact. A rumour does not make a token dead.
func rules(f Fact[[]Rule]) ([]oauth.Rule, error) {
	var out []oauth.Rule
	for _, r := range f.Or(nil) {
		sure := cmp.Or(r.Confidence, f.Confidence)
		if dead := oauth.Class(r.Class); sure == Low && (dead == oauth.Reauthorize || dead == oauth.ReuseDetected) {
			continue
		}
		rule := oauth.Rule{Status: r.Status, Member: r.Member, Code: r.Code, Header: r.Header, Class: oauth.Class(r.Class)}
		var err error
		for text, into := range map[string]**regexp.Regexp{r.Description: &rule.Description, r.HeaderValue: &rule.HeaderValue} {
			if text != "" {
				if *into, err = regexp.Compile(text); err != nil {
					return nil, err
				}
			}
		}
		if r.Wait != "" {
			if rule.Wait, err = time.ParseDuration(r.Wait); err != nil {
				return nil, err
			}
		}
		out = append(out, rule)
	}
	return out, nil
}
