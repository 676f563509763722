// Command demo shows on a real terraform what becomes of a single-use refresh token: a first authorization, plans that
// are thrown away, two crashes in the middle of a refresh, and an apply. It builds the provider and the sandbox
// authorization server of this repository and drives them as processes; it links nothing of either. See -help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// A closed pipe ends the demo, but only after it has cleaned up, so this one stays caught until the end.
	ctx, uncatch := signal.NotifyContext(context.Background(), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // the second signal ends the demo at once
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	uncatch()
	os.Exit(code)
}

// options are the command line, and what only tests change.
type options struct {
	keep      bool
	quick     bool
	verbose   bool
	terraform string

	plans int // how many are thrown away
}

const usage = `demo runs the real terraform (or tofu) with this provider against a sandbox authorization server: a first
authorization, ten plans that are thrown away, two crashes in the middle of a refresh, and an apply. It takes about
three minutes, for two of which it waits for a deadline. It needs no network, changes nothing outside a temporary
folder, and stops what it started.

Flags:
`

// run is main with its surroundings passed in. It returns 0, 1 after a failure, 2 for wrong usage, and 130 when it was
// stopped.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	opts, err := parseFlags(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "demo:", err)
		return 2
	}
	return show(ctx, opts, environ, stdout, stderr)
}

func parseFlags(args []string, stderr io.Writer) (options, error) {
	opts := options{plans: 10}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints the error
	flags.BoolVar(&opts.keep, "keep", false, "keep the temporary folder, and say where it is")
	flags.BoolVar(&opts.quick, "quick", false,
		"leave out the wait of two minutes, and with it the recovery that it shows: a person authorizes again instead")
	flags.BoolVar(&opts.verbose, "v", false, "show all that terraform says")
	flags.StringVar(&opts.terraform, "terraform", "",
		"the terraform or tofu `program`; default TF_ACC_TERRAFORM_PATH, else terraform or tofu on the PATH")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, usage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return opts, flag.ErrHelp
	}
	if err == nil && flags.NArg() > 0 {
		err = errors.New("there are no arguments, only flags")
	}
	if err != nil {
		return opts, fmt.Errorf("%w (-help lists the flags)", err)
	}
	return opts, nil
}

// show plays the demo and always cleans up.
func show(ctx context.Context, opts options, environ []string, stdout, stderr io.Writer) int {
	d := &demo{opts: opts, out: newScreen(stdout, environ)}
	err := d.play(ctx, environ)
	err = errors.Join(err, d.close(context.WithoutCancel(ctx)))
	if err == nil && !opts.keep {
		d.out.print(indent + "All that the demo started has ended, and its folder is removed.")
	}
	var wrong *surprise
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "\nStopped. Nothing of the demo is left running.")
		return 130
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "\nThis did not go as it should.\n\n%s\n\n", wrong.what)
		fmt.Fprintln(stderr, "That is a defect of the provider or of the demo; please report it, with what stands above.")
		return 1
	case err != nil:
		fmt.Fprintf(stderr, "\n%s\n", err)
		return 1
	}
	return 0
}

// surprise is an expectation that did not hold.
type surprise struct{ what string }

func (s *surprise) Error() string { return s.what }

// expect returns a surprise unless it holds.
func expect(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return &surprise{fmt.Sprintf(format, args...)}
}
