package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// User is the superuser of every server.
const User = "test"

// Config says what a server has beyond the defaults. The zero value is right for most tests.
type Config struct {
	// Settings are lines of postgresql.conf, as "log_statement": "all".
	Settings map[string]string
	// Synced makes the server sync its disk, as a real one does. Without it the tests are faster, and a crash of the machine loses all.
	Synced bool
	// Certificate and Key, both PEM, make the server speak TLS.
	Certificate, Key []byte
	// FileSize is the most bytes that a file of the server may have, so that Fill can make it full. At least 1 MiB, the size
	// of a segment of its log; 0: no limit.
	FileSize int64
}

// Server is a PostgreSQL server. Make one with Start or Run. Stop, Kill, Resume and Close are for one goroutine at a time.
type Server struct {
	account account
	dir     string // data, sockets and logs lie in here
	port    int
	limit   int64    // of the size of a file; 0: none
	process *process // nil while it is stopped
}

// Start starts a server that ends with the test.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	s, err := Run(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.Log())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Run starts a server that runs until Close.
func Run(c Config) (*Server, error) {
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	s.limit = c.FileSize
	if err := s.initialize(c); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Resume(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// newServer makes the folder of a server, and nothing in it.
func newServer() (*Server, error) {
	owner, err := serverAccount()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	if err := owner.own(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Server{account: owner, dir: dir, port: port}, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) initialize(c Config) error {
	args := []string{"--pgdata=" + s.data(), "--username=" + User, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"}
	if c.FileSize > 0 {
		args = append(args, "--wal-segsize=1")
	}
	if err := s.account.run(s.dir, "initdb", args...); err != nil {
		return err
	}
	return errors.Join(s.configure(c), s.write("data/pg_hba.conf", []byte(strings.Join([]string{
		"local all all trust",
		"host all " + User + " 127.0.0.1/32 trust",
		"host replication " + User + " 127.0.0.1/32 trust",
		"host all all 127.0.0.1/32 scram-sha-256",
		"",
	}, "\n"))))
}

func (s *Server) configure(c Config) error {
	var b strings.Builder
	set := func(name, value string) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.ReplaceAll(value, "'", "''"))
	}
	set("listen_addresses", "127.0.0.1")
	set("port", strconv.Itoa(s.port))
	set("unix_socket_directories", s.dir)
	if !c.Synced {
		set("fsync", "off")
		set("full_page_writes", "off")
	}
	set("shared_buffers", "16MB")
	set("max_connections", "200")
	if c.FileSize > 0 {
		set("autovacuum", "off") // which would make room at a time of its own
	}
	if c.Certificate != nil {
		if err := errors.Join(s.write("data/server.crt", c.Certificate), s.write("data/server.key", c.Key)); err != nil {
			return err
		}
		set("ssl", "on")
	}
	for name, value := range c.Settings {
		set(name, value)
	}
	return s.write("data/postgresql.conf", []byte(b.String()))
}

// write writes a file in the folder of the server, for its eyes only.
func (s *Server) write(name string, content []byte) error {
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	return s.account.own(path)
}

// Resume starts a server that was stopped or killed, on the same port with the same data.
func (s *Server) Resume() error {
	cmd, err := s.account.command(s.dir, "postgres", "-D", s.data())
	if err != nil {
		return err
	}
	limitFiles(cmd, s.limit)
	p, err := launch(cmd, s.log())
	if err != nil {
		return err
	}
	if err := p.awaitReady(s.ping); err != nil {
		return fmt.Errorf("the server does not start: %w: %s", errors.Join(err, p.end(os.Kill)), s.Log())
	}
	s.process = p
	return nil
}

func (s *Server) ping(ctx context.Context) error {
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	return errors.Join(c.Ping(ctx), c.Close(ctx))
}

// Stop ends the server in order, as an administrator does: it breaks connections and finishes what it has promised.
func (s *Server) Stop() error { return s.end(fastShutdown) }

// Kill ends the server as the kernel does when memory runs out, and waits until its backends have noticed. The next Resume
// recovers from the log.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

func (s *Server) end(signal os.Signal) error {
	if s.process == nil {
		return nil
	}
	p := s.process
	s.process = nil
	return p.end(signal)
}

// Close ends the server for good and removes its files.
func (s *Server) Close() error {
	return errors.Join(s.end(syscall.SIGQUIT), os.RemoveAll(s.dir))
}

// Addr returns the server's host and port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// SocketDir returns the folder that the server's socket lies in.
func (s *Server) SocketDir() string { return s.dir }

// URL returns how User reaches the database. A test adds parameters with &.
func (s *Server) URL(database string) string {
	return "postgres://" + User + "@" + s.Addr() + "/" + database + "?sslmode=disable"
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

// Log returns the end of what the server has logged.
func (s *Server) Log() string { return tail(s.log()) }

func tail(path string) string {
	const most = 4000
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-most):])
}
