package provider

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// A claim shows who holds it, for what, and whether it has stood for longer than its owner can act.
func TestStatusOfAClaim(t *testing.T) {
	t.Parallel()
	r := credential.Record{Status: credential.StatusActive, Claim: &credential.Claim{
		Attempt: "a", Owner: "runner-7", Purpose: credential.PurposeRefresh, TTL: 2 * time.Minute, ClaimedAt: day(1),
	}}
	for after, stale := range map[time.Duration]bool{0: false, 2 * time.Minute: false, 2*time.Minute + time.Second: true} {
		s := statusOf(r, "host", day(1).Add(after))
		if s.ClaimStale != types.BoolValue(stale) || s.ClaimedBy.ValueString() != "runner-7" || s.ClaimedFor.ValueString() != "refresh" {
			t.Errorf("after %s: stale %s, by %s, for %s", after, s.ClaimStale, s.ClaimedBy, s.ClaimedFor)
		}
	}
	r.Claim = nil
	if s := statusOf(r, "host", day(1)); s.ClaimStale.ValueBool() || !s.ClaimedBy.IsNull() || !s.ClaimedFor.IsNull() {
		t.Errorf("without a claim: %+v", s)
	}
}
