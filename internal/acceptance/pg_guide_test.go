//go:build unix

package acceptance_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
)

// The guide's SQL works as it stands: an owner makes the table, and a role with nothing but those grants runs Terraform,
// behind a pooler in transaction mode. Then the key changes, and a backup is restored, as the guide says.
func TestSharedTokenStoreGuide(t *testing.T) {
	t.Parallel()
	guide := readFile(t, filepath.Join("..", "..", "templates", "guides", "shared-token-store.md"))
	sql := fenced(guide, "sql")
	if len(sql) != 2 {
		t.Fatalf("the guide has %d blocks of SQL, want the table and the fingerprints", len(sql))
	}
	server := pgtest.Start(t, pgtest.Config{})
	db := server.Database(t)
	server.Exec(t, db, "CREATE ROLE runner LOGIN PASSWORD 'runner'")
	server.Exec(t, db, sql[0])

	s, w := newServer(t, nil), newWorkspace(t)
	old, next := newKey(t), newKey(t)
	w.env["OAUTH_TOKEN_STORE"] = strings.Replace(server.PgBouncer(t, "runner").URL(db), pgtest.User+"@", "runner@", 1) + "&schema=oauth"
	w.env["OAUTH_TOKEN_STORE_KEY"] = old
	w.write(s.pair("guided", s.issue().RefreshToken, strict, ""))
	w.apply()
	s.expect(1, 0)
	count := func() string {
		return server.Value(t, db, "SELECT count(DISTINCT key) FROM ("+strings.TrimSuffix(sql[1], ";")+") AS k WHERE key IS NOT NULL")
	}
	if got := count(); got != "1" {
		t.Errorf("%s fingerprints, want 1", got)
	}

	// A backup, and then two refreshes that are applied.
	server.Exec(t, db, "CREATE TABLE backup AS SELECT * FROM oauth.terraform_oauth_store")
	for range 2 {
		s.later(time.Hour, w)
		w.apply()
	}
	s.expect(3, 0)
	server.Exec(t, db, "TRUNCATE oauth.terraform_oauth_store; INSERT INTO oauth.terraform_oauth_store SELECT * FROM backup")
	w.plan()
	s.expect(3, 0) // the state is ahead, and heals what was restored
	s.later(time.Hour, w)
	w.apply()
	s.expect(4, 0)
	w.expectLive(s, 5)

	w.env["OAUTH_TOKEN_STORE_KEY"] = next + "," + old
	s.later(time.Hour, w)
	w.apply()
	if got := count(); got != "2" { // the input that was used keeps its old seal
		t.Errorf("%s fingerprints while the key changes, want 2", got)
	}
	w.env["OAUTH_TOKEN_STORE_KEY"] = next
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	s.expect(5, 0)
	for _, issued := range s.Secrets() {
		plain := "SELECT count(*) FROM oauth.terraform_oauth_store WHERE position('" + issued.Value + "'::bytea in value) > 0"
		if got := server.Value(t, db, plain); got != "0" {
			t.Errorf("a %s lies in the table in plain text", issued.Kind)
		}
	}
}
