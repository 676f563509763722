package rescue

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
)

// finish puts in order what processes have left that died while they were saving. A file that is whole is given its name, for it
// holds a reply that nobody else has; one that is not is removed. What another key has sealed stays, and so does what a living
// process may still be writing.
func (d *Dir) finish(paths []string) []string {
	var finished []string
	for _, path := range paths {
		final, saving := strings.CutSuffix(path, ".tmp")
		switch {
		case !saving:
			finished = append(finished, path)
		case d.adopt(path, final):
			finished = append(finished, final)
		}
	}
	return finished
}

// adopt tells whether the file was whole, and has its name now.
func (d *Dir) adopt(file, path string) bool {
	f := takeLeft(file)
	if f == nil {
		return false
	}
	defer func() { _ = f.Close() }()
	_, err := d.open(file, path)
	if errors.Is(err, seal.ErrMalformed) {
		_ = os.Remove(file)
	}
	return err == nil && os.Rename(file, path) == nil && syncDir(filepath.Dir(path)) == nil
}

// saveTries bounds how often a file is written anew that somebody took away before it was marked.
const saveTries = 10

// writeDurably returns the file open and marked as in use; nil where a mark would be of no use.
func writeDurably(path string, content []byte) (f *os.File, err error) {
	for range saveTries {
		if f, err = writeOnce(path, content); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return f, err
}

// writeOnce fails with fs.ErrNotExist if a process that looks for rescue files has taken this one for what the dead have left: a file
// cannot be made and marked at once.
func writeOnce(path string, content []byte) (*os.File, error) {
	temp := strings.TrimSuffix(path, Suffix) + savingSuffix
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if marks {
		markInUse(f) // first, or it might be taken for what a dead process has left
	}
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if !marks {
		err = errors.Join(err, f.Close())
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	} else {
		_ = os.Remove(temp) // it is of no use, and its name is taken
	}
	if err != nil || !marks {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
