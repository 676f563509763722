//go:build unix

package filestore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"golang.org/x/sys/unix"
)

func setFileSizeLimit(n uint64) error {
	limit := limitOf(n)
	return unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)
}

func TestModes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state", "store")
	s := openIn(t, dir)
	if _, err := s.Create(t.Context(), "pair/exact", []byte("x")); err != nil {
		t.Fatal(err)
	}
	release, err := s.Hold(t.Context(), "pair/exact")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for path, want := range map[string]fs.FileMode{
		filepath.Dir(dir):                            fs.ModeDir | 0o700,
		dir:                                          fs.ModeDir | 0o700,
		filepath.Join(dir, "pair"):                   fs.ModeDir | 0o700,
		filepath.Join(dir, "pair", "exact"):          0o600,
		filepath.Join(dir, "pair", "exact.lock"):     0o600,
		filepath.Join(dir, "pair", "exact.rotating"): 0o600,
	} {
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

// TestOpenToOthers: a store that others can read or change is refused, not mended. Whoever opened it may rely on it, and
// what lay open is to be known.
func TestOpenToOthers(t *testing.T) {
	t.Parallel()
	move := func(t *testing.T, path string) string {
		t.Helper()
		if err := os.Rename(path, path+"-2"); err != nil {
			t.Fatal(err)
		}
		return path + "-2"
	}
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, root string) error
		want  string
	}{
		"directory 0755": {func(_ *testing.T, root string) error { return os.Chmod(root, 0o755) }, "chmod 700 "},
		"directory 0710": {func(_ *testing.T, root string) error { return os.Chmod(root, 0o710) }, "chmod 700 "},
		"directory 0702": {func(_ *testing.T, root string) error { return os.Chmod(root, 0o702) }, "chmod 700 "},
		"kind 0750": {func(_ *testing.T, root string) error {
			return os.Chmod(filepath.Join(root, "pair"), 0o750)
		}, "chmod 700 "},
		"file 0640": {func(_ *testing.T, root string) error {
			return os.Chmod(filepath.Join(root, "pair", "exact"), 0o640)
		}, "chmod 600 "},
		"file 0602": {func(_ *testing.T, root string) error {
			return os.Chmod(filepath.Join(root, "pair", "exact"), 0o602)
		}, "chmod 600 "},
		"directory is a link": {func(t *testing.T, root string) error {
			return os.Symlink(move(t, root), root)
		}, "is a symbolic link"},
		"kind is a link": {func(t *testing.T, root string) error {
			return os.Symlink(move(t, filepath.Join(root, "pair")), filepath.Join(root, "pair"))
		}, "is a symbolic link"},
		"file is a link": {func(t *testing.T, root string) error {
			return os.Symlink(move(t, filepath.Join(root, "pair", "exact")), filepath.Join(root, "pair", "exact"))
		}, "is a symbolic link"},
		"file is a pipe": {func(t *testing.T, root string) error {
			move(t, filepath.Join(root, "pair", "exact"))
			return unix.Mkfifo(filepath.Join(root, "pair", "exact"), 0o600)
		}, "is not a regular file"},
		"file is a directory": {func(t *testing.T, root string) error {
			move(t, filepath.Join(root, "pair", "exact"))
			return os.Mkdir(filepath.Join(root, "pair", "exact"), 0o700)
		}, "is not a regular file"},
		"directory is a file": {func(t *testing.T, root string) error {
			move(t, root)
			return os.WriteFile(root, nil, 0o600)
		}, "is not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := filepath.Join(t.TempDir(), "store")
			s := openIn(t, root)
			revision, err := s.Create(t.Context(), "pair/exact", []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.spoil(t, root); err != nil {
				t.Fatal(err)
			}
			_, get := s.Get(t.Context(), "pair/exact")
			_, create := s.Create(t.Context(), "pair/exact", []byte("y"))
			_, replace := s.Replace(t.Context(), "pair/exact", revision, []byte("y"))
			remove := s.Delete(t.Context(), "pair/exact", revision)
			for call, err := range map[string]error{"Get": get, "Create": create, "Replace": replace, "Delete": remove} {
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), root) {
					t.Errorf("%s returns %v, want an error with %q that names the path", call, err, tt.want)
				}
				if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
					t.Errorf("%s returns the definite error %v", call, err)
				}
			}
		})
	}
}

// TestLockFileIsALink: a link in the place of a lock file leads to no lock elsewhere, and to no file made there.
func TestLockFileIsALink(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "store")
	s := openIn(t, root)
	if _, err := s.Create(t.Context(), "pair/other", nil); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(filepath.Dir(root), "outside")
	for _, name := range []string{"exact.lock", "exact.rotating"} {
		if err := os.Symlink(outside, filepath.Join(root, "pair", name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Create(t.Context(), "pair/exact", nil); err == nil {
		t.Error("Create follows a link in the place of its lock file")
	}
	if _, err := s.Hold(t.Context(), "pair/exact"); err == nil {
		t.Error("Hold follows a link in the place of its lock file")
	}
	if _, err := os.Lstat(outside); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made outside of the store: %v", err)
	}
}

// ownedBy is a file of some user.
type ownedBy uint32

func (ownedBy) Name() string       { return "store" }
func (ownedBy) Size() int64        { return 0 }
func (ownedBy) Mode() fs.FileMode  { return fs.ModeDir | 0o700 }
func (ownedBy) ModTime() time.Time { return time.Time{} }
func (ownedBy) IsDir() bool        { return true }
func (u ownedBy) Sys() any         { return &syscall.Stat_t{Uid: uint32(u)} }

func TestOwner(t *testing.T) {
	t.Parallel()
	self := uint32(os.Geteuid())
	if err := checkPrivate("/store", ownedBy(self), "700"); err != nil {
		t.Errorf("our own directory is refused: %v", err)
	}
	err := checkPrivate("/store", ownedBy(self+1), "700")
	if err == nil || !strings.Contains(err.Error(), "/store belongs to user id ") {
		t.Errorf("a directory of somebody else gives %v", err)
	}
}
