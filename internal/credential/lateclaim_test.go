package credential

import (
	"context"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// tardyStore tells that its first Replace has failed, and does it when the test says so.
type tardyStore struct {
	store.Store
	late func() error // nil until that Replace
}

func (s *tardyStore) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if s.late != nil {
		return s.Store.Replace(ctx, key, old, value)
	}
	s.late = func() error {
		_, err := s.Store.Replace(context.Background(), key, old, value)
		return err
	}
	return "", context.DeadlineExceeded
}

// TestClaimThatLandsLate: a store was too slow for the writer of a claim, who gave up and sent nothing. Whatever lands
// afterwards must not look like the claim of somebody who died in the middle of a refresh.
func TestClaimThatLandsLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t).semantics(RotationSingleUse, ReuseRevokeClientUser, 0)
	w.authorized()
	s := &tardyStore{Store: w.plain}
	_, err := w.token(w.start(func(o *Options) { o.Store = s }))
	w.wantKind(err, KindStore)
	if err := s.late(); err == nil {
		t.Error("the claim has landed")
	}
	w.clock.pass(3 * time.Minute)
	w.mustToken(w.start())
	w.wantServer(1, 1, 0)
}

// TestTokenThatExpiredOnTheWay: the process stood still between the reply and the answer to who asked. A dead token is no
// answer.
func TestTokenThatExpiredOnTheWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized()
	w.server.behind = []func(){func() { w.clock.pass(2 * fakeLifetime) }}
	res := w.mustToken(w.start())
	if !w.server.opens(res.Record.Tokens.Access.Reveal()) {
		t.Error("a dead access token was served")
	}
	w.wantServer(2, 2, 0)
}
