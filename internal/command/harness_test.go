package command

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/platform"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// bench is a shell with two folders for file stores.
type bench struct {
	t        *testing.T
	env      map[string]string
	a, b     string // URLs
	key      string
	rescue   string // the folder of rescue files
	secrets  []string
	out, err bytes.Buffer
	creates  func(key string) // runs before each Create; nil: nothing
	pg       func(url string) (store.Store, error)
	later    time.Duration // how far the clock is ahead
	in       string        // standard input
	sink     io.Writer     // standard output; nil: out
	typing   io.Reader     // standard input that comes bit by bit; nil: in
	browser  func(ctx context.Context, url string) error
}

func newBench(t *testing.T) *bench {
	dir := t.TempDir()
	n := &bench{t: t, env: map[string]string{}, a: "file://" + filepath.ToSlash(dir) + "/a", b: "file://" + filepath.ToSlash(dir) + "/b", key: newKey(t), rescue: filepath.Join(dir, "rescue")}
	n.env[wiring.KeyVariable] = n.key
	return n
}

func newKey(t *testing.T) string {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return k.String()
}

func (n *bench) deps() Deps {
	open := func(text string) (store.Store, error) {
		u, err := url.Parse(text)
		if err != nil || u.Path == "/wrong" {
			return nil, errors.New("its path is wrong")
		}
		inner, err := filestore.Open(filepath.FromSlash(u.Path))
		return watched{inner, n}, err
	}
	stores := map[string]wiring.StoreKind{"file": {Open: open}, "db": {Open: open, NeedsKey: true}}
	if n.pg != nil {
		stores["postgres"] = wiring.StoreKind{Open: n.pg, NeedsKey: true}
	}
	return Deps{
		Deps: wiring.Deps{
			Stores:     stores,
			RescueDirs: func() []string { return []string{n.rescue} },
			DefaultDir: func() (string, error) { return "", errors.New("there is no home") },
			Getenv:     func(name string) string { return n.env[name] },
			Presets:    platform.Presets(), Browser: n.browser,
			Hostname: "here", Clock: ahead{credential.SystemClock(), n.later}, Random: rand.Reader, Timings: credential.DefaultTimings(),
		},
		Version: "test", Stdin: n.stdin(), Stdout: n.stdout(), Stderr: &n.err,
	}
}

func (n *bench) stdout() io.Writer {
	if n.sink != nil {
		return n.sink
	}
	return &n.out
}

// ahead is a clock that others are behind.
type ahead struct {
	credential.Clock
	by time.Duration
}

func (a ahead) Now() time.Time { return a.Clock.Now().Add(a.by) }

// watched is a file store that tells of what it makes.
type watched struct {
	*filestore.Store
	bench *bench
}

func (w watched) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	if w.bench.creates != nil {
		w.bench.creates(key)
	}
	return w.Store.Create(ctx, key, value)
}

// run runs a command line, and checks that its output holds no secret.
func (n *bench) run(ctx context.Context, args ...string) int {
	n.t.Helper()
	n.out.Reset()
	n.err.Reset()
	code, handled := Run(ctx, n.deps(), args)
	if !handled {
		n.t.Fatalf("%v is not handled", args)
	}
	n.mustBeQuiet(args)
	return code
}

func (n *bench) stdin() io.Reader {
	if n.typing != nil {
		return n.typing
	}
	return strings.NewReader(n.in)
}

// mustBeQuiet fails if the output holds a secret.
func (n *bench) mustBeQuiet(args []string) {
	n.t.Helper()
	for _, s := range append(n.secrets, n.key, "hunter2") {
		for _, form := range []string{s, url.QueryEscape(s), base64.StdEncoding.EncodeToString([]byte(s))} {
			if strings.Contains(n.out.String()+n.err.String(), form) {
				n.t.Errorf("%v prints a secret", args)
			}
		}
	}
}

func (n *bench) want(stdout string, stderr ...string) {
	n.t.Helper()
	if stdout != n.out.String() {
		n.t.Errorf("standard output:\n%s\nwant:\n%s", &n.out, stdout)
	}
	for _, text := range stderr {
		if !strings.Contains(n.err.String(), text) {
			n.t.Errorf("standard error:\n%s\nwant in it:\n%s", &n.err, text)
		}
	}
	if len(stderr) == 0 && n.err.Len() > 0 {
		n.t.Errorf("standard error:\n%s", &n.err)
	}
}

// manager opens a store as the provider would.
func (n *bench) manager(store string) *credential.Manager {
	n.t.Helper()
	keys, err := n.deps().keys("")
	if err != nil {
		n.t.Fatal(err)
	}
	s, err := n.deps().openStore(store, keys, n.deps().Offline())
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(s.close)
	return s.manager
}

// pair makes a credential with a registration of its own.
func (n *bench) pair(store, name string) {
	n.t.Helper()
	m, ctx := n.manager(store), context.Background()
	access, refresh, clientSecret := "access-of-"+name, "refresh-of-"+name, "client-secret-of-"+name
	n.secrets = append(n.secrets, access, refresh, clientSecret)
	client := credential.Client{ClientID: "app", ClientSecret: secret.New(clientSecret), TokenEndpoint: "https://as.example/token"}
	reg := credential.Registration{Client: client}
	if err := m.PutRegistration(ctx, "app-"+name, reg, func(*credential.Registration) error { return nil }); err != nil {
		n.t.Fatal(err)
	}
	client.Registration, client.ClientSecret = "app-"+name, secret.String{}
	if _, err := m.Attach(ctx, name, "attachment", credential.Setup{Client: client}); err != nil {
		n.t.Fatal(err)
	}
	if _, _, err := m.Adopt(ctx, name, credential.Brought{Access: secret.New(access), Refresh: secret.New(refresh)}); err != nil {
		n.t.Fatal(err)
	}
}

// has tells whether a store can use the credential.
func (n *bench) has(store, name string) bool {
	n.t.Helper()
	r, err := n.manager(store).Peek(context.Background(), name)
	return err == nil && !r.IsTombstone() && !r.Moving() && r.Tokens.Refresh.Reveal() == "refresh-of-"+name
}

// damage makes the record of a credential unreadable.
func (n *bench) damage(store, name string) {
	n.t.Helper()
	u, err := url.Parse(store)
	if err != nil {
		n.t.Fatal(err)
	}
	dir := filepath.FromSlash(u.Path)
	found := 0
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, "pair") && strings.HasPrefix(filepath.Base(path), name) && !strings.Contains(path, "lock") {
			text, err := os.ReadFile(path)
			if err != nil || len(text) < 50 {
				return err
			}
			found++
			text[len(text)-20] ^= 1
			return os.WriteFile(path, text, 0o600)
		}
		return err
	})
	if err != nil || found != 1 {
		n.t.Fatalf("%d files, %v", found, err)
	}
}
