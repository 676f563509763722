package credential

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Grant is a request by which a client gets tokens without a person, and can do so again at any time: nothing is used up by
// asking, so whatever goes wrong, asking again is the cure. The zero value stands for none.
type Grant struct {
	Type       string                   // grant_type
	Scopes     []string                 // none: scope is not sent
	Resource   []string                 // RFC 8707: absolute URIs
	Audience   []string                 // RFC 8693 §2.1
	Parameters map[string]string        // further ones of the request
	Secrets    map[string]secret.String // likewise, for nobody to see
}

// ErrPublicClient says that a client which cannot prove who it is asks for tokens of its own.
var ErrPublicClient = errors.New("client_credentials is for clients that authenticate themselves (RFC 6749 §4.4), " +
	`and this one has no client_secret or token_endpoint_auth_method = "none"`)

// Mints tells whether the client gets the tokens of r for itself. They end by themselves and are never worth keeping: a
// change of what they are made from drops them.
func (r Record) Mints() bool { return r.Grant != nil }

func (g *Grant) clone() *Grant {
	if g == nil {
		return nil
	}
	c := *g
	c.Scopes, c.Resource, c.Audience = slices.Clone(g.Scopes), slices.Clone(g.Resource), slices.Clone(g.Audience)
	c.Parameters, c.Secrets = maps.Clone(g.Parameters), maps.Clone(g.Secrets)
	return &c
}

func (g *Grant) equal(other *Grant) bool {
	if g == nil || other == nil {
		return g == other
	}
	return g.Type == other.Type && slices.Equal(g.Scopes, other.Scopes) && slices.Equal(g.Resource, other.Resource) &&
		slices.Equal(g.Audience, other.Audience) && maps.Equal(g.Parameters, other.Parameters) &&
		maps.EqualFunc(g.Secrets, other.Secrets, secret.String.Equal)
}

// Form is the request for a token of client c, which is completed. Its error says what is missing.
func (g *Grant) Form(c Client) (oauth.Form, error) {
	p := c.Preset()
	if g.Type == oauth.GrantClientCredentials {
		if c.auth().Method == oauth.None {
			return oauth.Form{}, ErrPublicClient
		}
		for _, name := range p.ClientCredentialsParameters {
			if _, ok := g.Parameters[name]; !ok {
				return oauth.Form{}, fmt.Errorf("client_credentials.extra_parameters lacks %q, without which the platform gives no token", name)
			}
		}
	}
	return oauth.GrantRequest{
		Type: g.Type, Scopes: g.Scopes, Separator: p.Dialect.ScopeSeparator, Resource: g.Resource, Audience: g.Audience,
		Own: g.Secrets, Extra: g.Parameters,
	}.Form()
}

// decideMint is Decide for a record that mints and has no token that is good enough. There is no outcome to fear and no
// refresh token to keep alive; what the platform says of early refreshes is about those.
func decideMint(r Record, p Policy, now time.Time) Decision {
	alive := p.works(r.Tokens, now, 0)
	orServe := func(why Reason, until time.Time) Decision {
		if alive {
			return Decision{Action: ActionFresh, Reason: why, Until: until}
		}
		return Decision{Action: ActionGiveUp, Reason: why, Until: until}
	}
	// The first token stands for the authorization of other grants, which no strategy forbids.
	first := p.Asker == AskerApply && r.Tokens.Access.IsEmpty()
	earliest := r.Tokens.IssuedAt.Add(r.Refresh.Earliest)
	switch {
	case r.Moving():
		return orServe(ReasonMoving, time.Time{})
	case p.Strategy == StrategyNever && !first:
		return orServe(ReasonNever, time.Time{})
	case !p.mayRotate() && !first:
		return orServe(ReasonAtApply, time.Time{})
	case r.Claim != nil:
		return Decision{Action: ActionWait, Reason: ReasonClaimed, Alive: alive}
	case now.Before(r.NotBefore):
		return orServe(ReasonNotBefore, r.NotBefore)
	case now.Before(p.Token.TokenCalls.free(r.Calls, now)):
		return orServe(ReasonTokenCalls, p.Token.TokenCalls.free(r.Calls, now))
	case r.Refresh.Earliest > 0 && !r.Tokens.Access.IsEmpty() && now.Before(earliest):
		return orServe(ReasonEarliest, earliest)
	}
	return Decision{Action: ActionRotate}
}

// tokenForm is the request for the next access token of r.
func (r Record) tokenForm(c Client) (oauth.Form, error) {
	if r.Grant == nil {
		return oauth.RefreshForm(r.Tokens.Refresh, nil, c.Preset().RefreshParameters)
	}
	return r.Grant.Form(c)
}

// asked are the scopes that the next access token of r has unless its reply says otherwise (RFC 6749 §5.1).
func (r Record) asked() []string {
	if r.Mints() {
		return r.Grant.Scopes
	}
	return r.Tokens.Scopes
}

// judged is what an answer means for r. Where there is no refresh token none can be dead, so whatever is refused is refused
// for how the request is made. A reply without a whole access token leaves nothing to keep, and is asked for again.
func (r Record) judged(v oauth.Verdict) oauth.Verdict {
	switch {
	case !r.Mints():
	case v.Class == oauth.Reauthorize, v.Class == oauth.ReuseDetected:
		v.Class = oauth.Configuration
	case v.Class != oauth.Success:
	case v.Token.AccessToken.IsEmpty():
		v = oauth.Verdict{Class: oauth.Configuration, Status: v.Status, Err: errNotAccess}
	case v.Token.Salvaged:
		v = oauth.Verdict{Class: oauth.OutcomeUnknown, Status: v.Status, Err: errBrokenOff}
	}
	return v
}

var (
	errNotAccess = errors.New("the server returned no access token")
	errBrokenOff = errors.New("the reply broke off")
)

// minted is a reply to client credentials without what does not belong there: a refresh token SHOULD NOT be included (RFC
// 6749 §4.4.3), and one that is has no use.
func minted(t oauth.Token) oauth.Token {
	t.RefreshToken, t.SuccessorLost = secret.String{}, false
	t.RefreshTokenExpiresIn, t.AuthorizationEndsIn = 0, 0
	return t
}

// resumed is r when its tokens are to come from an authorization again: those that were set aside return.
func (r Record) resumed() Record {
	r = r.clone()
	next := Record{Status: StatusAuthorizationRequired, Client: r.Client}
	if i := r.asideOf(r.Client.ClientID); i >= 0 {
		next = r.takeAside(i)
	}
	return r.with(next)
}

// granted is r, whose client was the given one, as s wants it to mint; r itself if s does not. The tokens of an
// authorization are set aside, unrevoked. A minted token is dropped when it would be another one by now.
func (r Record) granted(s Setup, was Client) Record {
	if s.Grant == nil {
		return r
	}
	if !r.Mints() {
		r = r.clone()
		r.setAside(r.holding())
		return r.with(Record{
			Family: s.family, Status: StatusActive, Client: r.Client, Calls: r.Calls, Grant: s.Grant.clone(),
		})
	}
	if was.SameApp(s.Client) && r.Grant.equal(s.Grant) {
		return r
	}
	r = r.clone()
	r.Tokens = Tokens{}
	r.Generation++ // what is under way was asked for otherwise, and comes too late
	r.Grant = s.Grant.clone()
	if !r.Moving() {
		r.Claim = nil
	}
	if was.ClientID != s.Client.ClientID {
		r.NotBefore, r.Calls = time.Time{}, nil
	}
	return r
}
