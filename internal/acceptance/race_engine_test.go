//go:build unix

package acceptance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	rescuefiles "github.com/seed-55355b43/terraform-provider-oauth/internal/rescue"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// answer is what an engine says of one credential.
type answer struct {
	Name    string
	Status  credential.Status
	Refresh string // the refresh token
	Rotated bool
	Kind    credential.Kind // of the error; empty: there was none
	Reason  credential.Reason
	Error   string
}

// runEngine is the engine that ships, with its store and its transport, in a process without Terraform: it asks for all
// of the names at once, and prints an answer for each.
func runEngine(names []string) error {
	deps, err := dependencies()
	if err != nil {
		return err
	}
	m, err := newEngine(deps, deps.Getenv)
	if err != nil {
		return err
	}
	answers := make([]answer, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { answers[i] = askEngine(m, name) })
	}
	all.Wait()
	return json.NewEncoder(os.Stdout).Encode(answers)
}

// openStore opens the token store of that URL, without a seal.
func openStore(deps wiring.Deps, url string) (store.Store, error) {
	scheme, _, _ := strings.Cut(url, ":")
	kind, ok := deps.Stores[scheme]
	if !ok {
		return nil, fmt.Errorf("no test knows token stores of scheme %q: they stand in stores of main_test.go, as in main.go", scheme)
	}
	return kind.Open(url)
}

// openSealed opens the token store as the provider does.
func openSealed(deps wiring.Deps, getenv func(string) string) (*seal.Store, seal.Keyring, error) {
	inner, err := openStore(deps, getenv("OAUTH_TOKEN_STORE"))
	if err != nil {
		return nil, seal.Keyring{}, err
	}
	var keys seal.Keyring
	if text := getenv("OAUTH_TOKEN_STORE_KEY"); text != "" {
		if keys, err = seal.ParseKeys(secret.New(text)); err != nil {
			return nil, keys, err
		}
	}
	return seal.NewStore(inner, keys, deps.Random), keys, nil
}

// newEngine puts the parts together as the provider does.
func newEngine(deps wiring.Deps, getenv func(string) string) (*credential.Manager, error) {
	sealed, keys, err := openSealed(deps, getenv)
	if err != nil {
		return nil, err
	}
	var ca []byte
	if path := getenv(envCA); path != "" {
		if ca, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	caller, err := oauth.NewCaller(oauth.CallerOptions{
		Transport: deps.Transport, Timeout: deps.Timings.RequestTimeout, CACertificatePEM: string(ca),
	})
	if err != nil {
		return nil, err
	}
	return credential.New(credential.Options{
		Store: sealed, Caller: caller, Clock: deps.Clock, Random: deps.Random, Owner: deps.Hostname, Timings: deps.Timings,
		Rescue: rescuefiles.NewDir(deps.RescueDirs(), keys, sealed.ID), Section: deps.Section,
	})
}

func askEngine(m *credential.Manager, name string) answer {
	r, err := m.Token(context.Background(), name, credential.Ask{DefaultMargin: 30 * time.Second, Asker: credential.AskerRead})
	a := answer{Name: name, Rotated: r.Rotated}
	record := r.Record
	if err != nil {
		e := credential.AsError(err)
		a.Kind, a.Reason, a.Error, record = e.Kind, e.Reason, e.Error(), e.Record
	}
	a.Status, a.Refresh = record.Status, record.Tokens.Refresh.Reveal()
	return a
}

// engines is the workspace whose commands are engines: their arguments are names of credentials.
func (w *workspace) engines() *workspace {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	e := *w
	e.tf, e.env = self, maps.Clone(w.env)
	e.env[envEngine] = "ask"
	return &e
}

// answers reads what an engine has printed.
func (r result) answers(t testing.TB) map[string]answer {
	t.Helper()
	if r.code != 0 {
		t.Fatalf("an engine asked for %q exited with %d: %s", r.args, r.code, r.stderr)
	}
	var list []answer
	if err := json.Unmarshal([]byte(r.stdout), &list); err != nil {
		t.Fatal(err)
	}
	got := map[string]answer{}
	for _, a := range list {
		got[a.Name] = a
	}
	return got
}

// engine is an engine in the process of the test, on the store of the workspace.
func (w *workspace) engine() *credential.Manager {
	w.t.Helper()
	deps := wiring.System(stores(newSteps("", "")), nil)
	deps.RescueDirs = func() []string { return filepath.SplitList(w.env[envRescue]) }
	m, err := newEngine(deps, func(name string) string { return w.env[name] })
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// waitAtGate tells that this process is ready, and waits until the gate opens. An empty dir is no gate.
func waitAtGate(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("ready-%d", os.Getpid())), nil, 0o600); err != nil {
		return err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go")); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// gate holds processes until all of them are ready.
type gate struct {
	w   *workspace
	dir string
}

// closeGate makes the processes to come wait.
func (w *workspace) closeGate() gate {
	w.t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(w.dir), "gate")
	if err != nil {
		w.t.Fatal(err)
	}
	w.env[envGate] = dir
	return gate{w, dir}
}

// open waits until n processes are ready, and lets them go on at once. Later ones are not held.
func (g gate) open(n int) {
	g.w.t.Helper()
	delete(g.w.env, envGate)
	eventually(g.w.t, fmt.Sprintf("%d processes are ready", n), func() bool {
		ready, err := filepath.Glob(filepath.Join(g.dir, "ready-*"))
		return err == nil && len(ready) >= n
	})
	writeFile(g.w.t, filepath.Join(g.dir, "go"), "")
}
