package filestore

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

// TestUnknownFilesystemIsNotLocal: procfs stands for all that are not in the list.
func TestUnknownFilesystemIsNotLocal(t *testing.T) {
	t.Parallel()
	if local, err := isLocal("/proc"); local || err != nil {
		t.Errorf("isLocal(/proc) = %t, %v; want false", local, err)
	}
	if _, err := isLocal(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("isLocal of a missing directory returns %v, want ErrNotExist", err)
	}
}
