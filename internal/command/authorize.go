package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/login"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

const authorizeHelp = `Have a person authorize a credential, and put its tokens into the token store. Terraform takes them over from there: nobody has to
authorize again, be it on this machine or in a pipeline that uses the same store.

  terraform-provider-oauth authorize --name NAME [--device | --redirect-uri URI] [CLIENT] [--scope SCOPE …] [--store URL]

  --name NAME      the credential: the name of its oauth_token_pair, which need not exist yet
  --redirect-uri URI
                   where the answer comes to, exactly as it is registered with the app. Default: ` + defaultRedirect + `.
                   http:// to 127.0.0.1, [::1] or localhost: this program listens there. Without a port it takes one that is free, which
                   servers have to accept for the two addresses (RFC 8252), and some do not; with a port, that one.
                   Any other URI: you paste the address that the browser ends up at
  --device         authorize by a code, on any device (RFC 8628)
  --scope SCOPE    ask for this scope; may be given several times. Default: what the platform wants, else none
  --resource URI, --audience TEXT, --parameter NAME=VALUE
                   what the request carries besides; each may be given several times
  --no-browser     show the address, and open no browser. None is opened either without a display, or if CI is set
  --wait DURATION  how long to wait for the person, from 10s to 1h. Default: 5m
  --json           print the outcome as JSON

The client, needed for a credential that the store does not hold yet. For one that it holds, its own is used; without --device,
--redirect-uri and --scope also what the last apply has offered:
  --client-id ID
  --client-secret-file PATH     the client secret, instead of OAUTH_CLIENT_SECRET; the file must be readable by you alone
  --private-key-file PATH       the private key of a client that signs assertions (private_key_jwt), likewise
  --platform ID, --platform-parameter NAME=VALUE
                                a platform that the provider knows, such as exact_online, and what its endpoints depend on
  --issuer URL                  the authorization server, whose endpoints are discovered
  --authorization-endpoint URL, --token-endpoint URL, --device-authorization-endpoint URL,
  --pushed-authorization-request-endpoint URL, --revocation-endpoint URL
                                each where neither of these tells it
  --token-endpoint-auth-method METHOD, --require-pushed-authorization-requests, --dpop-bound-access-tokens
                                as in the client of an oauth_token_pair

` + openingHelp + callingHelp + `
` + secretsHelp + `
Ctrl-C or SIGTERM ends the waiting. What was offered stays good: run it again, and a browser that still shows the consent page leads
to the same end. A credential that works is authorized anew; its former tokens are used until then.

Exit codes: 0 authorized; 1 not, and it is worth trying again; 2 wrong usage, nothing was done; 3 the person has refused or has not
come, or what was offered is over.

Examples:
  On a laptop, for a pipeline that uses the same database:
    export OAUTH_TOKEN_STORE=postgres://db.example.com/oauth OAUTH_TOKEN_STORE_KEY="$(grep AGE-SECRET-KEY key.txt)"
    terraform-provider-oauth authorize --name crm-prod --issuer https://login.example.com --client-id crm --scope offline_access
  Where the platform takes no loopback address:
    OAUTH_CLIENT_SECRET="$(pass show exact)" terraform-provider-oauth authorize --name exact-prod --platform exact_online \
      --platform-parameter country=nl --client-id 1234 --redirect-uri https://example.com/callback
  What an apply has offered:
    terraform-provider-oauth authorize --name exact-prod
`

const (
	defaultRedirect      = "http://127.0.0.1/callback"
	clientSecretVariable = "OAUTH_CLIENT_SECRET"
)

// authorizeOptions is a command line that was understood.
type authorizeOptions struct {
	calling
	name                         string
	client                       credential.Client
	secretFile, keyFileOfClient  string
	redirectURI                  string
	device, noBrowser, json      bool
	scopes, resources, audiences names
	extra                        pairs
	wait                         time.Duration

	ofClient bool // the client was given
}

// pairs is a flag NAME=VALUE that may be given several times.
type pairs map[string]string

func (p *pairs) String() string { return "" }

func (p *pairs) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("it is not NAME=VALUE")
	}
	if *p == nil {
		*p = pairs{}
	}
	if _, twice := (*p)[name]; twice {
		return errors.New("a name is given twice")
	}
	(*p)[name] = value
	return nil
}

