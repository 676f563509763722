package pgstore_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// TestGoldenRows: a table that a release made, with sealed records in it, is read for ever. What they hold stands beside it as text. See
// golden_test.go of internal/credential, which also keeps these files as they are.
func TestGoldenRows(t *testing.T) {
	t.Parallel()
	tables, err := filepath.Glob("../../credential/testdata/golden/*/postgresql.sql")
	if err != nil || len(tables) == 0 {
		t.Fatalf("golden tables: %q, %v", tables, err)
	}
	keys, err := seal.ParseKeys(secret.New("AGE-SECRET-KEY-1S6G0Q9F27JNGUUC9XZZ7QG855LKGZFY3LMUPRVQMWZ2GTGHNW5FQ60W6QM"))
	if err != nil {
		t.Fatal(err)
	}
	srv := server(t)
	for _, table := range tables {
		sql, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		db := srv.Database(t)
		srv.Exec(t, db, string(sql))
		s := seal.NewStore(open(t, srv.URL(db)), keys, nil)
		records := filepath.Join(filepath.Dir(table), "records")
		err = filepath.WalkDir(records, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(records, path)
			if err != nil {
				return err
			}
			key := strings.TrimSuffix(filepath.ToSlash(name), ".json")
			if strings.HasPrefix(key, "rescue/") {
				return nil // no store holds these
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			var want bytes.Buffer
			if err := json.Compact(&want, text); err != nil {
				return err
			}
			if e, err := s.Get(t.Context(), key); err != nil || !bytes.Equal(e.Value, want.Bytes()) {
				t.Errorf("%s: %s is read as %s, %v", table, key, e.Value, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
