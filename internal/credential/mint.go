package credential

import (
	"cmp"
	"context"
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

	Assertion   *Assertion // signed for each request, and sent as assertion; nil: none
	SubjectPair string     // the token pair whose access token is the subject_token (RFC 8693 §2.1); empty: none

	Rest *Rest
}

// ErrPublicClient says that a client which cannot prove who it is asks for tokens of its own.
var ErrPublicClient = errors.New("client_credentials is for clients that authenticate themselves (RFC 6749 §4.4), " +
	`and this one has no client_secret, private_key or tls_client_certificate, or token_endpoint_auth_method = "none"`)

// Assertion is a JWT that is made and signed here, afresh for each request (RFC 7523 §2.1).
type Assertion struct {
	PrivateKey       secret.String // PEM or JWK
	KeyID, Algorithm string        // empty: by the key
	Issuer           string        // empty: the client_id
	Subject          string        // empty: not said
	Audience         []string      // empty: the token endpoint
	Lifetime         time.Duration
	Claims           string // further ones, a JSON object; empty: none

	Rest *Rest `json:"-"` // it is no part of the key of a client token
}

// Mints tells whether the client gets the tokens of r by a grant of its own. They are never worth keeping: a change of what
// they are made from drops them.
func (r Record) Mints() bool { return r.Grant != nil }

// keepsRefresh tells whether a refresh token in the reply is of use: with client credentials it SHOULD NOT be included (RFC 6749
// §4.4.3), and the client's own secret is as good.
func (g *Grant) keepsRefresh() bool { return g.Type != oauth.GrantClientCredentials }

// finally tells whether invalid_grant ends the matter until somebody corrects what was sent: the same again would be refused again,
// and may lock a person's account. What the client says for itself, signs afresh, or derives from another pair is no such thing.
func (g *Grant) finally() bool {
	return g.Type != oauth.GrantClientCredentials && g.Assertion == nil && g.SubjectPair == ""
}

// asksAnew tells whether the next token of r comes by its grant: there is no refresh token, or none that may be sent now. After a
// refresh whose reply was lost nothing is sent twice: another authorization is to be had.
func (r Record) asksAnew(p Policy, now time.Time) bool {
	switch {
	case !r.Mints():
		return false
	case r.Tokens.Refresh.IsEmpty():
		return true
	case r.Unknown == nil || r.Claim != nil:
		return false
	case !r.Unknown.RejectedAt.IsZero():
		return true
	}
	again := resendOf(r, p.Token, p.Observer, now)
	return !again.may || again.atRisk || now.Before(again.from)
}

func (g *Grant) clone() *Grant {
	if g == nil {
		return nil
	}
	c := *g
	c.Scopes, c.Resource, c.Audience = slices.Clone(g.Scopes), slices.Clone(g.Resource), slices.Clone(g.Audience)
	c.Parameters, c.Secrets = maps.Clone(g.Parameters), maps.Clone(g.Secrets)
	if g.Assertion != nil {
		a := *g.Assertion
		a.Audience = slices.Clone(a.Audience)
		c.Assertion = &a
	}
	return &c
}

// withRest is g with what a later version has put into other, which is the same grant as it was stored.
func (g *Grant) withRest(other *Grant) *Grant {
	assertion := g.Assertion != nil && other.Assertion != nil && other.Assertion.Rest != nil
	if other.Rest == nil && !assertion {
		return g
	}
	g = g.clone()
	g.Rest = other.Rest
	if assertion {
		g.Assertion.Rest = other.Assertion.Rest
	}
	return g
}

func (g *Grant) equal(other *Grant) bool {
	if g == nil || other == nil {
		return g == other
	}
	return g.Type == other.Type && slices.Equal(g.Scopes, other.Scopes) && slices.Equal(g.Resource, other.Resource) &&
		slices.Equal(g.Audience, other.Audience) && maps.Equal(g.Parameters, other.Parameters) &&
		maps.EqualFunc(g.Secrets, other.Secrets, secret.String.Equal) &&
		g.SubjectPair == other.SubjectPair && g.Assertion.equal(other.Assertion)
}

func (a *Assertion) equal(other *Assertion) bool {
	if a == nil || other == nil {
		return a == other
	}
	return a.PrivateKey.Equal(other.PrivateKey) && a.KeyID == other.KeyID && a.Algorithm == other.Algorithm && a.Issuer == other.Issuer &&
		a.Subject == other.Subject && slices.Equal(a.Audience, other.Audience) && a.Lifetime == other.Lifetime && a.Claims == other.Claims
}

