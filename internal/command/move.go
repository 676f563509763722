package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

const moveHelp = `Move credentials from one token store to another, in either direction. Nobody has to authorize again.

  terraform-provider-oauth move --from URL --to URL (--all | --name NAME [--name NAME …]) [--dry-run] [--json] [--key-file PATH]

  --from URL       the store that has the credentials now (or OAUTH_MOVE_FROM)
  --to URL         the store that is to have them (or OAUTH_MOVE_TO)
  --all            every credential, with all app registrations
  --name NAME      this credential, with the registrations that it refers to; may be given several times
  --dry-run        tell what would be done, and write nothing
  --json           print the outcome as JSON
  --key-file PATH  age keys, one a line, instead of OAUTH_TOKEN_STORE_KEY; the file must be readable by you alone

URLs are those of token_store: file:///var/lib/oauth, postgres://db.example.com/oauth. The default store is
file://$HOME/.local/state/terraform-provider-oauth. A URL with a password belongs into OAUTH_MOVE_FROM or OAUTH_MOVE_TO: others
see the arguments of a process. PostgreSQL also takes the password from PGPASSFILE, PGPASSWORD or a service (PGSERVICE).

OAUTH_TOKEN_STORE_KEY holds the age keys of both stores, separated by commas: all open, the first seals what is written. A key
is never an argument.

A run that is stopped or fails loses nothing. Run it again and it goes on; run it with --from and --to exchanged and it is taken
back. A credential that is being refreshed is waited for. While it moves, Terraform may go on: it gets the access token as
long as that lives. When all is moved, set token_store of each configuration to the new store, and apply.

The outcome of each credential:
  moved      it is in the destination; the source remembers where it went
  kept       the destination had it already, with a newer token, which stays; the source gave up its own
  already    it was moved before
  undone     it had never left the destination: an unfinished move the other way was taken back
  deleted    it was destroyed before; what is remembered of it, so that no used token is sent again, was copied
  elsewhere  it was moved to another store before (with --all; with --name that is a failure)
  failed     it was not moved, and why stands on standard error; unless that says otherwise, the source has it as before
  remaining  the run was stopped before it

Of a registration: moved, where the server has made its client; else copied; same; different (the destination has another one
of that name, which stays as it is).

Exit codes: 0 all done; 1 something failed or remains; 2 wrong usage, nothing was done.

Examples:
  A laptop's store goes into the team's database:
    export OAUTH_TOKEN_STORE_KEY="$(grep AGE-SECRET-KEY key.txt)" PGPASSFILE=~/.pgpass
    terraform-provider-oauth move --from "file://$HOME/.local/state/terraform-provider-oauth" --to postgres://db.example.com/oauth --all --dry-run
    terraform-provider-oauth move --from "file://$HOME/.local/state/terraform-provider-oauth" --to postgres://db.example.com/oauth --all
  One credential back into a folder:
    terraform-provider-oauth move --from postgres://db.example.com/oauth --to file:///var/lib/oauth --name exact-prod --key-file ~/oauth.key
`

// moveOptions is a command line that was understood.
type moveOptions struct {
	from, to     string
	all          bool
	names        names
	json, dryRun bool
	keyFile      string
	shown        []string // URLs given as arguments
}

// names is a flag that may be given several times.
type names []string

func (n *names) String() string { return "" }

func (n *names) Set(name string) error {
	if !slices.Contains(*n, name) {
		*n = append(*n, name)
	}
	return nil
}

func (n *names) check() error {
	for _, name := range *n {
		if !credential.ValidName(name) {
			return errors.New("--name is no name of a credential: letters, digits, dots, underscores and hyphens, at most 100")
		}
	}
	return nil
}

