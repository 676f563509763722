package pgtest_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

// A table that cannot grow takes nothing more, not even a new version of a row; and again when there is room.
func TestFill(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{1 << 20, 1<<20 + 4096} {
		s := pgtest.Start(t, pgtest.Config{FileSize: limit})
		db := s.Database(t)
		s.Exec(t, db, "CREATE TABLE kept (value text)", "INSERT INTO kept VALUES ('one')", "UPDATE kept SET value = 'two'")
		const insert = "INSERT INTO kept VALUES (repeat('x', $1))"
		for range 2 {
			code := s.Fill(t, db, "kept", insert)
			if code != "53100" && code != "XX000" {
				t.Errorf("with files of %d bytes: Fill returns %s", limit, code)
			}
			for _, statement := range []string{"UPDATE kept SET value = '" + strings.Repeat("y", 64) + "' WHERE value = 'two'", "INSERT INTO kept VALUES ('" + strings.Repeat("y", 64) + "')"} {
				if got := refusalOf(t, s.URL(db), statement); got != code {
					t.Errorf("with files of %d bytes: %s is refused with %q, want %s", limit, statement, got, code)
				}
			}
			s.Exec(t, db, "DELETE FROM kept WHERE value <> 'two'", "VACUUM kept", "UPDATE kept SET value = 'two' WHERE value = 'two'")
			if err := errors.Join(s.Stop(), s.Resume()); err != nil { // the limit is there again
				t.Fatal(err)
			}
		}
	}
}

// refusalOf returns the SQLSTATE with which the server refuses the statement, or "".
func refusalOf(t *testing.T, url, statement string) string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	_, err = c.Exec(t.Context(), statement)
	var refusal *pgconn.PgError
	if err != nil && !errors.As(err, &refusal) {
		t.Fatal(err)
	}
	if refusal == nil {
		return ""
	}
	return refusal.Code
}
