package provider

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// What an import shows of the refresh settings is what an apply reads from them.
func TestRefreshSettingsThereAndBack(t *testing.T) {
	t.Parallel()
	for _, want := range []credential.RefreshSettings{
		{},
		{Strategy: credential.StrategyNever},
		{BeforeExpiry: time.Minute, Earliest: 570 * time.Second},
		{Strategy: credential.StrategyOnRejection, ProbeURL: "https://api.example.com/me?fields=id"},
	} {
		m := tokenPairModel{Refresh: refreshObjectFrom(want)}
		if got := m.refreshSettings(); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
