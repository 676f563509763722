// Command terraform-provider-oauth is a Terraform provider that keeps OAuth credentials without losing one.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run with support for debuggers")
	flag.Parse()
	if err := provider.Serve(context.Background(), version, provider.SystemDeps(stores(), newMemory), *debug); err != nil {
		log.Fatal(err)
	}
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
