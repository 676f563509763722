package filestore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// networkDisk is a disk whose locks prove nothing.
type networkDisk struct{ osDisk }

func (networkDisk) isLocal(string) (bool, error) { return false, nil }

var errDisk = errors.New("input/output error")

// stepDisk lists the steps, and fails one of them before or after it is done. It is empty-handed until armed.
type stepDisk struct {
	localDisk
	root string

	mu    sync.Mutex
	armed bool
	fail  string // a step
	done  bool   // fail it after it is done
	steps []string
}

// step runs one step, named after the files in it.
func (d *stepDisk) step(name, path string, do func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.armed {
		return do()
	}
	if path, err := filepath.Rel(d.root, path); err == nil {
		d.steps = append(d.steps, name+" "+plainTemp(path))
	}
	if name != d.fail {
		return do()
	}
	if d.done {
		return errors.Join(errDisk, do())
	}
	return errDisk
}

// plainTemp writes ID for the random part of a temporary file.
func plainTemp(path string) string {
	if owner, ok := tempOwner(filepath.Base(path)); ok {
		return filepath.ToSlash(filepath.Join(filepath.Dir(path), owner+".ID.tmp"))
	}
	return filepath.ToSlash(path)
}

func (d *stepDisk) mkdir(path string) error {
	return d.step("mkdir", path, func() error { return d.localDisk.mkdir(path) })
}

func (d *stepDisk) rename(from, to string) error {
	return d.step("rename", from, func() error { return d.localDisk.rename(from, to) })
}

func (d *stepDisk) remove(path string) error {
	return d.step("remove", path, func() error { return d.localDisk.remove(path) })
}

func (d *stepDisk) syncDir(path string) error {
	return d.step("sync directory", path, func() error { return d.localDisk.syncDir(path) })
}

func (d *stepDisk) tryLock(path string) (unlock func(), err error) {
	err = d.step("lock", path, func() (err error) {
		unlock, err = d.localDisk.tryLock(path)
		return err
	})
	if err != nil && unlock != nil {
		unlock()
	}
	return unlock, err
}

func (d *stepDisk) createTemp(path string) (file tempFile, err error) {
	err = d.step("create", path, func() (err error) {
		file, err = d.localDisk.createTemp(path)
		return err
	})
	if err != nil && file != nil {
		_ = file.Close()
	}
	return &stepFile{tempFile: file, disk: d, path: path}, err
}

type stepFile struct {
	tempFile
	disk *stepDisk
	path string
}

// Write fails with half of the content written, or with all of it.
func (f *stepFile) Write(p []byte) (n int, err error) {
	err = f.disk.step("write", f.path, func() (err error) {
		n, err = f.tempFile.Write(p)
		return err
	})
	if err != nil && n == 0 {
		n, _ = f.tempFile.Write(p[:len(p)/2])
	}
	return n, err
}

func (f *stepFile) Sync() error { return f.disk.step("sync", f.path, f.tempFile.Sync) }

func (f *stepFile) Close() error {
	return errors.Join(f.disk.step("close", f.path, func() error { return nil }), f.tempFile.Close())
}

// TestWriteOrder: the order of the steps is what a crash can not break. Content first, then its name, then the directory.
func TestWriteOrder(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "store")
	d := &stepDisk{root: root, armed: true}
	s := openIn(t, root, withDisk(d))
	expect := func(what string, want ...string) {
		t.Helper()
		if !slices.Equal(d.steps, want) {
			t.Errorf("%s takes the steps\n%s\nwant\n%s", what, strings.Join(d.steps, "\n"), strings.Join(want, "\n"))
		}
		d.steps = nil
	}
	write := []string{
		"lock pair/exact.lock", "create pair/exact.ID.tmp", "write pair/exact.ID.tmp", "sync pair/exact.ID.tmp",
		"close pair/exact.ID.tmp", "rename pair/exact.ID.tmp", "sync directory pair",
	}

	revision, err := s.Create(t.Context(), "pair/exact", []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	expect("the first Create", append([]string{
		"mkdir .", "sync directory ..", "mkdir pair", "sync directory .",
		"sync directory .", "sync directory ..",
	}, write...)...)
	if revision, err = s.Replace(t.Context(), "pair/exact", revision, []byte("two")); err != nil {
		t.Fatal(err)
	}
	expect("Replace", write...)
	if _, err = s.Get(t.Context(), "pair/exact"); err != nil {
		t.Fatal(err)
	}
	expect("Get")
	if err := s.Delete(t.Context(), "pair/exact", revision); err != nil {
		t.Fatal(err)
	}
	expect("Delete", "lock pair/exact.lock", "remove pair/exact", "sync directory pair")
	if _, err := s.Create(t.Context(), "pair/exact", []byte("one")); err != nil {
		t.Fatal(err)
	}
	expect("the second Create", write...)
}

