package provider

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// kindClient is the kind of a subject that is a client, which no Terraform resource need stand for.
const kindClient = "client"

// clients is the engine for what clients get for themselves. With token_store = "state" it remembers as long as the process lives.
func (s *session) clients() (*credential.Manager, error) {
	if !s.stateOnly {
		return s.manager, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passing == nil {
		o := s.options
		o.Store = s.deps.NewMemory(wiring.StateStore)
		var err error
		if s.passing, err = credential.New(o); err != nil {
			return nil, err
		}
	}
	return s.passing, nil
}

// useOfClient is the use of an access token that the client of m asks for itself.
func (s *session) useOfClient(m *tokenAsk, ask credential.Ask, diags *diag.Diagnostics) *tokenUse {
	m.validate(s.insecure, diags)
	if pair := member(m.TokenExchange, "subject_token_pair"); s.stateOnly && !m.TokenExchange.IsNull() && isGiven(pair) {
		diags.AddAttributeError(path.Root(grantTokenExchange).AtName("subject_token_pair"), "No Token Store",
			`token_exchange.subject_token_pair looks a token pair up in the token store, and token_store = "state" has none. Set token_store to a folder, or give the access token as subject_token.`)
	}
	if diags.HasError() {
		return nil
	}
	manager, err := s.clients()
	if err != nil {
		diags.AddError("Unable to Get Access Token", sentence(err))
		return nil
	}
	setup := credential.Setup{Client: clientFrom(m.Client), Grant: m.asPair().grant()}
	return &tokenUse{
		api: manager.ClientAPI(setup, ask), about: subject{kind: kindClient, name: setup.Client.ClientID, session: s, asks: true},
		at: path.Root("client"), grant: m.asPair().grantPath(), least: ask.MinValidity,
	}
}

// warnClientToken tells what a success still has to say.
func warnClientToken(about subject, res credential.Result, least time.Duration, diags *diag.Diagnostics) {
	for _, n := range res.Notices {
		switch {
		case n.Of != "": // of a pair whose access token is exchanged: much may be lost there
			warnNotices(about, []credential.Notice{n}, diags)
		case n.Code == credential.NoticePutOff && n.Reason != credential.ReasonClaimed:
			diags.AddWarning("Client Token Not Renewed", fmt.Sprintf("The access token of %s should be renewed, and the server takes no request before %s: %s. It still works, and is used as it is.",
				about, moment(n.Until), reasonText(n.Reason)))
		case n.Code == credential.NoticeFailed:
			diags.AddWarning("Client Token Not Renewed", "The current access token still works and is used.\n\n"+engineDetail(about, n.Err))
		case n.Code == credential.NoticeNotStored:
			diags.AddWarning("Client Token Not in the Token Store", fmt.Sprintf("The %s has got an access token, but the token store %s could not be written: %s\n\n"+
				"This run uses it. The next run asks for another: nothing was used up.", about, about.session.location, clause(n.Err)))
		default:
			warnNotices(about, []credential.Notice{n}, diags)
		}
	}
	if life := toldLifetime(res.Record); life > 0 && least >= life {
		diags.AddAttributeWarning(path.Root("min_validity"), "No Access Token Lives That Long", fmt.Sprintf(
			"The access tokens of %s live %s, and min_validity = %q wants as much left, or more. The one that is shared is renewed when half of that is over. Set min_validity below %[2]s.",
			about, credential.ShortDuration(life), credential.ShortDuration(least)))
	}
}

// explainClientToken says why a client gets no token for itself. Nothing can be lost by that. It returns nil for an error that
// is not special to it.
func explainClientToken(about subject, e *credential.Error) []string {
	const (
		nothing = "Nothing was used up: the client can ask again at any time, and nobody has to authorize. Tokens that were handed out before work until they end."
		unsent  = "Nothing was sent."
	)
	tried := fmt.Sprintf("The %s asked %s for an access token (%s)", about, serverOf(e.Record.Client), wanted(e.Record.Grant))
	switch e.Kind {
	case credential.KindStore:
		parts := explainStore(about, e)
		return []string{fmt.Sprintf("The token store %s, by which the tokens of clients are shared, could not be used for %s: %s", about.session.location, about, cause(e, "unknown reason.")),
			nothing, parts[len(parts)-1]}
	case credential.KindConfiguration:
		if e.Verdict.Class == "" {
			return []string{fmt.Sprintf("The configuration of %s cannot be used: %s", about, cause(e, "unknown reason.")), unsent, "Correct the configuration, then run again."}
		}
		if e.Verdict.Code == "invalid_grant" && e.Record.Grant != nil && e.Record.Grant.Type != oauth.GrantClientCredentials {
			return []string{tried + ", and the server does not accept what the grant brings.", nothing,
				"Correct it (username and password, key and claims of the assertion, the token to exchange, or the parameters), then run again. This run has asked once; each further one asks once more, and some servers lock an account after a few."}
		}
		return []string{tried + ", and the server refused.", nothing,
			"Check that the app may use this grant on the platform, and check scopes, resource, audience and extra_parameters, and the client's endpoints. Then run again."}
	case credential.KindBadClient:
		return []string{tried + ", and the server does not accept the client.", nothing,
			checkProofOf(e) + " Then run again."}
	case credential.KindNotSent:
		return []string{fmt.Sprintf("%s was not reached for an access token of %s: %s", capital(serverOf(e.Record.Client)), about, cause(e, "no connection.")), unsent,
			"Check the network and the endpoint, then run again."}
	case credential.KindUnknown:
		return []string{fmt.Sprintf("%s, and no usable reply came: %s", tried, cause(e, "the server seems to be in trouble.")), nothing, "Run again."}
	case credential.KindLater:
		if e.Reason == credential.ReasonBudget {
			return nil
		}
		return []string{fmt.Sprintf("The %s gets no access token before %s: %s.", about, moment(e.Until), reasonText(e.Reason)), nothing, "Run again after that time."}
	}
	return nil
}

// serverOf names the server of a client, as far as its configuration does.
func serverOf(c credential.Client) string {
	endpoint, _, _ := strings.Cut(c.TokenEndpoint, "?")
	name := ""
	if c.Platform != "" {
		name = platformName(types.StringValue(c.Platform))
	}
	return cmp.Or(endpoint, c.Issuer, name, "the server")
}

// wanted says in short what is asked for.
func wanted(g *credential.Grant) string {
	if g == nil {
		return "no grant"
	}
	text := g.Type
	if len(g.Scopes) > 0 {
		text += ", scopes " + strings.Join(g.Scopes, " ")
	}
	return text
}
