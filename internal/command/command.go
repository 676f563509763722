// Package command is what the provider's binary does for a person at a shell, instead of serving Terraform: one file for
// each subcommand. Run is the entry point.
//
// It opens token stores, has the engine do the work, and puts the outcome into words. It knows nothing of Terraform, and prints
// no secret but the access token that is asked for. Stores, clock, network, environment and streams are handed in.
package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // something that was asked for was not done; the output lists it
	exitUsage  = 2 // nothing was done: the command line, the environment or the key file is wrong
	exitPerson = 3 // a person is needed now, to authorize or to repair; nothing will get better by itself
	exitSoon   = 4 // status --check: a person is needed before long
)

// exitCodes says what the exit codes of all subcommands mean.
func exitCodes() []struct {
	code  int
	means string
} {
	return []struct {
		code  int
		means string
	}{
		{exitDone, "all that was asked for was done"},
		{exitFailed, "something was not done, or could not be read; standard error says what and why"},
		{exitUsage, "nothing was done: the command line, the environment or the key file is wrong"},
		{exitPerson, "a person is needed now, most often to authorize; only token and authorize, and status with --check"},
		{exitSoon, "a person is needed before long; only status with --check"},
	}
}

// Deps is what a subcommand needs of the process it runs in. main fills it; tests replace parts.
type Deps struct {
	wiring.Deps
	Version string // of this program
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
}

// warn tells people what a success has to say besides.
func (d Deps) warn(text string) {
	if text != "" {
		fmt.Fprintf(d.Stderr, "warning: %s\n", sentence(text))
	}
}

// fail tells people why something was not done: what was tried first, then the rest, a line each.
func (d Deps) fail(lines ...string) {
	prefix := "error: "
	for _, line := range lines {
		fmt.Fprintf(d.Stderr, "%s%s\n", prefix, sentence(line))
		prefix = ""
	}
}

// subcommand runs with the arguments behind its name and returns an exit code.
type subcommand struct {
	name, summary string
	run           func(ctx context.Context, deps Deps, args []string) int
}

func subcommands() []subcommand {
	return []subcommand{
		{"status", "tell what a token store holds, and what needs a person", runStatus},
		{"token", "print a fresh access token, for scripts, Kubernetes clients and git", runToken},
		{"authorize", "have a person authorize a credential", runAuthorize},
		{"move", "move credentials from one token store to another", runMove},
	}
}

// Run runs the subcommand that args (without the program's name) begin with, and returns the exit code. handled is false
// where args hold none, as when Terraform starts the provider: then nothing was done. When ctx ends, the step under way is
// finished, and no further one begun.
func Run(ctx context.Context, deps Deps, args []string) (code int, handled bool) {
	if len(args) == 0 {
		return exitDone, false
	}
	name := args[0]
	all := subcommands()
	if len(args) == 2 && isHelp(name) { // help status
		name, args = args[1], []string{args[1], "-h"}
	} else if len(args) == 2 && isHelp(args[1]) { // status help
		args = []string{name, "-h"}
	}
	if i := slices.IndexFunc(all, func(c subcommand) bool { return c.name == name }); i >= 0 {
		return all[i].run(ctx, deps, args[1:]), true
	}
	switch {
	case isHelp(name):
		fmt.Fprint(deps.Stdout, overview(all))
		return exitDone, true
	case isVersion(name):
		fmt.Fprintf(deps.Stdout, "terraform-provider-oauth %s\n", deps.Version)
		return exitDone, true
	case strings.HasPrefix(name, "-"):
		return exitDone, false
	}
	fmt.Fprintf(deps.Stderr, "terraform-provider-oauth: there is no such subcommand\n\n%s", overview(all))
	return exitUsage, true
}

func isHelp(arg string) bool {
	return slices.Contains([]string{"help", "-h", "-help", "--help"}, arg)
}

func isVersion(arg string) bool {
	return slices.Contains([]string{"version", "-version", "--version"}, arg)
}

func overview(all []subcommand) string {
	var text strings.Builder
	text.WriteString("This is a Terraform provider: terraform and tofu start it by themselves. For people it has subcommands:\n\n")
	for _, c := range all {
		fmt.Fprintf(&text, "  terraform-provider-oauth %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(&text, "  terraform-provider-oauth %-9s %s\n", "version", "tell the version")
	text.WriteString("\nEach tells more with --help. Exit codes:\n\n")
	for _, c := range exitCodes() {
		fmt.Fprintf(&text, "  %d  %s\n", c.code, c.means)
	}
	return text.String()
}
