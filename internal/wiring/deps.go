package wiring

import (
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Environment variables that stand for a setting which is not given.
const (
	StoreVariable = "OAUTH_TOKEN_STORE"
	KeyVariable   = "OAUTH_TOKEN_STORE_KEY"
)

// Bounds and default of the settings that are durations.
const (
	MinMargin         = 5 * time.Second // refresh_before_expiry
	MaxMargin         = time.Hour
	DefaultMargin     = 30 * time.Second
	MinValidityLeast  = time.Second // min_validity
	MinValidityMost   = 24 * time.Hour
	MinRequestTimeout = 5 * time.Second // request_timeout
	MaxRequestTimeout = 120 * time.Second
)

// Deps is what the engine needs of the process it runs in. main fills it; tests replace parts.
type Deps struct {
	Stores     map[string]StoreKind              // by URL scheme
	NewMemory  func(location string) store.Store // for token_store = "state"
	DefaultDir func() (string, error)            // the default file store's folder
	RescueDirs func() []string                   // where a reply is kept that no store takes, best first
	Getenv     func(string) string
	Hostname   string
	Clock      credential.Clock
	Random     io.Reader
	Transport  http.RoundTripper // nil: a real one
	Timings    credential.Timings
	Section    *credential.Sections
	Presets    credential.Presets
	Browser    func(ctx context.Context, url string) error // opens one on this machine; nil: there is none
}

// StoreKind is a kind of token store.
type StoreKind struct {
	Open     func(url string) (store.Store, error) // touches nothing; its errors quote nothing of the URL
	NeedsKey bool                                  // others than its user can read it, so what it holds must be sealed
}

// Schemes are those of the stores, sorted.
func (d Deps) Schemes() []string {
	var names []string
	for name := range d.Stores {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
