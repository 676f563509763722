package pgstore_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

// shared is the server of the tests that leave it as it is. The first of them starts it: a fuzzing worker needs none.
var shared struct {
	sync.Mutex
	server *pgtest.Server
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	// What a developer has set for psql is not for the tests.
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "PG") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("HOME", os.DevNull)
	result := m.Run()
	if shared.server != nil {
		if err := shared.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			result = 1
		}
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		result = 1
	}
	return result
}

func server(t testing.TB) *pgtest.Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		certificate, key := selfSigned(t)
		s, err := pgtest.Run(pgtest.Config{Certificate: certificate, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		shared.server = s
	}
	return shared.server
}

func open(t testing.TB, url string) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func create(t testing.TB, s store.Store, key, value string) store.Revision {
	t.Helper()
	r, err := s.Create(t.Context(), key, []byte(value))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// valueOf returns "" if there is none.
func valueOf(t testing.TB, s store.Store, key string) string {
	t.Helper()
	e, err := s.Get(t.Context(), key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return string(e.Value)
}

// expectError checks what an error is and what it says. A nil kind wants an error that is no sentinel.
func expectError(t testing.TB, what string, err, kind error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s succeeds, want an error", what)
		return
	}
	for _, sentinel := range []error{store.ErrNotFound, store.ErrConflict, store.ErrNotDone} {
		if errors.Is(err, sentinel) != (sentinel == kind) {
			t.Errorf("%s returns %q; is it %q: %t", what, err, sentinel, errors.Is(err, sentinel))
		}
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s returns %q, want %q in it", what, err, w)
		}
	}
}

// expectWrites expects of every write that it changes nothing, is of the kind and says the words.
func expectWrites(t testing.TB, s store.Store, key string, at store.Revision, kind error, words ...string) {
	t.Helper()
	_, err := s.Create(t.Context(), "pair/new", []byte("new"))
	expectError(t, "Create", err, kind, words...)
	_, err = s.Replace(t.Context(), key, at, []byte("new"))
	expectError(t, "Replace", err, kind, words...)
	expectError(t, "Delete", s.Delete(t.Context(), key, at), kind, words...)
}
