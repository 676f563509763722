package credential

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// stranded returns a process that has a successor which no store took, and the run whose faults are still on.
func stranded(t *testing.T, sh shape) (*run, *Manager, Result) {
	t.Helper()
	w := sh.world(t)
	w.authorized()
	u := w.under(fault{faultDown, 4}) // read, read, claim; then the commit's read
	m := w.start()
	res := w.mustToken(m)
	return u, m, res
}

func TestSuccessorThatNoStoreTook(t *testing.T) {
	t.Parallel()
	u, m, res := stranded(t, shapes[0])
	u.wantNotices(res.Notices, NoticeNotStored)
	n := res.Notices[0]
	if paths := u.rescue.paths(); len(paths) != 1 || n.Text != paths[0] || !errors.Is(n.Err, storetest.ErrInjected) {
		t.Errorf("notice %+v, rescue files %v", n, paths)
	}
	if waited := u.clock.Now().Sub(epoch.Add(fakeLifetime)); waited < 45*time.Second || waited > 50*time.Second {
		t.Errorf("the commit was tried for %s, want 45s", waited)
	}
	// The store is still away: the token in memory is served, with its warning.
	again := u.mustToken(m)
	if !again.Record.Tokens.Refresh.Equal(res.Record.Tokens.Refresh) {
		t.Error("the successor in memory is not served")
	}
	u.wantNotices(again.Notices, NoticeNotStored, NoticeFailed)
	if r, err := m.Peek(t.Context(), theName); err != nil || !r.Tokens.Refresh.Equal(res.Record.Tokens.Refresh) {
		t.Errorf("Peek = generation %d, %v", r.Generation, err)
	}
	u.over()
	// The same process brings it home as soon as the store works.
	u.fault = fault{}
	home := u.mustToken(m)
	u.wantNotices(home.Notices, NoticeRescued)
	if r := u.wantStatus(StatusActive); r.Generation != 2 || len(u.rescue.paths()) != 0 {
		t.Errorf("generation %d, rescue files %v", r.Generation, u.rescue.paths())
	}
	u.wantServer(1, 1, 0)
	u.wantNotices(u.mustToken(m).Notices)
}

func TestSuccessorInMemoryAlone(t *testing.T) {
	t.Parallel()
	u, m, res := stranded(t, shapes[1])
	u.wantNotices(res.Notices, NoticeNotStored)
	if res.Notices[0].Text != "" {
		t.Errorf("notice names a file: %s", res.Notices[0].Text)
	}
	u.wantNotices(u.mustToken(m).Notices, NoticeNotStored, NoticeFailed)
	// Others have changed the record meanwhile. Nothing of that may be lost, whoever brings the successor home.
	u.over()
	u.fault = fault{}
	other := u.start()
	if _, err := other.Configure(t.Context(), theName, Setup{Client: u.client(), Refresh: RefreshSettings{Earliest: time.Minute}}); err != nil {
		t.Fatal(err)
	}
	offered, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	r := u.wantStatus(StatusActive)
	if r.Generation != 2 || r.Refresh.Earliest != time.Minute || len(r.Pending) != 1 || len(offered.Pending) != 1 {
		t.Errorf("generation %d, earliest %s, %d pending", r.Generation, r.Refresh.Earliest, len(r.Pending))
	}
	u.wantServer(1, 1, 0)
}

// TestSuccessorBesideAReadableStore: the store can be read again and not yet written. Its own copy holds a spent token,
// and must not be what anybody decides by.
func TestSuccessorBesideAReadableStore(t *testing.T) {
	t.Parallel()
	u, m, res := stranded(t, shapes[1])
	u.fault = fault{}
	m.store = readOnly{u.plain}
	again := u.mustToken(m)
	if again.Record.Generation != 2 || !again.Record.Tokens.Refresh.Equal(res.Record.Tokens.Refresh) || again.Record.Claim != nil {
		t.Errorf("generation %d is served", again.Record.Generation)
	}
	u.wantNotices(again.Notices, NoticeNotStored)
	if r, err := m.Peek(t.Context(), theName); err != nil || r.Generation != 2 {
		t.Errorf("Peek: generation %d, %v", r.Generation, err)
	}
	m.store = u.plain
	u.wantNotices(u.mustToken(m).Notices)
	if r := u.wantStatus(StatusActive); r.Generation != 2 || len(r.History) != 1 {
		t.Errorf("generation %d, history %v", r.Generation, r.History)
	}
	u.wantServer(1, 1, 0)
}

