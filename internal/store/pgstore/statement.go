package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// statement is one operation as SQL. It is complete: it needs nothing before it and leaves nothing behind.
type statement struct {
	sql     string
	formats []int16 // of the columns of its result; nil: all texts
}

type statements struct{ get, list, create, replace, remove statement }

// durably raises synchronous_commit for the transaction where it is off, for every row that is written; other settings
// are at least as strong as the promise of the store. It stands in RETURNING because what is there runs with the write.
const durably = `CASE WHEN pg_catalog.current_setting('synchronous_commit') = 'off'
  THEN pg_catalog.set_config('synchronous_commit', 'on', true) END`

func newStatements(t table) statements {
	sql := func(format string, arguments ...any) statement {
		return statement{sql: fmt.Sprintf(format, arguments...)}
	}
	get := sql(`SELECT value, revision::text,
  GREATEST(0, extract(epoch FROM pg_catalog.clock_timestamp() - changed_at) * 1000000)::bigint,
  (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint
FROM %s WHERE key = $1`, t)
	get.formats = []int16{binary, plain, plain, plain}
	return statements{
		get:  get,
		list: sql(`SELECT key FROM %s WHERE key COLLATE "C" >= $1 AND key COLLATE "C" < $2 ORDER BY key COLLATE "C"`, t),
		create: sql(`INSERT INTO %s (key, revision, changed_at, value)
VALUES ($1, pg_catalog.gen_random_uuid(), pg_catalog.clock_timestamp(), $2)
ON CONFLICT (key) DO NOTHING RETURNING revision::text, %s`, t, durably),
		replace: sql(`UPDATE %s SET revision = pg_catalog.gen_random_uuid(), changed_at = pg_catalog.clock_timestamp(), value = $3
WHERE key = $1 AND revision = $2 RETURNING revision::text, %s`, t, durably),
		remove: sql(`DELETE FROM %s WHERE key = $1 AND revision = $2 RETURNING revision::text, %s`, t, durably),
	}
}

// Format codes of the wire protocol, and object identifiers of built-in types, which are the same in every server.
const (
	plain  int16 = 0
	binary int16 = 1

	oidBytea = 17
	oidText  = 25
	oidUUID  = 2950
)

// parameter is one parameter of a statement.
type parameter struct {
	oid    uint32
	format int16
	value  []byte
}

func text(value string) parameter { return parameter{oidText, plain, []byte(value)} }

func uuid(revision store.Revision) parameter { return parameter{oidUUID, plain, []byte(revision)} }

// opaque is a value as a parameter. It is never nil, which would be NULL.
func opaque(value []byte) parameter { return parameter{oidBytea, binary, append([]byte{}, value...)} }

// read runs a statement that changes nothing, and once more where that may help.
func (s *Store) read(ctx context.Context, st statement, parameters ...parameter) ([][][]byte, error) {
	rows, err := s.run(ctx, st, parameters...)
	if err != nil && ctx.Err() == nil && passing(err) {
		return s.run(ctx, st, parameters...)
	}
	return rows, err
}

// run runs a statement once. If nothing of it was sent, because the connection had died meanwhile, it runs it on a new
// one: that is the first time then.
func (s *Store) run(ctx context.Context, st statement, parameters ...parameter) (rows [][][]byte, err error) {
	send := func(c *pgconn.PgConn) error {
		result := execute(ctx, c, st, parameters)
		rows = result.Rows
		return result.Err
	}
	if err = s.with(ctx, send); err != nil && ctx.Err() == nil && !errors.As(err, new(connectError)) && pgconn.SafeToRetry(err) {
		err = s.with(ctx, send)
	}
	return rows, err
}

// execute sends parse, bind, execute and sync of an unnamed statement in one go, and reads to the end of the transaction.
func execute(ctx context.Context, c *pgconn.PgConn, st statement, parameters []parameter) *pgconn.Result {
	var values [][]byte
	var oids []uint32
	var formats []int16
	for _, p := range parameters {
		values, oids, formats = append(values, p.value), append(oids, p.oid), append(formats, p.format)
	}
	return c.ExecParams(ctx, st.sql, values, oids, formats, st.formats).Read()
}

// with lends a connection to do. An error before that is a connectError.
func (s *Store) with(ctx context.Context, do func(*pgconn.PgConn) error) error {
	pool, err := s.connections()
	if err != nil {
		return connectError{err}
	}
	c, err := pool.Acquire(ctx)
	if err != nil {
		return connectError{err}
	}
	defer c.Release()
	return do(c.Conn().PgConn())
}

var errClosed = errors.New("the store is closed")

// connections returns the pool, and makes it at first use: a store that is only opened has no connection and no goroutine.
func (s *Store) connections() (*pgxpool.Pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.pool == nil {
		config := s.settings.pool.Copy()
		config.ShouldPing = isDead
		// The pool outlives the call that needs it first.
		pool, err := pgxpool.NewWithConfig(context.Background(), config)
		if err != nil {
			return nil, err
		}
		s.pool = pool
	}
	return s.pool, nil
}

// isDead looks for what has arrived on an idle connection since its last use: its end, if the server went away. It sends
// nothing, so it costs no round trip. On a dead connection the ping, which the answer true asks for, fails by itself, and
// the pool goes on to the next.
func isDead(ctx context.Context, p pgxpool.ShouldPingParams) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, err := p.Conn.PgConn().ReceiveMessage(ctx)
	return err != nil && !pgconn.Timeout(err)
}
