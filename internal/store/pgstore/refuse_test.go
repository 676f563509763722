package pgstore_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// holdLock keeps the rows of the table locked from locked to unlock.
func holdLock(t testing.TB, url string, locked chan<- struct{}, unlock <-chan struct{}) {
	ctx := context.Background()
	defer close(locked)
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close(ctx)
	if _, err := c.PgConn().Exec(ctx, "BEGIN; SELECT FROM terraform_oauth_store FOR UPDATE").ReadAll(); err != nil {
		t.Error(err)
		return
	}
	locked <- struct{}{}
	<-unlock
}

// silence returns the address of a server that says nothing.
func silence(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String() // the kernel completes the handshake for nobody
}

const readOnly = "in a read-only transaction (SQLSTATE 25006); the URL leads to a standby, or default_transaction_read_only is on: nothing was written to the token store"

func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	r := create(t, open(t, s.URL(db)), "pair/exact", "old")
	s.Exec(t, db, "ALTER DATABASE "+db+" SET default_transaction_read_only = on")
	st := open(t, s.URL(db))
	expectWrites(t, st, "pair/exact", r, store.ErrNotDone, ": writes are refused: cannot execute ", readOnly)
	if got := valueOf(t, st, "pair/exact"); got != "old" {
		t.Errorf("Get sees %q, want old", got)
	}
	_, err := open(t, s.URL(db)+"&table=absent").Create(t.Context(), "pair/exact", nil)
	expectError(t, "Create without a table", err, store.ErrNotDone, "make the table for pair/exact: writes are refused: cannot execute CREATE TABLE "+readOnly)
}

// A server that turns read-only while connections are open, and back.
func TestServerTurnsReadOnly(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, pgtest.Config{})
	st := open(t, s.URL("postgres"))
	r := create(t, st, "pair/exact", "old")
	s.SetReadOnly(t, true)
	expectWrites(t, st, "pair/exact", r, store.ErrNotDone, readOnly)
	s.SetReadOnly(t, false)
	if _, err := st.Replace(t.Context(), "pair/exact", r, []byte("new")); err != nil {
		t.Error(err)
	}
	standby := s.Standby(t)
	standby.AwaitReplay(t, s)
	replica := open(t, standby.URL("postgres"))
	e, err := replica.Get(t.Context(), "pair/exact")
	if err != nil || string(e.Value) != "new" || e.Age < 0 {
		t.Errorf("the standby returns %q, %s, %v; want new", e.Value, e.Age, err)
	}
	if keys, err := replica.List(t.Context(), "pair"); err != nil || len(keys) != 1 {
		t.Errorf("the standby lists %q, %v; want one key", keys, err)
	}
	expectWrites(t, replica, "pair/exact", e.Revision, store.ErrNotDone, ": writes are refused: cannot execute ", readOnly)
	_, err = open(t, standby.URL("postgres")+"&schema=absent").Create(t.Context(), "pair/exact", nil)
	expectError(t, "Create without a table", err, store.ErrNotDone, "make the table for pair/exact: writes are refused: ")
	// With both named, and a wish for one that writes, the primary is found wherever it stands.
	both := "postgres://test@" + standby.Addr() + "," + s.Addr() + "/postgres?sslmode=disable&target_session_attrs=read-write"
	if _, err := open(t, both).Replace(t.Context(), "pair/exact", e.Revision, []byte("newer")); err != nil {
		t.Errorf("through both: %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	role(t, s, db, "limited_"+db)
	role(t, s, db, "banned_"+db)
	s.Exec(t, db, "ALTER ROLE limited_"+db+" CONNECTION LIMIT 0", "CREATE ROLE nologin_"+db, "REVOKE CONNECT ON DATABASE "+db+" FROM PUBLIC")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	const prefix, suffix = "write pair/exact: cannot connect to ", ": nothing was written to the token store"
	for url, words := range map[string]string{
		"postgres://test@" + closed + "/" + db:                                               closed + ": connection refused" + suffix,
		"postgres://test@" + closed + "," + closed + "/" + db:                                closed + ": connection refused" + suffix,
		"postgres://test@absent.invalid/" + db:                                               "absent.invalid:5432: ",
		"postgres://test@/" + db + "?host=" + t.TempDir():                                    "/.s.PGSQL.5432: no such file or directory" + suffix,
		"postgres://test@" + s.Addr() + "/absent?sslmode=disable":                            s.Addr() + `: database "absent" does not exist (SQLSTATE 3D000)` + suffix,
		"postgres://limited_" + db + ":wrong@" + s.Addr() + "/" + db + "?sslmode=disable":    s.Addr() + `: password authentication failed for user "…" (SQLSTATE 28P01)` + suffix,
		"postgres://nologin_" + db + ":x@" + s.Addr() + "/" + db + "?sslmode=disable":        s.Addr() + `: password authentication failed for user "…" (SQLSTATE 28P01)` + suffix,
		"postgres://banned_" + db + ":hush-hush@" + s.Addr() + "/" + db + "?sslmode=disable": s.Addr() + `: permission denied for database "` + db + `" (SQLSTATE 42501)` + suffix,
		"postgres://limited_" + db + ":hush-hush@" + s.Addr() + "/postgres?sslmode=disable":  s.Addr() + `: too many connections for role "…" (SQLSTATE 53300); lower pool_max_conns or Terraform's -parallelism, or raise the server's max_connections` + suffix,
		"postgres://test@" + s.Addr() + "/" + db + "?sslmode=disable&nonsense=1":             s.Addr() + `: unrecognized configuration parameter "nonsense" (SQLSTATE 42704)` + suffix,
		"postgres://test@" + s.Addr() + "/" + db + "?sslmode=disable&statement_timeout=x":    s.Addr() + `: invalid value for parameter "statement_timeout": "…" (SQLSTATE 22023)` + suffix,
	} {
		_, err := open(t, url).Create(t.Context(), "pair/exact", nil)
		expectError(t, url, err, store.ErrNotDone, prefix, words)
	}
}

// Transactions that are stricter than the default may be refused where others would wait; to the caller it is a lost race.
func TestSerializable(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	url := s.URL(db) + "&default_transaction_isolation=serializable"
	r := create(t, open(t, url), "pair/exact", "old")
	errs := make(chan error, 8)
	for range cap(errs) {
		st := open(t, url)
		go func() {
			_, err := st.Replace(t.Context(), "pair/exact", r, []byte("new"))
			errs <- err
		}()
	}
	won := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			won++
		case !isConflict(err):
			t.Errorf("Replace returns %v, want ErrConflict", err)
		}
	}
	if won != 1 {
		t.Errorf("%d writers won, want one", won)
	}
}