func (o *authorizeOptions) define(flags *flag.FlagSet) {
	o.calling.define(flags)
	flags.StringVar(&o.name, "name", "", "")
	flags.StringVar(&o.redirectURI, "redirect-uri", "", "")
	flags.BoolVar(&o.device, "device", false, "")
	flags.BoolVar(&o.noBrowser, "no-browser", false, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.Var(&o.scopes, "scope", "")
	flags.Var(&o.resources, "resource", "")
	flags.Var(&o.audiences, "audience", "")
	flags.Var(&o.extra, "parameter", "")
	flags.DurationVar(&o.wait, "wait", login.DefaultWait, "")
	for name, of := range o.clientTexts() {
		flags.StringVar(of, name, "", "")
	}
	flags.Var((*pairs)(&o.client.PlatformParameters), "platform-parameter", "")
	flags.BoolVar(&o.client.RequirePushedAuthorizationRequests, "require-pushed-authorization-requests", false, "")
	flags.BoolVar(&o.client.DPoPBoundAccessTokens, "dpop-bound-access-tokens", false, "")
}

// clientTexts are the options that say something of the client.
func (o *authorizeOptions) clientTexts() map[string]*string {
	c := &o.client
	return map[string]*string{
		"client-id": &c.ClientID, "client-secret-file": &o.secretFile, "private-key-file": &o.keyFileOfClient,
		"platform": &c.Platform, "issuer": &c.Issuer, "token-endpoint-auth-method": &c.TokenEndpointAuthMethod,
		"authorization-endpoint": &c.AuthorizationEndpoint, "token-endpoint": &c.TokenEndpoint,
		"device-authorization-endpoint":         &c.DeviceAuthorizationEndpoint,
		"pushed-authorization-request-endpoint": &c.PushedAuthorizationRequestEndpoint,
		"revocation-endpoint":                   &c.RevocationEndpoint,
	}
}

func parseAuthorize(args []string) (authorizeOptions, error) {
	var o authorizeOptions
	flags := flag.NewFlagSet("authorize", flag.ContinueOnError)
	o.define(flags)
	if err := parse(flags, args); err != nil {
		return o, err
	}
	for _, text := range o.clientTexts() {
		o.ofClient = o.ofClient || *text != ""
	}
	c := o.client
	o.ofClient = o.ofClient || len(c.PlatformParameters) > 0 || c.RequirePushedAuthorizationRequests || c.DPoPBoundAccessTokens
	switch {
	case flags.NArg() > 0:
		return o, errors.New("there is an argument behind the options")
	case o.name == "":
		return o, errors.New("--name is missing")
	case !credential.ValidName(o.name):
		return o, (&names{o.name}).check()
	case o.wait < login.MinWait || o.wait > login.MaxWait:
		return o, fmt.Errorf("--wait must be from %s to %s", login.MinWait, login.MaxWait)
	case o.device && o.redirectURI != "":
		return o, errors.New("--device and --redirect-uri exclude each other")
	case o.ofClient && c.ClientID == "":
		return o, errors.New("--client-id is missing: the other options of a client go with it")
	}
	if o.redirectURI != "" {
		if err := login.CheckRedirectURI(o.redirectURI); err != nil {
			return o, fmt.Errorf("--redirect-uri cannot be used: %w", err)
		}
	}
	for _, scope := range o.scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return o, errors.New("--scope takes one scope, without spaces; give it several times for several")
		}
	}
	return o, nil
}

// request is what the person is asked for.
func (o *authorizeOptions) request(d Deps) (login.Request, error) {
	r := login.Request{Name: o.name, Wait: o.wait}
	asks := o.redirectURI != "" || len(o.scopes)+len(o.resources)+len(o.audiences)+len(o.extra) > 0
	switch {
	case o.device:
		r.Device = &credential.DeviceRequest{Scopes: o.scopes, Resource: o.resources, Audience: o.audiences, Extra: o.extra}
	case o.ofClient, asks:
		uri := o.redirectURI
		if uri == "" {
			uri = defaultRedirect
		}
		r.Code = &credential.Authorization{RedirectURI: uri, Scopes: o.scopes, Resource: o.resources, Audience: o.audiences, Extra: o.extra}
	}
	if err := login.CheckRequest(r); err != nil {
		return r, fmt.Errorf("the request cannot be made: %w", err)
	}
	if !o.ofClient {
		return r, nil
	}
	if err := o.secrets(d); err != nil {
		return r, err
	}
	if err := login.CheckClient(o.client, d.Presets, o.insecure, o.device); err != nil {
		return r, fmt.Errorf("the client cannot be used: %w", err)
	}
	r.Setup = &credential.Setup{Client: o.client}
	return r, nil
}

// secrets reads what proves who the client is.
func (o *authorizeOptions) secrets(d Deps) error {
	for _, s := range []struct {
		option, path string
		of           *secret.String
	}{{"--client-secret-file", o.secretFile, &o.client.ClientSecret}, {"--private-key-file", o.keyFileOfClient, &o.client.PrivateKey}} {
		if s.path == "" {
			continue
		}
		text, err := readPrivate("file of "+s.option, s.path)
		if err != nil {
			return err
		}
		*s.of = secret.New(strings.TrimRight(text, "\r\n"))
		if s.of.IsEmpty() {
			return fmt.Errorf("the file of %s is empty", s.option)
		}
	}
	if o.secretFile == "" {
		o.client.ClientSecret = secret.New(d.Getenv(clientSecretVariable))
	}
	return nil
}

func runAuthorize(ctx context.Context, deps Deps, args []string) int {
	o, err := parseAuthorize(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(deps.Stdout, authorizeHelp)
		return exitDone
	}
	var request login.Request
	if err == nil {
		request, err = o.request(deps)
	}
	var s *tokenStore
	if err == nil {
		s, err = deps.openToCall(o.calling)
	}
	if err != nil {
		return deps.usage("authorize", err)
	}
	defer s.close()
	return (&authorizeRun{deps: deps, options: o, store: s, about: words{name: o.name, location: s.Location()}}).run(ctx, request)
}
