package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// opening are the options of a subcommand that works with one token store: which, and how it is opened.
type opening struct {
	store   string
	keyFile string
	shown   bool // the URL is among the arguments
}

// openingHelp explains them.
const openingHelp = `  --store URL      the token store: file:///var/lib/oauth, postgres://db.example.com/oauth. Default: OAUTH_TOKEN_STORE, else the
                   folder terraform-provider-oauth in $XDG_STATE_HOME, else in ~/.local/state (%LocalAppData% on Windows), as in
                   the provider. It must be the store that Terraform uses: token_store in the provider's configuration, if set
  --key-file PATH  age keys, one a line, instead of OAUTH_TOKEN_STORE_KEY; the file must be readable by you alone.
                   A pipe will do: --key-file <(pass show oauth-key)
`

// secretsHelp says how secrets come in.
const secretsHelp = `No secret is an argument, since others see the arguments of a process: a store's URL with a password belongs into
OAUTH_TOKEN_STORE, keys into OAUTH_TOKEN_STORE_KEY or a file. PostgreSQL also takes the password from PGPASSFILE, PGPASSWORD or a
service (PGSERVICE).
`

func (o *opening) define(flags *flag.FlagSet) {
	flags.StringVar(&o.store, "store", "", "")
	flags.StringVar(&o.keyFile, "key-file", "", "")
}

// calling are the options of a subcommand that talks to authorization servers, besides those of its store.
type calling struct {
	opening
	caFile   string
	timeout  time.Duration
	insecure bool
	verbose  bool
}

// callingHelp explains what openingHelp does not.
const callingHelp = `  --request-timeout DURATION    how long one request to an authorization server may take, from 5s to 2m. Default: 30s
  --ca-certificate-file PATH    PEM certificates of authorities that are trusted in addition to the system's
  --allow-insecure-http         let endpoints be http:// on other machines than this one; secrets then travel in clear text
  --verbose                     tell on standard error what is done; never a secret
`

func (o *calling) define(flags *flag.FlagSet) {
	o.opening.define(flags)
	flags.StringVar(&o.caFile, "ca-certificate-file", "", "")
	flags.DurationVar(&o.timeout, "request-timeout", 0, "")
	flags.BoolVar(&o.insecure, "allow-insecure-http", false, "")
	flags.BoolVar(&o.verbose, "verbose", false, "")
}

// parse reads the options of a subcommand. No value of a wrong one is quoted: it may be a secret that stands in the wrong place.
func parse(flags *flag.FlagSet, args []string) error {
	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return fmt.Errorf("there is an argument that is no option of %s, or that lacks its value", flags.Name())
	}
	// One that is given and empty comes of a variable that is not set. The default would be another place than was meant.
	var err error
	flags.Visit(func(f *flag.Flag) {
		if slices.Contains([]string{"store", "from", "to", "key-file", "ca-certificate-file"}, f.Name) && f.Value.String() == "" {
			err = fmt.Errorf("--%s is given, and empty", f.Name)
		}
	})
	return err
}

// usage tells of a wrong command line, environment or key file.
func (d Deps) usage(subcommand string, err error) int {
	fmt.Fprintf(d.Stderr, "terraform-provider-oauth %s: %v\nNothing was done. --help tells how to use it.\n", subcommand, err)
	return exitUsage
}

// locate fills in the URL of the store where none is given.
func (d Deps) locate(o *opening) error {
	o.shown = o.store != ""
	if o.store == "" {
		o.store = d.Getenv(wiring.StoreVariable)
	}
	if o.store == wiring.StateStore {
		return errors.New("tokens that are kept in the Terraform state alone are out of reach here: there is no token store to open")
	}
	var err error
	if o.store == "" {
		o.store, err = d.DefaultStore()
	}
	return err
}

// open opens the store for a subcommand that sends nothing. Its errors are those of wrong usage.
func (d Deps) open(o opening) (*tokenStore, error) { return d.openWith(o, d.Offline()) }

// openToCall opens the store for a subcommand that talks to authorization servers. Its errors are those of wrong usage.
func (d Deps) openToCall(o calling) (*tokenStore, error) {
	if o.timeout != 0 && (o.timeout < wiring.MinRequestTimeout || o.timeout > wiring.MaxRequestTimeout) {
		return nil, fmt.Errorf("--request-timeout must be from %s to %s", wiring.MinRequestTimeout, wiring.MaxRequestTimeout)
	}
	network := wiring.Network{RequestTimeout: o.timeout, AllowInsecureHTTP: o.insecure, Version: d.Version}
	if o.caFile != "" {
		text, err := os.ReadFile(o.caFile)
		if err != nil {
			return nil, fmt.Errorf("the file of --ca-certificate-file cannot be read: %w", err)
		}
		network.CACertificatePEM = string(text)
	}
	caller, err := d.Caller(network)
	if err != nil {
		return nil, fmt.Errorf("the certificates of --ca-certificate-file cannot be used: %w", err)
	}
	log := slog.DiscardHandler
	if o.verbose {
		log = slog.NewTextHandler(d.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})
	}
	return d.openWith(o.opening, d.Engine(network, caller, credential.NewDirectory(caller), log))
}

func (d Deps) openWith(o opening, engine credential.Options) (*tokenStore, error) {
	if err := d.locate(&o); err != nil {
		return nil, err
	}
	keys, err := d.keys(o.keyFile)
	if err != nil {
		return nil, err
	}
	s, err := d.openStore(o.store, keys, engine)
	if err != nil {
		return nil, fmt.Errorf("the token store cannot be used: %w", err)
	}
	if err := s.needKey(keys); err != nil {
		s.close()
		return nil, err
	}
	if o.shown && holdsPassword(o.store) {
		d.warnPassword(wiring.StoreVariable)
	}
	return s, nil
}

// warnPassword says where a URL with a password belongs.
func (d Deps) warnPassword(variables string) {
	d.warn(fmt.Sprintf("a URL among the arguments holds a password; every user of this machine can see the arguments of a process. "+
		"Use %s, or PGPASSFILE, PGPASSWORD or a service.", variables))
}

// mustExist refuses a store that was never written to: its URL is wrong, or nothing was made yet.
func (s *tokenStore) mustExist(ctx context.Context) error {
	exists, err := s.exists(ctx)
	if err != nil {
		return fmt.Errorf("the token store cannot be read: %w", err)
	}
	if !exists {
		return fmt.Errorf("there is no token store at %s; --store or %s names another one", s.Location(), wiring.StoreVariable)
	}
	return nil
}