// The server refuses a statement for reasons of its own.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	s := server(t)
	for name, tt := range map[string]struct {
		parameters string
		statements []string
		words      string
	}{
		"statement timeout": {"&statement_timeout=50", nil, "canceling statement due to statement timeout (SQLSTATE 57014): nothing was written"},
		"lock timeout":      {"&lock_timeout=50", nil, "canceling statement due to lock timeout (SQLSTATE 55P03): nothing was written"},
		"trigger": {"&lock_timeout=50", []string{
			"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'not today,\nsaid test'; END$$",
			"CREATE TRIGGER refuse BEFORE UPDATE ON terraform_oauth_store EXECUTE FUNCTION refuse()",
		}, "write pair/exact: not today, said test (SQLSTATE P0001): nothing was written"},
		"full disk": {"&lock_timeout=50", []string{
			"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE disk_full USING MESSAGE = 'no room'; END$$",
			"CREATE TRIGGER refuse BEFORE UPDATE ON terraform_oauth_store EXECUTE FUNCTION refuse()",
		}, "write pair/exact: no room (SQLSTATE 53100); the server needs free space on its disk: nothing was written"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := s.Database(t)
			r := create(t, open(t, s.URL(db)), "pair/exact", "old")
			s.Exec(t, db, tt.statements...)
			locked, unlock := make(chan struct{}), make(chan struct{})
			done := make(chan struct{})
			go func() {
				defer close(done)
				holdLock(t, s.URL(db), locked, unlock)
			}()
			<-locked
			_, err := open(t, s.URL(db)+tt.parameters).Replace(t.Context(), "pair/exact", r, []byte("new"))
			expectError(t, "Replace", err, store.ErrNotDone, tt.words)
			close(unlock)
			<-done
		})
	}
}

// A server that shuts down under a statement may have done it.
func TestServerStopsDuringAWrite(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	st := open(t, s.URL(db))
	r := create(t, st, "pair/exact", "old")
	locked, unlock := make(chan struct{}), make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		holdLock(t, s.URL(db), locked, unlock)
	}()
	<-locked
	result := make(chan error)
	go func() {
		_, err := st.Replace(t.Context(), "pair/exact", r, []byte("new"))
		result <- err
	}()
	const terminated = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'UPDATE%' AND wait_event_type = 'Lock' AND datname = current_database()"
	for s.Value(t, db, terminated) == "0" {
		time.Sleep(5 * time.Millisecond) // until the statement waits
	}
	expectError(t, "Replace", <-result, nil,
		"write pair/exact: terminating connection due to administrator command (SQLSTATE 57P01); it is not known whether the write was done")
	close(unlock)
	<-done
}
