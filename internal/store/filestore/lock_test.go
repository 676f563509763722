package filestore

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

func TestLockWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "store")
	s := openIn(t, root)
	revision, err := s.Create(t.Context(), "pair/exact", []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := osDisk{}.tryLock(filepath.Join(root, "pair", "exact.lock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, create := s.Create(ctx, "pair/exact", []byte("two"))
	_, replace := s.Replace(ctx, "pair/exact", revision, []byte("two"))
	remove := s.Delete(ctx, "pair/exact", revision)
	for call, err := range map[string]error{"Create": create, "Replace": replace, "Delete": remove} {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s while another writer is at it returns %v, want DeadlineExceeded", call, err)
		}
	}
	if got := valueOf(t, s, "pair/exact"); got != "one" {
		t.Errorf("Get sees %q while another writer is at it, want %q", got, "one")
	}
	if _, err := s.Create(t.Context(), "pair/other", []byte("one")); err != nil {
		t.Errorf("Create of another key: %v", err)
	}
	unlock()
	if _, err := s.Replace(t.Context(), "pair/exact", revision, []byte("two")); err != nil {
		t.Errorf("Replace after the other writer left: %v", err)
	}
}

func TestHoldFails(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"mkdir", "sync directory", "lock"} {
		for _, done := range []bool{false, true} {
			root := filepath.Join(t.TempDir(), "store")
			d := &stepDisk{root: root, fail: step, done: done, armed: true}
			s := openIn(t, root, withDisk(d))
			if _, err := s.Hold(t.Context(), "pair/exact"); !errors.Is(err, errDisk) || errors.Is(err, store.ErrHeld) {
				t.Errorf("%s fails: Hold returns %v, want the disk's error alone", step, err)
			}
			d.armed = false
			release, err := s.Hold(t.Context(), "pair/exact")
			if err != nil {
				t.Errorf("after %s failed: Hold returns %v, want success", step, err)
				continue
			}
			release()
		}
	}
}

type unknownDisk struct{ osDisk }

func (unknownDisk) isLocal(string) (bool, error) { return false, errDisk }

func TestNoHold(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]disk{"network": networkDisk{}, "unknown": unknownDisk{}} {
		s := openIn(t, filepath.Join(t.TempDir(), "store"), withDisk(d))
		if _, err := s.Hold(t.Context(), "pair/exact"); !errors.Is(err, store.ErrNoHold) {
			t.Errorf("%s: Hold returns %v, want ErrNoHold", name, err)
		}
	}
}

// TestHoldFile: the lock file is where its name says, and stays.
func TestHoldFile(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "store")
	s := openIn(t, root)
	for range 2 {
		release, err := s.Hold(t.Context(), "pair/Exact")
		if err != nil {
			t.Fatal(err)
		}
		release()
		if got := filesIn(t, filepath.Join(root, "pair")); !slices.Equal(got, []string{"!exact.rotating"}) {
			t.Errorf("the directory holds %q, want the lock file", got)
		}
	}
}
