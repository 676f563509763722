// Command terraform-provider-oauth is a Terraform provider that keeps OAuth credentials without losing one, and a command line beside
// it. This package tells which of the two a process is, and hands in stores, browser, streams and signals. It decides nothing about a
// credential and words nothing.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/command"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/login"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run with support for debuggers")
	debugging := debugged(os.Args[1:])
	if !debugging {
		hideMemory()
	}
	deps := wiring.System(stores(), newMemory)
	deps.Getenv = wiring.WithholdSecrets()
	deps.Browser = login.Browser()
	if !debugging { // else it goes on after this run, and opens its store again
		deps.Browser = wiring.WithoutPasswords(deps.Browser)
	}
	if code, handled := runCommand(deps); handled {
		os.Exit(code)
	}
	flag.Parse()
	if err := provider.Serve(context.Background(), version, deps, *debug); err != nil {
		log.Fatal(err)
	}
}

// debugged tells, before anything is read, whether a debugger is to attach: to a plugin only, whose flags come first.
func debugged(args []string) bool {
	for _, arg := range args {
		name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		if !strings.HasPrefix(arg, "-") {
			return false
		}
		if on, err := strconv.ParseBool(value); name == "debug" && (!given || err == nil && on) {
			return true
		}
	}
	return false
}

// runCommand runs the subcommand on the command line, if there is one.
func runCommand(d wiring.Deps) (code int, handled bool) {
	if len(os.Args) < 2 {
		return 0, false
	}
	ctx, stop := untilSignal(d, os.Stderr)
	defer stop()
	return command.Run(ctx, command.Deps{Deps: d, Version: version, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}, os.Args[1:])
}

// stores are the token stores by URL scheme.
func stores() map[string]wiring.StoreKind {
	postgres := wiring.StoreKind{NeedsKey: true, Open: func(url string) (store.Store, error) { return pgstore.Open(url) }}
	return map[string]wiring.StoreKind{
		"file": {Open: func(url string) (store.Store, error) {
			dir, err := wiring.FilePath(url)
			if err != nil {
				return nil, err
			}
			return filestore.Open(dir)
		}},
		"postgres": postgres, "postgresql": postgres,
	}
}

func newMemory(location string) store.Store { return memstore.New(location) }
