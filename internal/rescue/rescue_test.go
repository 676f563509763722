package rescue_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/rescue"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

const (
	rescueStore  = "0123456789abcdef0123456789abcdef"
	rescueKeyOne = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33"
)

func rescueID(context.Context) (string, error) { return rescueStore, nil }

func rescueKeys(t *testing.T, text string) seal.Keyring {
	t.Helper()
	if text == "" {
		return seal.Keyring{}
	}
	keys, err := seal.ParseKeys(secret.New(text))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestRescueDir(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, key := range map[string]string{"plain": "", "sealed": rescueKeyOne} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state", "rescue")
			d := rescue.NewDir([]string{dir}, rescueKeys(t, key), rescueID)
			if paths, err := d.List(ctx, ""); err != nil || len(paths) != 0 {
				t.Fatalf("List of a folder that is not there: %v, %v", paths, err)
			}
			path, err := d.Save(ctx, "pair/x", "aa", []byte("the reply"))
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(dir, rescueStore+"-aa.rescue"); path != want {
				t.Errorf("saved in %s, want %s", path, want)
			}
			if runtime.GOOS != "windows" {
				for p, want := range map[string]fs.FileMode{dir: 0o700, path: 0o600} {
					if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
						t.Errorf("%s: %v, %v; want mode %v", p, info.Mode(), err, want)
					}
				}
			}
			onDisk, err := os.ReadFile(path)
			if err != nil || strings.Contains(string(onDisk), "the reply") != (key == "") {
				t.Errorf("on the disk: %q, %v", onDisk, err)
			}
			second, err := d.Save(ctx, "pair/y", "bb", []byte("another"))
			if err != nil {
				t.Fatal(err)
			}
			other := rescue.NewDir([]string{dir}, rescueKeys(t, key), func(context.Context) (string, error) { return strings.Repeat("f", 32), nil })
			if paths, err := other.List(ctx, ""); err != nil || len(paths) != 0 {
				t.Errorf("another store lists %v, %v", paths, err)
			}
			if paths, err := d.List(ctx, ""); err != nil || !slices.Equal(paths, []string{path, second}) {
				t.Errorf("List = %v, %v", paths, err)
			}
			if text, err := d.Load(ctx, path); err != nil || string(text) != "the reply" {
				t.Errorf("Load = %q, %v", text, err)
			}
			for range 2 {
				if err := d.Remove(ctx, path); err != nil {
					t.Error(err)
				}
			}
			if _, err := d.Load(ctx, path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Load after Remove: %v", err)
			}
		})
	}
}

// TestRescueFileInUse: other processes can tell a file whose process lives from one that was left behind.
func TestRescueFileInUse(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // nothing marks a file there
	}
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "rescue")
	owner := rescue.NewDir([]string{dir}, rescueKeys(t, ""), rescueID)
	finder := rescue.NewDir([]string{dir}, rescueKeys(t, ""), rescueID)
	path, err := owner.Save(ctx, "pair/x", "aa", []byte("the reply"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // asking changes nothing
		if !finder.InUse(path) {
			t.Error("a file that was just saved is not in use")
		}
	}
	if text, err := finder.Load(ctx, path); err != nil || string(text) != "the reply" {
		t.Errorf("a file in use cannot be read: %v", err)
	}
	owner.LetGo(path)
	owner.LetGo(path)
	if finder.InUse(path) {
		t.Error("a file that was let go is in use")
	}
	if err := owner.Remove(ctx, path); err != nil || finder.InUse(path) {
		t.Errorf("removed: %v", err)
	}
}

