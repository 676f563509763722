package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Bouncer is a PgBouncer in transaction mode.
type Bouncer struct{ port int }

// PgBouncer starts a PgBouncer before the server, in transaction mode, with at most two connections to each database. It
// passes on what the superuser User says, and the given roles, whose passwords are their names. It ends with the test.
func (s *Server) PgBouncer(t testing.TB, roles ...string) *Bouncer {
	t.Helper()
	b, end, err := s.runPgBouncer(roles)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (s *Server) runPgBouncer(roles []string) (*Bouncer, func() error, error) {
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, nil, err
	}
	discard := func(err error) (*Bouncer, func() error, error) { return nil, nil, errors.Join(err, os.RemoveAll(dir)) }
	port, err := freePort()
	if err != nil {
		return discard(err)
	}
	settings := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 2
max_client_conn = 500
`, s.port, port, filepath.Join(dir, "users"))
	if err := s.prepareBouncer(dir, settings, roles); err != nil {
		return discard(err)
	}
	cmd, err := s.account.command(dir, "pgbouncer", filepath.Join(dir, "pgbouncer.ini"))
	if err != nil {
		return discard(err)
	}
	p, err := launch(cmd, filepath.Join(dir, "log"))
	if err != nil {
		return discard(err)
	}
	b := &Bouncer{port: port}
	end := func() error { return errors.Join(p.end(syscall.SIGTERM), os.RemoveAll(dir)) }
	if err := p.awaitReady(b.ping); err != nil {
		said := tail(filepath.Join(dir, "log"))
		return nil, nil, errors.Join(fmt.Errorf("PgBouncer does not start: %w: %s", err, said), end())
	}
	return b, end, nil
}

func (s *Server) prepareBouncer(dir, settings string, roles []string) error {
	users := `"` + User + `" ""` + "\n"
	for _, role := range roles {
		users += fmt.Sprintf("%[1]q %[1]q\n", role)
	}
	for name, content := range map[string]string{"pgbouncer.ini": settings, "users": users} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(content), 0o600), s.account.own(path)); err != nil {
			return err
		}
	}
	return s.account.own(dir)
}

func (b *Bouncer) ping(ctx context.Context) error {
	c, err := pgx.Connect(ctx, b.URL("postgres"))
	if err != nil {
		return err
	}
	return c.Close(ctx)
}

// Addr returns PgBouncer's host and port.
func (b *Bouncer) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port)) }

// URL returns how User reaches the database through PgBouncer.
func (b *Bouncer) URL(database string) string {
	return "postgres://" + User + "@" + b.Addr() + "/" + database + "?sslmode=disable"
}
