package credential

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// world is an authorization server, a store, a rescue folder and a clock, for as many processes as a test starts.
type world struct {
	t      testing.TB
	clock  *fakeClock
	server *fakeServer
	plain  *memstore.Store // what lies in the store in the end
	store  store.Store     // what processes see of it
	rescue *fakeRescue     // nil: no folder
	policy RefreshTokenPolicy
	logs   lockedBuffer
	random *lockedRandom
}

const theName = "exact"

var theKey = PairKey(theName)

func newWorld(t testing.TB) *world {
	clock := newFakeClock()
	w := &world{
		t: t, clock: clock, server: newFakeServer(clock), plain: memstore.New("memory:"), rescue: newFakeRescue(),
		random: &lockedRandom{source: rand.NewChaCha8([32]byte{1})},
		policy: RefreshTokenPolicy{Rotation: RotationSingleUse, OnReuse: ReuseRevokeFamily},
	}
	w.store = w.plain
	return w
}

// semantics sets what the server does and what the record says of it.
func (w *world) semantics(rotation Rotation, reuse Reuse, grace time.Duration) *world {
	w.policy = RefreshTokenPolicy{Rotation: rotation, OnReuse: reuse, GracePeriod: grace}
	w.server.rotates = rotation != RotationNone
	w.server.killsReuse = reuse == ReuseRevokeFamily
	w.server.grace = grace
	return w
}

func (w *world) client() Client {
	return Client{
		ClientID: fakeClientID, ClientSecret: secret.New(fakeSecret), AuthorizationEndpoint: fakeHost + "/authorize",
		TokenEndpoint: fakeHost + "/token", RevocationEndpoint: fakeHost + "/revoke", Policy: w.policy,
	}
}

// start starts a process of its own.
func (w *world) start(change ...func(*Options)) *Manager {
	w.t.Helper()
	caller, err := oauth.NewCaller(oauth.CallerOptions{Transport: w.server})
	if err != nil {
		w.t.Fatal(err)
	}
	o := Options{
		Store: w.store, Caller: caller, Clock: w.clock, Random: w.random, Owner: "host1",
		Log: slog.New(slog.NewTextHandler(&w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if w.rescue != nil {
		o.Rescue = w.rescue
	}
	for _, f := range change {
		f(&o)
	}
	m, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// authorized puts a credential into the store whose access token has just expired.
func (w *world) authorized(change ...func(*Record)) Record {
	w.t.Helper()
	access, refresh := w.server.begin()
	r := Record{
		Family: "f1", Generation: 1, Status: StatusActive, Client: w.client(),
		Attachment: Attachment{ID: "a1", Attached: true},
		Tokens: Tokens{
			Access: secret.New(access), Refresh: secret.New(refresh), Scopes: []string{"read", "write"},
			IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(fakeLifetime),
		},
	}
	w.clock.pass(fakeLifetime)
	for _, f := range change {
		f(&r)
	}
	w.put(r)
	return r
}

// put writes a record past all processes.
func (w *world) put(r Record) {
	w.t.Helper()
	text, err := EncodeRecord(r)
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := w.plain.Get(context.Background(), theKey)
	if errors.Is(err, store.ErrNotFound) {
		_, err = w.plain.Create(context.Background(), theKey, text)
	} else if err == nil {
		_, err = w.plain.Replace(context.Background(), theKey, e.Revision, text)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// record reads the record past all processes.
func (w *world) record() Record {
	w.t.Helper()
	e, err := w.plain.Get(context.Background(), theKey)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := DecodeRecord(e.Value)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) token(m *Manager) (Result, error) {
	return m.Token(context.Background(), theName, Ask{DefaultMargin: 30 * time.Second})
}

func (w *world) mustToken(m *Manager) Result {
	w.t.Helper()
	res, err := w.token(m)
	if err != nil {
		w.t.Fatalf("Token: %v", err)
	}
	return res
}

func (w *world) wantKind(err error, want Kind) *Error {
	w.t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		w.t.Fatalf("error = %v, want one of kind %s", err, want)
	}
	if e.Kind != want {
		w.t.Fatalf("error = %v, want kind %s", err, want)
	}
	return e
}

func (w *world) wantStatus(want Status) Record {
	w.t.Helper()
	r := w.record()
	if r.Status != want {
		w.t.Fatalf("status = %s, want %s; history %v", r.Status, want, r.History)
	}
	return r
}

// wantServer compares what the server has counted: requests read, rotations done, spent tokens seen again.
func (w *world) wantServer(calls, rotations, reuses int) {
	w.t.Helper()
	s := w.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls != calls || s.rotations != rotations || s.reuses != reuses {
		w.t.Fatalf("the server saw %d calls, %d rotations and %d reuses; want %d, %d, %d", s.calls, s.rotations, s.reuses, calls, rotations, reuses)
	}
}

func (w *world) wantNotices(got []Notice, want ...NoticeCode) {
	w.t.Helper()
	var codes []NoticeCode
	for _, n := range got {
		codes = append(codes, n.Code)
	}
	if !slices.Equal(codes, want) {
		w.t.Fatalf("notices = %v, want %v", codes, want)
	}
}

// faulty puts faults between the processes started from now on and the store.
func (w *world) faulty(h storetest.Hooks) *storetest.Faulty {
	f := storetest.NewFaulty(w.store, h)
	w.store = f.Store()
	return f
}

// fakeRescue is a Rescue in memory, shared by the processes of one machine.
type fakeRescue struct {
	mu    sync.Mutex
	files map[string][]byte
	err   error // of every call
	full  error // of Save alone
}

func newFakeRescue() *fakeRescue { return &fakeRescue{files: map[string][]byte{}} }

func (r *fakeRescue) Save(_ context.Context, _, attempt string, text []byte) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil || r.full != nil {
		return "", errors.Join(r.err, r.full)
	}
	r.files["/rescue/"+attempt] = text
	return "/rescue/" + attempt, nil
}

func (r *fakeRescue) List(context.Context, string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.files)), r.err
}

func (r *fakeRescue) Load(_ context.Context, path string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, ok := r.files[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return text, r.err
}

func (r *fakeRescue) Remove(_ context.Context, path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		delete(r.files, path)
	}
	return r.err
}

// LetGo and InUse: nothing marks a file here; package rescue tests what does.
func (r *fakeRescue) LetGo(string)      {}
func (r *fakeRescue) InUse(string) bool { return false }

func (r *fakeRescue) paths() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.files))
}

