package credential

import (
	"testing"
	"time"
)

func TestShortDurations(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", time.Minute: "1m", time.Hour: "1h", 90 * time.Second: "1m30s", 90 * time.Minute: "1h30m",
		10 * time.Minute: "10m", 100 * time.Hour: "100h", 87600 * time.Hour: "87600h", 1500 * time.Millisecond: "1.5s", time.Hour + time.Second: "1h0m1s",
		20 * time.Hour: "20h", -time.Minute: "-1m",
	} {
		if got := ShortDuration(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}