// TestFailingSteps fails every step of every write before and after it is done. Afterwards there is the old value or the
// new one, as the table says, and never a torn one; no temporary file stays; and the store works on.
func TestFailingSteps(t *testing.T) {
	t.Parallel()
	type outcome struct{ create, replace, remove string } // the value that Get sees; "" for none
	unchanged := outcome{"", "old", "old"}
	for _, tt := range []struct {
		step string
		done bool
		want outcome
	}{
		{"lock", false, unchanged}, {"lock", true, unchanged},
		{"create", false, unchanged}, {"create", true, unchanged},
		{"write", false, unchanged}, {"write", true, unchanged},
		{"sync", false, unchanged}, {"sync", true, unchanged},
		{"close", false, unchanged}, {"close", true, unchanged},
		{"rename", false, unchanged}, {"rename", true, outcome{"new", "new", "old"}},
		{"sync directory", false, outcome{"new", "new", ""}}, {"sync directory", true, outcome{"new", "new", ""}},
		{"remove", false, unchanged}, {"remove", true, outcome{"", "old", ""}},
	} {
		face := map[bool]string{false: "nothing done", true: "but done"}[tt.done]
		onlyWrites := slices.Contains([]string{"create", "write", "sync", "close", "rename"}, tt.step)
		t.Run(tt.step+", "+face, func(t *testing.T) {
			t.Parallel()
			if tt.step != "remove" {
				testFailingStep(t, tt.step, tt.done, "", tt.want.create, createExact)
				testFailingStep(t, tt.step, tt.done, "old", tt.want.replace, replaceExact)
			}
			if !onlyWrites {
				testFailingStep(t, tt.step, tt.done, "old", tt.want.remove, deleteExact)
			}
		})
	}
}

func createExact(s *Store, _ store.Revision) error {
	_, err := s.Create(context.Background(), "pair/exact", []byte("new"))
	return err
}

func replaceExact(s *Store, r store.Revision) error {
	_, err := s.Replace(context.Background(), "pair/exact", r, []byte("new"))
	return err
}

func deleteExact(s *Store, r store.Revision) error {
	return s.Delete(context.Background(), "pair/exact", r)
}

func testFailingStep(t *testing.T, step string, done bool, old, want string, do func(*Store, store.Revision) error) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "store")
	d := &stepDisk{root: root, fail: step, done: done}
	s := openIn(t, root, withDisk(d))
	// Another key is there already, so that the directories are not part of the test.
	if _, err := s.Create(t.Context(), "pair/other", []byte("other")); err != nil {
		t.Fatal(err)
	}
	var revision store.Revision
	if old != "" {
		var err error
		if revision, err = s.Create(t.Context(), "pair/exact", []byte(old)); err != nil {
			t.Fatal(err)
		}
	}

	d.armed = true
	err := do(s, revision)
	d.armed = false
	if !errors.Is(err, errDisk) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		t.Errorf("the write returns %v, want the disk's error and nothing definite", err)
	}
	if got := valueOf(t, s, "pair/exact"); got != want {
		t.Errorf("Get sees %q, want %q", got, want)
	}
	for _, name := range filesIn(t, filepath.Join(root, "pair")) {
		if strings.HasSuffix(name, ".tmp") {
			t.Errorf("the temporary file %s stays", name)
		}
	}
	rewrite(t, s)
	if got := valueOf(t, s, "pair/other"); got != "other" {
		t.Errorf("another key holds %q, want what it held", got)
	}
}

// valueOf returns "" if there is none.
func valueOf(t *testing.T, s *Store, key string) string {
	t.Helper()
	e, err := s.Get(t.Context(), key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get: %v", err)
	}
	return string(e.Value)
}

// rewrite shows that the key can be written again.
func rewrite(t *testing.T, s *Store) {
	t.Helper()
	e, err := s.Get(t.Context(), "pair/exact")
	if errors.Is(err, store.ErrNotFound) {
		_, err = s.Create(t.Context(), "pair/exact", []byte("again"))
	} else if err == nil {
		_, err = s.Replace(t.Context(), "pair/exact", e.Revision, []byte("again"))
	}
	if err != nil {
		t.Errorf("the next write: %v", err)
	}
	if got := valueOf(t, s, "pair/exact"); got != "again" {
		t.Errorf("the next write leaves %q, want %q", got, "again")
	}
}

// TestFailingDirectories: the first write, on a disk that can not take the directories.
func TestFailingDirectories(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"mkdir", "sync directory"} {
		for _, done := range []bool{false, true} {
			root := filepath.Join(t.TempDir(), "store")
			d := &stepDisk{root: root, fail: step, done: done, armed: true}
			s := openIn(t, root, withDisk(d))
			if err := createExact(s, ""); !errors.Is(err, errDisk) {
				t.Errorf("%s fails: Create returns %v, want the disk's error", step, err)
			}
			d.armed = false
			if got := valueOf(t, s, "pair/exact"); got != "" {
				t.Errorf("%s fails: Get sees %q, want nothing", step, got)
			}
			rewrite(t, s)
		}
	}
}

// TestSyncUnreadableParent: the directory above the store may be one that we can not open.
func TestSyncUnreadableParent(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "store")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	s := openIn(t, root, withDisk(closedParent{root: root}))
	if _, err := s.Create(t.Context(), "pair/exact", []byte("one")); err != nil {
		t.Errorf("Create: %v", err)
	}
}

type closedParent struct {
	localDisk
	root string
}

func (d closedParent) syncDir(path string) error {
	if path == filepath.Dir(d.root) {
		return &os.PathError{Op: "open", Path: path, Err: os.ErrPermission}
	}
	return d.localDisk.syncDir(path)
}
