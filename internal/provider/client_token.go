package provider

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// kindClient is the kind of a subject that is a client, which no Terraform resource need stand for.
const kindClient = "client"

const (
	describeClientOfToken = "The client that gets a token for itself, instead of `token_pair`: `oauth_app_registration.NAME.client`, or the same written out. With it goes `client_credentials`. " +
		"All who ask with the same client for the same share one token until it expires, across runs and configurations that use the same token store; with `token_store = \"state\"` within one plan or apply."
	describeClientCredentialsOfToken = "What the client asks for as itself, as a machine and for no user (RFC 6749 §4.4). `{}` will do for most servers. Needs `client`."
)

// clientTokenInputs are the client and the grants by which it gets tokens without a person.
func clientTokenInputs(secrets string) map[string]schema.Attribute {
	credentials := clientCredentialsAttribute()
	credentials.MarkdownDescription = describeClientCredentialsOfToken
	return map[string]schema.Attribute{"client": clientOfAsker(describeClientOfToken, secrets), "client_credentials": credentials}
}

// asPair is m as a token pair of the same client and grant: the same rules are for both.
func (m *accessTokenModel) asPair() *tokenPairModel {
	return &tokenPairModel{Client: m.Client, ClientCredentials: m.ClientCredentials}
}

// validate checks that it is known where the token comes from, and that it is one place. insecure: http:// is allowed, or nobody knows.
func (m *accessTokenModel) validate(insecure bool, diags *diag.Diagnostics) {
	client, grant := path.Root("client"), pathClientCredentials()
	switch {
	case m.TokenPair.IsNull() && m.Client.IsNull() && m.ClientCredentials.IsNull():
		diags.AddAttributeError(path.Root("token_pair"), "Missing Attribute",
			"An access token comes from a token pair or from a client of its own: set token_pair = oauth_token_pair.NAME.id, or client with client_credentials = {}.")
	case isGiven(m.TokenPair) && isGiven(m.Client):
		diags.AddAttributeError(client, "Contradicting Attributes", "token_pair and client cannot be used together. Keep one of them.")
	case isGiven(m.TokenPair) && isGiven(m.ClientCredentials):
		diags.AddAttributeError(grant, "Contradicting Attributes", "client_credentials goes with client; a token pair has a grant of its own. Remove it, or token_pair.")
	case isGiven(m.Client) && m.ClientCredentials.IsNull():
		diags.AddAttributeError(grant, "Missing Attribute", "client_credentials is needed: it says what the client asks for; {} will do for most servers.")
	case m.Client.IsNull() && isGiven(m.ClientCredentials) && m.TokenPair.IsNull():
		diags.AddAttributeError(client, "Missing Attribute", "client is needed: it says who asks by client_credentials.")
	}
	if isGiven(m.Client) && isGiven(m.AllowUnauthorized) {
		diags.AddAttributeError(path.Root("allow_unauthorized"), "Contradicting Attributes", "allow_unauthorized goes with token_pair: nobody has to authorize a client that gets tokens for itself. Remove it.")
	}
	if isGiven(m.Client) {
		get := func(name string) types.String { return member(m.Client, name) }
		checkClient(client, get, platformParameters(m.Client), policyOf(m.Client), insecure, diags)
		m.asPair().validateClientCredentials(diags)
	}
}

// clients is the engine for what clients get for themselves. With token_store = "state" it remembers as long as the process lives.
func (s *session) clients() (*credential.Manager, error) {
	if !s.stateOnly {
		return s.manager, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passing == nil {
		o := s.options
		o.Store = s.deps.NewMemory(stateStore)
		var err error
		if s.passing, err = credential.New(o); err != nil {
			return nil, err
		}
	}
	return s.passing, nil
}

// fetchForClient gets an access token that the client of m asks for itself.
func (s *session) fetchForClient(ctx context.Context, m *accessTokenModel, diags *diag.Diagnostics) {
	if m.validate(s.insecure, diags); diags.HasError() {
		return
	}
	setup := credential.Setup{Client: clientFrom(m.Client), Grant: m.asPair().grant()}
	about := subject{kind: kindClient, name: setup.Client.ClientID, session: s, asks: true}
	ask := s.ask(credential.AskerConsumer)
	ask.MinValidity = durationOf(m.MinValidity)
	manager, err := s.clients()
	var result credential.Result
	if err == nil {
		result, err = manager.ClientToken(ctx, setup, ask)
	}
	warnClientToken(about, result, ask.MinValidity, diags)
	if err != nil {
		at := path.Root("client")
		if e := credential.AsError(err); e.Kind == credential.KindConfiguration && e.Verdict.Class != "" {
			at = pathClientCredentials()
		}
		addEngineError(diags, at, "Unable to Get Access Token", about, err)
		return
	}
	warnUnbound(about, result.Record, diags)
	m.take(result.Record.Tokens)
}

// warnClientToken tells what a success still has to say.
func warnClientToken(about subject, res credential.Result, least time.Duration, diags *diag.Diagnostics) {
	for _, n := range res.Notices {
		switch {
		case n.Code == credential.NoticePutOff && n.Reason != credential.ReasonClaimed:
			diags.AddWarning("Client Token Not Renewed", fmt.Sprintf("The access token of %s should be renewed, and the server takes no request before %s: %s. It still works, and is used as it is.",
				about, moment(n.Until), reasonText(n.Reason)))
		case n.Code == credential.NoticeFailed:
			diags.AddWarning("Client Token Not Renewed", "The current access token still works and is used.\n\n"+engineDetail(about, n.Err))
		case n.Code == credential.NoticeNotStored:
			diags.AddWarning("Client Token Not in the Token Store", fmt.Sprintf("The %s has got an access token, but the token store %s could not be written: %s\n\n"+
				"This run uses it. The next run asks for another: nothing was used up.", about, about.session.location, clause(n.Err)))
		}
	}
	if life := toldLifetime(res.Record); life > 0 && least >= life {
		diags.AddAttributeWarning(path.Root("min_validity"), "No Access Token Lives That Long", fmt.Sprintf(
			"The access tokens of %s live %s, and min_validity = %q wants as much left, or more. The one that is shared is renewed when half of that is over. Set min_validity below %[2]s.",
			about, short(life), short(least)))
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
		return []string{tried + ", and the server refused.", nothing,
			"Check that the app may use this grant on the platform, and check scopes, resource, audience and extra_parameters, and the client's endpoints. Then run again."}
	case credential.KindBadClient:
		return []string{tried + ", and the server does not accept the client.", nothing,
			"Check client_id, the client's secret or key and token_endpoint_auth_method; a secret that was renewed on the platform must be renewed here too. Then run again."}
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
