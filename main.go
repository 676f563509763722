// Command terraform-provider-oauth is a Terraform provider that keeps OAuth credentials without losing one.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/command"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

// version is set by the release build.
var version = "dev"

func main() {
	deps := provider.SystemDeps(stores(), newMemory)
	if code, handled := runCommand(deps); handled {
		os.Exit(code)
	}
	debug := flag.Bool("debug", false, "run with support for debuggers")
	flag.Parse()
	if err := provider.Serve(context.Background(), version, deps, *debug); err != nil {
		log.Fatal(err)
	}
}

// runCommand runs the subcommand on the command line, if there is one. The first signal lets it finish the step under way;
// a second one ends the process as usual.
func runCommand(d provider.Deps) (code int, handled bool) {
	if len(os.Args) < 2 {
		return 0, false
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	kinds := map[string]command.StoreKind{}
	for scheme, kind := range d.Stores {
		kinds[scheme] = command.StoreKind(kind)
	}
	return command.Run(ctx, command.Deps{
		Stores: kinds, RescueDirs: d.RescueDirs, Getenv: d.Getenv, Hostname: d.Hostname, Clock: d.Clock, Random: d.Random,
		Timings: d.Timings, Presets: d.Presets, Stdout: os.Stdout, Stderr: os.Stderr,
	}, os.Args[1:])
}

// stores are the token stores by URL scheme.
func stores() map[string]provider.StoreKind {
	postgres := provider.StoreKind{NeedsKey: true, Open: func(url string) (store.Store, error) { return pgstore.Open(url) }}
	return map[string]provider.StoreKind{
		"file": {Open: func(url string) (store.Store, error) {
			dir, err := provider.FilePath(url)
			if err != nil {
				return nil, err
			}
			return filestore.Open(dir)
		}},
		"postgres": postgres, "postgresql": postgres,
	}
}

func newMemory(location string) store.Store { return memstore.New(location) }