// parseMove reads the command line. Its errors quote no value: that may be a URL with a password.
func parseMove(args []string, getenv func(string) string) (moveOptions, error) {
	var o moveOptions
	flags := flag.NewFlagSet("move", flag.ContinueOnError)
	flags.StringVar(&o.from, "from", "", "")
	flags.StringVar(&o.to, "to", "", "")
	flags.BoolVar(&o.all, "all", false, "")
	flags.Var(&o.names, "name", "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.BoolVar(&o.dryRun, "dry-run", false, "")
	flags.StringVar(&o.keyFile, "key-file", "", "")
	if err := parse(flags, args); err != nil {
		return o, err
	}
	for _, url := range []string{o.from, o.to} {
		if url != "" {
			o.shown = append(o.shown, url)
		}
	}
	if o.from == "" {
		o.from = getenv("OAUTH_MOVE_FROM")
	}
	if o.to == "" {
		o.to = getenv("OAUTH_MOVE_TO")
	}
	switch {
	case flags.NArg() > 0:
		return o, errors.New("there is an argument behind the options; each name needs its own --name")
	case o.from == "":
		return o, errors.New("--from is missing")
	case o.to == "":
		return o, errors.New("--to is missing")
	case o.all && len(o.names) > 0:
		return o, errors.New("--all and --name exclude each other")
	case !o.all && len(o.names) == 0:
		return o, errors.New("say what to move: --all, or --name NAME")
	}
	return o, o.names.check()
}

func runMove(ctx context.Context, deps Deps, args []string) int {
	o, err := parseMove(args, deps.Getenv)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(deps.Stdout, moveHelp)
		return exitDone
	}
	var from, to *tokenStore
	if err == nil {
		from, to, err = deps.openBoth(o)
	}
	if err != nil {
		return deps.usage("move", err)
	}
	defer from.close()
	defer to.close()
	if slices.ContainsFunc(o.shown, holdsPassword) {
		deps.warnPassword("OAUTH_MOVE_FROM and OAUTH_MOVE_TO")
	}
	r := &moveReport{deps: deps, options: o, from: from.Location(), to: to.Location()}
	if err := r.run(ctx, from, to); err != nil {
		deps.fail(err.Error())
		r.failed = true
	}
	return r.print()
}

// openBoth opens source and destination. Its errors are those of wrong usage.
func (d Deps) openBoth(o moveOptions) (from, to *tokenStore, err error) {
	keys, err := d.keys(o.keyFile)
	if err != nil {
		return nil, nil, err
	}
	if o.from == wiring.StateStore || o.to == wiring.StateStore {
		return nil, nil, errors.New("the state is moved by Terraform alone: change token_store and apply")
	}
	if from, err = d.openStore(o.from, keys, d.Offline()); err != nil {
		return nil, nil, fmt.Errorf("the source cannot be used: %w", err)
	}
	if to, err = d.openStore(o.to, keys, d.Offline()); err != nil {
		from.close()
		return nil, nil, fmt.Errorf("the destination cannot be used: %w", err)
	}
	if err := errors.Join(from.needKey(keys), to.needKey(keys)); err != nil {
		from.close()
		to.close()
		return nil, nil, err
	}
	if keys.IsZero() && !o.dryRun {
		d.warn("there is no key; the destination will hold the tokens in plain text, readable by you alone. " + wiring.KeyVariable + " seals them.")
	}
	return from, to, nil
}

// checkStores refuses what would go wrong with every credential.
func checkStores(ctx context.Context, from, to *tokenStore, mover *credential.Mover) error {
	exists, err := from.exists(ctx)
	if err != nil {
		return fmt.Errorf("the source cannot be read: %w", err)
	}
	if !exists {
		return fmt.Errorf("there is no token store at %s", from.Location())
	}
	if err := mover.Check(ctx); err != nil {
		return errors.New(reason(err))
	}
	return checkKey(ctx, to)
}

// checkKey reads one record of the destination. If no key opens it, those who use that store have another key, and could not
// open what would be written.
func checkKey(ctx context.Context, to *tokenStore) error {
	present, err := to.manager.Names(ctx)
	if err != nil {
		return fmt.Errorf("the destination cannot be read: %w", err)
	}
	if len(present) == 0 {
		return nil
	}
	if _, err := to.manager.Peek(ctx, present[0]); errors.Is(err, seal.ErrNoKey) {
		return fmt.Errorf("the destination is sealed with another key: %w", err)
	}
	return nil
}
