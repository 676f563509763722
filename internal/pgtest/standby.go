package pgtest

import (
	"errors"
	"os"
	"testing"
)

// Standby starts a hot standby of the server, which follows it and only reads. It ends with the test.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	standby, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Close(); err != nil {
			t.Error(err)
		}
	})
	err = s.account.run(s.dir, "pg_basebackup", "--pgdata="+standby.data(), "--write-recovery-conf", "--checkpoint=fast",
		"--no-sync", "--dbname=postgres://"+User+"@"+s.Addr()+"/?sslmode=disable")
	if err == nil {
		err = errors.Join(os.Remove(standby.data()+"/postgresql.conf"), standby.configure(Config{}), standby.Resume())
	}
	if err != nil {
		t.Fatal(err)
	}
	return standby
}

// AwaitReplay waits until the standby has what primary has committed.
func (s *Server) AwaitReplay(t testing.TB, primary *Server) {
	t.Helper()
	s.await(t, "SELECT pg_last_wal_replay_lsn() >= '"+primary.Value(t, "postgres", "SELECT pg_current_wal_lsn()")+"'")
}