// decideMint is Decide for a record whose next token comes by its grant, and that has none that is good enough. There is no
// outcome to fear and no refresh token to keep alive; what the platform says of early refreshes is about those.
func decideMint(r Record, p Policy, now time.Time) Decision {
	alive := p.works(r.Tokens, now, 0)
	orServe := func(otherwise Action, why Reason, until time.Time) Decision {
		if alive && !p.Renew {
			return Decision{Action: ActionFresh, Reason: why, Until: until}
		}
		return Decision{Action: otherwise, Reason: why, Until: until}
	}
	refused := r.Status.Ended()
	// The first token stands for the authorization of other grants, which no strategy forbids.
	first := p.Asker == AskerApply && (r.Tokens.Access.IsEmpty() || refused)
	earliest := r.Tokens.IssuedAt.Add(r.Refresh.Earliest)
	switch {
	case r.Moving():
		return orServe(ActionGiveUp, ReasonMoving, time.Time{})
	case refused && p.Asker != AskerApply: // a plan that asks again may be the one that locks an account
		return orServe(ActionAuthorize, ReasonGrantRefused, time.Time{})
	case p.Strategy == StrategyNever && !first:
		return orServe(ActionGiveUp, ReasonNever, time.Time{})
	case !p.mayRotate() && !first:
		return orServe(ActionGiveUp, ReasonAtApply, time.Time{})
	case r.Claim != nil:
		return Decision{Action: ActionWait, Reason: ReasonClaimed}
	case now.Before(r.NotBefore):
		return orServe(ActionGiveUp, ReasonNotBefore, r.NotBefore)
	case now.Before(p.Token.TokenCalls.free(r.Calls, now)):
		return orServe(ActionGiveUp, ReasonTokenCalls, p.Token.TokenCalls.free(r.Calls, now))
	case r.Refresh.Earliest > 0 && !r.Tokens.Access.IsEmpty() && now.Before(earliest):
		return orServe(ActionGiveUp, ReasonEarliest, earliest)
	}
	return Decision{Action: ActionRotate, Anew: true}
}

// judged is what an answer to the grant's own request means for r. Where nothing is used up by asking nothing can be dead, so
// whatever is refused is refused for how the request is made. A reply without a whole access token leaves nothing to keep, and is
// asked for again.
func (r Record) judged(v oauth.Verdict) oauth.Verdict {
	switch {
	case v.Class == oauth.ReuseDetected, v.Class == oauth.Reauthorize:
		if v.Class = oauth.Reauthorize; !r.Grant.finally() || r.Shared { // of which a process takes a refusal for the last word
			v.Class = oauth.Configuration
		}
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

// minted is a reply to a grant without the refresh token that is of no use there.
func minted(t oauth.Token) oauth.Token {
	t.RefreshToken, t.SuccessorLost = secret.String{}, false
	t.RefreshTokenExpiresIn, t.AuthorizationEndsIn = 0, 0
	return t
}

// ask makes the request of a grant, and what must not be shown of it. It may sign, or get the access token of another pair;
// margin is for how long that has to live. A request is good for one try.
func (m *Manager) ask(ctx context.Context, key string, g *Grant, c Client, margin time.Duration) (asked, error) {
	own, family, notices := maps.Clone(g.Secrets), "", []Notice(nil)
	if own == nil {
		own = map[string]secret.String{}
	}
	var err error
	if g.Assertion != nil {
		if own["assertion"], err = m.sign(*g.Assertion, c); err != nil {
			return asked{}, err
		}
	}
	if g.SubjectPair != "" {
		if own["subject_token"], family, notices, err = m.subject(ctx, key, g.SubjectPair, margin); err != nil {
			return asked{notices: notices}, err
		}
	}
	form, err := g.form(c, own)
	return asked{form: form, hidden: slices.Collect(maps.Values(own)), subject: family, notices: notices}, err
}

// form is the request, with what only its moment brings.
func (g *Grant) form(c Client, own map[string]secret.String) (oauth.Form, error) {
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
		Own: own, Extra: g.Parameters,
	}.Form()
}

// check tells whether g can be asked for at all. It asks nobody.
func (g *Grant) check(c Client) error {
	own := maps.Clone(g.Secrets)
	if own == nil {
		own = map[string]secret.String{}
	}
	const later = "later"
	if g.Assertion != nil {
		own["assertion"] = secret.New(later)
		if _, err := oauth.ParsePrivateKey(g.Assertion.PrivateKey, g.Assertion.KeyID, g.Assertion.Algorithm); err != nil {
			return fmt.Errorf("jwt_bearer.private_key cannot be used: %w", err)
		}
	}
	if g.SubjectPair != "" {
		own["subject_token"] = secret.New(later)
	}
	_, err := g.form(c, own)
	return err
}

// asked is a request that is ready to be sent.
type asked struct {
	form    oauth.Form
	hidden  []secret.String // what it holds that no message may repeat
	subject string          // the family of the pair whose access token is among that; empty: none is
	notices []Notice
}

func (m *Manager) sign(a Assertion, c Client) (secret.String, error) {
	signer, err := oauth.ParsePrivateKey(a.PrivateKey, a.KeyID, a.Algorithm)
	if err != nil {
		return secret.String{}, fmt.Errorf("jwt_bearer.private_key cannot be used: %w", err)
	}
	id, err := m.newID()
	if err != nil {
		return secret.String{}, err
	}
	audience := a.Audience
	if len(audience) == 0 {
		audience = []string{c.TokenEndpoint}
	}
	return oauth.Assertion{
		Issuer: cmp.Or(a.Issuer, c.ClientID), Subject: a.Subject, Audience: audience, Lifetime: a.Lifetime, Claims: a.Claims,
	}.Sign(signer, m.Now(), id)
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
	if was.SameApp(s.Client) && was.DPoPBoundAccessTokens == s.Client.DPoPBoundAccessTokens && r.Grant.equal(s.Grant) {
		return r
	}
	r = r.clone()
	r.consume(r.Tokens.Refresh, false)
	r.Tokens, r.Status, r.Unknown = Tokens{}, StatusActive, nil
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