// holds reports whether a rescue file has the text.
func (r *fakeRescue) holds(text string) bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, file := range r.files {
		if _, reply, err := decodeRescue(file); err == nil && bytes.Contains([]byte(reply.Body.Reveal()), []byte(text)) {
			return true
		}
	}
	return false
}

// remoteStore is a store across a network.
type remoteStore struct{ store.Store }

func (remoteStore) Remote() bool { return true }

// agedStore is a store with a clock of its own.
type agedStore struct {
	store.Store
	age func(store.Revision) time.Duration
}

func (s agedStore) Get(ctx context.Context, key string) (store.Entry, error) {
	e, err := s.Store.Get(ctx, key)
	if err == nil {
		e.Age = s.age(e.Revision)
	}
	return e, err
}

// heldStore is a store whose locks die with their owners.
type heldStore struct {
	store.Store
	mu     sync.Mutex
	holds  int
	held   map[string]int
	noHold bool
	err    error
}

func newHeldStore(inner store.Store) *heldStore {
	return &heldStore{Store: inner, held: map[string]int{}}
}

func (s *heldStore) Hold(_ context.Context, key string) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return nil, s.err
	case s.noHold:
		return nil, store.ErrNoHold
	case s.held[key] != 0:
		return nil, store.ErrHeld
	}
	s.holds++
	mine := s.holds
	s.held[key] = mine
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.held[key] == mine {
			delete(s.held, key)
		}
	}, nil
}

// lockedRandom is a deterministic source for many goroutines.
type lockedRandom struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (r *lockedRandom) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// stingyCaller drops the access token of every reply.
type stingyCaller struct{ Poster }

func (c stingyCaller) Post(ctx context.Context, r oauth.Request) oauth.Reply {
	reply := c.Poster.Post(ctx, r)
	reply.Body = secret.New(strings.Replace(reply.Body.Reveal(), `"access_token"`, `"no_token"`, 1))
	return reply
}

// stutteringCaller sends everything twice.
type stutteringCaller struct{ Poster }

func (c stutteringCaller) Post(ctx context.Context, r oauth.Request) oauth.Reply {
	_ = c.Poster.Post(ctx, r)
	return c.Poster.Post(ctx, r)
}

// deafPoster is a server that takes no connection.
type deafPoster struct{}

func (deafPoster) Post(ctx context.Context, _ oauth.Request) oauth.Reply {
	<-ctx.Done()
	return oauth.Reply{Err: ctx.Err()}
}

// contains tells whether text holds the secret, plain or as a URL or base64 would spell it.
func contains(text, s string) bool {
	for _, form := range []string{s, url.QueryEscape(s), base64.StdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s))} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}
