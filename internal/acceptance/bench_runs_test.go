//go:build unix

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// BenchmarkPlansAtOnce starts eight plans of configurations that share one credential, each time that it has expired. One of them
// refreshes, while the server takes its time.
func BenchmarkPlansAtOnce(b *testing.B) {
	const plans, expiries = 8, 5
	s := newServer(b, nil)
	first := newWorkspace(b)
	all := []*workspace{first}
	first.write(s.pair("shared", s.issue().RefreshToken, strict, "") + tokenOf("oauth_token_pair.this.id"))
	first.apply()
	first.advance(0) // what follows shares its clock
	for range plans - 1 {
		w := first.sibling()
		w.write(tokenOf(`"shared"`))
		all = append(all, w)
	}
	s.ResetCounters()
	for b.Loop() {
		for range expiries {
			s.later(time.Hour, first)
			s.fault(sandbox.Fault{Action: sandbox.ActionDelay, DelayMS: 2000, Count: 1})
			var started []*running
			for _, w := range all {
				started = append(started, w.start(planArgs()...))
			}
			for _, r := range started {
				if got := r.wait(); got.code != 0 {
					b.Errorf("a plan failed: %s", strings.TrimSpace(got.text()))
				}
			}
			s.ClearFaults()
		}
	}
	c := s.Counters()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(plans, "askers")
	b.ReportMetric(expiries, "expiries")
	b.ReportMetric(float64(c.Refreshes)/expiries, "refreshes/expiry")
	b.ReportMetric(float64(c.ReuseDetected), "reuses")
	if c.Refreshes != expiries || c.TokenRequests != expiries || c.ReuseDetected != 0 {
		b.Errorf("%d token requests, %d refreshes and %d reuses in %d expiries", c.TokenRequests, c.Refreshes, c.ReuseDetected, expiries)
	}
}

func tokenOf(pair string) string {
	return fmt.Sprintf("\ndata \"oauth_access_token\" \"x\" { token_pair = %s }\n", pair)
}
