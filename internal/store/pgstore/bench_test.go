package pgstore_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// BenchmarkOperations tells what each operation on a record of ordinary size costs: time, round trips, and bytes either way.
// A round trip is one Sync of the protocol. The server syncs its disk, as those of the other tests do not.
func BenchmarkOperations(b *testing.B) {
	s := pgtest.Start(b, pgtest.Config{Synced: true})
	p, st := through(b, s, s.Database(b))
	value := bytes.Repeat([]byte("x"), 2000)
	revision := map[string]store.Revision{}
	name := func(n int) string { return fmt.Sprintf("pair/n%d", n) }
	create := func(n int) (err error) {
		revision[name(n)], err = st.Create(b.Context(), name(n), value)
		return err
	}
	if err := create(-1); err != nil {
		b.Fatal(err)
	}
	const times = 200
	for _, op := range []struct {
		name string
		do   func(n int) error
	}{
		{"create", create},
		{"get", func(n int) error { _, err := st.Get(b.Context(), name(n)); return err }},
		{"replace", func(n int) (err error) {
			revision[name(n)], err = st.Replace(b.Context(), name(n), revision[name(n)], value)
			return err
		}},
		{"delete", func(n int) error { return st.Delete(b.Context(), name(n), revision[name(n)]) }},
	} {
		b.Run(op.name, func(b *testing.B) {
			for b.Loop() {
				p.take()
				start := time.Now()
				for n := range times {
					if err := op.do(n); err != nil {
						b.Fatal(err)
					}
				}
				took, c := time.Since(start), p.take()
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(took.Microseconds())/times, "us")
				b.ReportMetric(float64(c.syncs)/times, "round-trips")
				b.ReportMetric(float64(c.sent)/times, "bytes-out")
				b.ReportMetric(float64(c.received)/times, "bytes-in")
			}
		})
	}
}
