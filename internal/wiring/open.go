package wiring

import (
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/rescue"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Network is how authorization servers are called.
type Network struct {
	RequestTimeout    time.Duration // 0: that of the timings
	CACertificatePEM  string
	AllowInsecureHTTP bool
	Version           string // of this program, which servers are told
}

// timings are those by which claims and calls go alike.
func (d Deps) timings(n Network) credential.Timings {
	t := d.Timings
	if n.RequestTimeout > 0 {
		t.RequestTimeout = n.RequestTimeout
	}
	return t
}

// CallerOptions are how authorization servers, and the APIs behind them, are reached.
func (d Deps) CallerOptions(n Network) oauth.CallerOptions {
	return oauth.CallerOptions{
		Transport: d.Transport, Timeout: d.timings(n).RequestTimeout, CACertificatePEM: n.CACertificatePEM,
		AllowInsecureHTTP: n.AllowInsecureHTTP, UserAgent: "terraform-provider-oauth/" + n.Version,
		Now: d.Clock.Now, Random: d.Random,
	}
}

// Caller calls authorization servers. The error is about the certificates.
func (d Deps) Caller(n Network) (*oauth.Caller, error) { return oauth.NewCaller(d.CallerOptions(n)) }

// Engine is what a Manager works with, but for its store.
func (d Deps) Engine(n Network, caller *oauth.Caller, servers *credential.Directory, log slog.Handler) credential.Options {
	return credential.Options{
		Caller: caller, Prober: caller, Looker: caller, Clock: d.Clock, Random: d.Random, Owner: d.Hostname, Timings: d.timings(n),
		Section: d.Section, Log: slog.New(log), AllowInsecureHTTP: n.AllowInsecureHTTP, Presets: d.Presets, Servers: servers,
	}
}

// Offline is Engine without a network.
func (d Deps) Offline() credential.Options {
	return credential.Options{
		Caller: credential.Offline{}, Clock: d.Clock, Random: d.Random, Owner: d.Hostname, Timings: d.Timings, Section: d.Section, Presets: d.Presets,
	}
}

// Over puts o over a store that keys seal.
func (d Deps) Over(o credential.Options, inner store.Store, kind StoreKind, keys seal.Keyring) (*seal.Store, credential.Options) {
	if kind.NeedsKey {
		keys = keys.SealedOnly()
	}
	sealed := seal.NewStore(inner, keys, d.Random)
	o.Store, o.Rescue = sealed, rescue.NewDir(d.RescueDirs(), keys, sealed.ID)
	return sealed, o
}

// DefaultStore is the URL of the default store.
func (d Deps) DefaultStore() (string, error) {
	dir, err := d.DefaultDir()
	if err != nil {
		return "", fmt.Errorf("the default folder is not known (%w); set %s", err, StoreVariable)
	}
	return (&url.URL{Scheme: "file", Path: slashed(dir)}).String(), nil
}

// OpenStore opens the store of a URL. It touches nothing. An unknown or wrong one never falls back to the default: tokens would
// be looked for in the wrong place. words are those of StoreScheme, and its errors quote nothing of the URL either.
func (d Deps) OpenStore(text string, words ...string) (store.Store, StoreKind, error) {
	scheme, err := StoreScheme(text, d.Schemes(), words...)
	if err != nil {
		return nil, StoreKind{}, err
	}
	kind := d.Stores[scheme]
	opened, err := kind.Open(text)
	return opened, kind, err
}
