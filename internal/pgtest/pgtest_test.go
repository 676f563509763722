package pgtest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStopKillResume(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, pgtest.Config{Settings: map[string]string{"application_name": "it's"}})
	db := s.Database(t)
	s.Exec(t, db, "CREATE TABLE kept (value text)", "INSERT INTO kept VALUES ('one')")
	for name, end := range map[string]func() error{"Stop": s.Stop, "Kill": s.Kill} {
		if err := end(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c, err := pgx.Connect(t.Context(), s.URL(db)); err == nil {
			c.Close(t.Context())
			t.Errorf("%s leaves the server running", name)
		}
		if err := s.Resume(); err != nil {
			t.Fatalf("Resume after %s: %v", name, err)
		}
		if got := s.Value(t, db, "SELECT value FROM kept"); got != "one" {
			t.Errorf("after %s and Resume the table holds %q, want one", name, got)
		}
	}
	if got := s.Value(t, db, "SELECT boot_val || '/' || reset_val FROM pg_settings WHERE name = 'application_name'"); got != "/it's" {
		t.Errorf("the setting is %q, want it's", got)
	}
	if !strings.Contains(s.Log(), "ready to accept connections") {
		t.Errorf("the log does not say that the server is ready: %s", s.Log())
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := os.Stat(s.SocketDir()); !os.IsNotExist(err) {
		t.Errorf("after Close the server's folder is there: %v", err)
	}
}

func TestReadOnlyAndStandby(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, pgtest.Config{})
	db := s.Database(t)
	s.Exec(t, db, "CREATE TABLE kept (value text)")
	standby := s.Standby(t)
	s.Exec(t, db, "INSERT INTO kept VALUES ('one')")
	standby.AwaitReplay(t, s)
	if got := standby.Value(t, db, "SELECT value FROM kept"); got != "one" {
		t.Errorf("the standby holds %q, want one", got)
	}
	if got := standby.Value(t, db, "SELECT pg_is_in_recovery()"); got != "t" {
		t.Errorf("in recovery: %q, want t", got)
	}
	s.SetReadOnly(t, true)
	if got := s.Value(t, db, "SHOW transaction_read_only"); got != "on" {
		t.Errorf("transaction_read_only is %q, want on", got)
	}
	s.SetReadOnly(t, false)
	s.Exec(t, db, "INSERT INTO kept VALUES ('two')")
}

func TestPgBouncerSharesConnections(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, pgtest.Config{})
	b := s.PgBouncer(t)
	backends := map[string]bool{}
	for range 8 {
		c, err := pgx.Connect(t.Context(), b.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		results, err := c.PgConn().Exec(t.Context(), "SELECT pg_backend_pid()").ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		backends[string(results[0].Rows[0][0])] = true
	}
	if len(backends) > 2 {
		t.Errorf("8 open clients have %d connections to the server, want 2 at most: the mode is not transaction", len(backends))
	}
}
