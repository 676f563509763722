// Package rescue keeps replies that no token store has taken yet in files of this machine, outside of the store. NewDir is the entry
// point; what it returns is the credential.Rescue that ships.
//
// A file is sealed as a record of the store is, durable when Save returns, and in a folder that is this user's alone. While the process
// that has saved it lives, it is marked as in use. The package knows nothing of what is in a file: the engine writes and reads that, and
// decides when one is removed.
package rescue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
)

// Dir keeps rescue files in the first of its folders that can be used: one sealed file for each reply. A folder is
// refused unless it is this user's alone, since a temporary folder is open to everybody.
type Dir struct {
	dirs    []string
	keys    seal.Keyring
	storeID func(context.Context) (string, error)

	mu   sync.Mutex
	used map[string]*os.File // what this process has saved and not let go, by path
}

// Suffix ends the name of a file, which begins with the id of the store and the attempt.
const Suffix = ".rescue"

const savingSuffix = Suffix + ".tmp" // while it is written

// NewDir returns a Dir over dirs, best first. It touches nothing yet. storeID tells the id of the store that
// the replies belong to.
func NewDir(dirs []string, keys seal.Keyring, storeID func(context.Context) (string, error)) *Dir {
	return &Dir{dirs: slices.Clone(dirs), keys: keys, storeID: storeID}
}

// Save implements credential.Rescue. The file is on the disk when it returns nil: open(O_EXCL, 0600), write, fsync, rename,
// fsync(directory).
func (d *Dir) Save(ctx context.Context, _, attempt string, text []byte) (string, error) {
	id, err := d.storeID(ctx)
	if err != nil {
		return "", fmt.Errorf("reading the id of the store: %w", err)
	}
	sealed, err := d.keys.Seal(key(attempt), id, text)
	if err != nil {
		return "", err
	}
	failed := errors.New("there is no rescue folder")
	for _, dir := range d.dirs {
		path := filepath.Join(dir, id+"-"+attempt+Suffix)
		err := makePrivateDir(dir)
		var f *os.File
		if err == nil {
			f, err = writeDurably(path, sealed)
		}
		if err == nil {
			d.use(path, f)
			return path, nil
		}
		failed = errors.Join(failed, err)
	}
	return "", failed
}

// List implements credential.Rescue.
func (d *Dir) List(ctx context.Context, id string) ([]string, error) {
	var paths []string
	refused := map[string]error{}
	for _, dir := range d.dirs {
		err := checkPrivateDir(dir)
		if info, statErr := os.Lstat(dir); statErr != nil || !info.IsDir() {
			continue // nothing was ever written through it
		}
		refused[dir] = err
		entries, err := os.ReadDir(dir)
		if refused[dir] == nil && err != nil {
			return nil, err
		}
		for _, e := range entries {
			name := e.Name()
			if e.Type().IsRegular() && (strings.HasSuffix(name, Suffix) || strings.HasSuffix(name, savingSuffix) && refused[dir] == nil) {
				paths = append(paths, filepath.Join(dir, name))
			}
		}
	}
	if len(paths) == 0 {
		return nil, nil // the store is not asked for its id in vain
	}
	if id == "" {
		var err error
		if id, err = d.storeID(ctx); err != nil {
			return nil, fmt.Errorf("reading the id of the store: %w", err)
		}
	}
	paths = slices.DeleteFunc(paths, func(path string) bool { return !strings.HasPrefix(filepath.Base(path), id+"-") })
	for _, path := range paths { // a folder may have been opened to others since the file was written
		if err := refused[filepath.Dir(path)]; err != nil {
			return nil, err
		}
	}
	paths = d.finish(paths)
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// Load implements credential.Rescue.
func (d *Dir) Load(_ context.Context, path string) ([]byte, error) { return d.open(path, path) }

// open reads the file that is, or is to be, the rescue file of this path.
func (d *Dir) open(file, path string) ([]byte, error) {
	info, err := os.Lstat(file)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > seal.MaxSize:
		return nil, fmt.Errorf("%s is no rescue file", file)
	}
	sealed, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	id, attempt, ok := strings.Cut(strings.TrimSuffix(filepath.Base(path), Suffix), "-")
	if !ok {
		return nil, fmt.Errorf("%s is no rescue file", path)
	}
	return d.keys.Open(key(attempt), id, sealed)
}

// use keeps f open, which marks it as in use.
func (d *Dir) use(path string, f *os.File) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.used == nil {
		d.used = map[string]*os.File{}
	}
	d.used[path] = f
}

// LetGo implements credential.Rescue.
func (d *Dir) LetGo(path string) {
	d.mu.Lock()
	f := d.used[path]
	delete(d.used, path)
	d.mu.Unlock()
	if f != nil {
		_ = f.Close()
	}
}

// InUse implements credential.Rescue.
func (d *Dir) InUse(path string) bool { return inUse(path) }

// Remove implements credential.Rescue.
func (d *Dir) Remove(_ context.Context, path string) error {
	defer d.LetGo(path)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func key(attempt string) string { return "rescue/" + attempt }

// makePrivateDir makes dir and its parents, if need be, and checks it.
func makePrivateDir(dir string) error {
	if err := makeDir(dir); err != nil {
		return err
	}
	return checkPrivateDir(dir)
}

// makeDir makes what is missing of dir, with mode 0700, and lets each new name survive a crash.
func makeDir(dir string) error {
	_, err := os.Lstat(dir)
	parent := filepath.Dir(dir)
	if !errors.Is(err, fs.ErrNotExist) || parent == dir {
		return err
	}
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := syncDir(parent); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil // a parent that we may not read is the administrator's, who made it before us
}

// checkPrivateDir refuses a folder that somebody else owns or may look into, a link to one, and one that others may put
// another in the place of.
func checkPrivateDir(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	}
	if err := checkOwner(dir, info); err != nil {
		return err
	}
	parent, err := os.Stat(filepath.Dir(dir))
	if err != nil {
		return err
	}
	return checkParent(filepath.Dir(dir), parent)
}
