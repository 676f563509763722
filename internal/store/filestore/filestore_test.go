package filestore

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// withDisk puts another disk under the store.
func withDisk(d disk) func(*Store) { return func(s *Store) { s.disk = d } }

func withRandom(r io.Reader) func(*Store) { return func(s *Store) { s.random = r } }

// localDisk is the real disk, but trusts its locks whatever filesystem the tests run on.
type localDisk struct{ osDisk }

func (localDisk) isLocal(string) (bool, error) { return true, nil }

func openIn(t *testing.T, dir string, change ...func(*Store)) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append([]func(*Store){withDisk(localDisk{})}, change...) {
		f(s)
	}
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.RunWith(t, storetest.Options{Open: func(t *testing.T) func() store.Store {
		dir := filepath.Join(t.TempDir(), "store")
		return func() store.Store { return openIn(t, dir) }
	}})
}

func TestConformanceWithoutHold(t *testing.T) {
	t.Parallel()
	storetest.RunWith(t, storetest.Options{Open: func(t *testing.T) func() store.Store {
		dir := filepath.Join(t.TempDir(), "store")
		return func() store.Store { return openIn(t, dir, withDisk(networkDisk{})) }
	}})
}

func TestOpenTouchesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state", "store")
	s := openIn(t, dir)
	if _, err := s.Get(t.Context(), "pair/exact"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get returns %v, want ErrNotFound", err)
	}
	if keys, err := s.List(t.Context(), "pair"); err != nil || keys != nil {
		t.Errorf("List returns %q, %v; want nothing", keys, err)
	}
	if _, err := s.Replace(t.Context(), "pair/exact", "1", nil); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Replace returns %v, want ErrConflict", err)
	}
	if err := s.Delete(t.Context(), "pair/exact", "1"); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Delete returns %v, want ErrConflict", err)
	}
	if _, err := os.Lstat(filepath.Dir(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a store that was only read has made a directory: %v", err)
	}
}

func TestOpenWithoutName(t *testing.T) {
	t.Parallel()
	if _, err := Open(""); err == nil {
		t.Error("Open of no directory succeeds; it would be the working directory")
	}
}

// counting is a source of known bytes: 0, 1, 2, …
type counting struct{ next byte }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = c.next
		c.next++
	}
	return len(p), nil
}

