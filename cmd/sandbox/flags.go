package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

const usageHead = `sandbox runs a fake OAuth 2.0 authorization server: for trying the provider, and for tests. It keeps
everything in memory, nobody logs in, and its control API hands out every secret. Never let it face a network.

When it is ready it prints one line of JSON and nothing after it:
  {"issuer","authorization_endpoint","token_endpoint","revocation_endpoint","client_id","client_secret","redirect_uri",
   "control","ca_file","pid"}
It ends on SIGINT or SIGTERM.

Examples:
  sandbox -rotation single_use_grace -grace 30s -access-token-lifetime 1m
  sandbox -profile exact_online
  curl -s "$control"clock -d '{"advance": "1h"}'     # "control" is in the line of JSON and ends in a slash

Flags:
`

// config is what the command line and the environment say.
type config struct {
	listen        sandbox.Listen
	caOut         string
	clientID      string
	clientSecret  string // empty: make one
	redirectURI   string
	profile       string
	settings      sandbox.Settings
	readyFile     string
	exitWithStdin bool
}

func parseFlags(args []string, getenv func(string) string, stderr io.Writer) (config, error) {
	c := config{settings: sandbox.DefaultSettings()}
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints the error, and Usage itself
	flags.Usage = func() {}

	flags.StringVar(&c.listen.Address, "listen", "127.0.0.1:0", "`host:port` to listen on; port 0 takes a free one")
	flags.BoolVar(&c.listen.Anywhere, "listen-anywhere", false, "allow -listen with an address that is not loopback")
	flags.BoolVar(&c.listen.TLS, "tls", false, "serve HTTPS with a certificate of a fresh CA; needs -ca-out")
	flags.StringVar(&c.caOut, "ca-out", "", "write the CA's certificate in PEM to this `file`")
	flags.StringVar(&c.clientID, "client-id", "demo", "the `id` of the one app registration")
	flags.StringVar(&c.clientSecret, "client-secret", "",
		"its `secret`; default SANDBOX_CLIENT_SECRET, else a new one. Others can see it in the process list, and the "+
			"line of JSON shows it: use one that is worth nothing")
	flags.StringVar(&c.redirectURI, "redirect-uri", "/callback",
		"its redirect `URI`; the default is the sandbox's own page, which shows the callback URL for copying")
	flags.StringVar(&c.profile, "profile", "",
		"behave like a platform, as far as that is known: `name` is "+strings.Join(sandbox.Profiles(), ", ")+
			". Where sources contradict each other a profile has variants (see below). Other flags overrule it")
	flags.DurationVar(&c.settings.AccessTokenLifetime, "access-token-lifetime", c.settings.AccessTokenLifetime,
		"how long an access token lives; 0 means without end")
	flags.DurationVar(&c.settings.RefreshTokenIdleLifetime, "refresh-token-lifetime", 0,
		"how long a refresh token may lie unused; 0 means without end")
	flags.StringVar((*string)(&c.settings.Rotation), "rotation", string(c.settings.Rotation),
		"what a refresh does to the refresh token, a `class`: none, new_old_valid, server_decides, single_use, "+
			"single_use_grace or until_successor_used")
	flags.StringVar((*string)(&c.settings.OnReuse), "on-reuse", string(c.settings.OnReuse),
		"what follows when a dead one is presented, a `reaction`: reject, revoke_family or revoke_client_user")
	flags.DurationVar(&c.settings.GracePeriod, "grace", c.settings.GracePeriod, "the grace period of single_use_grace")
	flags.BoolVar(&c.settings.Registration.Enabled, "registration", c.settings.Registration.Enabled,
		"let clients register themselves at /register (RFC 7591) and manage that (RFC 7592); how, says \"registration\" in the "+
			"settings of the control API")
	flags.StringVar(&c.readyFile, "ready-file", "", "also write the line of JSON to this `file` when ready")
	flags.BoolVar(&c.exitWithStdin, "exit-with-stdin", false, "end when standard input closes")

	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, usageHead)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		fmt.Fprintf(stderr, "\nVariants of profiles:\n%s\n%s", variants(), sandbox.ControlHelp)
		return config{}, flag.ErrHelp
	}
	if err != nil {
		return config{}, fmt.Errorf("%w (-help lists the flags)", err)
	}
	if err := c.behaveLikeProfile(flags); err != nil {
		return config{}, err
	}
	if c.clientSecret == "" {
		c.clientSecret = getenv("SANDBOX_CLIENT_SECRET")
	}
	return c, c.check(flags.NArg())
}

// behaveLikeProfile takes the settings of the profile, and on top what the command line says of its own.
func (c *config) behaveLikeProfile(flags *flag.FlagSet) error {
	if c.profile == "" {
		return nil
	}
	given := map[string]string{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = f.Value.String() })
	var err error
	if c.settings, err = sandbox.ProfileSettings(c.profile); err != nil {
		return err
	}
	for name, value := range given {
		if err := flags.Set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// variants lists the variants of each profile.
func variants() string {
	var lines strings.Builder
	for _, name := range sandbox.Profiles() {
		for _, v := range sandbox.Variants(name) {
			lines.WriteString("  " + v + "\n")
		}
	}
	return lines.String()
}

func (c config) check(arguments int) error {
	switch {
	case arguments > 0:
		return errors.New("there are no arguments, only flags (-help lists them)")
	case c.clientID == "":
		return errors.New("-client-id is empty")
	case c.listen.TLS && c.caOut == "":
		return errors.New("-tls needs -ca-out: without the CA no client can trust it")
	case !c.listen.TLS && c.caOut != "":
		return errors.New("-ca-out needs -tls")
	}
	return c.settings.Validate()
}
