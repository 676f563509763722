package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Database makes an empty database with a name of its own and returns the name. It is removed with the server.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "db_" + strings.ToLower(rand.Text())
	s.Exec(t, "postgres", "CREATE DATABASE "+name)
	return name
}

// Exec runs statements as User, each in a transaction of its own.
func (s *Server) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	err := s.with(t, database, func(ctx context.Context, c *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := c.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Value runs a query as User and returns its one value as text. No row and NULL are "".
func (s *Server) Value(t testing.TB, database, query string) string {
	t.Helper()
	var value string
	err := s.with(t, database, func(ctx context.Context, c *pgx.Conn) error {
		results, err := c.PgConn().Exec(ctx, query).ReadAll()
		if err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
		if last := results[len(results)-1]; len(last.Rows) > 0 {
			value = string(last.Rows[0][0])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func (s *Server) with(t testing.TB, database string, do func(context.Context, *pgx.Conn) error) error {
	// t.Context would have ended in a Cleanup.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, c), c.Close(ctx))
}

// SetReadOnly makes every transaction read-only unless it says otherwise, or undoes that. It holds for statements that
// begin when it has returned, in old connections too.
func (s *Server) SetReadOnly(t testing.TB, on bool) {
	t.Helper()
	s.Exec(t, "postgres",
		"SET default_transaction_read_only = off",
		fmt.Sprintf("ALTER SYSTEM SET default_transaction_read_only = %t", on),
		"SELECT pg_reload_conf()")
	s.await(t, "SELECT setting = '"+map[bool]string{true: "on", false: "off"}[on]+"' FROM pg_settings WHERE name = 'default_transaction_read_only'")
}

// await asks over new connections until the answer is true.
func (s *Server) await(t testing.TB, query string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	err := until(ctx, func() error {
		if answer := s.Value(t, "postgres", query); answer != "t" {
			return fmt.Errorf("%s: %q", query, answer)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
