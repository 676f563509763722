package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

const tokenHelp = `Print a fresh access token of a credential, for scripts and other programs. If need be it is refreshed first, as Terraform does it:
many that ask at the same time cause one refresh, and its successor is stored before anything is printed.

  terraform-provider-oauth token --name NAME [--format FORMAT] [--min-validity DURATION] [--store URL] [--key-file PATH]

  --name NAME      the credential: the name of its oauth_token_pair
  --min-validity DURATION
                   how long the access token must still live, from 1s to 24h; else it is refreshed. The margin of the credential applies
                   too (refresh.before_expiry), else 30s; the longer one wins
  --format FORMAT  what is printed on standard output. All else goes to standard error
      plain            the token (default)
      header           an HTTP header line, Authorization: Bearer …
      json             the token with its type, expiry, connection_details and what else came with it; the guide "Command line" lists the
                       members
      exec-credential  for kubectl and other Kubernetes clients: an ExecCredential of client.authentication.k8s.io/v1, or of v1beta1 if
                       KUBERNETES_EXEC_INFO says so
      git-credential   for git, which calls it as a credential helper: it answers get for the hosts of --host. On erase, which
                       follows when a server has not taken the token, it refreshes it unless it is fresh
  --host HOST      with git-credential: the host, with its port if the URL has one, that is given the token; may be given several times.
                   Only over https, or over http to this machine
  --username NAME  with git-credential: who goes with the token where the URL names nobody. Default: oauth2

` + openingHelp + callingHelp + `
An access token that is bound to a key (DPoP, RFC 9449) is of no use without a proof: only json prints it, together with the key.

` + secretsHelp + `
Ctrl-C or SIGTERM ends it, but not between a refresh and the storing of what it brought. A pipe that is closed early loses nothing.

Exit codes: 0 the token was printed; 1 there is none now, and it is worth trying again; 2 wrong usage, nothing was done; 3 a person is
needed, most often to authorize again; else to correct the client, the key or the name.

Examples:
  terraform-provider-oauth token --name exact-prod --format header | curl -H @- https://start.exactonline.nl/api/v1/current/Me
  git config --global credential.https://git.example.com.helper \
    '!terraform-provider-oauth token --name git-prod --format git-credential --host git.example.com'
  In a kubeconfig:
    users:
    - name: oauth
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1
          command: terraform-provider-oauth
          args: [token, --name, cluster, --format, exec-credential]
          interactiveMode: Never
`

// Formats of a token.
const (
	formatPlain  = "plain"
	formatHeader = "header"
	formatJSON   = "json"
	formatExec   = "exec-credential"
	formatGit    = "git-credential"
)

// tokenOptions is a command line that was understood.
type tokenOptions struct {
	calling
	name        string
	minValidity time.Duration
	format      string
	hosts       names
	username    string
	operation   string // of git
}