func TestFilesOnDisk(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state", "store")
	s := openIn(t, dir, withRandom(&counting{}))
	revision, err := s.Create(t.Context(), "pair/Exact-prod", []byte("the\nvalue"))
	if err != nil {
		t.Fatal(err)
	}
	if want := store.Revision("000102030405060708090a0b0c0d0e0f"); revision != want {
		t.Errorf("revision %q, want %q", revision, want)
	}
	content, err := os.ReadFile(filepath.Join(dir, "pair", "!exact-prod"))
	if err != nil {
		t.Fatal(err)
	}
	want := "terraform-provider-oauth store v1 000102030405060708090a0b0c0d0e0f\nthe\nvalue"
	if string(content) != want {
		t.Errorf("the file holds %q, want %q", content, want)
	}
	if got := filesIn(t, filepath.Join(dir, "pair")); !slices.Equal(got, []string{"!exact-prod", "!exact-prod.lock"}) {
		t.Errorf("the directory holds %q", got)
	}
	if err := s.Delete(t.Context(), "pair/Exact-prod", revision); err != nil {
		t.Fatal(err)
	}
	if got := filesIn(t, filepath.Join(dir, "pair")); !slices.Equal(got, []string{"!exact-prod.lock"}) {
		t.Errorf("after Delete the directory holds %q, want the lock file alone", got)
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestLocation(t *testing.T) {
	t.Parallel()
	base := filepath.ToSlash(t.TempDir())
	if !strings.HasPrefix(base, "/") {
		base = "/" + base
	}
	for dir, want := range map[string]string{
		"store":          "/store",
		"my store":       "/my%20store",
		"a?b#c":          "/a%3Fb%23c",
		"x/../y/./z/":    "/y/z",
		"100%":           "/100%25",
		"user:pass@host": "/user:pass@host",
	} {
		if got := openIn(t, base+"/"+dir).Location(); got != "file://"+base+want {
			t.Errorf("Location of %q = %q, want %q", dir, got, "file://"+base+want)
		}
	}
}

func TestValueTooLarge(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s := openIn(t, dir)
	most := bytes.Repeat([]byte("x"), 4<<20)
	if _, err := s.Create(t.Context(), "pair/large", append(most, 'x')); err == nil {
		t.Error("a value of 4 MiB and one byte is taken")
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a value too large has made a directory: %v", err)
	}
	revision, err := s.Create(t.Context(), "pair/large", most)
	if err != nil {
		t.Fatalf("a value of 4 MiB is refused: %v", err)
	}
	if _, err := s.Replace(t.Context(), "pair/large", revision, append(most, 'x')); err == nil {
		t.Error("a value of 4 MiB and one byte is taken by Replace")
	}
	e, err := s.Get(t.Context(), "pair/large")
	if err != nil || !bytes.Equal(e.Value, most) {
		t.Errorf("a value of 4 MiB comes back with %d bytes, %v", len(e.Value), err)
	}
}

func TestRandomnessFails(t *testing.T) {
	t.Parallel()
	s := openIn(t, filepath.Join(t.TempDir(), "store"), withRandom(strings.NewReader("too short")))
	if _, err := s.Create(t.Context(), "pair/exact", []byte("x")); err == nil {
		t.Error("Create succeeds without random bytes")
	}
	if _, err := s.Get(t.Context(), "pair/exact"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get returns %v, want ErrNotFound", err)
	}
}

// TestMalformedFile: a damaged file is neither "not found", which would have the credential made anew, nor written over.
func TestMalformedFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s := openIn(t, dir)
	revision, err := s.Create(t.Context(), "pair/exact", []byte("good"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pair", "exact")
	for name, content := range map[string]string{
		"empty":   "",
		"torn":    "terraform-provider-oauth store v1 00010203",
		"foreign": `{"version": 4}`,
		"large":   "terraform-provider-oauth store v1 000102030405060708090a0b0c0d0e0f\n" + strings.Repeat("x", 4<<20+1),
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, get := s.Get(t.Context(), "pair/exact")
		_, create := s.Create(t.Context(), "pair/exact", []byte("new"))
		_, replace := s.Replace(t.Context(), "pair/exact", revision, []byte("new"))
		remove := s.Delete(t.Context(), "pair/exact", revision)
		for call, err := range map[string]error{"Get": get, "Create": create, "Replace": replace, "Delete": remove} {
			if !errors.Is(err, ErrMalformed) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
				t.Errorf("%s file: %s returns %v, want ErrMalformed alone", name, call, err)
			} else if !strings.Contains(err.Error(), file) {
				t.Errorf("%s file: %s returns %q, which does not name the file", name, call, err)
			}
		}
		if after, err := os.ReadFile(file); err != nil || string(after) != content {
			t.Errorf("%s file: it was changed: %v", name, err)
		}
	}
}

// TestLeftovers: what a crashed writer left is taken away by the next writer of the same key, and by nobody else, since
// it may belong to a living writer of another key.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s := openIn(t, dir)
	revision, err := s.Create(t.Context(), "pair/exact", []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	const id = "000102030405060708090a0b0c0d0e0f"
	leave := func(names ...string) {
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, "pair", name), []byte("half a val"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	mine := []string{"exact." + id + ".tmp", "exact.ffffffffffffffffffffffffffffffff.tmp"}
	others := []string{"exact." + id + "." + id + ".tmp", "exact-2." + id + ".tmp", "exact.tmp", "exact.short.tmp", "notes"}
	leave(mine...)
	leave(others...)
	want := append([]string{"exact", "exact.lock"}, others...)
	slices.Sort(want)

	keys, err := s.List(t.Context(), "pair")
	if err != nil || !slices.Equal(keys, []string{"pair/exact", "pair/notes"}) {
		t.Errorf("List returns %q, %v; want no temporary or lock file", keys, err)
	}
	if revision, err = s.Replace(t.Context(), "pair/exact", revision, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if got := filesIn(t, filepath.Join(dir, "pair")); !slices.Equal(got, want) {
		t.Errorf("after Replace the directory holds %q, want %q", got, want)
	}
	leave(mine...)
	if err := s.Delete(t.Context(), "pair/exact", revision); err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(want, func(name string) bool { return name == "exact" })
	if got := filesIn(t, filepath.Join(dir, "pair")); !slices.Equal(got, want) {
		t.Errorf("after Delete the directory holds %q, want %q", got, want)
	}
}
