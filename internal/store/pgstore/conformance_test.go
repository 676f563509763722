package pgstore_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// conform runs the suite with a schema for each place and a store for each handle.
func conform(t *testing.T, url string) {
	var places atomic.Int64
	storetest.RunWith(t, storetest.Options{Open: func(t *testing.T) func() store.Store {
		place := url + "&schema=place_" + string(rune('a'+places.Add(1)-1))
		return func() store.Store { return open(t, place) }
	}})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	s := server(t)
	conform(t, s.URL(s.Database(t)))
}

func TestConformanceThroughPgBouncer(t *testing.T) {
	t.Parallel()
	s := server(t)
	conform(t, s.PgBouncer(t).URL(s.Database(t)))
}

// Both schemes are usual, and the environment may say everything that the URL leaves out.
func TestConformanceOfTheOtherScheme(t *testing.T) {
	t.Parallel()
	s := server(t)
	url := s.URL(s.Database(t))
	r := create(t, open(t, url), "pair/exact", "one")
	e, err := open(t, strings.Replace(url, "postgres://", "postgresql://", 1)).Get(t.Context(), "pair/exact")
	if err != nil || string(e.Value) != "one" || e.Revision != r {
		t.Errorf("Get returns %q at %q, %v; want what the other handle wrote", e.Value, e.Revision, err)
	}
}
