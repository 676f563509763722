package credential

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/rescue"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
)

// copyPrivately copies a folder with the modes that stores have, which git does not keep.
func copyPrivately(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if d.IsDir() {
			return errors.Join(os.MkdirAll(target, 0o700), os.Chmod(target, 0o700))
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// completeGolden writes what a set lacks beside its records, as this build lays it into stores, and lists the hashes of the set.
func completeGolden(t *testing.T, set string) {
	t.Helper()
	records := goldenRecords(t, set)
	for folder, sealed := range map[string]bool{"files": false, "sealed": true} {
		dir := filepath.Join(golden, set, folder)
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("the set %s is complete: make another one", set)
		}
		files, err := filestore.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := files.Create(t.Context(), "store/id", []byte(goldenStoreID)); err != nil {
			t.Fatal(err)
		}
		keys := goldenKeys(t, sealed)
		s := seal.NewStore(files, keys, nil)
		rows := []string{fmt.Sprintf(`INSERT INTO terraform_oauth_store VALUES ('store/id', '%s', '2026-11-01 10:00:00+00', '\x%x');`, revisionOf("store/id"), goldenStoreID)}
		for _, key := range slices.Sorted(maps.Keys(records)) {
			if attempt, ok := strings.CutPrefix(key, kindRescue+"/"); ok {
				text, err := keys.Seal(key, goldenStoreID, records[key])
				if err == nil {
					err = os.MkdirAll(filepath.Join(dir, kindRescue), 0o700)
				}
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, kindRescue, goldenStoreID+"-"+attempt+rescue.Suffix), text, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
				continue
			}
			if _, err := s.Create(t.Context(), key, records[key]); err != nil {
				t.Fatal(err)
			}
			e, err := files.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, fmt.Sprintf(`INSERT INTO terraform_oauth_store VALUES ('%s', '%s', '2026-11-01 10:00:00+00', '\x%x');`, key, revisionOf(key), e.Value))
		}
		locks, err := filepath.Glob(filepath.Join(dir, "*", "*.lock"))
		for _, lock := range locks {
			err = errors.Join(err, os.Remove(lock))
		}
		if err != nil {
			t.Fatal(err)
		}
		if sealed {
			table := "-- What the store makes, and what lies in it.\nCREATE TABLE terraform_oauth_store (\n  key text COLLATE \"C\" PRIMARY KEY,\n  revision uuid NOT NULL,\n" +
				"  changed_at timestamptz NOT NULL,\n  value bytea NOT NULL\n);\n"
			if err := os.WriteFile(filepath.Join(golden, set, "postgresql.sql"), []byte(table+strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	listGolden(t, set)
}

func revisionOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func listGolden(t *testing.T, set string) {
	t.Helper()
	list, err := os.OpenFile(goldenSums, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(os.DirFS(golden), set, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(golden, filepath.FromSlash(name)))
		if err == nil {
			_, err = fmt.Fprintf(list, "%x  %s\n", sha256.Sum256(content), name)
		}
		return err
	})
	if err := errors.Join(err, list.Close()); err != nil {
		t.Fatal(err)
	}
}