// TestUnsavedExchangeIsBroughtHome: a new family in memory is worth as much as a new generation.
func TestUnsavedExchangeIsBroughtHome(t *testing.T) {
	t.Parallel()
	w := shapes[1].world(t)
	x := w.offered()
	u := w.under(fault{faultDown, 3}) // read, claim; then the commit's read
	m := w.start()
	res, err := w.exchange(m, x)
	if err != nil {
		t.Fatal(err)
	}
	w.wantNotices(res.Notices, NoticeNotStored)
	u.over()
	u.fault = fault{}
	if _, err := m.MarkAttached(t.Context(), theName, "a1"); err != nil {
		t.Fatal(err)
	}
	if r := w.wantStatus(StatusActive); r.Tokens.Refresh.Reveal() != w.server.newest || !r.Attachment.Attached || r.Family != res.Record.Family {
		t.Errorf("family %s, attachment %v", r.Family, r.Attachment)
	}
}

// TestUnsavedSuccessorGivesWay: somebody has authorized anew meanwhile.
func TestUnsavedSuccessorGivesWay(t *testing.T) {
	t.Parallel()
	u, m, _ := stranded(t, shapes[1])
	u.over()
	u.fault = fault{}
	access, refresh := u.server.begin()
	r := u.record()
	r.Family, r.Generation, r.Claim = "f2", 1, nil
	r.Tokens = Tokens{Access: secret.New(access), Refresh: secret.New(refresh), IssuedAt: u.clock.Now(), ExpiresAt: u.clock.Now().Add(time.Hour)}
	u.put(r)
	res := u.mustToken(m)
	if got := res.Record; got.Family != "f2" || got.Tokens.Access.Reveal() != access {
		t.Errorf("family %s is served", got.Family)
	}
	if _, ok := m.unsavedOf(theKey); ok {
		t.Error("the successor of the old family is still in memory")
	}
}

func TestRemoteStoreIsRescuedFirst(t *testing.T) {
	t.Parallel()
	w := shapes[2].world(t)
	w.authorized()
	atCommit := 0
	w.faulty(storetest.Hooks{Before: func(c storetest.Call) {
		if c.N == 4 {
			atCommit = len(w.rescue.paths())
		}
	}})
	w.wantNotices(w.mustToken(w.start()).Notices)
	if atCommit != 1 || len(w.rescue.paths()) != 0 {
		t.Errorf("%d rescue files at the commit and %d after it, want 1 and 0", atCommit, len(w.rescue.paths()))
	}

	w.clock.pass(2 * time.Hour)
	w.rescue.full = errors.New("no room")
	res := w.mustToken(w.start())
	w.wantNotices(res.Notices, NoticeNoRescue)
	if r := w.wantStatus(StatusActive); r.Generation != 3 {
		t.Errorf("generation %d: a folder that cannot be written is a warning, no more", r.Generation)
	}
}

func TestEveryRunLooksForRescueFilesFirst(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*world, *Manager) error{
		"token": func(w *world, m *Manager) error { _, err := w.token(m); return err },
		"heal": func(_ *world, m *Manager) error {
			_, err := m.Heal(context.Background(), theName, Replica{Family: "f1", Generation: 2})
			return err
		},
		"configure": func(w *world, m *Manager) error {
			_, err := m.Configure(context.Background(), theName, theSetup(w))
			return err
		},
		"mark": func(_ *world, m *Manager) error {
			_, err := m.MarkAttached(context.Background(), theName, "")
			return err
		},
		"adopt": func(_ *world, m *Manager) error {
			_, _, err := m.Adopt(context.Background(), theName, Brought{})
			return err
		},
		"seed": func(w *world, m *Manager) error {
			_, err := m.Seed(context.Background(), theName, "a1", theSetup(w), Replica{Family: "f1", Generation: 2})
			return err
		},
		"offer": func(_ *world, m *Manager) error {
			_, err := m.OfferAuthorization(context.Background(), theName, Authorization{RedirectURI: fakeRedirect})
			return err
		},
	} {
		u, _, _ := stranded(t, shapes[0])
		u.over()
		if err := ask(u.world, u.start()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r := u.record(); r.Status != StatusActive || r.Generation != 2 || r.Tokens.Refresh.Reveal() != u.server.newest {
			t.Errorf("%s: status %s, generation %d, history %v", name, r.Status, r.Generation, r.History)
		}
		if len(u.rescue.paths()) != 0 {
			t.Errorf("%s: the rescue file is still there", name)
		}
	}
}

// TestRescueOnAnotherMachine: a state without tokens says that a generation is missing, and the machine that has it comes
// later. Until then nothing is spent.
func TestRescueOnAnotherMachine(t *testing.T) {
	t.Parallel()
	u, _, _ := stranded(t, shapes[0])
	u.over()
	elsewhere := u.start(func(o *Options) { o.Rescue = nil })
	r, err := elsewhere.Heal(t.Context(), theName, Replica{Family: "f1", Generation: 2})
	if err != nil || r.Status != StatusOutcomeUnknown || r.Generation != 2 {
		t.Fatalf("Heal: status %s, generation %d, %v", r.Status, r.Generation, err)
	}
	u.wantServer(1, 1, 0)
	res := u.mustToken(u.start())
	u.wantNotices(res.Notices, NoticeRescued)
	if r := u.wantStatus(StatusActive); r.Generation != 2 || r.Tokens.Refresh.Reveal() != u.server.newest {
		t.Errorf("generation %d", r.Generation)
	}
	u.wantServer(1, 1, 0)
}

func TestRescueFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	good, err := encodeRescue(refreshAttempt(nil), oauth.Reply{Status: 200, Body: secret.New(`{"access_token":"a"}`)})
	if err != nil {
		t.Fatal(err)
	}
	refused, err := encodeRescue(refreshAttempt(nil), oauth.Reply{Status: 400, Body: secret.New(`{"error":"invalid_grant"}`)})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"broken": []byte("{"), "no token": refused, "no such record": good} {
		w := newWorld(t)
		if name != "no such record" {
			w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(time.Hour) })
		}
		w.rescue.files["/rescue/x"] = text
		m := w.start()
		for range 2 { // it is looked for again, and told again
			res, _ := w.token(m)
			w.wantNotices(res.Notices, NoticeNotStored)
			if res.Notices[0].Text != "/rescue/x" {
				t.Errorf("%s: the notice names %q", name, res.Notices[0].Text)
			}
		}
		if len(w.rescue.paths()) != 1 {
			t.Errorf("%s: the file was removed", name)
		}
	}
}

func TestRescueFileOfAnOldGenerationIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) { r.Generation, r.Tokens.ExpiresAt = 9, w.clock.Now().Add(time.Hour) })
	text, err := encodeRescue(refreshAttempt(nil), oauth.Reply{Status: 200, Body: secret.New(`{"access_token":"a"}`)})
	if err != nil {
		t.Fatal(err)
	}
	w.rescue.files["/rescue/x"] = text
	w.wantNotices(w.mustToken(w.start()).Notices)
	if r := w.record(); r.Generation != 9 || len(w.rescue.paths()) != 0 {
		t.Errorf("generation %d, files %v", r.Generation, w.rescue.paths())
	}
}

// TestRescueFileThatVanishes: its own process, or another finder, was faster.
func TestRescueFileThatVanishes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authorized(func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now().Add(time.Hour) })
	m := w.start(func(o *Options) { o.Rescue = vanishing{w.rescue} })
	w.wantNotices(w.mustToken(m).Notices)
}

type vanishing struct{ Rescue }

func (vanishing) List(context.Context, string) ([]string, error) {
	return []string{"/rescue/gone"}, nil
}
func (vanishing) Load(context.Context, string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: "/rescue/gone", Err: fs.ErrNotExist}
}

// TestNoticesOfSilentOperationsAreToldLater: a Read begins with Heal, which has no notices to return.
func TestNoticesOfSilentOperationsAreToldLater(t *testing.T) {
	t.Parallel()
	u, _, _ := stranded(t, shapes[0])
	u.over()
	m := u.start()
	if _, err := m.Heal(t.Context(), theName, Replica{Family: "f1", Generation: 1}); err != nil {
		t.Fatal(err)
	}
	u.wantNotices(u.mustToken(m).Notices, NoticeRescued)
	u.wantNotices(u.mustToken(m).Notices)
}

// TestNobodyGoesOnWhileRescueFilesAreReadIn: terraform reads resources at the same time, and the first of them is just
// bringing a successor home.
func TestNobodyGoesOnWhileRescueFilesAreReadIn(t *testing.T) {
	t.Parallel()
	u, _, _ := stranded(t, shapes[0])
	u.over()
	r := u.record()
	r.Claim = nil // as after a store that was put back: nothing but the file shows that the token is spent
	u.put(r)
	synctest.Test(t, func(t *testing.T) {
		m := u.start(func(o *Options) { o.Rescue = slowRescue{u.rescue} })
		done := make(chan error)
		for range 2 {
			go func() {
				_, err := u.token(m)
				done <- err
			}()
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := m.Token(ctx, theName, Ask{}); !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v", err)
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	u.wantServer(1, 1, 0)
}

type slowRescue struct{ Rescue }

func (r slowRescue) Load(ctx context.Context, path string) ([]byte, error) {
	time.Sleep(time.Minute)
	return r.Rescue.Load(ctx, path)
}

// TestWriteThatOnlyShows: a write fails at its very end, on the way to the disk, and can be read all the same. What a
// power cut would take back is written again before anything is sent, and before a successor counts as stored.
func TestWriteThatOnlyShows(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]int{"claim": 3, "commit": 5} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.authorized()
			u := w.under(fault{faultDone, at})
			u.mustToken(u.start())
			writes := 0
			for _, c := range u.calls.Calls() {
				if c.Op == storetest.OpReplace {
					writes++
				}
			}
			if writes != 3 {
				t.Errorf("%d writes, want 3: claim, commit, and one of them again", writes)
			}
			u.wantServer(1, 1, 0)
		})
	}
}
