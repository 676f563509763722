// Command terraform-provider-oauth is a Terraform provider that keeps OAuth credentials without losing one.
package main

import (
	"context"
	"flag"
	"log"
	"net/url"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
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
func stores() map[string]func(*url.URL) (store.Store, error) {
	return map[string]func(*url.URL) (store.Store, error){
		"file": func(u *url.URL) (store.Store, error) {
			dir, err := provider.FilePath(u)
			if err != nil {
				return nil, err
			}
			return filestore.Open(dir)
		},
	}
}

func newMemory(location string) store.Store { return memstore.New(location) }
