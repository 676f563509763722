package credential

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// standingRescue holds files whose process lives and stands still. The first search waits for the test.
type standingRescue struct {
	*fakeRescue
	searching, goOn chan struct{}
	once            sync.Once
}

func (*standingRescue) InUse(string) bool { return true }

func (r *standingRescue) List(ctx context.Context, id string) ([]string, error) {
	r.once.Do(func() {
		close(r.searching)
		<-r.goOn
	})
	return r.fakeRescue.List(ctx, id)
}

// TestRescueSearchOfNeighbours: other pairs of the process search for rescue files of their own at the same time. Theirs
// passes by the file of this pair, which is in use, and must not be taken for its own.
func TestRescueSearchOfNeighbours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	body := secret.New(`{"access_token":"a","token_type":"bearer","expires_in":600,"refresh_token":"successor"}`)
	text, err := encodeRescue(
		Attempt{Key: theKey, ID: "standing", Purpose: PurposeRefresh, Family: "f1", Base: 1, ClaimedAt: w.clock.Now(), TTL: time.Minute, SentAt: w.clock.Now()},
		oauth.Reply{Sent: true, Status: 200, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	w.rescue.files["/rescue/standing"] = text
	r := &standingRescue{fakeRescue: w.rescue, searching: make(chan struct{}), goOn: make(chan struct{})}
	m := w.start(func(o *Options) { o.Rescue = r })

	var all sync.WaitGroup
	all.Go(func() { m.prepareFor(t.Context(), "pair/first") })
	<-r.searching
	for _, key := range []string{"pair/second", theKey, "pair/third", "pair/fourth"} {
		all.Go(func() {
			if notices, err := m.nothingLeftBehind(t.Context(), key); err != nil || len(notices) > 0 {
				t.Errorf("%v, told of %v: its process lives", err, notices)
			}
		})
	}
	close(r.goOn)
	all.Wait()
	if got := w.record(); got.Generation != 2 || got.Tokens.Refresh.Reveal() != "successor" {
		t.Errorf("generation %d: the file that is in use was passed by", got.Generation)
	}
}