func parseToken(args []string) (tokenOptions, error) {
	var o tokenOptions
	flags := flag.NewFlagSet("token", flag.ContinueOnError)
	o.define(flags)
	flags.StringVar(&o.name, "name", "", "")
	flags.DurationVar(&o.minValidity, "min-validity", 0, "")
	flags.StringVar(&o.format, "format", formatPlain, "")
	flags.Var(&o.hosts, "host", "")
	flags.StringVar(&o.username, "username", defaultUsername, "")
	if err := parse(flags, args); err != nil {
		return o, err
	}
	git := o.format == formatGit
	switch {
	case o.name == "":
		return o, errors.New("--name is missing")
	case !credential.ValidName(o.name):
		return o, (&names{o.name}).check()
	case o.minValidity != 0 && (o.minValidity < wiring.MinValidityLeast || o.minValidity > wiring.MinValidityMost):
		return o, fmt.Errorf("--min-validity must be from %s to %s", wiring.MinValidityLeast, wiring.MinValidityMost)
	case !slices.Contains([]string{formatPlain, formatHeader, formatJSON, formatExec, formatGit}, o.format):
		return o, errors.New("--format is none of plain, header, json, exec-credential and git-credential")
	case !git && (len(o.hosts) > 0 || o.username != defaultUsername):
		return o, errors.New("--host and --username go with --format git-credential alone")
	case git && len(o.hosts) == 0:
		return o, errors.New("--host is missing: git must not hand the token to every server that asks for a password")
	case git && flags.NArg() != 1:
		return o, errors.New("git-credential is for git, which adds get, store or erase")
	case !git && flags.NArg() > 0:
		return o, errors.New("there is an argument behind the options")
	case strings.ContainsFunc(o.username, isControl):
		return o, errors.New("--username must be one line")
	}
	o.operation = flags.Arg(0)
	return o, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func runToken(ctx context.Context, deps Deps, args []string) int {
	o, err := parseToken(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(deps.Stdout, tokenHelp)
		return exitDone
	}
	if err != nil {
		return deps.usage("token", err)
	}
	if o.format == formatExec {
		if _, err := execVersion(deps.Getenv(execInfo)); err != nil {
			return deps.usage("token", err) // before anything is sent
		}
	}
	t := &tokenRun{deps: deps, options: o, printer: printers()[o.format]}
	if o.format == formatGit {
		asked, err := awaitGit(ctx, deps.Stdin)
		if ctx.Err() != nil {
			return t.fail(exitFailed, "stopped before git had said what it wants. Nothing was sent.")
		}
		if err != nil {
			return deps.usage("token", err)
		}
		if t.printer = o.git(asked); t.printer == nil {
			return exitDone // it is none of ours
		}
		t.erases, t.asked = o.operation == "erase", asked
	}
	if t.store, err = deps.openToCall(o.calling); err != nil {
		return deps.usage("token", err)
	}
	defer t.store.close()
	return t.run(ctx)
}

// tokenRun gets one token and prints it.
type tokenRun struct {
	deps    Deps
	options tokenOptions
	store   *tokenStore
	printer printer

	asked  gitAsked // with git-credential
	erases bool     // a server has not taken the token that git was given
}

// printer writes a token. Its error says why that is not done, and holds nothing of the token.
type printer func(w io.Writer, env func(string) string, name string, r credential.Record) error

func (t *tokenRun) run(ctx context.Context) int {
	if err := t.store.mustExist(ctx); err != nil {
		return t.fail(exitFailed, err.Error())
	}
	ask := credential.Ask{
		MinValidity: t.options.minValidity, DefaultMargin: wiring.DefaultMargin, Asker: credential.AskerConsumer,
		Brief: t.options.minValidity == 0, // or each call would refresh, where tokens live no longer than the margin
	}
	if t.erases {
		record, err := t.store.manager.Peek(ctx, t.options.name)
		if err != nil || !t.asked.replaceable(record, t.store.manager.Now()) {
			return exitDone // the next get gives what there is, or says what is wrong
		}
		ask.Rejected = t.asked.password.SHA256()
	}
	result, err := t.store.manager.Token(ctx, t.options.name, ask)
	about := words{name: t.options.name, location: t.store.Location()}
	for _, n := range result.Notices {
		t.deps.warn(about.notice(n))
	}
	if err != nil {
		code := exitFailed
		if needsPerson(err) {
			code = exitPerson
		}
		return t.fail(code, about.failure(err)...)
	}
	now := t.store.manager.Now()
	if r := result.Record; len(result.Notices) == 0 && !r.Mints() && r.StatusAt(now) == credential.StatusAuthorizationRequired {
		t.deps.warn(about.last())
	}
	t.warnShort(now, result.Record.Tokens)
	if err := t.printer(t.deps.Stdout, t.deps.Getenv, t.options.name, result.Record); err != nil {
		return t.fail(exitFailed, err.Error(), "The credential is stored, and still works.")
	}
	return exitDone
}

func (t *tokenRun) fail(code int, lines ...string) int {
	t.deps.fail(lines...)
	return code
}

// warnShort tells that the token lives shorter than was asked for.
func (t *tokenRun) warnShort(now time.Time, tokens credential.Tokens) {
	if left := tokens.ExpiresAt.Sub(now); !tokens.ExpiresAt.IsZero() && left < t.options.minValidity {
		t.deps.warn(fmt.Sprintf("the access token lives %s more, which is less than --min-validity", span(left)))
	}
}
