//go:build unix

package acceptance_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

// database is a PostgreSQL server that syncs its disk, as a real one does.
func database(b *testing.B) func() *seal.Store {
	b.Helper()
	server := pgtest.Start(b, pgtest.Config{Synced: true})
	name := server.Database(b)
	keys := newKeys(b)
	return func() *seal.Store {
		s, err := pgstore.Open(server.URL(name))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		})
		return seal.NewStore(s, keys, nil)
	}
}

// forced asks for a token that lives longer than any does, so that each ask refreshes.
var forced = credential.Ask{MinValidity: 24 * time.Hour}

// BenchmarkStores compares reading and replacing one sealed record in PostgreSQL, and in the file store with and without a key.
func BenchmarkStores(b *testing.B) {
	plain := files(b, filepath.Join(b.TempDir(), "plain"))
	for _, kind := range []struct {
		name string
		s    store.Store
	}{
		{"file", seal.NewStore(plain, seal.Keyring{}, randomness{})},
		{"sealed", sealedStore(b, filepath.Join(b.TempDir(), "sealed"))},
		{"postgres", database(b)()},
	} {
		b.Run(kind.name, func(b *testing.B) {
			ctx, value := context.Background(), bytes.Repeat([]byte("x"), 2000)
			revision, err := kind.s.Create(ctx, "pair/one", value)
			if err != nil {
				b.Fatal(err)
			}
			const turns = 200
			var reads, writes []float64
			for b.Loop() {
				for range turns {
					reads = append(reads, timed(func() { _, err = kind.s.Get(ctx, "pair/one") }))
					if err == nil {
						writes = append(writes, timed(func() { revision, err = kind.s.Replace(ctx, "pair/one", revision, value) }))
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(1/median(reads), "reads/s")
			b.ReportMetric(1/median(writes), "writes/s")
			b.ReportMetric(median(reads)*1e3, "read-ms")
			b.ReportMetric(median(writes)*1e3, "write-ms")
		})
	}
}

// BenchmarkThroughput rotates many credentials at once, as a parallel plan of many pairs does.
func BenchmarkThroughput(b *testing.B) {
	const pairs, turns = 32, 5
	s := newServer(b, nil)
	remote := benchManager(b, database(b)(), nil)
	local := benchManager(b, sealedStore(b, filepath.Join(b.TempDir(), "store")), nil)
	for n := range pairs {
		brought(b, remote, s, fmt.Sprint("pair-", n))
		brought(b, local, s, fmt.Sprint("pair-", n))
	}
	all := func(m *credential.Manager) func() {
		return func() {
			var wg sync.WaitGroup
			for n := range pairs {
				wg.Go(func() {
					if _, err := m.Token(context.Background(), fmt.Sprint("pair-", n), forced); err != nil {
						b.Error(err)
					}
				})
			}
			wg.Wait()
		}
	}
	for b.Loop() {
		sideBySide(b, turns, "postgres-32", all(remote), "file-32", all(local))
	}
}

// BenchmarkThousandAskers lets 1,000 askers want one credential that has expired, in 20 managers of this process, each with connections
// of its own. One of them refreshes; the ratio is how much longer the last one waits than a single asker of another pair does.
func BenchmarkThousandAskers(b *testing.B) {
	const managers, each, turns, lifetime = 20, 50, 5, 3 * time.Second
	s := newServer(b, func(set *sandbox.Settings) { set.AccessTokenLifetime = lifetime })
	open := database(b)
	var all []*credential.Manager
	for range managers {
		all = append(all, benchManager(b, open(), nil))
	}
	brought(b, all[0], s, "shared")
	brought(b, all[0], s, "alone")
	ask := func(m *credential.Manager, name string) {
		if _, err := m.Token(context.Background(), name, credential.Ask{}); err != nil {
			b.Error(err)
		}
	}
	crowd := func() {
		var wg sync.WaitGroup
		for _, m := range all {
			for range each {
				wg.Go(func() { ask(m, "shared") })
			}
		}
		wg.Wait()
	}
	for b.Loop() {
		var crowds, singles, ratios []float64
		refreshes := 0 // of the crowd
		for range turns {
			time.Sleep(lifetime) // the server's clock decides, and it cannot be moved
			before := s.Counters().Refreshes
			c := timed(crowd)
			refreshes += s.Counters().Refreshes - before
			one := timed(func() { ask(all[0], "alone") })
			crowds, singles, ratios = append(crowds, c), append(singles, one), append(ratios, c/one)
		}
		reuses := s.Counters().ReuseDetected
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(managers*each, "askers")
		b.ReportMetric(turns, "expiries")
		b.ReportMetric(float64(reuses), "reuses")
		b.ReportMetric(median(crowds)*1e3, "the-1000th-ms")
		b.ReportMetric(median(singles)*1e3, "one-asker-ms")
		b.ReportMetric(median(ratios), "ratio")
		b.ReportMetric(float64(refreshes)/turns, "refreshes/expiry")
		if refreshes != turns || reuses != 0 {
			b.Errorf("%d refreshes and %d reuses in %d expiries", refreshes, reuses, turns)
		}
	}
}