func TestRescueDirUsesTheNextFolder(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Log("folders of a Windows profile are not open to others")
		return
	}
	ctx, base := context.Background(), t.TempDir()
	open, link, file, good := filepath.Join(base, "open"), filepath.Join(base, "link"), filepath.Join(base, "file"), filepath.Join(base, "good")
	shared := filepath.Join(base, "shared")
	inShared := filepath.Join(shared, "rescue")
	for _, err := range []error{
		os.Mkdir(open, 0o700), os.Chmod(open, 0o755), os.Mkdir(good, 0o700), os.Symlink(good, link), os.WriteFile(file, nil, 0o600),
		os.Mkdir(shared, 0o700), os.Mkdir(inShared, 0o700), os.Chmod(shared, 0o777),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d := rescue.NewDir([]string{open, link, file, inShared, good}, seal.Keyring{}, rescueID)
	path, err := d.Save(ctx, "pair/x", "aa", []byte("text"))
	if err != nil || path != filepath.Join(good, rescueStore+"-aa.rescue") {
		t.Fatalf("saved in %q, %v", path, err)
	}
	if paths, err := d.List(ctx, ""); err != nil || !slices.Equal(paths, []string{path}) {
		t.Errorf("List = %v, %v; folders that cannot be used are passed over", paths, err)
	}
	if err := os.Chmod(shared, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if path, err := rescue.NewDir([]string{inShared}, seal.Keyring{}, rescueID).Save(ctx, "pair/x", "bb", nil); err != nil || filepath.Dir(path) != inShared {
		t.Errorf("below a folder like /tmp: %q, %v", path, err)
	}
	if _, err := rescue.NewDir([]string{open, link, file}, seal.Keyring{}, rescueID).Save(ctx, "pair/x", "aa", []byte("text")); err == nil ||
		!strings.Contains(err.Error(), "chmod 700") || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("no folder can be used: %v", err)
	}
	if _, err := rescue.NewDir(nil, seal.Keyring{}, rescueID).Save(ctx, "pair/x", "aa", nil); err == nil {
		t.Error("saved without a folder")
	}
}

func TestRescueDirRefusesDamage(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "rescue")
	d := rescue.NewDir([]string{dir}, rescueKeys(t, rescueKeyOne), rescueID)
	path, err := d.Save(ctx, "pair/x", "aa", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rescue.NewDir([]string{dir}, seal.Keyring{}, rescueID).Load(ctx, path); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("Load without the key: %v", err)
	}
	moved := filepath.Join(dir, rescueStore+"-bb.rescue")
	if err := os.Rename(path, moved); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Load(ctx, moved); !errors.Is(err, seal.ErrWrongPlace) {
		t.Errorf("Load under another name: %v", err)
	}
	for name, want := range map[string]string{"no-dash.rescue": "", "leftover.rescue.tmp": "", rescueStore + ".rescue": "no rescue file", "folder.rescue": "no rescue file"} {
		at := filepath.Join(dir, name)
		err := os.WriteFile(at, []byte("x"), 0o600)
		if name == "folder.rescue" {
			err = errors.Join(os.Remove(at), os.Mkdir(at, 0o700))
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Load(ctx, at); want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Load of %s: %v", name, err)
		}
	}
	if paths, err := d.List(ctx, ""); err != nil || !slices.Equal(paths, []string{moved}) {
		t.Errorf("List = %v, %v; want the rescue file of this store alone", paths, err)
	}
	if err := os.Truncate(moved, 20); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Load(ctx, moved); err == nil {
		t.Error("loaded a truncated file")
	}
}

func TestRescueDirNeedsTheStoresID(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "rescue")
	gone := errors.New("store gone")
	d := rescue.NewDir([]string{dir}, seal.Keyring{}, func(context.Context) (string, error) { return "", gone })
	if paths, err := d.List(ctx, ""); err != nil || len(paths) != 0 {
		t.Errorf("List of nothing asked for the id: %v, %v", paths, err)
	}
	if _, err := d.Save(ctx, "pair/x", "aa", nil); !errors.Is(err, gone) {
		t.Errorf("Save: %v", err)
	}
	if _, err := rescue.NewDir([]string{dir}, seal.Keyring{}, rescueID).Save(ctx, "pair/x", "aa", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.List(ctx, ""); !errors.Is(err, gone) {
		t.Errorf("List: %v", err)
	}
	if err := d.Remove(ctx, filepath.Join(dir, "missing", "x.rescue")); err == nil {
		t.Error("removed from a folder that is not there")
	}
}
